"""Confidence intervals, 95% and two-sided, of what is measured here: shares of positions, and scores of matches."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import fmean, stdev

Z = 1.959964  # the normal distribution's 97.5% point

Interval = tuple[float, float]


def wilson(hits: float, tries: int) -> Interval:
    """The interval of a share (Wilson 1927); a draw may count as half a hit. With no tries, all of [0, 1]."""
    if tries == 0:
        return 0.0, 1.0
    share, z2 = hits / tries, Z * Z / tries
    centre = (share + z2 / 2) / (1 + z2)
    half = Z * sqrt(share * (1 - share) / tries + z2 / (4 * tries)) / (1 + z2)
    return (0.0 if hits == 0 else centre - half), (1.0 if hits == tries else centre + half)


def paired(scores: Sequence[float]) -> Interval:
    """The interval of the mean of scores in [0, 1], each the mean of a pair of games with colours changed.

    The two games of a pair share their opening, so the pair is the independent unit. Student's interval of the pairs and two more,
    one won and one lost: the "plus four" of Agresti and Coull (1998), counted in games. Without them, a match of nothing but wins
    would have an interval of no width. With no pairs, all of [0, 1].
    """
    if not scores:
        return 0.0, 1.0
    sample = [*scores, 0.0, 1.0]
    half = student(len(sample) - 1) * stdev(sample) / sqrt(len(sample))
    return max(0.0, fmean(sample) - half), min(1.0, fmean(sample) + half)


def student(freedom: int) -> float:
    """The 97.5% point of Student's distribution with 2 or more degrees of freedom, within 1% (Abramowitz and Stegun 26.7.5)."""
    z, v = Z, freedom
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
        + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / (92160 * v**4)
    )
