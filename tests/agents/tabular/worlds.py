"""Small worlds whose values are known, and agents at work in them."""

import gymnasium
import numpy as np

from zerodojo.agents.gym.agent import Spaces
from zerodojo.agents.gym.config import GymConfig
from zerodojo.agents.parts.acting import Actor
from zerodojo.agents.registry import agent_class, settings_class
from zerodojo.envs.gym.listed import EnvironmentList

AGENTS = ("q_learning", "sarsa", "expected_sarsa", "n_step_sarsa", "dyna_q", "monte_carlo")


class Table(gymnasium.Env):
    """A deterministic world given as {(state, action): (following, reward, terminated)}; it begins in state 0 and is cut after
    `limit` steps. `closed` are the pairs that are masked; to do one is an error."""

    def __init__(self, rules, limit=100, closed=()):
        self.states, self.actions = (1 + max(pair[k] for pair in rules) for k in (0, 1))
        self.observation_space = gymnasium.spaces.Discrete(self.states)
        self.action_space = gymnasium.spaces.Discrete(self.actions)
        self.rules, self.limit, self.closed = rules, limit, closed

    def _info(self):
        mask = np.array([(self.state, action) not in self.closed for action in range(self.actions)], np.int8)
        return {"action_mask": mask} if self.closed else {}

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.state, self.taken = 0, 0
        return self.state, self._info()

    def step(self, action):
        assert (self.state, action) not in self.closed
        self.state, reward, terminated = self.rules[self.state, action]
        self.taken += 1
        return self.state, reward, terminated, self.taken >= self.limit, self._info()


def corridor(length=5):
    """From the left end to the right one, where 1 is paid: action 1 goes right, action 0 left."""
    rules = {}
    for state in range(length):
        rules[state, 0] = (max(0, state - 1), 0.0, False)
        rules[state, 1] = (min(length - 1, state + 1), float(state + 1 == length - 1), state + 1 == length - 1)
    return rules


def world(rules, n=1, **options):
    return EnvironmentList("table", lambda: Table(rules, **options), n)


def make(agent, environments, seed=0, steps=10_000, **settings):
    config = GymConfig(settings=settings_class(agent)(**settings), task="table", seed=seed, steps=steps)
    return agent_class(agent)(config, Spaces(environments.observation_space, environments.action_space, environments.n))


def actor_of(agent, environments, seed=0):
    return Actor(environments, agent.policy, generator=np.random.default_rng((seed, 1)), seed=seed)


def rounds(agent, actor, count):
    for _ in range(count):
        for batch in agent.batches(agent.collect(actor)):
            agent.learn(batch)
