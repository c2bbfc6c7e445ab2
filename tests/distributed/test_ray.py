"""Training on Ray, whole: alone in its process, quiet, reproducible in step, and gone when it is killed.

One start of Ray costs seconds, so a test looks at many things; what kills and starts again and again is for `make test-full`.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from zerodojo.agents.alphazero.pool import LocalPool, chunk
from zerodojo.agents.run_directory import RunDirectory
from zerodojo.distributed import ray_runtime, reaper
from zerodojo.distributed.pool import IN_FLIGHT, RayPool
from zerodojo.distributed.training import train
from zerodojo.errors import UserError

from ..agents.training_runs import assert_consistent, changed, games_of
from ..agents.training_runs import train as train_here
from .processes import CONFIG, steps_of, training, wait_for

pytestmark = pytest.mark.timeout(300)  # a busy machine starts Ray slowly


def lines_of(path: Path) -> list[dict]:  # type: ignore[type-arg]
    """What the script told; anything that is not its own line fails here."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def told(path: Path) -> str:
    return " ".join(notice for line in lines_of(path) for notice in line.get("notices", ()))


def assert_same_weights(one: RunDirectory, other: RunDirectory) -> None:
    (step, weights), (other_step, others) = one.weights(), other.weights()
    assert step == other_step and weights.keys() == others.keys()
    for name, array in weights.items():
        np.testing.assert_array_equal(array, others[name], err_msg=name)


def test_killed_workers_and_killed_drivers(tmp_path: Path) -> None:
    """A worker that is killed is replaced and named; a driver that is killed takes everything along; the run goes on after both."""
    run, told_first, told_then = tmp_path / "run", tmp_path / "first", tmp_path / "then"
    with told_first.open("wb") as output, training(run, output=output) as driver:
        wait_for(lambda: steps_of(run) and lines_of(told_first))
        worker = next(one for one in driver.family() if one.name().startswith("ray::SelfPlayAc"))
        worker.kill()
        wait_for(lambda: f"(process {worker.pid}) died; process" in told(told_first))
        before = lines_of(told_first)[-1]["games"]
        wait_for(lambda: lines_of(told_first)[-1]["games"] > before + 50)  # it goes on
        with pytest.raises(UserError, match=f"being written by process {driver.pid}"), RunDirectory.open(run).locked():
            pass

        folders = {entry for one in driver.family() for entry in session_folders(one)}
        assert len(folders) == 1
        listening = {c.laddr.port for one in driver.family() for c in one.net_connections() if c.status == psutil.CONN_LISTEN}
        assert 8265 not in listening  # no dashboard
        driver.kill()
        wait_for(lambda: not driver.family(), seconds=15)
        wait_for(lambda: not any(folder.exists() for folder in folders), seconds=15)
    last = steps_of(run)[-1]
    assert_consistent(RunDirectory.open(run), killed=True)
    with told_then.open("wb") as output, training(run, "--steps", str(last + 20), output=output) as driver:
        assert driver.wait() == 0
        wait_for(lambda: not driver.family(), seconds=15)
    assert steps_of(run)[-1] == last + 20
    assert_consistent(RunDirectory.open(run))
    assert lines_of(told_then)[0]["step"] == last
    lag = lines_of(told_then)[-1]["lag"]
    assert 0 <= lag[0] <= lag[1] and "lag_p50" in RunDirectory.open(run).read_metrics()[-1]


def session_folders(process: psutil.Process) -> set[Path]:
    words = " ".join(process.cmdline()).replace("=", " ").split()
    folders = {Path(*Path(word).parts[:3]) for word in words if word.startswith(f"/tmp/{ray_runtime.SESSIONS}")}
    return {folder for folder in folders if folder.is_dir()}


