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


class Choices(Counting):
    """Two choices, whose masks come as Gymnasium's `MultiDiscrete.sample` takes them: a tuple, one array a choice."""

    action_space = gymnasium.spaces.MultiDiscrete([2, 3])

    def reset(self, *, seed=None, options=None):
        return super().reset(seed=seed)[0], self._told()

    def step(self, action):
        return *super().step(action)[:4], self._told()

    def _told(self):
        return {"action_mask": (np.array([1, 0], np.int8), np.array([0, 1, self.taken % 2], np.int8))}


class AskedChoices(Counting):
    """The same by a method."""

    action_space = gymnasium.spaces.MultiDiscrete([2, 3])

    def action_masks(self):
        return np.array([True, False]), np.array([False, True, self.taken % 2 == 1])


class SeenChoices(Choices):
    """The same among what is observed."""

    observation_space = gymnasium.spaces.Dict(
        taken=gymnasium.spaces.Discrete(10),
        action_mask=gymnasium.spaces.Tuple((gymnasium.spaces.MultiBinary(2), gymnasium.spaces.MultiBinary(3))),
    )

    def reset(self, *, seed=None, options=None):
        taken, info = super().reset(seed=seed)
        return {"taken": taken, **info}, {}

    def step(self, action):
        taken, *rest, info = super().step(action)
        return {"taken": taken, **info}, *rest, {}


@pytest.fixture(autouse=True)
def task(monkeypatch):
    def vector(num_envs, **settings):
        return SyncVectorEnv([Asked] * num_envs)

    spec = gymnasium.envs.registration.EnvSpec("Asked-v0", entry_point=Asked, vector_entry_point=vector)
    monkeypatch.setitem(gymnasium.registry, "Asked-v0", spec)
    wrapped = gymnasium.envs.registration.EnvSpec("Wrapped-v0", entry_point=lambda: Wrapper(Counting()))
    monkeypatch.setitem(gymnasium.registry, "Wrapped-v0", wrapped)
    for kind in (Choices, AskedChoices, SeenChoices):
        spec = gymnasium.envs.registration.EnvSpec(f"{kind.__name__}-v0", entry_point=kind)
        monkeypatch.setitem(gymnasium.registry, spec.id, spec)
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


@pytest.mark.parametrize("way", ["list", "processes"])
@pytest.mark.parametrize("name", ["Choices-v0", "AskedChoices-v0", "SeenChoices-v0"])
def test_masks_of_several_choices_stand_in_one_row(way, name):
    environments = make_environments(name, {}, ViewConfig(side_by_side=way), n=2)
    assert environments.reset(0).mask.tolist() == [[True, False, False, True, False]] * 2
    step = environments.step(np.zeros((2, 2), np.int64))
    assert step.mask.tolist() == [[True, False, False, True, True]] * 2
    step = environments.step(np.zeros((2, 2), np.int64))
    assert step.final_mask.tolist() == step.mask.tolist() == [[True, False, False, True, False]] * 2
    environments.close()


@pytest.mark.parametrize("way", ["list", "processes"])
def test_a_mask_of_another_length_is_refused(way, monkeypatch):
    monkeypatch.setattr(Choices, "_told", lambda self: {"action_mask": np.ones(3, np.int8)})
    environments = make_environments("Choices-v0", {}, ViewConfig(side_by_side=way), n=2)
    with pytest.raises(UserError, match=r"Choices-v0 gives a mask of 3 where 5 are needed.*\(2 choices\); mend the environment"):
        environments.reset(0)
    environments.close()
