"""Acting by a table: the best action, and now and then any. Ties are drawn evenly while learning; play takes the first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...envs.gym.spaces import Actions, Observations
from ..gym.policy import Extras, State
from .states import StateNumbers
from .table import Floats, Numbers, Table

Mask = NDArray[np.bool_] | None


def open_values(q: Floats, mask: Mask) -> Floats:
    """Action values [N, A], -inf where an action is not open."""
    return q if mask is None else np.where(mask, q, -np.inf)


def epsilon_greedy(q: Floats, mask: Mask, epsilon: float) -> Floats:
    """The probability of every action [N, A]: epsilon shared by all that are open, the rest by those with the highest value."""
    values = open_values(q, mask)
    best = values == values.max(axis=1, keepdims=True)
    greedy = best * ((1.0 - epsilon) / best.sum(axis=1, keepdims=True))
    if mask is None:
        return greedy + epsilon / q.shape[1]
    return greedy + mask * (epsilon / np.maximum(1, mask.sum(axis=1, keepdims=True)))  # an end may leave nothing open


def draw(probabilities: Floats, generator: np.random.Generator) -> Numbers:
    """One action [N] of each row [N, A]."""
    reached = probabilities.cumsum(axis=1)
    return (reached > generator.random((len(reached), 1)) * reached[:, -1:]).argmax(axis=1)


class EpsilonGreedy:
    """The policy of every tabular agent, which sets `epsilon` as it learns."""

    def __init__(self, table: Table, numbers: StateNumbers, *, epsilon: float) -> None:
        self._table, self._numbers = table, numbers
        self.epsilon = epsilon

    def initial_state(self, n: int) -> State:
        """As `Policy` says: nothing is remembered."""
        return {}

    def act(
        self,
        observation: Observations,
        state: State,
        *,
        starts: NDArray[np.bool_],
        mask: Mask,
        deterministic: bool,
        generator: np.random.Generator,
    ) -> tuple[Actions, State, Extras]:
        """As `Policy` says."""
        states = self._numbers(observation)
        if deterministic:
            return open_values(self._table.q[states], mask).argmax(axis=1), state, {}
        return self.choose(states, mask, generator), state, {}

    def choose(self, states: Numbers, mask: Mask, generator: np.random.Generator) -> Numbers:
        """Actions [N] in states given by their numbers [N]."""
        return draw(epsilon_greedy(self._table.q[states], mask, self.epsilon), generator)

    def expectation(self, states: Numbers, mask: Mask) -> Floats:
        """What states [N] are worth as they would be acted in: the mean of Q under the policy."""
        q = self._table.q[states]
        mean: Floats = (epsilon_greedy(q, mask, self.epsilon) * q).sum(axis=1)
        return mean

    def greatest(self, states: Numbers, mask: Mask) -> Floats:
        """What states [N] are worth under the best action."""
        greatest: Floats = open_values(self._table.q[states], mask).max(axis=1)
        return greatest
