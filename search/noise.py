"""Exploration noise at the root, drawn from a key: Gumbel (Danihelka et al. 2022) and Dirichlet (Silver et al. 2017)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..envs.rng import splitmix64, uniform
from .jit import kernel


@kernel
def fill_gumbel(out: Any, key: np.uint64, scale: float) -> None:
    """Standard Gumbel numbers times `scale` into out [n]."""
    for i in range(len(out)):
        out[i] = -np.log(-np.log(uniform(splitmix64(key, np.uint64(i))))) * scale


@kernel
def _gamma(alpha: float, key: np.uint64) -> float:
    """One Gamma(alpha, 1) number (Marsaglia and Tsang 2000, with their boost for alpha below 1)."""
    boost = 1.0
    if alpha < 1.0:
        boost = uniform(splitmix64(key, np.uint64(0))) ** (1.0 / alpha)
        alpha += 1.0
    d = alpha - 1.0 / 3.0
    c = 1.0 / np.sqrt(9.0 * d)
    i = 1
    while True:
        u1, u2, u3 = (
            uniform(splitmix64(key, np.uint64(i))),
            uniform(splitmix64(key, np.uint64(i + 1))),
            uniform(splitmix64(key, np.uint64(i + 2))),
        )
        i += 3
        x = np.sqrt(-2.0 * np.log(u1)) * np.cos(2.0 * np.pi * u2)
        v = (1.0 + c * x) ** 3
        if v > 0.0 and np.log(u3) < 0.5 * x * x + d - d * v + d * np.log(v):
            return boost * d * v


@kernel
def fill_dirichlet(out: Any, key: np.uint64, alpha: float) -> None:
    """One draw of the symmetric Dirichlet distribution into out [n]."""
    total = 0.0
    for i in range(len(out)):
        out[i] = _gamma(alpha, splitmix64(key, np.uint64(i)))
        total += out[i]
    for i in range(len(out)):
        out[i] = out[i] / total if total > 0.0 else 1.0 / len(out)
