"""States by number. Observations of finitely many states come as one-hot parts; their numbers together are one, in mixed radix."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ...envs.gym.spaces import Observations

EXACT = 2**24  # up to here float32 counts without error, and so does the product that finds a number


class StateNumbers:
    """Numbers states as `np.ravel_multi_index` does, the last part running fastest."""

    def __init__(self, sizes: tuple[int, ...]) -> None:
        """How many each part can be. Raises ValueError for more states than float32 can count."""
        self.count = math.prod(sizes)
        if self.count > EXACT:
            raise ValueError(f"{self.count:,} states")
        radices = [math.prod(sizes[part + 1 :]) for part in range(len(sizes))]
        self._worth = np.concatenate([np.arange(size) * radix for size, radix in zip(sizes, radices, strict=True)]).astype(
            np.float32
        )

    def __call__(self, observation: Observations) -> NDArray[np.int64]:
        """Observations [N, F] -> numbers [N]."""
        return (observation @ self._worth).astype(np.int64)
