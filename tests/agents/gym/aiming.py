"""An environment of continuous actions that is solved in seconds, and an agent set to work in it. Called by tests."""

from __future__ import annotations

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

LOW, HIGH = np.array([-1.0, 2.0], np.float32), np.array([3.0, 4.0], np.float32)


class Aim(gymnasium.Env):
    """Shows where to aim, as shares of the bounds from -1 to 1; what lacks is the distance, in such shares. Over after 4 steps."""

    observation_space, action_space = spaces.Box(-1, 1, (2,), np.float32), spaces.Box(LOW, HIGH)

    def __init__(self, *, cut: bool = False) -> None:
        self.cut, self.t = cut, 0
        self.taken: list[Any] = []

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        return self._shown(), {}

    def step(self, action):
        self.taken.append(action)
        scaled = (action - LOW) / (HIGH - LOW) * 2 - 1
        reward, self.t = -float(np.abs(scaled - self.wanted).mean()), self.t + 1
        over = self.t == 4
        return self._shown(), reward, over and not self.cut, over and self.cut, {}

    def _shown(self):
        self.wanted = self.np_random.uniform(-0.8, 0.8, 2).astype(np.float32)
        return self.wanted


class Skipping(EnvironmentList):
    """Environments of which the last only ever resets."""

    def step(self, actions):
        step = super().step(actions)
        step.valid[-1] = False
        return step


def begin(name: str, settings: Any, *, n: int = 1, seed: int = 0, make=Aim, environments=EnvironmentList) -> tuple[Agent, Actor]:
    """An agent of small networks and its actor."""
    worlds = environments("Aim", make, n)
    config = GymConfig(settings=settings, environments=n, seed=seed, steps=10_000, body=BodyConfig(hidden=(32,), activation="relu"))
    agent = agent_class(name)(config, Spaces(worlds.observation_space, worlds.action_space, n))
    return agent, Actor(worlds, agent.policy, generator=np.random.default_rng((seed, 1)), seed=seed)


def learn(agent: Agent, actor: Actor, *, rounds: int) -> list[dict[str, float]]:
    """Some rounds of acting and learning; what was measured."""
    return [agent.learn(batch) for _ in range(rounds) for batch in agent.batches(agent.collect(actor))]


def mean_reward(agent: Agent, steps: int = 20) -> float:
    """Of steps in fresh environments, acting as evaluation does."""
    actor = Actor(EnvironmentList("Aim", Aim, 20), agent.policy, generator=np.random.default_rng(7), seed=99)
    return float(np.mean([actor.advance(deterministic=True).step.reward for _ in range(steps)]))
