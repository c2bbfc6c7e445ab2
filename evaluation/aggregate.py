"""What a few runs say of an agent, and how surely: the statistics of Agarwal et al. (2021), "Deep RL at the Edge of the Statistical
Precipice", as their library rliable computes them. `zerodojo study` tells them.

Scores are [..., runs, tasks], one number a run and task; whatever stands in front, such as resamples, is kept. A bootstrap is in
three parts, so that each can be looked at: `draw` says which runs a resample takes, `resample` takes them, and `interval` reads
the percentiles of whatever was computed of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]

TRIMMED = 0.25  # of the scores, at each end
RESAMPLES = 50_000  # for the interval of one number
CURVE_RESAMPLES = 2_000  # for the bands of many


def iqm(scores: Scores) -> NDArray[np.float64]:
    """The interquartile mean over runs and tasks, [..., runs, tasks] -> [...]: the mean of the middle half of all scores.

    Neither one lucky run nor one that failed moves it much, as they would the mean; and it wastes less than the median.
    """
    ordered = np.sort(scores.reshape(*scores.shape[:-2], -1), axis=-1)
    cut = int(TRIMMED * ordered.shape[-1])
    return np.asarray(ordered[..., cut : ordered.shape[-1] - cut].mean(axis=-1))


def profile(scores: Scores, thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The performance profile, [..., runs, tasks] and [T] -> [..., T]: the share of scores above each threshold."""
    flat = scores.reshape(*scores.shape[:-2], -1)
    return np.asarray((flat[..., None] > thresholds).mean(axis=-2))


def probability_of_improvement(x: Scores, y: Scores) -> NDArray[np.float64]:
    """How likely a run of x scores above one of y, [..., n, tasks] and [..., m, tasks] -> [...].

    The mean over tasks of the Mann-Whitney U, divided by the n times m pairs; a tie counts half.
    """
    ours, theirs = x[..., :, None, :], y[..., None, :, :]
    return np.asarray(((ours > theirs) + 0.5 * (ours == theirs)).mean(axis=(-3, -2, -1)))


def draw(shape: tuple[int, ...], count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Which runs `count` resamples of scores in this shape, [runs, tasks], take: [count, runs, tasks].

    As many as there are, with replacement, for each task on its own (stratified).
    """
    return generator.integers(shape[0], size=(count, *shape))


def resample(scores: Scores, drawn: NDArray[np.int64]) -> Scores:
    """The scores of those runs, [runs, tasks] and [count, runs, tasks] -> [count, runs, tasks]."""
    return np.take_along_axis(scores[None], drawn, axis=1)


def interval(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The bootstrap interval of 95% by percentiles, [count, ...] -> its two ends, each [...]."""
    low, high = np.percentile(values, [2.5, 97.5], axis=0)
    return np.asarray(low), np.asarray(high)
