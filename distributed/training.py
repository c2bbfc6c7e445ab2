"""`zerodojo.train`: a run from its directory, its configuration and its placement. The front door and Python programs call it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from ..agents.alphazero.config import AlphaZeroConfig
from ..agents.alphazero.pool import LocalPool, Pool, PoolFactory
from ..agents.alphazero.training import Measure, Progress, Training
from ..agents.alphazero.validation import check, check_memory, check_targets
from ..agents.registry import preset_for
from ..agents.run_directory import GameRun, RunDirectory, check_resume
from ..agents.variants import with_resolved_options
from ..envs import make
from ..errors import UserError
from ..evaluation import strength
from ..machine import available_cores, available_memory
from ..search.tree import check_size

WORKERS_A_CORE = 4  # beyond one they take turns, which is good for trying things out only
WORKER_MEMORY = 500e6  # bytes (measured: 452 MiB, docs/results.md)


def train(
    task: str,
    *,
    run: str | Path,
    config: AlphaZeroConfig | None = None,
    minutes: float | None = None,
    steps: int | None = None,
    resume: bool = False,
    init: str | Path | None = None,
    measure: Measure | None = strength.measure,
    report: Callable[[Progress], None] = lambda progress: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Progress:
    """Trains an agent on a game by self-play and returns where it stands at the end; everything else is in the run directory.

    Args:
        task: a game's name.
        run: the run directory; new, or with `resume` gone on with.
        config: settings; by default the task's preset, and on resume the run's own.
        minutes: of this call. Without minutes and steps it goes on until stopped.
        steps: in total, of the learner.
        resume: go on with the run if it is there, start it if not.
        init: another run of the same game whose weights a new run starts from; with `@STEP`, those of that step.
        measure: how strength is measured along the way; None leaves it out.
        report: called several times a second with where the run stands.
        stopped: asked between steps; once it says True, a checkpoint is written and the call returns.

    Raises:
        UserError: the run exists and `resume` is off, is being written by another process, belongs to another task, or does not
            go with the configuration; the disk refuses; the loss is not finite.
    """
    if minutes is not None and not 0 < minutes < float("inf"):
        raise UserError(f"minutes is {minutes:g}; it must be above 0, or None")
    if steps is not None and steps < 1:
        raise UserError(f"steps is {steps}; it must be at least 1, or None")
    goes_on = resume and RunDirectory.exists(run)
    source = None if init is None or goes_on else RunDirectory.at(str(init))  # before anything is written
    directory = _directory(task, Path(run), config, resume)
    with directory.locked():
        try:
            directory.config = resolve(config or directory.config, directory.config)
            training = Training(
                directory,
                placement(directory.config, stopped),
                minutes=minutes,
                steps=steps,
                init=source,
                measure=measure,
                report=report,
                stopped=stopped,
            )
            directory.set_config(_kept(directory.config))  # only now: one that cannot be gone on with is not kept
            return training.run()
        except Exception:
            if not goes_on:  # the same command, put right, must not meet a run
                directory.withdraw()
            raise


def resolve(asked: AlphaZeroConfig, saved: AlphaZeroConfig) -> AlphaZeroConfig:
    """What a run goes on with. Raises UserError for a change that may not be, or a value that makes no sense."""
    return _checked(check_resume(saved, asked))


def placement(config: AlphaZeroConfig, stopped: Callable[[], bool] = lambda: False) -> PoolFactory:
    """Where self-play happens: in this process without workers, else on Ray; sets the learner's threads to what is left.

    In step the learner has all cores, for the workers wait meanwhile; so what it learns does not depend on their number.
    """
    cores = available_cores()
    workers = default_workers(cores) if config.run.workers < 0 else config.run.workers
    left = cores if config.run.mode == "sync" else cores - workers * config.self_play.threads
    threads = config.learner.threads or max(1, left)

    def make_pool(config: AlphaZeroConfig, numbers: Iterator[int]) -> Pool:
        import torch

        torch.set_num_threads(threads)
        if workers == 0:
            return LocalPool(config, numbers)
        from .pool import RayPool

        cores_of_ray = max(cores, workers * config.self_play.threads)
        return RayPool(config, numbers, workers=workers, cores=cores_of_ray, stopped=stopped)

    return make_pool


def default_workers(cores: int) -> int:
    """One core in four learns, the others play; a single core does both in one process."""
    return 0 if cores == 1 else cores - max(1, cores // 4)


def most_workers() -> int:
    """Self-play workers that a Ray of our own is asked for at most: more would wait for cores, or for memory."""
    return max(1, int(min(WORKERS_A_CORE * available_cores(), available_memory() / WORKER_MEMORY)))


def _directory(task: str, path: Path, config: AlphaZeroConfig | None, resume: bool) -> GameRun:
    if resume and RunDirectory.exists(path):
        directory = RunDirectory.open(path)
        if directory.config.game != task:
            raise UserError(f"{path} is a run of {directory.config.game}, not of {task}; choose another --run")
        return directory
    return RunDirectory.create(path, _kept(_checked(with_resolved_options(config or preset_for(task)))))


def _kept(config: AlphaZeroConfig) -> AlphaZeroConfig:
    """What the run remembers: all but the cluster's address, which is of one call and may be gone at the next."""
    return replace(config, run=replace(config.run, address=""))


def _checked(config: AlphaZeroConfig) -> AlphaZeroConfig:
    """The same. Raises UserError for settings that make no sense, more memory than there is, or more workers than fit."""
    check(config)
    game = make(config.game, **config.options)
    check_targets(config, game)
    check_memory(config, game.spec)
    check_size(game.spec, slots=config.self_play.games, simulations=config.search.simulations)
    if not config.run.address and config.run.workers > (most := most_workers()):
        raise UserError(
            f"run.workers is {config.run.workers:,}, and this machine's {available_cores()} cores and its memory carry at most "
            f"{most:,}; take fewer (-1 fits the cores), or join a Ray cluster with --address"
        )
    return config
