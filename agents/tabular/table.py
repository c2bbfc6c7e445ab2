"""The table: a value for every state and action, and how often each pair was learned from."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ...errors import UserError
from ..checkpoint import Arrays

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]


class Table:
    """Action values Q [S, A]."""

    def __init__(self, states: int, actions: int, *, initial_value: float = 0.0) -> None:
        self.q: Floats = np.full((states, actions), initial_value)
        self.visits: Numbers = np.zeros((states, actions), np.int64)

    def move(self, states: Numbers, actions: Numbers, targets: Floats, *, step_size: float, power: float) -> float:
        """Moves Q(s, a) towards targets [N], one after the other: a pair that comes twice moves twice.

        The step is `step_size` over the visits of the pair, this one counted, to a power. Returns the mean of the errors' sizes.
        Raises FloatingPointError for a target that is no number, and then has changed nothing.
        """
        q, visits, goals, off = self.q, self.visits, targets.tolist(), 0.0
        if not all(map(math.isfinite, goals)):
            raise FloatingPointError("a target is not finite")
        for state, action, target in zip(states.tolist(), actions.tolist(), goals, strict=True):
            pair = state, action
            visits[pair] += 1
            step = step_size / float(visits[pair]) ** power if power else step_size
            error = target - q[pair]
            q[pair] += step * error
            off += abs(error)
        return float(off) / max(1, len(targets))

    def weights(self) -> Arrays:
        """What plays."""
        return {"q": self.q.copy()}

    def state(self) -> Arrays:
        """What learning goes on from, the weights aside."""
        return {"visits": self.visits.copy()}

    def load(self, weights: Arrays, state: Arrays | None, *, owner: str) -> None:
        """Takes both, in place; without a state no pair was visited. Raises UserError where the weights are of another table."""
        if weights.keys() != {"q"} or weights["q"].shape != self.q.shape:
            came = ", ".join(f"{name} {list(array.shape)}" for name, array in weights.items())
            raise UserError(
                f"{owner} are no table of {list(self.q.shape)} values, but {came}; take those of the same environment and agent"
            )
        self.q[:] = weights["q"]
        self.visits[:] = 0 if state is None else state["visits"]
