"""Which rows of a replay are worth learning from: drawn by their priorities (Schaul et al. 2016). Value agents sample by it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import UserError
from ...jit import compiled
from ..checkpoint import Arrays

EPSILON = 1e-6  # added to every error, so that no row is never drawn again (Schaul et al. 2016, section 3.3)

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


class Priorities:
    """The priorities of the places of a ring, in a tree whose every node is the sum of its two children."""

    def __init__(self, capacity: int, *, exponent: float) -> None:
        """`exponent` says how much errors decide: 0 draws uniformly (alpha in the paper)."""
        self.exponent = exponent
        self._leaves = 1 << max(1, capacity - 1).bit_length()
        self._tree = np.zeros(2 * self._leaves)  # the root at 1, the children of i at 2i and 2i + 1
        self._highest = 1.0

    @property
    def total(self) -> float:
        """Of all priorities."""
        return float(self._tree[1])

    def priority(self, places: Places) -> Floats:
        """Those of places, [n]."""
        return self._tree[self._leaves + places]

    def add(self, places: Places) -> None:
        """Gives new rows the highest priority so far, so that each is soon learned from."""
        _put(self._tree, self._leaves, places, np.full(len(places), self._highest))

    def update(self, places: Places, errors: NDArray[Any]) -> None:
        """Priorities after learning, of errors [n] that are not negative; of a place named twice, the last."""
        priorities = (errors.astype(np.float64) + EPSILON) ** self.exponent
        self._highest = max(self._highest, float(priorities.max()))
        _put(self._tree, self._leaves, places, priorities)

    def sample(self, n: int, generator: np.random.Generator) -> Places:
        """n places, one from each of n equal parts of the whole (Schaul et al. 2016, appendix B.2.1)."""
        masses = (np.arange(n) + generator.random(n)) * (self._tree[1] / n)
        return _find(self._tree, self._leaves, masses)

    def weights(self, places: Places, rows: int, *, exponent: float) -> NDArray[np.float32]:
        """What each row drawn weighs, so that the gradient is that of uniform drawing from `rows` rows where the exponent (beta in
        the paper) is 1; the largest weight is 1."""
        weights = (rows * self.priority(places) / self._tree[1]) ** -exponent
        return (weights / weights.max()).astype(np.float32)

    def state(self) -> Arrays:
        """Every priority, and the highest."""
        return {"priorities": self._tree[self._leaves :].copy(), "highest": np.array([self._highest])}

    def load(self, state: Arrays) -> None:
        """Goes on from a state. Raises UserError where it is of another capacity."""
        if len(state["priorities"]) != self._leaves:
            raise UserError(
                f"the checkpoint has {len(state['priorities']):,} priorities, and the replay has {self._leaves:,}; "
                "put back the configuration that it was made with"
            )
        _put(self._tree, self._leaves, np.arange(self._leaves), state["priorities"])
        self._highest = float(state["highest"][0])


@compiled()
def _put(tree: Floats, leaves: int, places: Places, priorities: Floats) -> None:
    for k in range(len(places)):
        i = leaves + places[k]
        tree[i] = priorities[k]
        while i > 1:
            i >>= 1
            tree[i] = tree[2 * i] + tree[2 * i + 1]


@compiled()
def _find(tree: Floats, leaves: int, masses: Floats) -> Places:
    """The places whose part of the line from 0 to the total holds each mass."""
    places = np.empty(len(masses), np.int64)
    for k in range(len(masses)):
        i, mass = 1, masses[k]
        while i < leaves:
            i *= 2
            if tree[i + 1] > 0.0 and mass >= tree[i]:  # never into a part that is empty, however sums were rounded
                mass -= tree[i]
                i += 1
        places[k] = i - leaves
    return places
