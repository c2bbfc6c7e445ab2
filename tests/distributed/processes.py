"""A training in a process of its own, for the tests that kill it; and what is left of it afterwards.

As a script: `processes.py RUN [--steps N] [--workers K] [--mode M] [--address A]`. It prints a line of JSON for every report.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO

import psutil

from zerodojo.agents.alphazero.config import AlphaZeroConfig, LearnerConfig, ReplayConfig, RunConfig, SelfPlayConfig
from zerodojo.models.config import NetworkConfig
from zerodojo.search.config import SearchConfig

CONFIG = AlphaZeroConfig(
    game="tic_tac_toe",
    network=NetworkConfig(channels=8, blocks=1, value_hidden=16),
    search=SearchConfig(simulations=8),
    self_play=SelfPlayConfig(games=16, opening_plies=4, first_generation=200, engine="torch-fp32"),
    replay=ReplayConfig(window=2_000, max_uses=3.0),
    learner=LearnerConfig(batch=32, warmup_steps=5, precision="fp32", first_publish=3, publish_steps=5, threads=1),
    run=RunConfig(workers=1, mode="async", checkpoint_seconds=0.5, keep_every=1_000_000),
)


@contextmanager
def training(run: Path, *arguments: str, output: IO[bytes] | None = None) -> Iterator[psutil.Popen]:
    """The script in a session of its own; whatever of it is still there at the end is killed."""
    command = [sys.executable, __file__, str(run), *arguments]
    process = psutil.Popen(command, stdout=output or subprocess.DEVNULL, stderr=subprocess.STDOUT, start_new_session=True)
    seen: dict[int, psutil.Process] = {}
    process.family = lambda: family(process, seen)  # type: ignore[attr-defined]
    try:
        yield process
    finally:
        for one in [*process.family(), process]:
            if one.is_running():
                one.kill()
        process.wait()


def family(process: psutil.Popen, seen: dict[int, psutil.Process]) -> list[psutil.Process]:
    """All processes that the driver has started and theirs, as far as ever seen, that are alive."""
    if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        seen |= {child.pid: child for child in process.children(recursive=True)}
    return [child for child in seen.values() if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]


def wait_for(condition: Callable[[], object], seconds: float = 180.0) -> None:
    """Until the condition holds; an AssertionError when it takes too long."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.1)


def steps_of(run: Path) -> list[int]:
    """The checkpoints there are, while they come and go."""
    folder = run / "checkpoints"
    return sorted(int(entry.name) for entry in folder.iterdir() if entry.name.isdecimal()) if folder.is_dir() else []


def main() -> None:
    """Trains as the arguments say."""
    from zerodojo.distributed.training import train
    from zerodojo.errors import UserError

    parser = argparse.ArgumentParser()
    parser.add_argument("run")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--mode", default="async")
    parser.add_argument("--address", default="")
    asked = parser.parse_args()
    config = replace(CONFIG, run=replace(CONFIG.run, workers=asked.workers, mode=asked.mode, address=asked.address))

    def report(progress) -> None:  # type: ignore[no-untyped-def]
        line = {"step": progress.step, "games": progress.games, "lag": progress.lag, "notices": progress.notices}
        print(json.dumps(line), flush=True)

    try:
        train(
            "tic_tac_toe",
            run=asked.run,
            config=config,
            steps=asked.steps,
            resume=True,
            measure=None,
            report=report,
        )
    except UserError as error:
        print(json.dumps({"refused": str(error)}), flush=True)
        sys.exit(2)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
