"""Learning curves of several runs as one, with a band, from the rows of metrics that training leaves. A study shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .aggregate import CURVE_RESAMPLES, draw, interval, iqm, resample

POINTS = 50  # of a curve


class Curve(NamedTuple):
    """The interquartile mean of the runs at so many steps, and its 95% bootstrap interval at each of them by itself."""

    steps: NDArray[np.float64]  # [T], of all environments together
    middle: NDArray[np.float64]  # [T]
    low: NDArray[np.float64]  # [T]
    high: NDArray[np.float64]  # [T]


def curve(runs: Sequence[Sequence[Mapping[str, Any]]], column: str, generator: np.random.Generator) -> Curve | None:
    """What a column of metrics did over the steps that all runs have in common; None where one of them measured it nowhere.

    Runs measure at steps of their own, so each is read between its rows on a straight line.
    """
    lines = [_line(rows, column) for rows in runs]
    if any(len(steps) == 0 for steps, _ in lines):
        return None
    first, last = max(steps[0] for steps, _ in lines), min(steps[-1] for steps, _ in lines)
    steps = np.linspace(first, max(first, last), POINTS)
    values = np.array([np.interp(steps, *line) for line in lines])  # [runs, T]
    low, high = interval(_middle(resample(values, draw(values.shape, CURVE_RESAMPLES, generator))))
    return Curve(steps, _middle(values), low, high)


def _line(rows: Sequence[Mapping[str, Any]], column: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where a column was measured, and what: the last row of a step counts."""
    found = {float(row["env_steps"]): float(row[column]) for row in rows if column in row and "env_steps" in row}
    return np.array(sorted(found)), np.array([found[step] for step in sorted(found)])


def _middle(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The interquartile mean of the runs at every point, [..., runs, T] -> [..., T]."""
    return iqm(np.moveaxis(values, -1, -2)[..., None])
