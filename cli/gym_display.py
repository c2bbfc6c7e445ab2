"""What is told of an agent that learns in an environment. Shown by `display`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..agents.gym.tasks import measured_options
from .display import duration, saved

if TYPE_CHECKING:
    from ..agents.gym.config import GymConfig
    from ..agents.gym.training import GymProgress

SHOWN = 4  # of what learning measures


def unmeasured(config: GymConfig[Any]) -> str:
    """What stands for an agent's strength before it is measured."""
    run = config.run
    if not (run.evaluations and run.evaluation_episodes):
        return "is not measured"
    every, opponent = max(1, config.steps // run.evaluations), measured_options(config).get("opponent", "")
    against = f" against {opponent}" if opponent else ""
    return f"is measured every {every:,} steps, in {run.evaluation_episodes} episodes of its own{against}"


def numbers(progress: GymProgress) -> list[tuple[str, str]]:
    """What is known of a training, as labels and texts."""
    paid = "-"
    if progress.recent is not None:
        paid = f"{progress.recent[0]:,.1f} in {progress.recent[1]:,.0f} steps (mean of the last episodes of training)"
    measured = ", ".join(f"{_words(name)} {value:.3g}" for name, value in list(progress.metrics.items())[:SHOWN])
    acted = f"{progress.step:,} steps, {progress.steps_per_second:,.0f} steps/s, {progress.episodes:,} episodes"
    return [
        ("acting", f"{acted}{_left(progress, ', about {} more')}"),
        ("return", paid),
        ("learning", f"{progress.updates:,} updates" if progress.updates else "not yet"),
        ("fit", measured or "-"),
        ("best", "-" if progress.best is None else f"{progress.best:,.1f}, kept as @best"),
    ]


def summary(progress: GymProgress) -> str:
    """The same in one line."""
    words = [f"{progress.step:,} steps ({progress.steps_per_second:,.0f}/s), {progress.episodes:,} episodes"]
    if progress.recent is not None:
        words.append(f"return {progress.recent[0]:,.1f}")
    if progress.updates:
        words.append(f"{progress.updates:,} updates")
    return f"{_left(progress, '{} left; ')}{progress.phase}; {'; '.join(words)}; {saved(progress.disk)}"


def _left(progress: GymProgress, form: str) -> str:
    """How long it will go on at this pace, in that form: until the time or the steps are over. Nothing where neither is known."""
    ends = [] if progress.seconds_left is None else [progress.seconds_left]
    if progress.steps_left is not None and progress.steps_per_second:
        ends.append(max(0, progress.steps_left) / progress.steps_per_second)
    return form.format(duration(min(ends))) if ends else ""


def _words(name: str) -> str:
    return name.replace("_", " ")
