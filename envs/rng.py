"""Random numbers inside kernels: splitmix64 as pure functions of a seed and a counter. The playouts and `search` call them.

A kernel keeps one uint64 a stream and moves it itself: `state += GAMMA; bits = mix64(state)`. Steele, Lea and Flood, "Fast
Splittable Pseudorandom Number Generators", OOPSLA 2014; the constants are Vigna's public-domain splitmix64.c.
"""

from __future__ import annotations

import numpy as np

from ..jit import compiled

GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S27, _S30, _S31, _S32, _S12 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32), np.uint64(12)
_ONE = np.uint64(1)


@compiled()
def mix64(state: np.uint64) -> np.uint64:
    """The 64 random bits that belong to one state of a stream."""
    z = (state ^ (state >> _S30)) * _MIX_1
    z = (z ^ (z >> _S27)) * _MIX_2
    return np.uint64(z ^ (z >> _S31))


@compiled()
def splitmix64(seed: np.uint64, counter: np.uint64) -> np.uint64:
    """The 64 random bits at a place (from 0) of the stream of a seed."""
    return np.uint64(mix64(seed + GAMMA * (counter + _ONE)))


@compiled()
def uniform(bits: np.uint64) -> float:
    """64 random bits as a number strictly between 0 and 1, in the middles of 2^52 equal cells."""
    return (np.float64(bits >> _S12) + 0.5) * 2.0**-52


@compiled()
def below(bits: np.uint64, n: np.uint64) -> np.uint64:
    """64 random bits as an integer from 0 to n - 1, n below 2^32; the bias is under n / 2^32 (Lemire, TOMACS 29(1), 2019)."""
    return ((bits >> _S32) * n) >> _S32
