"""Actions in arrays of any shape: agents see a row of choices or numbers, and the environment gets its own shape back."""

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec
from gymnasium.vector import SyncVectorEnv

from zerodojo.agents.gym.agent import Spaces
from zerodojo.agents.gym.choice import choose
from zerodojo.agents.registry import agent_class
from zerodojo.envs.gym.listed import EnvironmentList
from zerodojo.envs.gym.spaces import ObservationSpace, Writer, mask_row
from zerodojo.envs.gym.vectorized import VectorEnvironments
from zerodojo.errors import UserError

SPACES = [
    spaces.Box(np.array([[-1, -2], [-3, -4]]), np.array([[1, 2], [3, 4]]), dtype=np.float32),
    spaces.Box(-np.inf, np.inf, (3,), np.float32),
    spaces.MultiDiscrete([[2, 3], [4, 2]], start=[[0, 1], [0, -1]]),
    spaces.MultiBinary((2, 2)),
]


class Shaped(gymnasium.Env):
    """Shows the last action, one number behind the other."""

    def __init__(self, space):
        self.action_space, self.observation_space = space, spaces.Box(-9, 9, (int(np.prod(space.shape)),))

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(self.observation_space.shape, np.float32), {}

    def step(self, action):
        assert self.action_space.contains(action)
        return action.ravel().astype(np.float32), 0.0, False, False, {}


def rows(space, n):
    """n actions as agents have them, and as the environment shows them."""
    space.seed(1)
    shown = np.stack([space.sample().ravel() for _ in range(n)])
    return shown - np.ravel(getattr(space, "start", 0)), shown.astype(np.float32)


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_rows_become_arrays_of_the_environments_shape(space):
    def make():
        return Shaped(space)

    listed = EnvironmentList("shaped", make, 3)
    for environments in (listed, VectorEnvironments("shaped", lambda: SyncVectorEnv([make] * 3))):
        environments.reset(0)
        assert environments.action_space.shape == (np.prod(space.shape),)
        actions, shown = rows(space, 3)
        np.testing.assert_array_equal(environments.step(actions).observation, shown)
    again = EnvironmentList("shaped", make, 3)
    seen, lost = again.load(listed.state())
    np.testing.assert_array_equal(seen.observation, shown)
    assert not lost.any()


def test_numbers_of_an_array_are_cut_to_their_own_bounds():
    written = Writer(SPACES[0])(np.full((1, 4), 9.0, np.float32))
    np.testing.assert_array_equal(written, [[[1, 2], [3, 4]]])


def test_masks_of_choices_in_rows_are_as_gymnasium_samples_by():
    space = SPACES[2]
    mask = (
        (np.array([1, 0], np.int8), np.array([0, 0, 1], np.int8)),
        (np.array([0, 1, 0, 0], np.int8), np.array([0, 1], np.int8)),
    )
    np.testing.assert_array_equal(space.sample(mask=mask), [[0, 3], [1, 0]])
    assert mask_row(mask).tolist() == [True, False, False, False, True, False, True, False, False, False, True]
    assert mask_row(mask[0]).tolist() == [True, False, False, False, True]


@pytest.mark.parametrize("space", [spaces.Box(0, 1, ()), spaces.Text(3)], ids=str)
def test_what_is_no_array_is_refused(space):
    with pytest.raises(UserError, match="are neither choices nor numbers in an array; wrap the environment"):
        Writer(space)


@pytest.mark.parametrize("agent", ["sac", "td3"])
def test_who_needs_bounds_says_so_and_without_them_ppo_is_chosen(agent, monkeypatch):
    monkeypatch.setitem(gymnasium.registry, "Free-v0", EnvSpec("Free-v0", entry_point=lambda: Shaped(SPACES[1])))
    chosen, config, _ = choose("Free-v0", {})
    assert chosen == "ppo"
    parts = Spaces(ObservationSpace((3,), np.dtype(np.float32)), Writer(SPACES[1]).space, 2)
    policy = agent_class("ppo")(config, parts).policy
    arguments = {"starts": np.ones(2, bool), "mask": None, "deterministic": False, "generator": np.random.default_rng(0)}
    action, _, _ = policy.act(np.zeros((2, 3), np.float32), policy.initial_state(2), **arguments)
    assert np.isfinite(action).all() and action.shape == (2, 3)
    _, config, _ = choose("Free-v0", {}, agent=agent)
    with pytest.raises(UserError, match=f"{agent} acts between bounds, and here some number of an action has none; choose ppo"):
        agent_class(agent)(config, parts)
