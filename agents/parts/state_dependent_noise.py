"""Exploration that depends on the state and holds still for some steps (gSDE, Raffin et al. 2021): smooth where independent noise
shakes.

The noise of an action is linear in the features z [D] of what is seen: z times a matrix [D, K] of normal numbers, which is drawn
anew now and then, and whose deviations are learned. So one action is normal, its variance z^2 times the deviations' squares.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float32]
EPSILON = 1e-6  # added to the variance, as the authors do: a state without features has some too


def state_dependent_log_std(features: Tensor, log_std: Tensor) -> Tensor:
    """Logarithms of the deviations of actions [..., K] for features [..., D] and those of the matrix [D, K]. The features are not
    to learn from the noise they make."""
    variance = features.detach().square() @ (2 * log_std).exp()
    return 0.5 * (variance + EPSILON).log()


class StateDependentNoise:
    """The matrices of N environments under way."""

    def __init__(self, frequency: int) -> None:
        """A matrix serves for `frequency` steps; 0 keeps it until `renew`."""
        self._frequency = frequency
        self._drawn: Floats | None = None  # [N, D, K], standard normal
        self._age = 0

    def renew(self) -> None:
        """The next step draws new matrices."""
        self._drawn = None

    def __call__(self, features: Floats, deviation: Floats, generator: np.random.Generator) -> Floats:
        """Features [N, D] and the deviations of a matrix [D, K] -> noise [N, K]."""
        worn = self._frequency and self._age >= self._frequency
        if self._drawn is None or len(self._drawn) != len(features) or worn:
            self._drawn = generator.standard_normal((len(features), *deviation.shape), np.float32)
            self._age = 0
        self._age += 1
        return np.einsum("nd,ndk->nk", features, deviation * self._drawn)
