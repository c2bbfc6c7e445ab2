"""Acting one choice ahead, as Sarsa does: A' is chosen in S' before Q(S, A) is learned, and is what is done next.

The first action of an episode is chosen when it begins, after the last one was learned from.
"""

from __future__ import annotations

import numpy as np

from ..checkpoint import Arrays
from ..parts.acting import Actor, Moment
from .policy import EpsilonGreedy
from .states import StateNumbers
from .table import Numbers


class AheadActor:
    """Keeps the action that was chosen for what is seen now."""

    def __init__(self, policy: EpsilonGreedy, numbers: StateNumbers) -> None:
        self._policy, self._numbers = policy, numbers
        self._action: Numbers | None = None
        self._state: Numbers | None = None  # what it was chosen for

    def take(self, actor: Actor) -> tuple[Moment, Numbers]:
        """Takes the chosen actions and chooses the next, [N], which say nothing where an episode begins; what was chosen for other
        states than are seen is chosen again."""
        states = self._numbers(actor.observation)
        if self._action is None or self._state is None or not np.array_equal(states, self._state):
            self._action = self._policy.choose(states, actor.mask, actor.generator)
        elif actor.starts.any():
            self._action = np.where(actor.starts, self._policy.choose(states, actor.mask, actor.generator), self._action)
        moment = actor.take(self._action)
        self._state = self._numbers(actor.observation)
        self._action = self._policy.choose(self._state, actor.mask, actor.generator)
        return moment, self._action

    def kept(self) -> Arrays:
        """What `keep` goes on from."""
        return {} if self._action is None or self._state is None else {"ahead/action": self._action, "ahead/state": self._state}

    def keep(self, arrays: Arrays) -> None:
        """Goes on from that; from no choice where there is none."""
        self._action, self._state = arrays.get("ahead/action"), arrays.get("ahead/state")
