"""A run survives being killed at any moment, a full disk, damage and onlookers; what is wrong with one is said in a line."""

from __future__ import annotations

import errno
import json
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from zerodojo.agents.alphazero.config import AlphaZeroConfig, LearnerConfig, RunConfig
from zerodojo.agents.checkpoint import Checkpoint
from zerodojo.agents.run_directory import FIXED, RunDirectory, check_resume
from zerodojo.agents.variants import with_resolved_options
from zerodojo.errors import UserError
from zerodojo.models.config import NetworkConfig

CONFIG = AlphaZeroConfig(run=RunConfig(keep_every=100))


def made(step: int, *, size: int = 64, mark: int = 0) -> Checkpoint:
    """A checkpoint whose every number can be told from its step (and mark)."""
    return Checkpoint(
        step=step,
        weights={"tower.weight": np.full((size, 2), step, np.float32), "scale": np.array(mark, np.float32)},
        learner={"raw.tower.weight": np.full((size, 2), -step, np.float32), "moment": np.full(size, step, np.float64)},
        state={"step": step, "generator": np.random.default_rng(step).bit_generator.state, "mark": mark},
    )


def assert_is(checkpoint: Checkpoint, step: int, *, full: bool = True, mark: int | None = None) -> None:
    assert checkpoint.step == step
    assert (checkpoint.weights["tower.weight"] == step).all()
    assert (checkpoint.learner is not None, checkpoint.state is not None) == (full, full)
    if full:
        assert checkpoint.learner is not None
        assert checkpoint.state is not None
        assert (checkpoint.learner["raw.tower.weight"] == -step).all()
        assert checkpoint.state["generator"] == np.random.default_rng(step).bit_generator.state
        assert checkpoint.state["step"] == step
    if mark is not None:
        assert checkpoint.weights["scale"] == mark


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs" / "x"


@pytest.fixture
def run(path: Path) -> RunDirectory:
    """A run with checkpoints 50, 150 and 250."""
    run = RunDirectory.create(path, CONFIG)
    with run.locked():
        for step in (50, 150, 250):
            run.save(made(step))
    return run


# Making and opening ------------------------------------------------------------------------------------------------------------


def test_opens_what_it_created(path: Path) -> None:
    assert not RunDirectory.exists(path)
    RunDirectory.create(path, CONFIG)
    assert RunDirectory.exists(path)
    run = RunDirectory.open(str(path))
    assert run.config == CONFIG
    assert run.steps() == []
    assert run.read_metrics() == []
    assert json.loads((path / "config.json").read_bytes())["format"] == 1


def test_create_refuses_what_is_there(path: Path, tmp_path: Path) -> None:
    RunDirectory.create(path, CONFIG)
    with pytest.raises(UserError, match=r"already holds a run.*--resume.*another --run"):
        RunDirectory.create(path, CONFIG)
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "mother.txt").write_text("dear")
    with pytest.raises(UserError, match="no run, and nothing is overwritten"):
        RunDirectory.create(tmp_path / "letters", CONFIG)
    with pytest.raises(UserError, match="is a file"):
        RunDirectory.create(tmp_path / "letters" / "mother.txt", CONFIG)
    with pytest.raises(UserError, match=r"cannot write to /proc/run: .*; choose another --run"):
        RunDirectory.create("/proc/run", CONFIG)
    with pytest.raises(UserError, match="Not a directory; name a directory whose parents are directories"):
        RunDirectory.create(tmp_path / "letters" / "mother.txt" / "run", CONFIG)


