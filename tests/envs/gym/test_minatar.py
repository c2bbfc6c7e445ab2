"""MinAtar's environments can play an episode again: a stand-in that keeps its randomness as they do, and the games themselves."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from zerodojo.envs.gym.config import ViewConfig
from zerodojo.envs.gym.listed import EnvironmentList
from zerodojo.envs.gym.making import make_environments
from zerodojo.envs.gym.minatar import OneGenerator


class Game:
    """Repeats the last action now and then, whichever episode it was of."""

    def __init__(self):
        self.random, self.last_action = np.random.RandomState(), 0

    def seed(self, seed):
        self.random = np.random.RandomState(seed)

    def act(self, action):
        if self.random.rand() >= 0.5:
            self.last_action = action
        return self.last_action


class Sticky(gymnasium.Env):
    """Shows the action that was taken; four steps are an episode."""

    observation_space, action_space = spaces.Box(0, 9, (1,), np.float32), spaces.Discrete(9)

    def __init__(self):
        self.game = Game()

    def reset(self, seed=None, options=None):
        if seed is not None:
            self.game.seed(seed)
        self._left = 4
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self._left -= 1
        return np.array([self.game.act(action)], np.float32), 0.0, not self._left, False, {}


def sticky():
    return EnvironmentList("sticky", lambda: OneGenerator(Sticky()), 30)


def assert_goes_on(one, other, generator, steps):
    """Both environments show the same from now on, of which the second was made of the state of the first."""
    _, fresh = other.load(one.state())
    assert other.notices() == []
    assert not fresh.any()
    for _ in range(steps):
        actions = generator.integers(one.action_space.sizes[0], size=one.n)
        for ours, theirs in zip(one.step(actions), other.step(actions), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_an_episode_under_way_is_played_again_and_those_after_it_are_the_same():
    one, generator = sticky(), np.random.default_rng(0)
    one.reset(seed=3)
    for _ in range(4 + 2):  # into the second episode
        one.step(generator.integers(9, size=30))
    assert_goes_on(one, sticky(), generator, 20)


def test_the_seed_alone_decides_also_after_the_first_episode():
    runs = []
    for seed in (3, 3, 4):
        environments, generator = sticky(), np.random.default_rng(0)
        environments.reset(seed=seed)
        runs.append([environments.step(generator.integers(9, size=30)).observation for _ in range(10)])
    assert np.array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


def test_a_new_episode_is_not_random_in_the_same_way():
    env = OneGenerator(Sticky())
    shown = []
    for seed in (3, None, None):
        env.reset(seed=seed)
        shown.append([env.step(action)[0].item() for action in (1, 2, 3, 4)])
    assert shown[0] != shown[1] or shown[1] != shown[2]


@pytest.mark.parametrize("game", ["Asterix", "Breakout", "Freeway", "Seaquest", "SpaceInvaders"])
def test_the_games_themselves(game):
    pytest.importorskip("minatar")

    def made():
        return make_environments(f"MinAtar/{game}-v1", {}, ViewConfig(frame_stack=2), n=3)

    one, generator = made(), np.random.default_rng(0)
    shape = one.observation_space.shape
    assert shape[0] % 2 == 0 and shape[1:] == (10, 10)
    one.reset(seed=3)
    for _ in range(300):
        one.step(generator.integers(one.action_space.sizes[0], size=3))
    assert_goes_on(one, made(), generator, 300)
