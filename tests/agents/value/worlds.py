"""Tiny environments that the value agents are tested in."""

from __future__ import annotations

import gymnasium
import numpy as np
from gymnasium import spaces

from zerodojo.agents.gym.agent import Spaces
from zerodojo.agents.gym.config import GymConfig
from zerodojo.agents.parts.acting import Actor
from zerodojo.envs.gym.listed import EnvironmentList
from zerodojo.models.config import BodyConfig


class Signal(gymnasium.Env):
    """Shows one of two signs and pays for the action of that number; cut short after 10 steps."""

    observation_space = spaces.Discrete(2)
    action_space = spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.count = 0
        return self._show(), {}

    def step(self, action):
        reward = float(action == self.sign)
        self.count += 1
        return self._show(), reward, False, self.count == 10, {}

    def _show(self):
        self.sign = int(self.np_random.integers(2))
        return self.sign


class Remember(gymnasium.Env):
    """Shows a sign once, then nothing for two steps; the third action is paid where it has the sign's number."""

    observation_space = spaces.Discrete(3)
    action_space = spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.count, self.sign = 0, int(self.np_random.integers(2))
        return self.sign, {}

    def step(self, action):
        self.count += 1
        over = self.count == 3
        return 2, float(over and action == self.sign), over, False, {}


class Closed(gymnasium.Env):
    """Action 0 pays 1, action 1 nothing, and action 2, which would pay 9, is closed; ends by the world or is cut short."""

    observation_space = spaces.Discrete(1)
    action_space = spaces.Discrete(3)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.count = 0
        return 0, self._info()

    def step(self, action):
        assert action != 2, "a closed action was taken"
        self.count += 1
        return 0, float(action == 0), bool(self.np_random.random() < 0.2), self.count == 5, self._info()

    def _info(self):
        return {"action_mask": np.array([1, 1, 0], np.int8)}


def start(agent_class, settings, world, *, environments=1, steps=2_000, seed=0, body=None):
    """An agent and its actor in a world."""
    body = body or BodyConfig(hidden=(32,), activation="relu")
    config = GymConfig(settings=settings, environments=environments, steps=steps, seed=seed, body=body)
    envs = EnvironmentList(world.__name__, world, environments)
    agent = agent_class(config, Spaces(envs.observation_space, envs.action_space, environments))
    return agent, Actor(envs, agent.policy, generator=np.random.default_rng((seed, 1)), seed=seed)


def go_round(agent, actor):
    """One round of the loop that trains agents; what the last step of learning measured."""
    metrics = {}
    for batch in agent.batches(agent.collect(actor)):
        metrics = agent.learn(batch)
    return metrics


def mean_return(agent, world, *, episodes=20, seed=9):
    """Of the policy, acting as evaluation does."""
    envs = EnvironmentList(world.__name__, world, 1)
    actor = Actor(envs, agent.policy, generator=np.random.default_rng(seed), seed=seed)
    totals = []
    while len(totals) < episodes:
        actor.advance(deterministic=True)
        totals += [episode.total for episode in envs.finished()]
    return float(np.mean(totals))


def assert_goes_on(agent_class, settings, world, *, rounds, after, environments=2, body=None):
    """A run that is saved, and loaded into a new agent, goes on number for number."""
    agent, actor = start(agent_class, settings, world, environments=environments, body=body)
    for _ in range(rounds):
        go_round(agent, actor)
    other, second = start(agent_class, settings, world, environments=environments, body=body, seed=77)
    state = agent.state()
    if agent.replay is not None:
        other.replay.restore(*agent.replay.since(0), agent.replay.total)
    other.load(agent.weights(), state)
    second.load(actor.state())
    for _ in range(after):
        expected, found = go_round(agent, actor), go_round(other, second)
        assert expected == found
    assert expected, "nothing was learned"
    for name, array in agent.weights().items():
        np.testing.assert_array_equal(array, other.weights()[name])
    assert (agent.steps, agent.updates) == (other.steps, other.updates)