def test_create_takes_an_empty_folder_and_one_where_it_was_killed(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("1 elsewhere\n")
    (tmp_path / ".tmp-config.json").write_text('{"form')
    RunDirectory.create(tmp_path, CONFIG)
    assert RunDirectory.open(tmp_path).config == CONFIG


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "is not a run"),
        ("", "half written"),
        ('{"format": 1, "zerodojo": "0.1", "ag', "half written"),
        ("[]", "half written"),
        ('{"format": 1}', "half written"),
        ('{"format": 2, "zerodojo": "9.0", "agent": "alphazero", "config": {}}', "newer zerodojo .9.0, format 2"),
        ('{"format": 1, "zerodojo": "0.1", "agent": "beta", "config": {}}', "unknown agent 'beta'"),
        ('{"format": 1, "zerodojo": "0.1", "agent": "alphazero", "config": {"seed": "x"}}', "seed: expected int"),
        ('{"format": 1, "zerodojo": "0.1", "agent": "alphazero", "config": {"sed": 1}}', "did you mean seed"),
    ],
)
def test_open_says_what_is_wrong(content: str | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(UserError, match=message) as caught:
        RunDirectory.open(tmp_path)
    assert "\n" not in str(caught.value)


def test_open_says_that_there_is_none(path: Path) -> None:
    with pytest.raises(UserError, match="no run at"):
        RunDirectory.open(path)


def test_specs_name_run_and_step(run: RunDirectory, path: Path) -> None:
    assert [RunDirectory.at(f"{path}{tail}")[1] for tail in ("", "@150", "@latest")] == [None, 150, None]
    with pytest.raises(UserError, match="a step or `latest`"):
        RunDirectory.at(f"{path}@best")
    with pytest.raises(UserError, match="no run at"):
        RunDirectory.at(f"{path}y@150")
    RunDirectory.create(path.with_name("a@b"), CONFIG)
    assert RunDirectory.at(str(path.with_name("a@b")))[0].path.name == "a@b"


# Checkpoints -------------------------------------------------------------------------------------------------------------------


def test_loads_what_it_saved(run: RunDirectory, path: Path) -> None:
    again = RunDirectory.open(path)
    assert again.steps() == [50, 150, 250]
    assert_is(again.load(), 250)
    assert_is(again.load(150), 150)
    step, weights = again.weights()
    assert step == 250
    assert weights["tower.weight"].dtype == np.float32
    assert weights["scale"].shape == ()
    weights["tower.weight"][0] = 1  # a copy of one's own, as torch wants it
    assert again.weights(50)[0] == 50


def test_former_names_of_weights_are_read_as_those_of_now(run: RunDirectory) -> None:
    names = {
        "backbone.blocks.0.first.0.weight": "backbone.blocks.0.conv1.weight",
        "backbone.blocks.12.second.1.running_var": "backbone.blocks.12.bn2.running_var",
        "backbone.blocks.0.down.0.weight": "backbone.blocks.0.down.0.weight",
        "backbone.stem.0.weight": "backbone.stem.0.weight",
    }
    former = {name: np.full(2, i, np.float32) for i, name in enumerate(names)}
    with run.locked():
        run.save(Checkpoint(step=1, weights=former, learner={f"weight/{name}": part for name, part in former.items()}, state={}))
    read = run.load(1)
    assert read.learner is not None
    for i, name in enumerate(names.values()):
        assert (read.weights[name] == i).all() and (read.learner[f"weight/{name}"] == i).all()
    assert len(read.weights) == len(read.learner) == len(names)


def test_transposed_arrays_are_stored_as_they_read(path: Path) -> None:
    run = RunDirectory.create(path, CONFIG)
    array = np.arange(6, dtype=np.float32).reshape(2, 3).T
    with run.locked():
        run.save(Checkpoint(step=1, weights={"w": array}))
    np.testing.assert_array_equal(run.weights()[1]["w"], array)


def test_an_unknown_step_lists_the_nearest(run: RunDirectory) -> None:
    with pytest.raises(UserError, match="no checkpoint of step 140; nearest: 50, 150, 250; newest: 250"):
        run.weights(140)


def test_a_run_without_checkpoints_says_so(path: Path) -> None:
    run = RunDirectory.create(path, CONFIG)
    for read in (run.load, run.weights):
        with pytest.raises(UserError, match="no checkpoint yet"):
            read()


def test_thins_weights_and_keeps_the_full_state_of_two(path: Path) -> None:
    run = RunDirectory.create(path, CONFIG)
    with run.locked():
        for step in range(30, 600, 30):  # 90 is not a multiple of 100: the first in each hundred stays
            run.save(made(step))
    assert run.steps() == [30, 120, 210, 300, 420, 510, 540, 570]
    for step in (30, 120, 210, 300, 420, 510):
        assert_is(run.load(step), step, full=False)
        assert {entry.name for entry in (path / "checkpoints" / str(step)).iterdir()} == {"manifest.json", "weights.safetensors"}
    for step in (540, 570):
        assert_is(run.load(step), step)
    with run.locked():  # what was kept once is kept for good
        for step in range(600, 700, 30):
            run.save(made(step))
    assert run.steps() == [30, 120, 210, 300, 420, 510, 600, 660, 690]


def test_going_on_from_an_earlier_checkpoint_drops_the_later_ones(run: RunDirectory) -> None:
    with run.locked():
        run.save(made(200))
    assert run.steps() == [50, 150, 200]


def test_the_same_step_is_replaced(run: RunDirectory, path: Path) -> None:
    with run.locked():
        run.save(made(250, mark=7))
    assert_is(run.load(), 250, mark=7)
    assert {entry.name for entry in (path / "checkpoints").iterdir()} == {"50", "150", "250"}


def test_writing_needs_the_lock(run: RunDirectory) -> None:
    for write in (lambda: run.save(made(300)), lambda: run.metrics({}), lambda: run.cut_metrics(0), lambda: run.set_config(CONFIG)):
        with pytest.raises(RuntimeError, match="locked"):
            write()


# Damage ------------------------------------------------------------------------------------------------------------------------


def damage(path: Path, step: int, name: str, how: str) -> None:
    file = path / "checkpoints" / str(step) / name
    data = bytearray(file.read_bytes())
    if how == "missing":
        file.unlink()
    elif how == "torn":
        file.write_bytes(data[: len(data) // 2])
    else:
        data[-1] ^= 1
        file.write_bytes(data)


@pytest.mark.parametrize("name", ["weights.safetensors", "learner.safetensors", "state.json", "manifest.json"])
@pytest.mark.parametrize("how", ["missing", "torn", "flipped"])
def test_a_broken_newest_checkpoint_is_said_and_passed_over(name: str, how: str, run: RunDirectory, path: Path, caplog) -> None:
    damage(path, 250, name, how)
    assert_is(run.load(), 150)
    assert f"{path / 'checkpoints' / '250'} is broken ({name}" in caplog.text
    with pytest.raises(UserError, match=r"checkpoint 250 .*broken"):
        run.load(250)
    assert run.weights()[0] == (150 if name in ("weights.safetensors", "manifest.json") else 250)
    with run.locked():  # the next checkpoint takes its place
        run.save(made(180))
    assert run.steps() == [50, 150, 180]


def test_without_a_whole_checkpoint_nothing_is_made_up(run: RunDirectory, path: Path, caplog) -> None:
    damage(path, 250, "state.json", "torn")
    damage(path, 150, "learner.safetensors", "torn")
    with pytest.raises(UserError, match=r"only weights \(step 50\).*--init"):
        run.load()
    for step in (50, 150, 250):
        damage(path, step, "weights.safetensors", "flipped")
    for read in (run.load, run.weights):
        with pytest.raises(UserError, match=r"no checkpoint in .* is whole: 250 .*150 .*50"):
            read()


def test_a_broken_checkpoint_is_warned_of_once_another_is_found(run: RunDirectory, path: Path, caplog) -> None:
    damage(path, 250, "state.json", "torn")
    assert_is(run.load(warn=False), 150)
    assert not caplog.records
    for step in (50, 150, 250):
        damage(path, step, "weights.safetensors", "flipped")
    with pytest.raises(UserError, match=r"put one back from a copy, or start a new run$"):
        run.load()
    assert not caplog.records


def test_a_newer_run_is_said_to_be_newer_whatever_else_it_holds(run: RunDirectory, path: Path) -> None:
    (path / "config.json").write_text('{"format": 2, "zerodojo": "9.0"}')
    with pytest.raises(UserError, match=r"is from a newer zerodojo \(9\.0, format 2\)"):
        RunDirectory.open(path)


def test_a_checkpoint_of_a_newer_version_stays_as_it_is(run: RunDirectory, path: Path) -> None:
    manifest = path / "checkpoints" / "250" / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_bytes()), "format": 2, "news": {}}))
    (manifest.parent / "news.bin").write_bytes(b"of a version to come")
    before = {file: file.read_bytes() for file in (path / "checkpoints").rglob("*") if file.is_file()}
    newer = r"checkpoints/250 was written by a newer zerodojo \(format 2\).*upgrade it"
    for read in (run.load, run.weights, lambda: run.load(250)):
        with pytest.raises(UserError, match=newer):
            read()
    with pytest.raises(UserError, match=newer), run.locked():
        run.save(made(300))
    assert {file: file.read_bytes() for file in (path / "checkpoints").rglob("*") if file.is_file()} == before
    assert run.steps() == [50, 150, 250]


