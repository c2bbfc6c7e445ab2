"""What a study found: agents, each trained from several seeds, and how surely one can speak of them. `zerodojo study` tells.

A seed counts once, by the mean return of its final agent, however many episodes that is measured by: what is uncertain is which
agent training ends with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..agents.gym.config import GymConfig
from ..agents.gym.tasks import environment_of_run
from ..envs.gym.making import find
from .aggregate import CURVE_RESAMPLES, RESAMPLES, Scores, draw, interval, iqm, probability_of_improvement, profile, resample
from .curves import Curve, curve
from .episodes import Returns
from .final import Final

COLUMNS = ("return", "score")  # of metrics: the last episodes of training, and those played to measure along the way
THRESHOLDS = 101  # of a profile

Interval = tuple[float, float]


@dataclass(frozen=True)
class Studied:
    """One preset: its runs, one a seed, and what is computed of them. With one seed there are no intervals."""

    name: str
    config: GymConfig[Any]  # of the first seed
    found: Sequence[Final]  # what each seed's final agent is paid
    rows: Sequence[Sequence[Mapping[str, Any]]]  # each run's metrics

    @property
    def returns(self) -> list[float]:
        """The mean return of each seed's final agent."""
        return [one.mean for one in self.found]

    @property
    def played(self) -> bool:
        """Whether episodes were played to know; else it is exact."""
        return isinstance(self.found[0], Returns)

    @property
    def scores(self) -> Scores:
        """The same as the statistics take it, [seeds, 1]."""
        return np.array(self.returns)[:, None]

    @property
    def iqm(self) -> float:
        """The interquartile mean of the seeds' mean returns."""
        return float(iqm(self.scores))

    @cached_property
    def interval(self) -> Interval | None:
        """95% of the interquartile mean, by a bootstrap over the seeds."""
        return _ends(iqm(_resampled(self, RESAMPLES))) if len(self.found) > 1 else None

    @property
    def threshold(self) -> float | None:
        """From which mean return on Gymnasium calls the environment solved; None where it does not say."""
        return find(environment_of_run(self.config)).reward_threshold

    @property
    def reached(self) -> bool | None:
        """Whether the interquartile mean reaches it."""
        return None if self.threshold is None else self.iqm >= self.threshold

    @property
    def seconds(self) -> float:
        """Of training, all seeds together; those under way beside each other are counted each."""
        return sum(float(rows[-1].get("seconds", 0.0)) for rows in self.rows if rows)

    @cached_property
    def curves(self) -> dict[str, Curve]:
        """How it learned, by what was measured along the way."""
        found = {column: curve(self.rows, column, _generator()) for column in COLUMNS}
        return {column: one for column, one in found.items() if one is not None}


class Improvement(NamedTuple):
    """How likely a run of one preset ends better than a run of another, in the same environment."""

    task: str
    better: str
    worse: str
    probability: float
    interval: Interval | None  # None with one seed each


class Profiles(NamedTuple):
    """Performance profiles of all presets of one environment: the share of seeds whose mean return is above so much."""

    task: str
    thresholds: NDArray[np.float64]  # [T]
    shares: dict[str, NDArray[np.float64]]  # by preset, [T]
    bands: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]  # 95% at each threshold by itself, [T] each


def by_task(studied: Sequence[Studied]) -> dict[str, list[Studied]]:
    """The presets of each environment. Numbers of two environments do not compare."""
    tasks = dict.fromkeys(one.config.task for one in studied)
    return {task: [one for one in studied if one.config.task == task] for task in tasks}


def improvements(studied: Sequence[Studied]) -> list[Improvement]:
    """Every two presets of one environment, the likelier one first."""
    pairs = []
    for task, group in by_task(studied).items():
        for i, first in enumerate(group):
            for second in group[i + 1 :]:
                ahead = float(probability_of_improvement(first.scores, second.scores)) >= 0.5
                pairs.append(_improvement(task, *((first, second) if ahead else (second, first))))
    return pairs


def profiles(studied: Sequence[Studied]) -> list[Profiles]:
    """Of every environment, between the worst and the best seed of all its presets."""
    found = []
    for task, group in by_task(studied).items():
        returns = [value for one in group for value in one.returns]
        room = 0.05 * ((max(returns) - min(returns)) or abs(max(returns)) or 1.0)  # seen at both ends
        thresholds = np.linspace(min(returns) - room, max(returns) + room, THRESHOLDS)
        shares = {one.name: profile(one.scores, thresholds) for one in group}
        bands = {one.name: interval(profile(_resampled(one, CURVE_RESAMPLES), thresholds)) for one in group}
        found.append(Profiles(task, thresholds, shares, bands))
    return found


def _improvement(task: str, better: Studied, worse: Studied) -> Improvement:
    x, y = better.scores, worse.scores
    ends = None
    if max(len(x), len(y)) > 1:
        generator = _generator()
        ours, theirs = (resample(one, draw(one.shape, RESAMPLES, generator)) for one in (x, y))
        ends = _ends(probability_of_improvement(ours, theirs))
    return Improvement(task, better.name, worse.name, float(probability_of_improvement(x, y)), ends)


def _resampled(one: Studied, count: int) -> Scores:
    return resample(one.scores, draw(one.scores.shape, count, _generator()))


def _ends(values: NDArray[np.float64]) -> Interval:
    low, high = interval(values)
    return float(low), float(high)


def _generator() -> np.random.Generator:
    """Of resamples: the same study is told the same numbers every time."""
    return np.random.default_rng(0)
