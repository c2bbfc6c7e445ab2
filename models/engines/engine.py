"""The Engine contract, and the fixed shape that keeps its law.

`prepare` makes engines; evaluators in `agents` and benchmarks call them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...errors import UserError
from ..network import PolicyValueNetwork

Floats = NDArray[np.float32]


class EngineUnavailable(UserError):
    """An engine cannot run here, or not this network. The message goes on from the engine's name: "needs a GPU"."""


class Engine(Protocol):
    """A network with fixed weights, run fast on this host. One thread calls it at a time.

    Law: the result of a row does not depend on the other rows, nor on its place among them, nor on how many they are, bit for bit.
    """

    name: str  # from the registry of engines
    batch: int  # rows at most that one submission is made for; evaluate takes any number
    threads: int  # processor threads of one evaluation
    rows: int  # computed at once: fewer take as long

    def evaluate(self, planes: Floats) -> tuple[Floats, Floats]:
        """Planes [N, C, H, W], any N from 0 -> (logits [N, A], values [N]), fresh arrays."""
        ...


class FixedShapeEngine(ABC):
    """Keeps the law by computing `rows` rows at a time, always, the last ones filled up with what is there.

    Kernels for two shapes may add up in two orders, so there is one shape. Small is as fast as large as soon as one submission is
    much work beside its overhead, wastes little on a ragged end, and answers a single row quickly: so `rows` is the least power of
    two, at least 16 and at most `batch`, that gives every thread `work` multiplications.
    """

    def __init__(self, name: str, network: PolicyValueNetwork, *, batch: int, threads: int, work: float) -> None:
        """Raises UserError for a batch or a number of threads below 1."""
        if batch < 1 or threads < 1:
            raise UserError(f"engine {name}: batch is {batch} and threads {threads}; both must be at least 1")
        self.name, self.batch, self.threads = name, batch, threads
        rows = 16
        while rows < batch and rows * multiplications(network) < work * threads:
            rows *= 2
        self.rows = min(rows, batch)
        self._actions = network.actions
        self._input = np.zeros((self.rows, network.planes, *network.board), np.float32)

    def evaluate(self, planes: Floats) -> tuple[Floats, Floats]:
        """Planes [N, C, H, W], any N from 0 -> (logits [N, A], values [N]), fresh arrays. Raises ValueError for other planes."""
        if planes.shape[1:] != self._input.shape[1:]:
            expected = ", ".join(map(str, self._input.shape[1:]))
            raise ValueError(f"planes have shape {planes.shape}, the network takes (N, {expected})")
        n = len(planes)
        logits, values = np.empty((n, self._actions), np.float32), np.empty(n, np.float32)
        for start in range(0, n, self.rows):
            end = min(start + self.rows, n)
            self._input[: end - start] = planes[start:end]
            some_logits, some_values = self._run()
            logits[start:end], values[start:end] = some_logits[: end - start], some_values[: end - start]
        return logits, values

    @abstractmethod
    def _run(self) -> tuple[Floats, Floats]:
        """Computes all of `_input`; the results may be views that the next call overwrites."""


def multiplications(network: PolicyValueNetwork) -> int:
    """About how many multiplications one row takes: every kernel on every point, every matrix once."""
    points = network.board[0] * network.board[1]
    return sum(p.numel() * (points if p.dim() == 4 else 1) for p in network.parameters())