def test_the_lock_clears_what_a_killed_writer_left(run: RunDirectory, path: Path) -> None:
    folder = path / "checkpoints"
    (folder / ".tmp-300-99999").mkdir()
    (folder / ".tmp-300-99999" / "weights.safetensors").write_bytes(b"half")
    (folder / "250").rename(folder / ".old-250")  # killed between the two renames that replace a checkpoint
    (folder / "50" / "state.json").write_text("{}")  # killed while thinning: the manifest has forgotten it
    with run.locked():
        assert {entry.name for entry in folder.iterdir()} == {"50", "150", "250"}
        assert not (folder / "50" / "state.json").exists()
    assert_is(run.load(), 250)


def save_all(run: RunDirectory, steps: Iterable[int]) -> None:
    for step in steps:
        run.save(made(step))


# A disk that refuses -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fails_at", range(10))
def test_full_disk_leaves_the_last_checkpoint(fails_at: int, run: RunDirectory, path: Path, monkeypatch) -> None:
    calls = 0
    real = os.fsync

    def fsync(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls > fails_at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    with run.locked():
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fsync)
            with pytest.raises(UserError, match=r"No space left on device; .*intact; free some space, then go on with --resume$"):
                save_all(run, range(260, 300, 10))
        last = run.steps()[-1]
        assert_is(run.load(), last)
        assert not list((path / "checkpoints").glob(".tmp-*"))
        run.save(made(400))
    assert_is(run.load(), 400)


