"""What off-policy agents remember: the newest transitions, in a ring that is written to disk once.

A transition is a row of columns, each an array [capacity, ...]. Rows are numbered from the first ever added.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..checkpoint import Arrays


class Replay:
    """A ring of transitions. Columns are given as name -> (shape of one row, type)."""

    def __init__(self, capacity: int, columns: Mapping[str, tuple[tuple[int, ...], DTypeLike]]) -> None:
        self.capacity = capacity
        self.total = 0  # rows ever added
        self._shapes = columns

    @cached_property
    def _columns(self) -> Arrays:
        """Made when they are first needed: who only plays learns nothing, and may have no room for them."""
        return {name: np.zeros((self.capacity, *shape), dtype) for name, (shape, dtype) in self._shapes.items()}

    def __len__(self) -> int:
        """Rows held."""
        return min(self.total, self.capacity)

    def __getitem__(self, name: str) -> NDArray[Any]:
        """A column, in the order of the ring: row number i stands at i % capacity."""
        return self._columns[name]

    def add(self, **rows: NDArray[Any]) -> NDArray[np.int64]:
        """Adds rows [n, ...] by column; returns where in the ring they stand, [n]. The oldest make room."""
        n = len(next(iter(rows.values())))
        places = np.arange(self.total, self.total + n) % self.capacity
        for name, values in rows.items():
            self._columns[name][places] = values
        self.total += n
        return places

    def sample(self, n: int, generator: np.random.Generator) -> NDArray[np.int64]:
        """The places of n rows drawn uniformly, with replacement."""
        return generator.integers(len(self), size=n)

    def rows(self, places: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Whole rows [n, ...] by column."""
        return {name: column[places] for name, column in self._columns.items()}

    def since(self, number: int) -> tuple[int, Arrays]:
        """The rows from a number on that are still held: (the number of the first, the rows), for writing them down."""
        first = max(number, self.total - len(self))
        return first, self.rows(np.arange(first, self.total) % self.capacity)

    def restore(self, first: int, rows: Arrays, total: int) -> None:
        """Fills an empty ring with rows that begin at a number, as it stood after `total` rows. Raises ValueError where they do not
        reach back as far as the ring did."""
        count = len(next(iter(rows.values()))) if rows else 0
        if first + count != total or first > max(0, total - self.capacity):
            raise ValueError(f"rows {first} to {first + count} do not restore a replay of {total} with room for {self.capacity}")
        keep = min(count, self.capacity)
        places = np.arange(total - keep, total) % self.capacity
        for name, values in rows.items():
            self._columns[name][places] = values[count - keep :]
        self.total = total
