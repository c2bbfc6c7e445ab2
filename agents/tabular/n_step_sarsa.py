"""n-step Sarsa (Sutton and Barto, section 7.2): n rewards, and then the value of what is done next.

Q(S_t, A_t) moves towards R_{t+1} + ... + gamma^{n-1} R_{t+n} + gamma^n Q(S_{t+n}, A_{t+n}), n steps late. At the end of an episode
the pairs that still wait are learned with the rewards that came, and where it was cut short the mean under the policy follows them.
"""

from __future__ import annotations

import numpy as np

from ..gym.agent import AgentState, Metrics, Spaces
from ..gym.config import GymConfig
from ..parts.acting import Actor
from .ahead import AheadActor
from .base import TabularAgent, Transitions
from .config import NStepSarsaSettings
from .table import Numbers


class NStepSarsa(TabularAgent[NStepSarsaSettings, tuple[Transitions, Numbers]]):
    """The agent."""

    def __init__(self, config: GymConfig[NStepSarsaSettings], spaces: Spaces) -> None:
        super().__init__(config, spaces)
        self._ahead = AheadActor(self.policy, self._numbers)
        self._window = np.zeros((spaces.environments, config.settings.lookahead, 2), np.int64)  # (S, A), the newest last
        self._rewards = np.zeros((spaces.environments, config.settings.lookahead))
        self._waiting = np.zeros(spaces.environments, np.int64)  # pairs in the window

    def collect(self, actor: Actor) -> tuple[Transitions, Numbers]:
        """One step in each environment, and the actions that come next [N]."""
        self.explore()
        self._waiting[actor.starts] = 0
        moment, chosen = self._ahead.take(actor)
        return self.transitions(moment), chosen

    def learn(self, batch: tuple[Transitions, Numbers]) -> Metrics:
        """The step enters the window; the oldest pair leaves it where it is full, and all do where the episode is over."""
        steps, chosen = batch
        n, gamma = self._settings.lookahead, self._settings.gamma
        self._append(steps)
        ahead = np.where(steps.going, self.table.q[steps.following, chosen], 0.0)
        if steps.truncated.any():
            ahead = np.where(steps.truncated, self.policy.expectation(steps.following, steps.mask), ahead)
        returns = np.empty_like(self._rewards)
        for k in range(n - 1, -1, -1):
            ahead = returns[:, k] = self._rewards[:, k] + gamma * ahead
        age = np.arange(n, 0, -1)  # of the pairs in the window
        due = (age <= self._waiting[:, None]) & np.where(steps.going[:, None], age == n, True) & steps.valid[:, None]
        self._waiting -= due.sum(axis=1)
        pairs = self._window[due]
        return self.move(pairs[:, 0], pairs[:, 1], returns[due])

    def _append(self, steps: Transitions) -> None:
        self._window[:, :-1], self._rewards[:, :-1] = self._window[:, 1:], self._rewards[:, 1:]
        self._window[:, -1, 0], self._window[:, -1, 1], self._rewards[:, -1] = steps.state, steps.action, steps.reward
        self._waiting += steps.valid

    def kept(self) -> AgentState:
        """As `TabularAgent` says."""
        window = {"window": self._window.copy(), "rewards": self._rewards.copy(), "waiting": self._waiting.copy()}
        return AgentState(arrays={**window, **self._ahead.kept()}, values={})

    def keep(self, state: AgentState | None) -> None:
        """As `TabularAgent` says."""
        arrays = state.arrays if state else {}
        self._ahead.keep(arrays)
        self._waiting[:] = 0
        if arrays:
            self._window[:], self._rewards[:], self._waiting[:] = arrays["window"], arrays["rewards"], arrays["waiting"]