def test_a_write_cut_short_leaves_the_last_checkpoint(run: RunDirectory, path: Path) -> None:
    """The operating system itself refuses here, in the middle of a file: no file may outgrow 64 KiB."""
    row = {"time": 1.0, "step": 1, "positions": 2}
    with run.locked():
        run.metrics(row)
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, before[1]))
        try:
            with pytest.raises(UserError, match=r"File too large.*step 250 is intact"):
                run.save(made(300, size=100_000))
            with pytest.raises(UserError, match="File too large"):
                run.metrics({**row, "note": "x" * 100_000})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert {entry.name for entry in (path / "checkpoints").iterdir()} == {"50", "150", "250"}
        run.metrics(row)
    assert run.read_metrics() == [row, row]


# Killed ------------------------------------------------------------------------------------------------------------------------

WRITER = """
import sys
from pathlib import Path
from importlib.util import module_from_spec, spec_from_file_location
spec = spec_from_file_location("made", sys.argv[2])
made = module_from_spec(spec)
spec.loader.exec_module(made)
run = made.RunDirectory.open(sys.argv[1])
with run.locked():
    step = 0
    if run.steps():
        made.assert_is(run.load(), step := run.load().step)
    run.cut_metrics(step)
    print("ready", flush=True)
    while True:
        step += 7
        run.metrics({"time": 0.0, "step": step, "positions": step})
        for mark in range(2):  # the second replaces the first
            run.save(made.made(step, size=20_000, mark=mark))
"""


