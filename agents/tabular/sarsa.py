"""Sarsa (Rummery and Niranjan 1994; Sutton and Barto, section 6.4): on-policy temporal-difference control.

Q(S, A) moves towards R + gamma Q(S', A'), where A' is what is done next: the values are of the policy that explores. Where an
episode is cut short nothing is done next, and the mean under the policy stands in.
"""

from __future__ import annotations

import numpy as np

from ..gym.agent import AgentState, Metrics, Spaces
from ..gym.config import GymConfig
from ..parts.acting import Actor
from .ahead import AheadActor
from .base import TabularAgent, Transitions, of_valid
from .config import SarsaSettings
from .table import Numbers


class Sarsa(TabularAgent[SarsaSettings, tuple[Transitions, Numbers]]):
    """The agent."""

    def __init__(self, config: GymConfig[SarsaSettings], spaces: Spaces) -> None:
        super().__init__(config, spaces)
        self._ahead = AheadActor(self.policy, self._numbers)

    def collect(self, actor: Actor) -> tuple[Transitions, Numbers]:
        """One step in each environment, and the actions that come next [N]."""
        self.explore()
        moment, chosen = self._ahead.take(actor)
        return self.transitions(moment), chosen

    def learn(self, batch: tuple[Transitions, Numbers]) -> Metrics:
        """One step towards the value of what is done next."""
        steps, chosen = batch
        following = np.where(steps.going, self.table.q[steps.following, chosen], 0.0)
        if steps.truncated.any():
            following = np.where(steps.truncated, self.policy.expectation(steps.following, steps.mask), following)
        return self.move(*of_valid(steps, steps.reward + self._settings.gamma * following))

    def kept(self) -> AgentState:
        """As `TabularAgent` says."""
        return AgentState(arrays=self._ahead.kept(), values={})

    def keep(self, state: AgentState | None) -> None:
        """As `TabularAgent` says."""
        self._ahead.keep(state.arrays if state else {})
