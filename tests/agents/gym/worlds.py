"""Environments of a few lines that a policy gradient solves in seconds, and an agent set to work in them. Called by tests."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from zerodojo.agents.gym.agent import Agent, Spaces
from zerodojo.agents.gym.config import GymConfig
from zerodojo.agents.parts.acting import Actor
from zerodojo.agents.registry import agent_class
from zerodojo.envs.gym.listed import EnvironmentList
from zerodojo.models.config import BodyConfig


class Line(gymnasium.Env):
    """Shows how many steps there were, and pays as much; over after `length`, by the world or cut short."""

    observation_space, action_space = spaces.Box(0, 100, (1,), np.float32), spaces.Discrete(2)

    def __init__(self, length: int, *, cut: bool) -> None:
        self.length, self.cut, self.t = length, cut, 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        return np.array([0.0], np.float32), {}

    def step(self, action):
        self.t += 1
        over = self.t >= self.length
        return np.array([self.t], np.float32), float(self.t), over and not self.cut, over and self.cut, {}


class CutClosed(gymnasium.Env):
    """Shows how many steps there were, and pays 1 for each; cut short after 7, where nothing is open, for nothing is done there."""

    observation_space, action_space = spaces.Discrete(8), spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        return self.t, {"action_mask": np.ones(2, np.int8)}

    def step(self, action):
        self.t += 1
        return self.t, 1.0, False, self.t == 7, {"action_mask": np.full(2, self.t < 7, np.int8)}


class Echo(gymnasium.Env):
    """Pays 1 for doing what is shown, in every one of 8 steps."""

    observation_space: Any = spaces.Discrete(3)
    action_space: Any = spaces.Discrete(3)
    best = 8.0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        return self.shown(), {}

    def shown(self):
        self.wanted = int(self.np_random.integers(3))
        return self.wanted

    def paid(self, action) -> float:
        return float(action == self.wanted)

    def step(self, action):
        reward, self.t = self.paid(action), self.t + 1
        return self.shown(), reward, self.t == 8, False, {}


class EchoAll(Echo):
    """The same with two choices at once, half of the pay for each."""

    observation_space, action_space = spaces.MultiDiscrete([3, 2]), spaces.MultiDiscrete([3, 2])

    def shown(self):
        self.wanted = self.np_random.integers([3, 2])
        return self.wanted

    def paid(self, action) -> float:
        return float((action == self.wanted).mean())


class EchoNumbers(Echo):
    """The same with a number: what lacks is its distance."""

    observation_space, action_space = spaces.Box(-1, 1, (1,), np.float32), spaces.Box(-1, 1, (1,), np.float32)

    def shown(self):
        self.wanted = self.np_random.uniform(-1, 1, 1).astype(np.float32)
        return self.wanted

    def paid(self, action) -> float:
        return 1.0 - abs(float(action[0] - self.wanted[0]))


class EchoMasked(Echo):
    """Nothing is shown but what is open, two of four; the higher pays. What is closed raises."""

    observation_space = spaces.Dict({"nothing": spaces.Box(0, 1, (4,), np.float32), "action_mask": spaces.MultiBinary(4)})
    action_space = spaces.Discrete(4)

    def shown(self):
        self.open = self.np_random.choice(4, 2, replace=False)
        self.wanted = int(self.open.max())
        mask = np.isin(np.arange(4), self.open).astype(np.int8)
        return {"nothing": mask.astype(np.float32), "action_mask": mask}

    def paid(self, action) -> float:
        assert action in self.open
        return float(action == self.wanted)


class EchoRemembered(Echo):
    """Pays for doing what was shown the step before, at first 0: only who remembers earns more than a third."""

    def shown(self):
        self.wanted = self.number if self.t else 0
        self.number = int(self.np_random.integers(3))
        return self.number


class EchoRememberedMasked(EchoRemembered):
    """The same, and one of the wrong actions is closed."""

    observation_space = spaces.Dict({"shown": spaces.Discrete(3), "action_mask": spaces.MultiBinary(3)})

    def shown(self):
        number = super().shown()
        self.closed = (self.wanted + int(self.np_random.integers(1, 3))) % 3
        return {"shown": number, "action_mask": (np.arange(3) != self.closed).astype(np.int8)}

    def paid(self, action) -> float:
        assert action != self.closed
        return super().paid(action)


def environments(*kinds: Callable[[], gymnasium.Env], n: int) -> EnvironmentList:
    """n environments side by side, of these kinds in turn."""
    turn = cycle(kinds)

    def make() -> gymnasium.Env:
        return next(turn)()

    return EnvironmentList("a tiny world", make, n)


def begin(
    agent: str,
    settings: Any,
    *kinds: Callable[[], gymnasium.Env],
    n: int = 8,
    steps: int = 10_000,
    memory: str = "none",
    seed: int = 0,
) -> tuple[Agent, Actor]:
    """An agent before its first step, and its actor."""
    envs = environments(*kinds, n=n)
    body = BodyConfig(hidden=(32,), memory=memory, memory_size=32)
    config = GymConfig(settings=settings, environments=n, seed=seed, steps=steps, body=body)
    made = agent_class(agent)(config, Spaces(envs.observation_space, envs.action_space, n))
    return made, Actor(envs, made.policy, generator=np.random.default_rng((seed, 1)), seed=seed)


def learn(agent: Agent, actor: Actor, *, steps: int) -> list[dict[str, float]]:
    """Goes on until so many steps were taken; what was measured."""
    measured = []
    while agent.steps < steps:
        measured += [agent.learn(batch) for batch in agent.batches(agent.collect(actor))]
    return measured


def mean_return(agent: Agent, kind: Callable[[], gymnasium.Env], *, rounds: int = 16, n: int = 32) -> float:
    """Of the episodes that end in so many steps, doing what is likeliest."""
    envs = environments(kind, n=n)
    actor = Actor(envs, agent.policy, generator=np.random.default_rng(9), seed=100)
    for _ in range(rounds):
        actor.advance(deterministic=True)
    return float(np.mean([episode.total for episode in envs.finished()]))
