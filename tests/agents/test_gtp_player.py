"""Programs that speak GTP as players: fakes with every fault, and GNU Go and gtp-rhino where they are installed."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from zerodojo.agents import Forfeit, Limit, player
from zerodojo.agents.players.gtp import GtpPlayer
from zerodojo.agents.players.gtp_process import LONGEST
from zerodojo.agents.players.guard import command_words
from zerodojo.envs import GAMES, Position, make
from zerodojo.errors import UserError
from zerodojo.evaluation.match import play_games, play_match

FAKE = Path(__file__).with_name("gtp_fake.py")
START = make("tic_tac_toe").start()


def command(fault: str, log: Path | str = "") -> str:
    return shlex.join([sys.executable, "-I", "-S", str(FAKE), fault, *([str(log)] if log else [])])


def after(*names: str) -> Position:
    return START.play([START.game.parse_action(name) for name in names])


@pytest.fixture
def fake():  # type: ignore[no-untyped-def]
    """Makes players of a fake program that are closed in the end."""
    made: list[GtpPlayer] = []

    def install(fault: str, log: Path | str = "", *, timeout: float = 20.0) -> GtpPlayer:
        made.append(GtpPlayer(START.game, command(fault, log), timeout=timeout))
        return made[-1]

    yield install
    for one in made:
        one.close()


def is_gone(process: int) -> bool:
    """Whether a process ends within seconds."""
    for _ in range(100):
        if has_ended(process):
            return True
        time.sleep(0.05)
    return False


def has_ended(process: int) -> bool:
    """Whether a process has ended (as a zombie has)."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


# What it is told ------------------------------------------------------------------------------------------------------------


