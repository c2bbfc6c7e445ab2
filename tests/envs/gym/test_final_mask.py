"""Masks where an episode was cut short: what would have been open there, and not what is open in the next one."""

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from zerodojo.envs.gym.listed import EnvironmentList
from zerodojo.envs.gym.vectorized import VectorEnvironments


class Counting(gymnasium.Env):
    """Shows how many steps were taken; in that many one more action is open."""

    observation_space = gymnasium.spaces.Discrete(10)
    action_space = gymnasium.spaces.Discrete(4)

    def __init__(self, limit, ends, *, silent=False):
        self.limit, self.ends, self.silent = limit, ends, silent

    def _shown(self):
        over = self.taken >= self.limit
        return self.taken, {} if over and self.silent else {"action_mask": np.arange(4) <= self.taken}

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.taken = 0
        return self._shown()

    def step(self, action):
        self.taken += 1
        over = self.taken >= self.limit
        observation, info = self._shown()
        return observation, 0.0, over and self.ends, over and not self.ends, info


def test_masks_of_a_cut_are_of_the_state_it_led_to():
    makes = iter([Counting(2, False), Counting(3, False), Counting(2, True)])
    environments = EnvironmentList("counting", lambda: next(makes), 3)
    environments.reset(0)
    step = environments.step(np.zeros(3, np.int64))
    np.testing.assert_array_equal(step.mask.sum(axis=1), [2, 2, 2])
    np.testing.assert_array_equal(step.final_mask, step.mask)
    step = environments.step(np.zeros(3, np.int64))
    np.testing.assert_array_equal(step.mask.sum(axis=1), [1, 3, 1])
    np.testing.assert_array_equal(step.final_mask.sum(axis=1)[:2], [3, 3])


def test_an_end_that_tells_no_mask_closes_nothing():
    environments = EnvironmentList("counting", lambda: Counting(1, False, silent=True), 2)
    environments.reset(0)
    step = environments.step(np.zeros(2, np.int64))
    np.testing.assert_array_equal(step.mask.sum(axis=1), [1, 1])
    assert step.final_mask.all()


class Closing(Counting):
    """Closes everything at the end: nothing is done there any more."""

    def _shown(self):
        return self.taken, {"action_mask": np.full(4, self.taken < self.limit)}


@pytest.mark.parametrize("mode", [None, *AutoresetMode])
def test_a_cut_that_closes_everything_leaves_all_open(mode):
    kinds = [lambda: Closing(2, False)] * 2
    if mode is None:
        environments = EnvironmentList("closing", kinds[0], 2)
    else:
        environments = VectorEnvironments("closing", lambda: SyncVectorEnv(kinds, autoreset_mode=mode))
    environments.reset(0)
    environments.step(np.zeros(2, np.int64))
    step = environments.step(np.zeros(2, np.int64))
    assert step.truncated.all()
    assert step.final_mask.all()


def test_without_masks_there_are_none():
    environments = EnvironmentList("lake", lambda: gymnasium.make("FrozenLake-v1", disable_env_checker=True), 2)
    environments.reset(0)
    step = environments.step(np.zeros(2, np.int64))
    assert step.mask is None and step.final_mask is None
