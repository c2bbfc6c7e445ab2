"""Expected Sarsa (van Seijen et al. 2009; Sutton and Barto, section 6.6): Sarsa without the chance of the next action.

Q(S, A) moves towards R + gamma sum_a pi(a | S') Q(S', a), where pi is the policy that acts.
"""

from __future__ import annotations

import numpy as np

from ..gym.agent import Metrics
from ..parts.acting import Actor
from .base import TabularAgent, Transitions, of_valid
from .config import ExpectedSarsaSettings


class ExpectedSarsa(TabularAgent[ExpectedSarsaSettings, Transitions]):
    """The agent."""

    def collect(self, actor: Actor) -> Transitions:
        """One step in each environment."""
        self.explore()
        return self.transitions(actor.advance())

    def learn(self, batch: Transitions) -> Metrics:
        """One step towards the mean of what follows."""
        following = np.where(batch.terminated, 0.0, self.policy.expectation(batch.following, batch.mask))
        return self.move(*of_valid(batch, batch.reward + self._settings.gamma * following))
