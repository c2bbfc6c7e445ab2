"""The whole way of a newcomer with the smallest game: learn it on Ray, measure what was learned, play against it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from zerodojo.agents import player
from zerodojo.agents.run_directory import RunDirectory
from zerodojo.envs import make
from zerodojo.evaluation.exact import solve
from zerodojo.evaluation.graded import by_player, grade

pytestmark = pytest.mark.timeout(900)  # a minute on an idle machine

POINTS = [f"{column}{row}" for row in (1, 2, 3) for column in "abc"]


def zerodojo(words: str, *, source: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "zerodojo.cli.main", *words.split()]
    return subprocess.run(command, input=source, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run trained by the command: in step, so that it is the same on every machine, however busy."""
    path = tmp_path_factory.mktemp("end_to_end") / "run"
    flags = (
        "--steps 300 --workers 1 --mode sync --seed 1 --self-play.engine torch-fp32 --learner.threads 1 --learner.precision fp32"
    )
    begin = time.monotonic()
    done = zerodojo(f"train tic_tac_toe --run {path} --evaluate-steps 1000 {flags}")
    assert time.monotonic() - begin < 90
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert "ray" not in done.stdout.lower().replace("array", "")  # nothing but our own lines
    assert RunDirectory.open(path).steps()[-1] == 300
    return path


def test_the_bare_network_keeps_what_perfect_play_holds(run: Path) -> None:
    """In all positions of the game. After no training it does in about 70%, after this much in 97%."""
    game = make("tic_tac_toe")
    positions = solve(game)
    assert len(positions) == 4_520
    graded = grade(by_player(player(str(run), game, simulations=0)), positions)
    assert graded.share >= 0.9


@pytest.mark.full
def test_after_five_minutes_the_bare_network_loses_nothing(tmp_path: Path) -> None:
    done = zerodojo(f"train tic_tac_toe --run {tmp_path / 'run'} --minutes 5")
    assert done.returncode == 0, done.stdout + done.stderr
    game = make("tic_tac_toe")
    graded = grade(by_player(player(str(tmp_path / "run"), game, simulations=0)), solve(game))
    assert graded.kept == graded.positions == 4_520


@pytest.mark.parametrize(("opponent", "least", "most"), [("random", 0.9, 1.0), ("minimax:9", 0.4, 0.5)])
def test_it_beats_chance_and_holds_perfect_play(run: Path, opponent: str, least: float, most: float) -> None:
    """From openings played with both colours nobody gets more than a half against perfect play."""
    done = zerodojo(f"evaluate {run} --opponent {opponent} --games 40 --simulations 32 --json -")
    assert done.returncode == 0 and done.stderr == ""
    result = json.loads(done.stdout)
    assert result["kind"] == "match" and result["task"] == "tic_tac_toe" and result["checkpoint"] == 300
    assert result["wins"] + result["draws"] + result["losses"] == result["games"]
    assert least <= result["score"] <= most


def test_it_is_played_through_a_pipe(run: Path) -> None:
    done = zerodojo(f"play tic_tac_toe --opponent {run} --seed 2", source="\n".join(POINTS) + "\n")
    assert done.returncode == 0 and done.stderr == ""
    assert re.search(r"The opponent wins after \d moves|A draw after 9 moves", done.stdout)
