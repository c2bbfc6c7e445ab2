"""The runs of a study, each in a process of its own: trained to the end, then measured. The front door calls it.

A process has one thread, so that as many as there are cores can run beside each other. It works until it is told to leave, or
until whoever started it is gone, however that ended: then it saves a checkpoint first.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, NamedTuple

import torch

from ..agents.config_io import changed
from ..agents.gym.config import GymConfig
from ..agents.gym.training import GymProgress
from ..agents.run_directory import RunDirectory
from ..errors import UserError
from ..evaluation.final import Final, measure_final
from .gym_training import train_agent

ASKING_SECONDS = 0.2  # between two looks at whether to stop


class Job(NamedTuple):
    """One run of a study."""

    name: str  # for people
    path: Path
    config: GymConfig[Any]
    episodes: int  # that the final agent is measured by


News = GymProgress | Final | UserError  # what a process says: how far it is; and last what it found, or why it could not
Report = Callable[[Job, News], None]


class _Worker(NamedTuple):
    job: Job
    process: SpawnProcess
    connection: Connection


def run_all(
    jobs: Sequence[Job], *, parallel: int, report: Report = lambda job, news: None, stopped: Callable[[], bool] = lambda: False
) -> list[Final] | None:
    """Trains and measures every job, at most `parallel` at once; what came of each, in order. None where it was stopped.

    A run that is there is gone on with, and one that is finished is only measured. Whatever ends this, no process is left: those
    under way save a checkpoint first. Raises UserError: a run that cannot be trained or measured, or was killed.
    """
    for job in jobs:
        check(job)
    waiting, working = deque(jobs), list[_Worker]()
    found: dict[Path, Final] = {}
    try:
        while waiting or working:
            if stopped():
                return None
            while waiting and len(working) < parallel:
                working.append(_start(waiting.popleft()))
            ready = wait([worker.connection for worker in working], ASKING_SECONDS)
            for worker in [worker for worker in working if worker.connection in ready]:
                news = _heard(worker)
                report(worker.job, news)
                if isinstance(news, UserError):
                    raise UserError(f"{worker.job.name}: {news}")
                if isinstance(news, Final):
                    found[worker.job.path] = news
                    working.remove(worker)
                    _end(worker)
    finally:
        _ask_to_leave(working)
        for worker in working:
            _end(worker)
    return [found[job.path] for job in jobs]


def kill_all() -> None:
    """Ends the processes at once; what came after their last checkpoints is lost. May be called by a signal handler."""
    for process in multiprocessing.active_children():
        process.kill()


def check(job: Job) -> None:
    """Raises UserError for a run that is there and is not this one: its number would be of something else."""
    if not RunDirectory.exists(job.path):
        return
    saved = RunDirectory.open_any(job.path).config
    if not isinstance(saved, GymConfig):
        raise UserError(f"{job.path} is a run of the game {saved.game}, not of {job.config.task}; choose another --run")
    if type(saved.settings) is not type(job.config.settings):
        raise UserError(f"{job.path} is a run of another agent than that of {job.name}; choose another --run")
    if differing := changed(replace(saved, run=job.config.run), job.config):
        name, theirs, ours = differing[0]
        raise UserError(f"{job.path} has {name} {theirs!r}, and this study {ours!r}: runs of two kinds; choose another --run")


def finished(path: Path, config: GymConfig[Any]) -> bool:
    """Whether a run is there and has all of its steps."""
    if not RunDirectory.exists(path):
        return False
    run = RunDirectory.open_any(path)
    return bool(run.steps()) and run.weights()[0] >= config.steps


# The process that works ------------------------------------------------------------------------------------------------------


def work(job: Job, connection: Connection) -> None:
    """Trains and measures one run, and says so. The main function of a process."""
    torch.set_num_threads(1)
    leave = threading.Event()
    measuring = threading.Event()
    threading.Thread(target=_listen, args=(connection, leave, measuring), daemon=True).start()
    with suppress(ConnectionError):  # nobody listens any more: `leave` is set
        try:
            if not finished(job.path, job.config):
                train_agent(
                    job.config.task,
                    run=job.path,
                    config=job.config,
                    resume=True,
                    report=lambda progress: None if leave.is_set() else connection.send(progress),
                    stopped=leave.is_set,
                )
            if not leave.is_set():
                measuring.set()
                connection.send(measure_final(RunDirectory.open_any(job.path), job.episodes))
        except UserError as error:
            connection.send(error)


def _listen(connection: Connection, leave: threading.Event, measuring: threading.Event) -> None:
    """Waits until this process is to leave: it saves first, unless there is nothing to save any more."""
    with suppress(EOFError, OSError):
        connection.recv()
    leave.set()
    if measuring.is_set():
        os._exit(0)


# The process that started it -------------------------------------------------------------------------------------------------


def _start(job: Job) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(job, theirs), name=job.name)
    with _one_thread(), _deaf_to_the_terminal():
        process.start()
    theirs.close()
    return _Worker(job, process, ours)


def _heard(worker: _Worker) -> News:
    """The next news of a process. Raises UserError where it was killed, RuntimeError where it failed."""
    try:
        news: News = worker.connection.recv()
    except (EOFError, OSError) as error:
        worker.process.join()
        code = worker.process.exitcode
        if code is not None and code < 0:
            return UserError(
                f"its process was ended by signal {-code} (too little memory?); run again to go on, with fewer --parallel"
            )
        raise RuntimeError(f"{worker.job.name}: its process failed with {code}, and said above why") from error
    return news


def _ask_to_leave(workers: Sequence[_Worker]) -> None:
    for worker in workers:
        with suppress(OSError):  # it is gone
            worker.connection.send(None)


def _end(worker: _Worker) -> None:
    """Waits for a process that was told to leave, or has told all."""
    with suppress(EOFError, OSError):
        while True:
            worker.connection.recv()
    worker.process.join()
    worker.connection.close()
    worker.process.close()


@contextmanager
def _one_thread() -> Iterator[None]:
    """What is started within has one thread in NumPy's and torch's loops from its first import on."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before


@contextmanager
def _deaf_to_the_terminal() -> Iterator[None]:
    """What is started within does not hear what a terminal sends to everybody, Ctrl-C or its end: whoever started it tells it."""
    resource_tracker.ensure_running()  # multiprocessing's own helper, which else is started within, and lets the signal through
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
