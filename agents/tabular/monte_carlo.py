"""Monte Carlo control (Sutton and Barto, section 5.4): first visits, epsilon-soft policies, on-policy.

Q(S, A) moves towards the return that followed the first visit to the pair in an episode, once the episode is over. Where it was
cut short, the mean under the policy goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np

from ..gym.agent import AgentState, Metrics, Spaces
from ..gym.config import GymConfig
from ..parts.acting import Actor
from .base import TabularAgent
from .config import MonteCarloSettings
from .table import Floats, Numbers


class Finished(NamedTuple):
    """One episode of T steps."""

    state: Numbers  # [T]
    action: Numbers  # [T]
    reward: Floats  # [T]
    bootstrap: float  # what would have come after it: 0 where the world ended it


Walked = list[tuple[int, int, float]]  # (S, A, R) of every step of an episode so far


class MonteCarlo(TabularAgent[MonteCarloSettings, list[Finished]]):
    """The agent."""

    def __init__(self, config: GymConfig[MonteCarloSettings], spaces: Spaces) -> None:
        super().__init__(config, spaces)
        self._walked: list[Walked] = [[] for _ in range(spaces.environments)]

    def collect(self, actor: Actor) -> list[Finished]:
        """One step in each environment; what comes back are the episodes that it ended."""
        self.explore()
        for i in np.flatnonzero(actor.starts).tolist():
            self._walked[i] = []
        step = self.transitions(actor.advance())
        for walked, valid, *taken in zip(self._walked, step.valid, step.state, step.action, step.reward, strict=True):
            if valid:
                walked.append(tuple(taken))
        over = np.flatnonzero(~step.going & step.valid)
        if not len(over):
            return []
        beyond = np.where(step.truncated, self.policy.expectation(step.following, step.mask), 0.0)
        return [_episode(self._walked[i], beyond[i]) for i in over.tolist()]

    def batches(self, experience: list[Finished]) -> Iterator[list[Finished]]:
        """The episodes together, where there are any."""
        if experience:
            yield experience

    def learn(self, batch: list[Finished]) -> Metrics:
        """One step towards each first visit's return."""
        visits = [first_visits(episode, self._settings.gamma) for episode in batch]
        return self.move(*(np.concatenate(column) for column in zip(*visits, strict=True)))

    def kept(self) -> AgentState:
        """As `TabularAgent` says: the episodes under way, one behind the other."""
        steps = [step for walked in self._walked for step in walked]
        arrays = {
            "walked/lengths": np.array([len(walked) for walked in self._walked], np.int64),
            "walked/pairs": np.array([step[:2] for step in steps], np.int64).reshape(-1, 2),
            "walked/rewards": np.array([step[2] for step in steps], np.float64),
        }
        return AgentState(arrays=arrays, values={})

    def keep(self, state: AgentState | None) -> None:
        """As `TabularAgent` says."""
        self._walked = [[] for _ in self._walked]
        if state is not None:
            pairs, rewards = state.arrays["walked/pairs"].tolist(), state.arrays["walked/rewards"].tolist()
            steps = iter([(s, a, r) for (s, a), r in zip(pairs, rewards, strict=True)])
            self._walked = [list(islice(steps, length)) for length in state.arrays["walked/lengths"].tolist()]


def _episode(walked: Walked, bootstrap: float) -> Finished:
    state, action, reward = zip(*walked, strict=True)
    return Finished(np.array(state), np.array(action), np.array(reward), bootstrap)


def first_visits(episode: Finished, gamma: float) -> tuple[Numbers, Numbers, Floats]:
    """The pairs of an episode, each once, in order: (states, actions, the return that followed the first visit)."""
    returns = np.empty_like(episode.reward)
    ahead = episode.bootstrap
    for t in range(len(returns) - 1, -1, -1):
        ahead = returns[t] = episode.reward[t] + gamma * ahead
    pairs = np.stack([episode.state, episode.action])
    first = np.sort(np.unique(pairs, axis=1, return_index=True)[1])
    return episode.state[first], episode.action[first], returns[first]
