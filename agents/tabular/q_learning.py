"""Q-learning (Watkins 1989; Sutton and Barto, section 6.5): off-policy temporal-difference control.

Q(S, A) moves towards R + gamma max_a Q(S', a), whatever is done next: the values are of the greedy policy while another explores.
"""

from __future__ import annotations

import numpy as np

from ..gym.agent import Metrics
from ..parts.acting import Actor
from .base import TabularAgent, Transitions, of_valid
from .config import QLearningSettings


class QLearning(TabularAgent[QLearningSettings, Transitions]):
    """The agent."""

    def collect(self, actor: Actor) -> Transitions:
        """One step in each environment."""
        self.explore()
        return self.transitions(actor.advance())

    def learn(self, batch: Transitions) -> Metrics:
        """One step towards the greatest value that follows."""
        following = np.where(batch.terminated, 0.0, self.policy.greatest(batch.following, batch.mask))
        return self.move(*of_valid(batch, batch.reward + self._settings.gamma * following))
