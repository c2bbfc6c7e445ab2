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
    return [
        ("acting", f"{progress.step:,} steps, {progress.steps_per_second:,.0f} steps/s, {progress.episodes:,} episodes"),
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
    left = "" if progress.seconds_left is None else f"{duration(progress.seconds_left)} left; "
    return f"{left}{progress.phase}; {'; '.join(words)}; {saved(progress.disk)}"


def _words(name: str) -> str:
    return name.replace("_", " ")
