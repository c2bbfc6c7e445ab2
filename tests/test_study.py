"""`zerodojo study`: what a person types, what they read, and what is left when they leave."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from zerodojo.agents.gym.config import GymRunConfig
from zerodojo.agents.gym.presets import PRESETS
from zerodojo.agents.policy_gradient.config import PPOSettings
from zerodojo.agents.run_directory import RunDirectory
from zerodojo.cli.main import main
from zerodojo.cli.study_display import StudyDisplay
from zerodojo.cli.study_picture import draw
from zerodojo.distributed.study import Job, check, run_all
from zerodojo.errors import UserError
from zerodojo.evaluation.episodes import Returns
from zerodojo.evaluation.study import Studied
from zerodojo.models.config import BodyConfig

TINY = replace(
    PRESETS["cartpole-ppo"],
    environments=2,
    steps=512,
    body=BodyConfig(hidden=(8,)),
    settings=PPOSettings(rollout=32, minibatch=32, epochs=1),
    run=GymRunConfig(evaluations=2, evaluation_episodes=2),
)


PAGE = (Path(__file__).parents[1] / "docs" / "agents.md").read_text()


def test_what_environments_are_noticed_for_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    found = Returns(np.ones(3), np.ones(3, np.int64), 0, ("environment 0 failed; it was started again, once",))
    with StudyDisplay(["tiny, seed 0"], kill=lambda: None) as display:
        display.report(job(tmp_path), found)
    assert "tiny, seed 0: environment 0 failed; it was started again, once\n" in capsys.readouterr().err


def job(path: Path) -> Job:
    return Job("tiny, seed 0", path, TINY, 3)


def test_two_presets_are_trained_measured_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(PRESETS, "tiny", TINY)
    monkeypatch.setitem(PRESETS, "tinier", replace(TINY, body=BodyConfig(hidden=(4,))))
    words = ["--episodes", "3", "--run", str(tmp_path / "study"), "--json", str(tmp_path / "study.json")]
    assert main(["study", "tiny", "tinier", "tiny", "--seeds", "2", "--parallel", "2", *words]) == 0
    told, news = capsys.readouterr()
    assert "4/4  ti" in news
    assert "CartPole-v1: mean returns of the final agents, likeliest actions" in told
    assert "It counts as solved from 475.00." in told
    assert "95% interval over seeds" in told
    assert "Performance profile" in told
    assert "Learning curve" in told
    assert "How likely a run of the first ends better" in told
    result = json.loads((tmp_path / "study.json").read_text())
    assert result["kind"] == "study"
    assert [one["name"] for one in result["presets"]] == ["tiny", "tinier"]
    (tiny, _), (pair,) = result["presets"], result["improvements"]
    assert (tiny["task"], tiny["agent"], tiny["steps"], tiny["seeds"], tiny["episodes"]) == ("CartPole-v1", "ppo", 512, [0, 1], 3)
    assert tiny["iqm"] == pytest.approx(sum(tiny["returns"]) / 2)
    assert tiny["iqm_interval"] == pytest.approx(sorted(tiny["returns"]))  # of two, a resample may take one twice
    assert tiny["reached"] is False
    assert tiny["wall_clock_s"] > 0
    assert tiny["curves"]["score"]["steps"][-1] == 512
    assert {"python", "torch", "environment"} <= set(tiny["versions"])
    assert {pair["better"], pair["worse"]} == {"tiny", "tinier"}
    assert pair["probability"] >= 0.5
    assert_told_of(result)
    for seed in (0, 1):
        config = RunDirectory.open_any(tmp_path / "study" / "tiny" / f"seed-{seed}").config
        assert config == replace(TINY, seed=seed)

    weights = tmp_path / "study" / "tiny" / "seed-0" / "checkpoints" / "512"
    before = weights.stat().st_mtime_ns
    assert main(["study", "tiny", "--seeds", "1", *words, "--json", "-"]) == 0
    kept = json.loads(capsys.readouterr().out)
    assert kept["presets"][0]["returns"] == tiny["returns"][:1]  # kept, and measured by the same episodes
    assert kept["presets"][0]["iqm_interval"] is None
    assert weights.stat().st_mtime_ns == before


def test_where_the_environment_tells_its_model_no_episodes_are_played(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--seeds", "1", "--steps", "2000", "--run", str(tmp_path / "study"), "--json", str(tmp_path / "study.json")]
    assert main(["study", "frozenlake-q", *words]) == 0
    assert "FrozenLake-v1: expected returns of the final agents" in capsys.readouterr().out
    (lake,) = json.loads((tmp_path / "study.json").read_text())["presets"]
    assert lake["episodes"] is None
    run = str(tmp_path / "study" / "frozenlake-q" / "seed-0")
    assert main(["evaluate", run, "--episodes", "20", "--json", str(tmp_path / "result.json")]) == 0
    assert "exact, by the environment's own model" in capsys.readouterr().out
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["return_expected"] == lake["returns"][0]
    assert result["return_best_possible"] == pytest.approx(0.744190, abs=1e-6)
    assert main(["evaluate", run, "--episodes", "20", "--stochastic", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["return_expected"] is None


def assert_told_of(result: dict[str, Any]) -> None:
    """The page names every key of the result, and no other."""
    told = dict(re.findall(r"^\| (`.*?) \| (.*) \|$", PAGE.partition("`--json PATH`")[2], re.MULTILINE))
    keys = {key for row in told for key in re.findall(r"`(.+?)`", row)}
    lists = {name: values for name, values in result.items() if isinstance(values, list)}
    assert keys == {*result, *(f"{name}[].{key}" for name, values in lists.items() for one in values for key in one)}
    curves = result["presets"][0]["curves"]
    assert set(re.findall(r"`(\w+)`", told["`presets[].curves`"])) == {*curves, *curves["score"]}


def test_a_picture_of_every_environment_is_drawn(tmp_path: Path) -> None:
    rows = [[{"env_steps": step, "return": float(step), "score": 2.0 * step} for step in (0, 100)]] * 2
    found = [Returns(np.array([1.0, 3.0]), np.array([9, 9]), 0), Returns(np.array([2.0]), np.array([9]), 0)]
    group = [Studied("one", TINY, found, rows), Studied("alone", TINY, found[:1], [[]])]
    (line,) = draw(group, tmp_path)
    assert line.endswith("CartPole-v1.png")
    assert (tmp_path / "CartPole-v1.png").read_bytes()[:4] == b"\x89PNG"


def test_without_matplotlib_it_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert "pip install 'zerodojo[study]'" in draw([], tmp_path)[0]


@contextmanager
def study_under_way(run: Path) -> Iterator[subprocess.Popen[str]]:
    """The command in a process of its own, once its run has a row of metrics of this call. None that it started is left."""
    metrics = run / "cartpole-ppo" / "seed-0" / "metrics.jsonl"
    rows = len(metrics.read_text().splitlines()) if metrics.exists() else 0
    words = ["study", "cartpole-ppo", "--seeds", "1", "--steps", "10000000", "--run", str(run)]
    command = [sys.executable, "-m", "zerodojo.cli.main", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True) as study:
        try:
            while not metrics.exists() or len(metrics.read_text().splitlines()) <= rows:
                assert study.poll() is None
                time.sleep(0.05)
            family = psutil.Process(study.pid).children(recursive=True)
            assert family
            yield study
            assert not psutil.wait_procs(family, timeout=20)[1]
        finally:
            study.kill()


@pytest.mark.timeout(300)
def test_neither_a_kill_nor_ctrl_c_leaves_a_process_and_both_save(tmp_path: Path) -> None:
    run = tmp_path / "cartpole-ppo" / "seed-0"
    with study_under_way(tmp_path) as study:
        study.kill()
    killed_at = RunDirectory.open_any(run).load().step
    assert killed_at > 0
    with study_under_way(tmp_path) as study:
        os.killpg(study.pid, signal.SIGINT)  # as a terminal does: everybody hears it
        said = study.communicate(timeout=60)[0]
    assert study.returncode == 130
    assert "The same command again goes on." in said
    assert "Traceback" not in said
    assert RunDirectory.open_any(run).load().step > killed_at  # it had gone on


def test_ctrl_c_while_its_processes_start_is_quiet(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "zerodojo.cli.main", "study", "cartpole-ppo", "--seeds", "1", "--run", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True) as study:
        try:
            watched = psutil.Process(study.pid)
            while not any("spawn_main" in str(child.cmdline()) for child in watched.children()):
                assert study.poll() is None
                time.sleep(0.01)
            os.killpg(study.pid, signal.SIGINT)
            said = study.communicate(timeout=60)[0]
        finally:
            study.kill()
    assert (study.returncode, "Traceback" in said) == (130, False), said


def test_what_fails_in_a_process_is_told_and_no_process_is_left(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    with pytest.raises(UserError, match=r"tiny, seed 0: .*taken holds something that is no run"):
        run_all([job(tmp_path / "taken")], parallel=1)
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("cartpol-ppo", "unknown preset 'cartpol-ppo'; did you mean cartpole-ppo"),
        ("connect_four", "unknown preset 'connect_four'"),
        ("cartpole-ppo --seeds 0", "--seeds is 0; it must be at least 1"),
        ("cartpole-ppo --episodes 0", "--episodes is 0; it must be at least 1"),
        ("cartpole-ppo --parallel -1", "--parallel is -1; it must be at least 0"),
        ("cartpole-ppo --seed 3", "unknown flag --seed; did you mean --seeds"),
        ("cartpole-ppo --json no/such/folder.json", "cannot write no/such/folder.json"),
        ("--seeds 3", "no preset is named"),
    ],
)
def test_refused_in_one_line_with_nothing_written(
    words: str, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["study", *words.split()]) == 2
    said = capsys.readouterr().err
    assert complaint in said
    assert said.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("other", "complaint"),
    [
        (replace(TINY, steps=1024), "has steps 1024, and this study 512: runs of two kinds; choose another --run"),
        (replace(TINY, settings=replace(TINY.settings, gamma=0.5)), r"has settings.gamma 0.5, and this study 0.99"),
    ],
)
def test_a_run_with_other_settings_is_refused(other: object, complaint: str, tmp_path: Path) -> None:
    RunDirectory.create(tmp_path / "run", other)
    with pytest.raises(UserError, match=complaint):
        run_all([job(tmp_path / "run")], parallel=1)


def test_how_often_a_run_saves_and_measures_may_differ(tmp_path: Path) -> None:
    RunDirectory.create(tmp_path / "run", replace(TINY, run=GymRunConfig(evaluations=7)))
    check(job(tmp_path / "run"))