def test_it_plays_and_is_told_only_what_is_new(fake, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    log = tmp_path / "log"
    program = fake("none", log)
    assert program.decide(START).action == 0
    assert program.decide(after("a1", "b2")).action == 2 - 1
    assert log.read_text().splitlines() == [
        *("list_commands", "boardsize 3", "clear_board", "genmove black", "play white B2", "genmove black"),
    ]


def test_it_takes_back_where_it_can(fake, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    for fault, told in (
        ("none", ["undo", "undo", "play white C3", "genmove black"]),
        ("no-undo", ["clear_board", "play black A1", "play white C3", "genmove black"]),
    ):
        log = tmp_path / fault
        program = fake(fault, log)
        program.decide(after("a1", "b2"))
        program.decide(after("a1", "c3"))
        assert log.read_text().splitlines()[-4:] == told


def test_games_side_by_side_share_a_program(fake) -> None:  # type: ignore[no-untyped-def]
    positions = [after("b2"), after("a1"), START, after("a1", "b1", "c1")]
    decisions = fake("none").decide_many(positions)
    assert [START.game.action_name(decision.action) for decision in decisions] == ["a1", "b1", "a1", "a2"]


def test_a_limit_in_seconds_is_told(fake, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    log = tmp_path / "log"
    program = fake("none", log)
    program.decide(START, Limit(seconds=2.5))
    program.decide(after("b2"), Limit(seconds=2.5))
    assert log.read_text().splitlines().count("time_settings 0 2 1") == 1


def test_the_timeout_is_a_setting_before_the_program() -> None:
    program = player(f"gtp:timeout=1 {command('hang')}", START.game)
    program.decide(START)
    began = time.monotonic()
    for limit in (None, Limit(seconds=30)):  # whatever limit the program is told
        with pytest.raises(Forfeit, match="gave no answer to 'genmove black' in 1 seconds"):
            program.decide(after("a1", "b2"), limit)
        program.decide(START)
    assert 2 <= time.monotonic() - began < 10
    program.close()


def test_without_a_timeout_a_limit_has_a_margin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zerodojo.agents.players.gtp.MARGIN", 0.5)
    program = player(f"gtp:{command('hang')}", START.game)
    program.decide(START)
    with pytest.raises(Forfeit, match="gave no answer to 'genmove black' in 1 seconds"):
        program.decide(after("a1", "b2"), Limit(seconds=0.5))
    program.close()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("timeout=0.5", "timeout=0.5 does not fit; choose from 1 to 86,400 seconds"),
        ("timeout=86401", "timeout=86401 does not fit"),
        ("timeout=nan", "timeout=nan does not fit"),
        ("timeout=", "timeout= does not fit"),
        ("timeout=5 timeout=soon", "timeout=soon does not fit"),
        ("time=5", "unknown setting before the program of gtp: 'time'; did you mean timeout"),
        ("timeout=5", "the player's command is empty"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: str, message: str) -> None:
    line = settings if "empty" in message else f"{settings} {command('none')}"
    with pytest.raises(UserError, match=message):
        player(f"gtp:{line}", START.game)


def test_a_whole_match_against_it() -> None:
    program = player(f"gtp:{command('none')}", START.game)
    try:
        result = play_match(player("minimax:9", START.game), program, START.game, games=12, seed=0)
    finally:
        program.close()
    assert result.forfeits == () and result.losses == 0 and result.games == 12


# Faults ---------------------------------------------------------------------------------------------------------------------

FAULTS = {
    "crash": "the program ended before it answered 'genmove white'",
    "hang": "the program gave no answer to 'genmove white' in 0.5 seconds",
    "slow": "the program gave no answer to 'genmove white' in 0.5 seconds",
    "illegal": "the program plays 'B1': b1 is not legal here",
    "nonsense": "the program plays 'Q99 or so': ",
    "resign": "it resigns",
    "junk": "the program answers 'genmove white' with what is no GTP",
    "flood": f"the program answers 'genmove white' with more than {LONGEST} bytes",
    "error": "the program answers 'genmove white' with 'out of ideas'",
    "refuse": "the program answers 'play black C1', a legal move, with 'illegal move'",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_loses_the_game_and_not_the_next(fault: str, fake) -> None:  # type: ignore[no-untyped-def]
    program = fake(fault, timeout=0.5 if fault in ("hang", "slow") else 20)
    assert program.decide(after("b1")).action == 0
    with pytest.raises(Forfeit) as forfeit:
        program.decide(after("b1", "a1", "c1"))
    assert str(forfeit.value).startswith(FAULTS[fault]) and len(str(forfeit.value).splitlines()) == 1
    assert forfeit.value.resigned == (fault == "resign")
    assert program.decide(after("b1")).action == 0  # started anew


def test_a_match_counts_the_games_lost_by_a_fault() -> None:
    program = GtpPlayer(START.game, command("crash"))
    honest = player("random", START.game, seed=1)
    try:
        outcomes = play_games([(program, honest)] * 2 + [(honest, program)], [START] * 3)
    finally:
        program.close()
    forfeits = [outcome.forfeit for outcome in outcomes if outcome.forfeit]
    assert forfeits and all(line.startswith(f"{program.name} forfeits at ply ") and "ended before" in line for line in forfeits)
    assert all(outcome.points == (0.0 if i < 2 else 1.0) for i, outcome in enumerate(outcomes) if outcome.forfeit)


@pytest.mark.parametrize(
    ("fault", "message"), [("start", "ended before it answered 'list_commands'"), ("chatty", "no GTP: an answer begins with")]
)
def test_a_program_that_speaks_no_gtp_is_refused_at_once(fault: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        GtpPlayer(START.game, command(fault))


def test_a_game_that_the_program_refuses_is_refused() -> None:
    with pytest.raises(UserError, match=r"cannot play connect_four.*answers 'boardsize 7 6' with 'unacceptable size'"):
        GtpPlayer(make("connect_four"), command("none"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("nosuchprogram --mode gtp", "no program 'nosuchprogram' on PATH or in /usr/games; install it, or write its whole path"),
        ("'unclosed", "cannot read the command"),
        ("  ", "command is empty"),
    ],
)
def test_what_cannot_be_started_is_refused_in_one_line(line: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        player(f"gtp:{line}", START.game)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name, path=None: None)
    with pytest.raises(UserError, match="apt-get install grhino"):
        command_words("gtp-rhino")


# Nothing is left behind -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["child", "daemon"])
def test_closing_ends_the_program_and_all_it_started(fault: str, fake, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    log = tmp_path / "pids"
    program = fake(fault, log)
    processes = [int(pid) for pid in log.read_text().split()]
    assert len(processes) == 2 and not any(map(has_ended, processes))
    program.close()
    assert all(map(has_ended, processes))


def test_a_program_that_ends_by_itself_leaves_nothing(fake, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    log = tmp_path / "pids"
    program = fake("daemon", log)
    program.decide(START)
    with pytest.raises(Forfeit, match="ended before"):
        program.decide(after("a1", "b2"))
    assert all(has_ended(int(pid)) for pid in log.read_text().split())


def test_a_fault_ends_the_program(fake, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    program = fake("hang", timeout=0.5)
    program.decide(START)
    process = program._program._process.pid
    with pytest.raises(Forfeit):
        program.decide(after("a1", "b2"))
    assert is_gone(process)


@pytest.mark.parametrize("fault", ["child", "daemon"])
def test_nothing_is_left_when_we_are_killed(fault: str, tmp_path: Path) -> None:
    log = tmp_path / "pids"
    script = f"""
import time
from zerodojo.agents import player
from zerodojo.envs import make
one = player({"gtp:" + command(fault, log)!r}, make("tic_tac_toe"))
one.decide(make("tic_tac_toe").start())
print("ready", flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as ours:
        assert ours.stdout.readline() == b"ready\n"
        os.kill(ours.pid, signal.SIGKILL)
    assert all(is_gone(int(pid)) for pid in log.read_text().split())


# Real programs ----------------------------------------------------------------------------------------------------------------


def installed(line: str) -> bool:
    try:
        return bool(command_words(line))
    except UserError:
        return False


needs_gnugo = pytest.mark.skipif(
    "go" not in GAMES or not installed("gnugo"), reason="GNU Go is not installed: apt-get install gnugo"
)
needs_rhino = pytest.mark.skipif(
    "othello" not in GAMES or not installed("gtp-rhino"), reason="gtp-rhino is not installed: apt-get install grhino"
)


def play_out(spec: str, game_name: str, options: dict[str, int], *, seats: int) -> None:
    """Whole games of random play against a program, with either colour: it plays legally to the end, and takes all that we play."""
    game = make(game_name, **options)
    program, other = player(spec, game), player("random", game, seed=3)
    try:
        outcomes = play_games([(program, other)] * seats + [(other, program)] * seats, [game.start()] * (2 * seats))
    finally:
        program.close()
    assert [outcome.forfeit for outcome in outcomes if outcome.forfeit] == []


@needs_gnugo
def test_gnu_go_plays_go() -> None:
    play_out("gtp:gnugo --mode gtp --level 1 --chinese-rules --positional-superko --capture-all-dead", "go", {"size": 5}, seats=1)


@needs_gnugo
def test_gnu_go_takes_our_handicap() -> None:
    play_out(
        "gtp:gnugo --mode gtp --level 1 --chinese-rules --positional-superko --capture-all-dead",
        "go",
        {"size": 9, "handicap": 3},
        seats=1,
    )


@needs_rhino
def test_rhino_plays_othello() -> None:
    """Many games side by side, in which passes are forced now and then: it names rows from the top and passes by itself."""
    play_out("gtp:gtp-rhino --level 1", "othello", {}, seats=4)


@needs_rhino
def test_rhino_refuses_another_board() -> None:
    with pytest.raises(UserError, match="answers 'boardsize 6' with 'unacceptable size'"):
        player("gtp:gtp-rhino", make("othello", size=6))