def start_writer(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(path), __file__], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.mark.parametrize("rounds", [6, pytest.param(60, marks=pytest.mark.full)])
def test_killed_at_any_moment_it_goes_on(rounds: int, path: Path, caplog) -> None:
    run = RunDirectory.create(path, replace(CONFIG, run=RunConfig(keep_every=20)))
    rng = random.Random(0)
    reached = 0
    for number in range(rounds):
        writer = start_writer(path)
        while number == 1 and not run.steps():  # a busy machine may need longer than the other rounds take
            time.sleep(0.01)
        time.sleep(rng.uniform(0.0, 0.4))
        kill(writer)
        if run.steps():
            step = run.load().step
            assert_is(run.load(), step)
            assert step >= reached  # what was saved once stays saved
            reached = step
        with RunDirectory.open(path).locked():
            assert not list((path / "checkpoints").glob(".*"))
            for step in run.steps():
                assert run.weights(step)[0] == step
    assert reached > 0
    assert [row["step"] for row in run.read_metrics()][: reached // 7] == list(range(7, reached + 1, 7))
    assert caplog.text == ""


def test_one_writer_and_its_name(path: Path) -> None:
    run = RunDirectory.create(path, CONFIG)
    writer = start_writer(path)
    try:
        with pytest.raises(UserError, match=f"being written by process {writer.pid} on "), run.locked():
            pass
    finally:
        kill(writer)
    with (
        run.locked(),
        pytest.raises(UserError, match=f"process {os.getpid()} "),
        RunDirectory.open(path).locked(),
    ):
        pass


def test_onlookers_see_whole_checkpoints(path: Path, caplog) -> None:
    run = RunDirectory.create(path, replace(CONFIG, run=RunConfig(keep_every=20)))
    with run.locked():
        run.save(made(1))
        stop = threading.Event()

        def train() -> None:
            step = 1
            while not stop.is_set():
                step += 3
                run.save(made(step, size=5000))
                run.metrics({"time": 0.0, "step": step, "positions": step})

        writer = threading.Thread(target=train)
        writer.start()
        seen = []
        try:
            onlooker = RunDirectory.open(path)
            end = time.monotonic() + 1.5
            while time.monotonic() < end:
                step, weights = onlooker.weights()
                assert (weights["tower.weight"] == step).all()
                seen.append(step)
                loaded = onlooker.load()
                assert_is(loaded, loaded.step)
                assert onlooker.disk_used() > 0
                onlooker.read_metrics()
        finally:
            stop.set()
            writer.join()
    assert len(set(seen)) > 3
    assert seen == sorted(seen)
    assert caplog.text == ""


# Metrics -----------------------------------------------------------------------------------------------------------------------


def rows(*steps: int) -> list[dict[str, float | int | str]]:
    return [{"time": 1.5, "step": step, "positions": 10 * step, "loss": 1 / step, "engine": "int8"} for step in steps]


def write_rows(run: RunDirectory, *steps: int) -> None:
    for row in rows(*steps):
        run.metrics(row)


def test_metrics_are_rows(run: RunDirectory) -> None:
    with run.locked():
        write_rows(run, 1, 2)
        run.metrics({"time": np.float64(2.5), "step": np.int64(3), "positions": 30, "loss": np.float32(0.5), "gap": float("nan")})
        with pytest.raises(ValueError, match="step, positions"):
            run.metrics({"time": 1.0})
    assert run.read_metrics() == [*rows(1, 2), {"time": 2.5, "step": 3, "positions": 30, "loss": 0.5}]


def test_a_torn_last_line_is_ignored_and_then_repaired(run: RunDirectory, path: Path) -> None:
    with run.locked():
        write_rows(run, 1, 2)
    with (path / "metrics.jsonl").open("a") as file:
        file.write('{"time": 3.0, "st')
    assert run.read_metrics() == rows(1, 2)
    with run.locked():
        write_rows(run, 3)
    assert run.read_metrics() == rows(1, 2, 3)


def test_a_broken_line_elsewhere_is_named(run: RunDirectory, path: Path) -> None:
    whole = '{"time": 1, "step": 1, "positions": 1}'
    for broken in ('{"ti', '{"time": 1}', "[]"):
        (path / "metrics.jsonl").write_text(f"{whole}\n{broken}\n{whole}\n")
        with pytest.raises(UserError, match=r"metrics\.jsonl, line 2: no row of metrics"):
            run.read_metrics()


def test_rows_after_a_restored_checkpoint_are_cut(run: RunDirectory) -> None:
    with run.locked():
        run.cut_metrics(0)
        write_rows(run, 1, 2, 3, 4)
        run.cut_metrics(2)
        write_rows(run, 3)
    assert run.read_metrics() == rows(1, 2, 3)


def test_tensorboard_shows_the_same(run: RunDirectory, path: Path) -> None:
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    with run.locked():
        write_rows(run, 1, 2, 3)
        run.cut_metrics(2)
        write_rows(run, 3)
    first, second = (list(EventFileLoader(str(file)).Load()) for file in sorted((path / "tensorboard").iterdir()))
    losses = [(event.step, value.tensor.float_val[0]) for event in first for value in event.summary.value if value.tag == "loss"]
    assert losses == [(step, pytest.approx(1 / step)) for step in (1, 2, 3)]
    assert [event.step for event in second if event.HasField("session_log")] == [3]  # forgets the first file's row 3
    assert {value.tag for event in second for value in event.summary.value} == {"time", "positions", "loss"}


# Going on ----------------------------------------------------------------------------------------------------------------------


def test_resume_takes_what_may_change() -> None:
    asked = replace(CONFIG, learner=LearnerConfig(learning_rate=1e-4), run=RunConfig(workers=3))
    assert check_resume(CONFIG, asked) == with_resolved_options(asked)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (replace(CONFIG, game="tic_tac_toe"), "game"),
        (replace(CONFIG, options={"width": 5}), "options.width"),
        (replace(CONFIG, seed=4), "seed"),
        (replace(CONFIG, network=NetworkConfig(channels=32)), "network.channels"),
        (replace(CONFIG, learner=LearnerConfig(optimizer="adamw")), "learner.optimizer"),
    ],
)
def test_resume_refuses_what_may_not(asked: AlphaZeroConfig, field: str) -> None:
    assert field in FIXED or field.partition(".")[0] in FIXED
    with pytest.raises(UserError, match=rf"^{field} is .* in this run and cannot become .*--init"):
        check_resume(CONFIG, asked)


