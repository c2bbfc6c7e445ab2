"""The training loop in one process: what it counts, when each side waits, and that a run which is gone on with is the same run."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from zerodojo.agents.alphazero.learner import Losses
from zerodojo.agents.alphazero.pool import LocalPool
from zerodojo.agents.alphazero.training import Progress, Training
from zerodojo.agents.alphazero.worker import Played, Version
from zerodojo.agents.run_directory import RunDirectory
from zerodojo.errors import UserError
from zerodojo.search.evaluator import Evaluator

from .training_runs import CONFIG, assert_consistent, changed, games_of, train

MODES = pytest.mark.parametrize("mode", ["sync", "async"])
CLOCK = {"time", "seconds", "positions_per_second", "disk"}  # what differs between two runs of the same


@pytest.fixture
def new_run(tmp_path: Path) -> Callable[..., RunDirectory]:
    """`new_run(name, config)`: a run directory to begin."""
    return lambda name="run", config=CONFIG: RunDirectory.create(tmp_path / name, config)


class Watched(LocalPool):
    """The pool in this process, with what went through it."""

    def __init__(self, config, numbers) -> None:  # type: ignore[no-untyped-def]
        super().__init__(config, numbers)
        self.published: list[int] = []
        self.closed = False
        Watched.last = self

    last: Watched

    def publish(self, version: Version) -> None:
        assert all(np.isfinite(array).all() for array in version.weights.values())
        self.published.append(version.step)
        super().publish(version)

    def close(self) -> None:
        self.closed = True


@MODES
def test_a_run_counts_what_it_does(new_run, mode: str) -> None:  # type: ignore[no-untyped-def]
    run = new_run(config=changed(run__mode=mode))
    reports: list[Progress] = []
    training = train(run, pools=Watched, steps=60, report=reports.append)
    assert training.learner.steps == 60 and run.steps() == [60]
    assert_consistent(run)
    assert reports[0].positions_per_second is None and (reports[-1].positions_per_second or 0) > 0
    assert Watched.last.closed
    published, games = Watched.last.published, games_of(run)
    assert published == sorted(published) and set(games.version[games.simulations > 0].tolist()) <= {0, *published}
    if mode == "async":
        assert published[0] == 3 and set(published[1:]) == set(range(5, 61, 5))

    first = games.version[games.simulations > 0]
    assert 200 <= (first == 0).sum() < 200 + 16 * 9  # the uniform generation ends at its cap, give or take a round of games
    assert [r.step for r in reports] == sorted(r.step for r in reports)
    assert reports[-1].positions == games.positions and reports[-1].steps_left == 0 and reports[-1].seconds_left is None
    assert "self-play engine: torch-fp32" in " ".join(notice for r in reports for notice in r.notices)


def test_every_row_of_metrics_is_whole(new_run) -> None:  # type: ignore[no-untyped-def]
    run = new_run()
    train(run, steps=20)
    rows = run.read_metrics()
    assert [row["step"] for row in rows] == [5, 10, 15, 20]
    for row in rows:
        learned = set(Losses.__dataclass_fields__) - {"ownership_loss", "score_loss"}  # which this game does not tell
        assert set(row) == CLOCK | {"step", "positions", "games", "uses", "version", "lag_p50", "lag_p95", "engine"} | learned
        assert row["uses"] <= 3 and row["policy_entropy"] > 0 and row["lag_p95"] == 0  # in step nothing lags
    assert rows[-1]["engine"] == "torch-fp32" and rows[0]["engine"] == "uniform"


def test_every_checkpoint_has_a_row_of_metrics(new_run) -> None:  # type: ignore[no-untyped-def]
    run = new_run()
    for steps in (3, 7):
        train(run, steps=steps)
        assert run.read_metrics()[-1]["step"] == steps
    assert [row["step"] for row in run.read_metrics()] == [3, 5, 7]
    assert (run.path / "tensorboard").is_dir()


def test_what_the_learner_waits_for_is_said(new_run) -> None:  # type: ignore[no-untyped-def]
    run = new_run(config=changed(run__mode="async", learner__batch=10**7))
    told: list[str] = []
    end = time.monotonic() + 60
    stopped = lambda: len(told) > 3 or time.monotonic() > end  # noqa: E731
    train(run, report=lambda progress: told.append(progress.phase), stopped=stopped)
    assert re.fullmatch(r"first games, by a uniform guess; the learner waits for [\d,]+ more positions", told[1])


def test_samples_never_outrun_positions(new_run, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    """Checked at every step, not at the end alone; and the window grows as its law says."""
    run = new_run(config=changed(run__mode="async"))
    with run.locked():
        training = Training(run, LocalPool, steps=80)
        learn, windows = training._learner.learn, []

        def watched(batch):  # type: ignore[no-untyped-def]
            replay = training._replay
            assert training._counters.samples + len(batch.value) <= 3.0 * replay.total
            assert len(replay) == replay.window_size(replay.total)
            windows.append(len(replay))
            return learn(batch)

        monkeypatch.setattr(training._learner, "learn", watched)
        training.run()
    assert len(windows) == 80 and windows == sorted(windows) and windows[-1] > 300 > windows[0]


def test_games_wait_for_a_learner_that_is_behind(new_run) -> None:  # type: ignore[no-untyped-def]
    """With games always ready: none are taken beyond the first generation before the first version, nor while uses are too few."""
    config = changed(run__mode="async", replay__min_uses=2.5, learner__batch=8)
    run = new_run(config=config)
    taken: list[tuple[int, int, int]] = []

    class Ready(LocalPool):
        def poll(self, *, wait: bool) -> list[Played]:
            counters, total = training._counters, training._replay.total
            taken.append((counters.version, total, counters.samples))
            return super().poll(wait=True)

    with run.locked():
        training = Training(run, Ready, steps=60)
        training.run()
    first = [total for version, total, _ in taken if version == 0]
    later = [(total, samples) for version, total, samples in taken if version > 0]
    assert first and max(first) < config.self_play.first_generation
    assert later and all(samples >= 2.5 * (total - config.replay.window) for total, samples in later)


@MODES
def test_a_run_goes_on_from_its_directory(new_run, mode: str) -> None:  # type: ignore[no-untyped-def]
    run = new_run(config=changed(run__mode=mode))
    for steps in (25, 26, 40):
        train(RunDirectory.open(run.path), steps=steps)
        assert run.steps()[-1] == steps
        assert_consistent(run)


def test_a_run_without_a_checkpoint_begins_anew_and_says_so(new_run) -> None:  # type: ignore[no-untyped-def]
    run = new_run()
    train(run, steps=5)
    shutil.rmtree(run.path / "checkpoints")
    told: list[str] = []
    train(RunDirectory.open(run.path), steps=3, report=lambda progress: told.extend(progress.notices))
    assert any("begins anew" in notice for notice in told)
    assert run.steps() == [3]


def test_counters_of_another_version_are_refused(new_run) -> None:  # type: ignore[no-untyped-def]
    run = new_run()
    train(run, steps=5)
    checkpoint = run.load()
    with run.locked():
        run.save(replace(checkpoint, state={**(checkpoint.state or {}), "elo": 1}))
        with pytest.raises(UserError, match="checkpoint 5 counts elo, which this zerodojo does not know"):
            Training(run, LocalPool)


@pytest.mark.parametrize("rest", [7, 15])
def test_a_run_gone_on_with_is_the_same_run(new_run, rest: int) -> None:  # type: ignore[no-untyped-def]
    """In step, N + M steps in two calls are one call of as many: weights, moments, games, counters, metrics, number for number."""
    one, two = new_run("one"), new_run("two")
    train(one, steps=40)
    train(two, steps=40 - rest)
    train(RunDirectory.open(two.path), steps=40)
    assert_consistent(two)
    a, b = one.load(), two.load()
    for mine, its in ((a.weights, b.weights), (a.learner, b.learner)):
        assert mine.keys() == its.keys()
        for name in mine:
            np.testing.assert_array_equal(mine[name], its[name], err_msg=name)
    drop: Callable[[dict[str, Any]], dict[str, Any]] = lambda row: {k: v for k, v in row.items() if k not in CLOCK | {"cursor"}}  # noqa: E731
    assert drop(a.state) == drop(b.state) and a.state["cursor"][1:] == b.state["cursor"][1:]
    for name, column in games_of(one).columns().items():
        np.testing.assert_array_equal(column, games_of(two).columns()[name], err_msg=name)
    rows = [drop(row) for row in one.read_metrics()], [drop(row) for row in two.read_metrics()]
    if rest % 5 == 0:
        assert rows[0] == rows[1]
    else:  # a row is a mean over the steps since the last one, in the same call, and a checkpoint has one of its own
        assert [*(row["step"] for row in rows[0]), 40 - rest] == sorted(
            (row["step"] for row in rows[1]), key=lambda s: (s == 40 - rest, s)
        )
    later = [train(run, steps=41)._replay.sample(50, np.random.default_rng(0)) for run in (one, two)]
    for name, column in vars(later[0]).items():
        np.testing.assert_array_equal(column, getattr(later[1], name), err_msg=name)


def test_stopped_before_the_first_step_it_keeps_its_games_and_is_the_same_run(new_run) -> None:  # type: ignore[no-untyped-def]
    one, two = new_run("one"), new_run("two")
    train(one, steps=9)
    played: list[int] = []

    class Once(Watched):
        def play(self, numbers) -> list[Played]:  # type: ignore[no-untyped-def]
            played.extend(numbers)
            return super().play(numbers)

    train(two, pools=Once, steps=9, stopped=lambda: bool(played))
    assert two.steps() == [0] and two.load().state["games"] == len(played) > 0
    assert_consistent(two)
    with pytest.raises(UserError, match=r"has learned nothing of them yet; if it trains now, .* go on with `zerodojo train "):
        two.weights()
    train(RunDirectory.open(two.path), steps=9)
    assert_consistent(two)
    for name, weights in one.load().weights.items():
        np.testing.assert_array_equal(weights, two.load().weights[name], err_msg=name)
    for name, column in games_of(one).columns().items():
        np.testing.assert_array_equal(column, games_of(two).columns()[name], err_msg=name)
    for steps in (12, 15):
        train(RunDirectory.open(two.path), steps=steps)
    assert two.steps() == [9, 12, 15]  # what is not learned is not kept


def test_seconds_add_up_over_calls(new_run) -> None:  # type: ignore[no-untyped-def]
    run = new_run()
    train(run, steps=5)
    first = run.load().state["seconds"]
    assert first > 0
    train(run, steps=10)
    rows = run.read_metrics()
    assert run.load().state["seconds"] >= rows[-1]["seconds"] > first >= rows[0]["seconds"] > 0


def test_the_time_limit_ends_a_call_and_not_the_run(new_run) -> None:  # type: ignore[no-untyped-def]
    run = new_run(config=changed(run__mode="async"))
    begin = time.monotonic()
    progress = None
    with run.locked():
        progress = Training(run, LocalPool, minutes=2 / 60).run()
    assert 1.9 < time.monotonic() - begin < 20 and progress.seconds_left == 0.0
    step = run.steps()[-1]
    train(run, steps=step + 5)
    assert run.steps()[-1] == step + 5
    assert_consistent(run)


def test_being_asked_to_stop_saves(new_run) -> None:  # type: ignore[no-untyped-def]
    run = new_run()
    seen: list[int] = []
    train(run, report=lambda progress: seen.append(progress.step), stopped=lambda: bool(seen) and seen[-1] >= 10)
    assert run.steps() and run.steps()[-1] >= 10
    assert_consistent(run)


@MODES
@pytest.mark.parametrize(
    "fields",
    [
        {"learner__batch": 700, "self_play__first_generation": 20},  # more than the first generation gives
        {"learner__first_publish": 60},  # more steps than the first generation pays for
        {"learner__first_publish": 1, "learner__publish_steps": 1},
        {"learner__publish_steps": 1, "learner__first_publish": 7},
        {"replay__min_uses": 2.9, "replay__window": 10},
        {"replay__max_uses": 0.05},
        {"self_play__games": 1},
        {"self_play__opening_fraction": 0.0},
        {"self_play__opening_fraction": 1.0, "self_play__opening_plies": 30},
        {"self_play__first_generation": 1},
        {"search__simulations": 1},
        {"self_play__play_out": 0.0},
    ],
    ids=lambda fields: ",".join(f"{name.partition('__')[2]}={value}" for name, value in fields.items()),
)
def test_no_setting_stands_still(new_run, mode: str, fields: dict[str, object]) -> None:  # type: ignore[no-untyped-def]
    steps = 4 if fields.get("learner__batch") or "replay__max_uses" in fields else 12
    run = new_run(config=changed(run__mode=mode, **fields))
    begin = time.monotonic()
    train(run, pools=Watched, steps=steps, stopped=lambda: time.monotonic() - begin > 60)
    assert run.steps() == [steps]
    assert_consistent(run)
    if fields.get("learner__first_publish") == 7 and mode == "async":
        assert Watched.last.published == list(range(7, 13))


def test_starting_from_another_run(new_run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    parent = new_run("parent")
    train(parent, steps=10)
    train(parent, steps=15)
    child = new_run("child", replace(CONFIG, seed=5))
    with child.locked():
        training = Training(child, LocalPool, init=(parent, 10), steps=8)
        for name, array in parent.weights(10)[1].items():
            np.testing.assert_array_equal(training.learner.weights()[name], array, err_msg=name)
    assert child.steps() == [1]  # there before the first step: a resume without --init begins from the same weights
    train(RunDirectory.open(child.path), steps=8)
    games = games_of(child)
    assert (games.version[games.simulations > 0] > 0).all()  # the uniform guess is not needed
    other = new_run("other", changed(network__channels=4))
    with other.locked(), pytest.raises(UserError, match="another network"):
        Training(other, LocalPool, init=(parent, None))


def test_strength_is_measured_and_told(new_run) -> None:  # type: ignore[no-untyped-def]
    @dataclass
    class Found:
        sentence: str

        def metrics(self) -> dict[str, float]:
            return {"strength": 0.5}

    asked: list[int] = []

    def measure(game: Any, evaluator: Evaluator) -> Found:
        logits, values = evaluator.evaluate(game.new_states(3))
        assert logits.shape == (3, 9) and np.isfinite(values).all()
        asked.append(1)
        return Found(f"measured {len(asked)}")

    run = new_run(config=changed(run__evaluate_steps=10))
    reports: list[Progress] = []
    train(run, steps=20, measure=measure, report=reports.append)
    assert reports[-1].strength == "measured 2" and run.load().state["strength"] == "measured 2"
    assert [row["step"] for row in run.read_metrics() if "strength" in row] == [10, 20]


def test_a_loss_that_is_no_number_stops_the_run_and_reaches_nothing(new_run, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    run = new_run()
    train(run, steps=10)
    before = run.load()
    with run.locked():
        training = Training(run, Watched, steps=100)
        sample = training._replay.sample

        def poisoned(n, generator):  # type: ignore[no-untyped-def]
            batch = sample(n, generator)
            if training.learner.steps == 17:
                batch.value[0] = np.nan
            return batch

        monkeypatch.setattr(training._replay, "sample", poisoned)
        with pytest.raises(UserError, match=r"not finite at step 17; the batch is saved in .*--resume"):
            training.run()
    assert Watched.last.closed
    assert run.steps() == [10]
    for name, array in before.weights.items():
        np.testing.assert_array_equal(array, run.load().weights[name])
    saved = load_file(run.path / "nonfinite-17.safetensors")
    assert set(saved) == {"planes", "policy", "legal", "value", "version"} and np.isnan(saved["value"][0])
    train(RunDirectory.open(run.path), steps=20)  # and goes on from there
    assert_consistent(run)


def test_a_pool_that_fails_is_closed_and_leaves_the_last_checkpoint(new_run) -> None:  # type: ignore[no-untyped-def]
    class Failing(Watched):
        calls = 0

        def play(self, numbers) -> list[Played]:  # type: ignore[no-untyped-def]
            Failing.calls += 1
            if Failing.calls > 12:
                raise UserError("a worker's disk is full; free some space")
            return super().play(numbers)

    run = new_run(config=changed(run__checkpoint_seconds=0.0))
    with pytest.raises(UserError, match="disk is full"):
        train(run, pools=Failing, steps=1000)
    assert Failing.last.closed and run.steps()
    assert_consistent(run)
