"""`zerodojo.train_agent`: a run from its directory and its configuration. The front door and Python programs call it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..agents.gym.choice import choose
from ..agents.gym.config import GymConfig
from ..agents.gym.loading import run_at
from ..agents.gym.origins import origins
from ..agents.gym.resuming import check_resume
from ..agents.gym.training import GymProgress, GymTraining, Measure
from ..agents.gym.validation import check
from ..agents.run_directory import RunDirectory
from ..errors import UserError
from ..evaluation import episodes


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


def _weights(spec: str) -> tuple[str, Any]:
    """Whose weights a new run starts from, and they."""
    run, step, best = run_at(spec)
    return f"the weights of {spec}", (run.best_weights() if best else run.weights(step))[1]