def test_in_step_the_weights_do_not_depend_on_the_workers(tmp_path: Path) -> None:
    """None (in this process) and one; and one that is killed in the middle, whose games are played again."""
    before = dict(os.environ)
    config = changed(learner__threads=1)
    here = RunDirectory.create(tmp_path / "0", config)
    train_here(here, pools=LocalPool, steps=30)
    there = tmp_path / "1"
    killed: list[int] = []

    def report(progress) -> None:  # type: ignore[no-untyped-def]
        if progress.step >= 10 and not killed:
            mine = psutil.Process().children(recursive=True)
            worker = next(one for one in mine if one.name().startswith("ray::SelfPlayAc"))
            worker.kill()
            killed.append(worker.pid)

    train("tic_tac_toe", run=there, config=changed(config, run__workers=1), steps=30, measure=None, report=report)
    assert killed
    assert set_by_us(dict(os.environ)) == set_by_us(before)
    assert_same_weights(here, RunDirectory.open(there))
    games, others = games_of(here), games_of(RunDirectory.open(there))
    for name, column in games.columns().items():
        np.testing.assert_array_equal(column, others.columns()[name], err_msg=name)


def set_by_us(environment: dict[str, str]) -> dict[str, str]:
    """What of an environment Ray is told, its private token included."""
    names = (*ray_runtime.QUIET, "RAY_AUTH_MODE", "RAY_AUTH_TOKEN")
    return {name: environment[name] for name in names if name in environment}


def test_every_slot_stays_in_play() -> None:
    config = changed(self_play__games=16, search__simulations=2)
    numbers = itertools.count()
    pool = RayPool(config, numbers, workers=1, cores=1)
    try:
        ended = [sum(len(played.records) for played in pool.poll(wait=True)) for _ in range(60)]
    finally:
        pool.close()
    most = 16 + (IN_FLIGHT - 1) * chunk(config)
    assert next(numbers) - sum(ended) == most - ended[-1]  # as many begin with the next call


def test_asked_to_stop_it_waits_for_no_worker() -> None:
    pool = RayPool(CONFIG, itertools.count(), workers=2, cores=1, stopped=lambda: True)  # the second would never find a core
    try:
        assert pool.notices() == []
    finally:
        pool.close()


@pytest.mark.full
@pytest.mark.parametrize("workers", [2, 3])
def test_in_step_with_more_workers(tmp_path: Path, workers: int) -> None:
    config = changed(learner__threads=1)
    here = RunDirectory.create(tmp_path / "0", config)
    train_here(here, pools=LocalPool, steps=60)
    train("tic_tac_toe", run=tmp_path / "k", config=changed(config, run__workers=workers), steps=60, measure=None)
    assert_same_weights(here, RunDirectory.open(tmp_path / "k"))


@pytest.mark.full
def test_everything_killed_at_any_moment(tmp_path: Path) -> None:
    """Driver, Ray and reaper at once, ten times: what a checkpoint had is kept, and the run goes on from there."""
    run = tmp_path / "run"
    generator = np.random.default_rng(0)
    kept, folders = 0, set[Path]()
    for _ in range(10):
        with training(run) as driver:
            wait_for(lambda least=kept: steps_of(run) and steps_of(run)[-1] > least)
            time.sleep(generator.uniform(0, 2))
            folders |= {entry for one in driver.family() for entry in session_folders(one)}
            for one in [driver, *driver.family()]:
                one.kill()
            driver.wait()
        directory = RunDirectory.open(run)
        with directory.locked():  # as a resume would: clears away what is half written
            pass
        assert directory.steps()[-1] > kept
        kept = directory.steps()[-1]
        assert_consistent(directory, killed=True)
    with training(run, "--steps", str(kept + 10)) as driver:
        assert driver.wait() == 0
    assert_consistent(RunDirectory.open(run))
    assert len(folders) == 10 and not any(folder.exists() for folder in folders)  # each start cleared what the last had left


@pytest.mark.full
def test_workers_killed_again_and_again(tmp_path: Path) -> None:
    """Eight of them and the weight store too, and the run learns on, with every game counted once."""
    run, output = tmp_path / "run", tmp_path / "output"
    with output.open("wb") as file, training(run, "--workers", "2", output=file) as driver:
        wait_for(lambda: steps_of(run) and lines_of(output))
        generator = np.random.default_rng(1)
        for i in range(8):
            workers = [one for one in driver.family() if one.name().startswith("ray::SelfPlayAc")]
            stores = [one for one in driver.family() if one.name().startswith("ray::WeightStor")]
            victim = stores[0] if i == 3 else workers[generator.integers(len(workers))]
            victim.kill()
            if victim not in stores:
                wait_for(lambda pid=victim.pid: f"(process {pid}) died" in told(output))
            time.sleep(generator.uniform(0, 1))
        before = lines_of(output)[-1]
        wait_for(lambda: lines_of(output)[-1]["step"] > before["step"] + 50)
        driver.send_signal(signal.SIGKILL)
        wait_for(lambda: not driver.family(), seconds=15)
    assert_consistent(RunDirectory.open(run), killed=True)


