"""Value iteration (Bellman 1957; Sutton and Barto, section 4.4), where the model is known: the oracle of the agents that learn."""

from __future__ import annotations

import numpy as np

from .model import Model
from .table import Floats


def value_iteration(model: Model, *, gamma: float = 0.99, tolerance: float = 1e-12, sweeps: int = 100_000) -> Floats:
    """Q of the best policy, [S, A], with no limit of steps: V(s) <- max_a of its backup, until no value moves by more than the
    tolerance. A discount of 1 is for worlds where every best policy comes to an end. Raises ArithmeticError where that many sweeps
    do not suffice."""
    values = np.zeros(len(model.start))
    for _ in range(sweeps):
        q = model.backup(values, gamma=gamma)
        before, values = values, q.max(axis=1)
        if np.abs(values - before).max() <= tolerance:
            return q
    raise ArithmeticError(f"values still move after {sweeps:,} sweeps")
