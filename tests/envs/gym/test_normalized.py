"""What observations are normalised by: of the same episodes the same, whichever way environments are reset."""

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from zerodojo.envs.gym.listed import EnvironmentList
from zerodojo.envs.gym.normalized import NormalizedEnvironments
from zerodojo.envs.gym.vectorized import VectorEnvironments

EPISODES, LENGTH = 4, 3
ACTED_ON = [5, 6, 7] * EPISODES + [5]  # in each environment, the beginning of the next episode included; never the 8 of the ends


class Counting(gymnasium.Env):
    """Shows 5, 6, 7 and, where the episode is over, 8."""

    observation_space = gymnasium.spaces.Box(0, 10, (1,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.shown = 5
        return np.array([self.shown], np.float32), {}

    def step(self, action):
        self.shown += 1
        return np.array([self.shown], np.float32), 1.0, self.shown == 5 + LENGTH, False, {}


def vector(mode):
    return VectorEnvironments("counting", lambda: SyncVectorEnv([Counting] * 2, autoreset_mode=mode))


def normalized(environments):
    return NormalizedEnvironments(environments, gamma=1.0, observations=True, rewards=False, learning=True)


WAYS = {
    "listed": (lambda: EnvironmentList("counting", Counting, 2), LENGTH),
    "next step": (lambda: vector(AutoresetMode.NEXT_STEP), LENGTH + 1),  # and the one that resets
    "same step": (lambda: vector(AutoresetMode.SAME_STEP), LENGTH),
    "disabled": (lambda: vector(AutoresetMode.DISABLED), LENGTH),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_observation_that_is_acted_on_counts_once(way):
    make, rounds = WAYS[way]
    environments = normalized(make())
    environments.reset(0)
    for _ in range(EPISODES * rounds):
        environments.step(np.zeros(2, np.int64))
    moments = environments.moments()
    assert moments["count"] == pytest.approx(2 * len(ACTED_ON))
    assert moments["mean"] == pytest.approx([np.mean(ACTED_ON)])
    assert environments._seen.variance == pytest.approx([np.var(ACTED_ON)])


def test_fresh_episodes_of_a_run_that_goes_on_count_as_well():
    environments, other = normalized(vector(AutoresetMode.SAME_STEP)), normalized(vector(AutoresetMode.SAME_STEP))
    environments.reset(0)
    environments.step(np.zeros(2, np.int64))
    other.load(environments.state())
    assert other.moments()["count"] == pytest.approx(6)
    assert other.moments()["mean"] == pytest.approx([(5 + 6 + 5) / 3])
