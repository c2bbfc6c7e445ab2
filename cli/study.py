"""`zerodojo study`: presets over several seeds, and what can be said of them with intervals. One command makes a table of results.

Ctrl-C (or SIGTERM) once: every run under way saves a checkpoint, and the command ends with 130, for there is no result; the same
command again goes on. Twice: all processes end at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UserError, unknown
from ..machine import available_cores
from .arguments import Positional, parse
from .output import check_target, tell

if TYPE_CHECKING:
    from ..distributed.study import Job

STOPPED = 130  # as a shell reports SIGINT


@dataclass(frozen=True)
class Study:
    """The arguments of `zerodojo study`."""

    presets: Positional[tuple[str, ...]]  # settings to be studied, or a table of them such as scores
    seeds: int = 5  # runs of each
    parallel: int = 0  # runs at once, each with one thread; 0 is as many as there are cores
    steps: int = 0  # of every run; 0 is as many as the preset says
    episodes: int = 100  # that the final agent of every run is measured by
    run: str = "runs/study"  # the directory of all runs: PRESET/seed-0 and so on; pictures are written beside them
    json: str = ""  # write the result as JSON to this file; - prints it in place of the text


def main(argv: Sequence[str]) -> int:
    """Trains, measures and tells. Raises UserError for arguments that do not fit, or a run that is something else."""
    options = parse(
        Study,
        argv,
        prog="zerodojo study",
        description="Train presets from several seeds, measure every final agent, and tell what that says of them, with 95% "
        "intervals over the seeds. Runs that are there are gone on with or kept. Ctrl-C saves and leaves, twice leaves at once.",
        examples=[
            "zerodojo study cartpole-ppo --seeds 5",
            "zerodojo study cartpole-ppo acrobot-ppo --seeds 10 --parallel 4 --json study.json",
            "zerodojo study scores --run runs/scores",
        ],
    )
    names = _check(options)
    from ..distributed.study import kill_all, run_all
    from .study_display import StudyDisplay
    from .train import stop_on_signals

    jobs = _jobs(options, names)
    with StudyDisplay([job.name for job in jobs], kill=kill_all) as display, stop_on_signals(display) as stop:
        parallel = options.parallel or available_cores()
        found = run_all(jobs, parallel=parallel, report=display.report, stopped=stop.is_asked)
    if found is None:
        print("Stopped and saved. The same command again goes on.")
        return STOPPED
    from ..agents.run_directory import RunDirectory
    from ..evaluation.study import Studied
    from .study_picture import draw
    from .study_text import numbers, text

    studied = []
    for i, name in enumerate(names):
        mine = slice(i * options.seeds, (i + 1) * options.seeds)
        rows = [RunDirectory.open_any(job.path).read_metrics() for job in jobs[mine]]
        studied.append(Studied(name, jobs[mine][0].config, found[mine], rows))
    tell(numbers(studied, options.episodes), text(studied, draw(studied, Path(options.run))), target=options.json)
    return 0


def _check(options: Study) -> list[str]:
    """The presets that are meant, each once. Raises UserError for what needs no look at the disk."""
    from ..agents.gym.presets import PRESETS, TABLES
    from ..agents.registry import ALL_PRESETS

    for flag, value, least in (
        ("--seeds", options.seeds, 1),
        ("--parallel", options.parallel, 0),
        ("--steps", options.steps, 0),
        ("--episodes", options.episodes, 1),
    ):
        if value < least:
            raise UserError(f"{flag} is {value}; it must be at least {least}")
    if not options.run:
        raise UserError("--run is empty; name a directory such as runs/study")
    if not options.presets:
        raise UserError(f"no preset is named; name some, or a table of them ({', '.join(TABLES)}); see zerodojo study --help")
    names: list[str] = []
    for name in options.presets:
        if name not in PRESETS and name not in TABLES:
            raise unknown("preset", name, [*PRESETS, *TABLES], elsewhere=ALL_PRESETS)
        names += TABLES.get(name, (name,))
    check_target(options.json)
    return list(dict.fromkeys(names))


def _jobs(options: Study, names: Sequence[str]) -> list[Job]:
    """All runs, those of a preset together. Raises UserError for an environment that is not there."""
    from ..agents.gym.choice import spaces_of
    from ..agents.gym.presets import PRESETS
    from ..agents.gym.tasks import environment_of_run
    from ..distributed.study import Job

    jobs = []
    for name in names:
        preset = PRESETS[name]
        spaces_of(environment_of_run(preset), preset.options)
        for seed in range(options.seeds):
            config = replace(preset, seed=seed, steps=options.steps or preset.steps)
            jobs.append(Job(f"{name}, seed {seed}", Path(options.run) / name / f"seed-{seed}", config, options.episodes))
    return jobs
