"""Masks that only a method tells: the same from processes as from a list, and never lost in silence."""

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import SyncVectorEnv

from zerodojo.envs.gym.config import ViewConfig
from zerodojo.envs.gym.making import make_environments
from zerodojo.errors import UserError


class Counting(gymnasium.Env):
    """Counts its steps; after two of them it is cut short."""

    observation_space = gymnasium.spaces.Discrete(10)
    action_space = gymnasium.spaces.Discrete(4)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.taken = 0
        return self.taken, {}

    def step(self, action):
        self.taken += 1
        return self.taken, 0.0, False, self.taken == 2, {}


class Asked(Counting):
    """With every step that was taken one more action is open."""

    def action_masks(self):
        return [action <= self.taken for action in range(4)]


class Wrapper(gymnasium.Wrapper):
    """Tells the same of a world that does not."""

    def action_masks(self):
        return [action <= self.unwrapped.taken for action in range(4)]


@pytest.fixture(autouse=True)
def task(monkeypatch):
    def vector(num_envs, **settings):
        return SyncVectorEnv([Asked] * num_envs)

    spec = gymnasium.envs.registration.EnvSpec("Asked-v0", entry_point=Asked, vector_entry_point=vector)
    monkeypatch.setitem(gymnasium.registry, "Asked-v0", spec)
    wrapped = gymnasium.envs.registration.EnvSpec("Wrapped-v0", entry_point=lambda: Wrapper(Counting()))
    monkeypatch.setitem(gymnasium.registry, "Wrapped-v0", wrapped)
    return "Asked-v0"


def masks(task, way):
    """What is open at first, and `mask` and `final_mask` of three steps, as how many actions [2] each."""
    environments = make_environments(task, {}, ViewConfig(side_by_side=way), n=2)
    told = [environments.reset(0).mask]
    for _ in range(3):
        step = environments.step(np.zeros(2, np.int64))
        told += [step.mask, step.final_mask]
    environments.close()
    return [mask.sum(axis=1).tolist() for mask in told]


@pytest.mark.parametrize("way", ["list", "processes"])
@pytest.mark.parametrize("name", ["Asked-v0", "Wrapped-v0"])
def test_masks_hold_however_environments_run(way, name):
    assert masks(name, way) == [[1, 1], [2, 2], [2, 2], [1, 1], [3, 3], [2, 2], [2, 2]]


def test_a_vector_that_hides_them_is_refused(task):
    with pytest.raises(UserError, match="the vector of Asked-v0 does not tell which actions are open"):
        make_environments(task, {}, ViewConfig(side_by_side="vector"), n=2)
