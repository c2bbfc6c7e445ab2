"""`zerodojo.train` for environments: a run from its directory and its configuration. The front door and Python programs call it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..agents.config_io import changed
from ..agents.gym.choice import choose
from ..agents.gym.config import GymConfig
from ..agents.gym.loading import run_at
from ..agents.gym.origins import origins
from ..agents.gym.training import GymProgress, GymTraining, Measure
from ..agents.gym.validation import check
from ..agents.registry import agent_of
from ..agents.run_directory import RunDirectory
from ..errors import UserError
from ..evaluation import episodes

FIXED = {  # what a run cannot change when it goes on, and why
    "task": "it learns in one environment",
    "options": "it learns in one variant of the environment",
    "environments": "the episodes under way are of so many",
    "seed": "everything random follows from it",
    "view": "its network was trained on what it sees",
    "body": "its weights would not fit",
    "league": "it was measured and taught by that league",
}


def train_agent(
    task: str,
    *,
    run: str | Path,
    config: GymConfig[Any] | None = None,
    minutes: float | None = None,
    resume: bool = False,
    init: str | Path | None = None,
    measure: Measure | None = episodes.evaluate,
    report: Callable[[GymProgress], None] = lambda progress: None,
    stopped: Callable[[], bool] = lambda: False,
) -> GymProgress:
    """Trains an agent in an environment and returns where it stands at the end; everything else is in the run directory.

    Args:
        task: an id of Gymnasium.
        run: the run directory; new, or with `resume` gone on with.
        config: settings; by default what `choose` finds, and on resume the run's own. It ends after `config.steps`.
        minutes: of this call; without, it goes on until the steps are done.
        resume: go on with the run if it is there, start it if not.
        init: another run of the same agent whose weights a new run starts from; `@STEP` or `@best` name which.
        measure: how the policy is measured along the way; None leaves it out.
        report: called several times a second with where the run stands.
        stopped: asked between rounds; once it says True, a checkpoint is written and the call returns.

    Raises:
        UserError: a setting makes no sense; the run exists and `resume` is off, is being written by another process, belongs to
            another environment, or does not go with the configuration; the disk refuses; a loss, a reward or an observation is not
            finite.
    """
    if minutes is not None and not 0 < minutes < float("inf"):
        raise UserError(f"minutes is {minutes:g}; it must be above 0, or None")
    goes_on = resume and RunDirectory.exists(run)
    source = None if init is None or goes_on else _weights(str(init))
    if goes_on:
        directory = RunDirectory.open_any(run)
        config = check_resume(directory.config, config or directory.config, path=run)
        check(config)
    else:
        config = config or choose(task, {})[1]
        check(config)
        directory = RunDirectory.create(run, config, origins=origins(config))
    with directory.locked():
        try:
            directory.config = config
            training = GymTraining(directory, minutes=minutes, init=source, measure=measure, report=report, stopped=stopped)
            directory.set_config(config)
            return training.run()
        except Exception:
            if not goes_on:
                directory.withdraw()
            raise


def check_resume(saved: Any, asked: GymConfig[Any], *, path: str | Path) -> GymConfig[Any]:
    """The configuration that a run goes on with. Raises UserError for a run of another kind, and a change that may not be."""
    if not isinstance(saved, GymConfig):
        raise UserError(f"{path} is a run of the game {saved.game}, not of {asked.task}; choose another --run")
    if saved.task != asked.task:
        raise UserError(f"{path} is a run of {saved.task}, not of {asked.task}; choose another --run")
    if agent_of(saved) != agent_of(asked):
        raise UserError(f"{path} is a run of {agent_of(saved)}, not of {agent_of(asked)}; choose another --run")
    for name, old, new in changed(saved, asked):
        if reason := FIXED.get(name) or FIXED.get(name.partition(".")[0]):
            raise UserError(f"{name} is {old!r} in this run and cannot become {new!r}: {reason}; leave it, or start a new run")
    return replace(asked)


def _weights(spec: str) -> tuple[str, Any]:
    """Whose weights a new run starts from, and they."""
    run, step, best = run_at(spec)
    return f"the weights of {spec}", (run.best_weights() if best else run.weights(step))[1]
