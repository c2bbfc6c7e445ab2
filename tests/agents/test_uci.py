"""Chess programs as players: Stockfish where it is installed, and scripted programs that fail in every way they can."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from zerodojo.agents import Forfeit, Limit, player
from zerodojo.agents.players.uci import UciPlayer
from zerodojo.envs import make
from zerodojo.errors import UserError

STOCKFISH = shutil.which("stockfish") or shutil.which("stockfish", path="/usr/games")
needs_stockfish = pytest.mark.skipif(STOCKFISH is None, reason="Stockfish is missing: apt-get install stockfish")

ENGINE = """
import os, subprocess, sys, time
child = subprocess.Popen(["sleep", "300"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
script = "import os, time; os.setsid(); os.fork() and os._exit(0); print(os.getpid(), flush=True); time.sleep(300)"
daemon = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
open(sys.argv[1], "a").write(f"{os.getpid()} {child.pid} {int(daemon.stdout.readline())}\\n")
for line in sys.stdin:
    word = line.split()[0]
    if word == "uci":
        print("id name fake\\noption name Skill Level type spin default 20 min 0 max 20\\nuciok", flush=True)
    elif word == "setoption":
        open(sys.argv[1] + ".options", "a").write(line)
    elif word == "isready":
        print("readyok", flush=True)
    elif word == "quit":
        break
    elif word == "go":
        open(sys.argv[1] + ".go", "a").write(line)
        GO
"""
PLAYS = 'print("info depth 3 score cp 100 pv e2e4 e7e5\\nbestmove e2e4", flush=True)'


@pytest.fixture
def fake(tmp_path):
    """Makes a player of a scripted program; `go` is what it does when asked for a move."""
    made = []

    def make_player(go: str, options: str = "", margin: float = 5.0) -> UciPlayer:
        script = tmp_path / "engine.py"
        script.write_text(ENGINE.replace("GO", go))
        command = shlex.join([sys.executable, str(script), str(tmp_path / "pids")])
        made.append(UciPlayer(make("chess", max_plies=40), f"{command} {options}", margin=margin))
        return made[-1]

    yield make_player
    for one in made:
        one.close()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"


def processes(tmp_path) -> list[int]:
    return [int(pid) for line in (tmp_path / "pids").read_text().splitlines() for pid in line.split()]


def all_end(pids: list[int]) -> bool:
    deadline = time.monotonic() + 5
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not any(map(alive, pids))


def test_a_move_with_its_score_and_line(fake, tmp_path):
    engine = fake(PLAYS, '"Skill Level=3"')
    start = engine.game.start()
    decision = engine.decide(start, Limit(simulations=7))
    names = [engine.game.action_name(action) for action in decision.principal_variation]
    assert names == ["e2e4", "e7e5"]
    assert 0 < decision.value < 1
    assert decision.policy.sum() == pytest.approx(1)
    assert np.isnan(decision.q).all()
    assert "nodes 7" in (tmp_path / "pids.go").read_text()
    assert (tmp_path / "pids.options").read_text() == "setoption name Skill Level value 3\n"
    engine.close()
    engine.close()
    assert len(processes(tmp_path)) == 3 and not any(map(alive, processes(tmp_path)))


@pytest.mark.parametrize(
    ("go", "words"),
    [
        ("sys.exit(1)", "the program fails"),
        ("time.sleep(300)", "no move in time"),
        ('print("bestmove e2e5", flush=True)', "illegal"),
        ('print("bestmove (none)", flush=True)', "no move"),
        ('print("bestmove nonsense", flush=True)', "the program fails"),
    ],
)
def test_a_program_that_fails_loses_its_game_and_leaves_no_process(fake, tmp_path, go, words):
    engine = fake(go)
    engine._margin = engine._engine.timeout = 1.0
    with pytest.raises(Forfeit, match=words) as failure:
        engine.decide_many([engine.game.start()], Limit(seconds=0.1))
    assert failure.value.index == 0
    assert all_end(processes(tmp_path))


def test_a_program_that_was_killed_is_started_anew_for_the_next_game(fake, tmp_path):
    engine = fake(PLAYS)
    os.kill(processes(tmp_path)[0], signal.SIGKILL)
    with pytest.raises(Forfeit):
        engine.decide(engine.game.start())
    assert engine.game.action_name(engine.decide(engine.game.start()).action) == "e2e4"


def test_a_program_that_never_begins_is_ended(fake, tmp_path, monkeypatch):
    monkeypatch.setitem(
        globals(), "ENGINE", ENGINE.replace('"uci"', '"begin"').replace("for line in", "time.sleep(300)\nfor line in")
    )
    with pytest.raises(UserError, match="it gives no answer"):
        fake(PLAYS, margin=2.0)
    assert len(processes(tmp_path)) == 3 and all_end(processes(tmp_path))


def test_nothing_is_left_when_we_are_killed(tmp_path):
    (tmp_path / "engine.py").write_text(ENGINE.replace("GO", PLAYS))
    command = shlex.join([sys.executable, str(tmp_path / "engine.py"), str(tmp_path / "pids")])
    script = f"""
import time
from zerodojo.agents import player
from zerodojo.envs import make
one = player({"uci:" + command!r}, make("chess"))
print("ready", flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as ours:
        assert ours.stdout.readline() == b"ready\n"
        ours.kill()
    assert len(processes(tmp_path)) == 3 and all_end(processes(tmp_path))


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("uci:no-such-engine", "there is no program 'no-such-engine'"),
        ("uci:'", "cannot read the command"),
        ("uci:true", "is it a program that speaks UCI"),
    ],
)
def test_what_cannot_play_is_refused(spec, words):
    with pytest.raises(UserError, match=words) as refusal:
        player(spec, make("chess"))
    assert "\n" not in str(refusal.value)


def test_other_games_are_refused():
    with pytest.raises(UserError, match="plays chess, not"):
        player("uci:stockfish", make("tic_tac_toe"))


def test_an_option_that_is_not_there_is_refused(fake):
    with pytest.raises(UserError, match="did you mean Skill_Level"):
        fake(PLAYS, "Skil_Level=3")


@needs_stockfish
def test_stockfish_finds_a_mate():
    game = make("chess", fen="6k1/5ppp/8/8/8/8/8/K3R3 w - - 0 1")
    stockfish = player("uci:stockfish Skill_Level=20 threads=1", game)
    decision = stockfish.decide(game.start(), Limit(simulations=2_000))
    stockfish.close()
    assert game.action_name(decision.action) == "e1e8"
    assert decision.value > 0.99


@needs_stockfish
def test_stockfish_plays_chess960():
    game = make("chess", variant="960", position=0)
    stockfish = player("uci:stockfish UCI_LimitStrength=true UCI_Elo=1500", game, simulations=100)
    position = game.start()
    for _ in range(6):
        position = position.after(stockfish.decide(position).action)
    stockfish.close()
    assert len(position.history) == 6