def test_a_new_configuration_is_kept(run: RunDirectory, path: Path) -> None:
    asked = replace(CONFIG, run=RunConfig(workers=3))
    with run.locked():
        run.set_config(asked)
    assert run.config == RunDirectory.open(path).config == asked


def test_only_a_run_that_nothing_came_of_is_withdrawn(run: RunDirectory, path: Path, tmp_path: Path) -> None:
    for folder in (path, tmp_path / "new", tmp_path / "odd"):
        one = RunDirectory.open(folder) if RunDirectory.exists(folder) else RunDirectory.create(folder, CONFIG)
        if folder.name == "odd":
            (folder / "nonfinite-0.safetensors").write_bytes(b"a batch to look at")
        with one.locked():
            one.withdraw()
    assert run.steps() == [50, 150, 250]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["odd", "runs"]
    RunDirectory.create(tmp_path / "new", CONFIG)


def test_disk_used_counts_every_file(run: RunDirectory, path: Path) -> None:
    assert run.disk_used() == sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def test_loading_weights_needs_neither_torch_nor_tensorboard(run: RunDirectory, path: Path) -> None:
    code = (
        "import sys; from zerodojo.agents.run_directory import RunDirectory; RunDirectory.open(sys.argv[1]).weights();"
        "sys.exit(any(name in sys.modules for name in ('torch', 'tensorboard', 'numba', 'ray')))"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == 0