@pytest.mark.full
def test_a_worker_that_always_dies_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zerodojo.distributed.pool.MOST_DEATHS", 2)
    killed: set[int] = set()

    def report(_) -> None:  # type: ignore[no-untyped-def]
        for one in psutil.Process().children(recursive=True):
            if one.name().startswith("ray::SelfPlayAc") and one.pid not in killed:
                killed.add(one.pid)
                one.kill()

    config = changed(run__workers=1, run__mode="async", self_play__games=4096, learner__threads=1)
    with pytest.raises(UserError, match=r"worker 0 died 2 times in a row .*--workers 0"):
        train("tic_tac_toe", run=tmp_path / "run", config=config, steps=10_000, measure=None, report=report)


@pytest.mark.full
def test_memory_stays_flat_over_many_versions(tmp_path: Path) -> None:
    """A version every step for hundreds of steps: old ones leave Ray's store, and what was played does too."""
    import ray

    used: list[float] = []

    def report(progress) -> None:  # type: ignore[no-untyped-def]
        if progress.step > 50:
            total = ray.cluster_resources()["object_store_memory"]
            used.append(total - ray.available_resources().get("object_store_memory", 0.0))

    config = changed(run__workers=1, run__mode="async", learner__publish_steps=1, network__channels=64, learner__threads=1)
    train("tic_tac_toe", run=tmp_path / "run", config=config, steps=400, measure=None, report=report)
    assert used and max(used) < 20e6


# Addresses -------------------------------------------------------------------------------------------------------------------


def test_no_cluster_at_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line that says so, and soon."""
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_DEDUP_LOGS", "0")
    before = dict(os.environ)
    for address in ("auto", "127.0.0.1:1", "nonsense"):
        begin = time.monotonic()
        with pytest.raises(UserError, match=f"no Ray cluster answers at '{address}'.*ray start --head"):
            train("tic_tac_toe", run=tmp_path / address, config=changed(CONFIG, run__address=address), steps=1, measure=None)
        assert time.monotonic() - begin < 60
        assert not RunDirectory.exists(tmp_path / address), "the next call would meet a run"
    assert set_by_us(dict(os.environ)) == set_by_us(before)


@pytest.mark.full
def test_joining_a_running_cluster(tmp_path: Path) -> None:
    """It is found, used, and still there afterwards; the run's actors are not."""
    short = Path("/tmp") / f"zd-{os.getpid()}"  # sockets have short names
    short.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")} | {"RAY_TMPDIR": str(short)}
    ray = str(Path(sys.executable).with_name("ray"))
    command = [ray, "start", "--head", "--port=0", "--num-cpus=2", "--include-dashboard=false", "--disable-usage-stats"]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    try:
        cluster = [psutil.Process(pid) for pid in reaper.processes_of(str(short))]
        assert cluster
        output = tmp_path / "output"
        script = Path(__file__).with_name("processes.py")
        for round_ in (1, 2):
            with output.open("wb") as file:
                words = [sys.executable, str(script), str(tmp_path / "run"), "--address", "auto", "--steps", str(10 * round_)]
                code = subprocess.run(words, env=environment, stdout=file, stderr=subprocess.STDOUT, check=False).returncode
            assert code == 0, output.read_text()
            assert lines_of(output)[-1]["step"] == 10 * round_
            assert all(one.is_running() for one in cluster)
        assert_consistent(RunDirectory.open(tmp_path / "run"))
        wait_for(lambda: not [pid for pid in reaper.processes_of(str(short)) if "SelfPlay" in psutil.Process(pid).name()], 15)
    finally:
        reaper.end(str(short))
