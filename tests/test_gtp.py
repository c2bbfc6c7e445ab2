"""`zerodojo gtp`: conversations with exact answers, analysis that is stopped, time, and junk that never ends it."""

from __future__ import annotations

import io
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zerodojo.agents import Player, player
from zerodojo.cli import main as front
from zerodojo.cli.gtp_clock import LAG, Clock
from zerodojo.cli.gtp_engine import COMMANDS, Engine
from zerodojo.cli.gtp_input import LONGEST, Lines
from zerodojo.envs import Game, make
from zerodojo.envs.notation.sgf_games import write_game
from zerodojo.errors import UserError

ENGINE = [sys.executable, "-m", "zerodojo.cli.main", "gtp"]
PLACE = r" \(input line (\d+), column (\d+)\)$"
FAKE = Path(__file__).parent / "agents" / "gtp_fake.py"


def talk(text: str | bytes, spec: str = "mcts:20", game: str = "tic_tac_toe", **options: object) -> str:
    """What the engine says to this input."""
    sink = io.StringIO()
    reading, writing = os.pipe()
    sender = threading.Thread(target=_send, args=(writing, text if isinstance(text, bytes) else text.encode()))
    sender.start()
    try:
        engine = Engine(game, options, lambda made: player(spec, made, seed=1), lines=Lines(reading), sink=sink)  # type: ignore[arg-type]
        engine.run()
        engine.close()
    finally:
        os.close(reading)
        sender.join()
    return sink.getvalue()


def _send(descriptor: int, data: bytes) -> None:
    with os.fdopen(descriptor, "wb", buffering=0) as pipe:
        try:
            pipe.write(data)
        except BrokenPipeError:  # it left after `quit`
            return


def answers(text: str, spec: str = "mcts:20", game: str = "tic_tac_toe", **options: object) -> list[str]:
    """What the engine answers, a refusal without its place."""
    return [re.sub(PLACE, "", answer) for answer in talk(text, spec, game, **options).split("\n\n")[:-1]]


# Conversations --------------------------------------------------------------------------------------------------------------


def test_a_conversation_word_for_word() -> None:
    said = talk(
        """# a comment, and an empty line

1 protocol_version
2 name
known_command play # with a comment
known_command fly
boardsize 3
boardsize 4
clear_board
7\tplay\tb\tB2
play w b2
play b a1
play W a1
8 showboard
undo
undo
undo
9 fly me
10
final_score
komi 6.5
fixed_handicap 2
kata-get-rules
final_status_list alive
11 quit
name
"""
    )
    assert (
        said
        == """=1 2

=2 zerodojo mcts:20

= true

= false

=

? unacceptable size: tic_tac_toe is played on 3 by 3 here (input line 8, column 11)

=

=7

? illegal move: B2 cannot be played here (input line 11, column 8)

? it is white's turn, and no pass can come in between (input line 12, column 6)

=

=8
  a b c
1 O . .
2 . X .
3 . . .
black to move

=

=

? cannot undo: no move has been made (input line 17, column 1)

?9 unknown command (input line 18, column 3)

?10 unknown command (input line 19, column 1)

? cannot score: the game is not over (input line 20, column 1)

=

? tic_tac_toe has no handicap (input line 22, column 1)

? only go has rules to tell (input line 23, column 1)

? stones of tic_tac_toe have no status (input line 24, column 1)

=11

"""
    )


def test_the_commands_are_told() -> None:
    (listed,) = answers("list_commands\n")
    assert listed.removeprefix("= ").splitlines() == list(COMMANDS)
    required = "protocol_version name version known_command list_commands quit boardsize clear_board komi play genmove"
    assert set(required.split()) <= set(COMMANDS)


def test_a_game_against_itself() -> None:
    said = answers(
        "genmove b\ngenmove w\n" * 4 + "genmove b\nfinal_score\ngenmove w\nplay b a1\nundo\nreg_genmove b\n", "minimax:9"
    )
    moves = [answer.removeprefix("= ") for answer in said[:9]]
    assert sorted(moves) == sorted(f"{column}{row}" for column in "ABC" for row in (1, 2, 3))
    assert said[9:13] == ["= 0", *["? the game is over; undo or clear_board"] * 2, "="]
    assert said[13] == f"= {moves[8]}"


def test_who_won_is_scored_as_one_point() -> None:
    assert answers("play b a1\nplay w b1\nplay b a2\nplay w b2\nplay b a3\nfinal_score\n")[-1] == "= B+1"


def test_board_sizes_change_the_game() -> None:
    said = answers("boardsize 5 4\nshowboard\nboardsize 2\nboardsize 1000000000\nboardsize 7 6\n", game="connect_four")
    assert "\n1 2 3 4 5\n" in said[1] and said[1].count(". . . . .") == 4
    assert said[2].startswith("? unacceptable size: ") and said[3].startswith("? unacceptable size: ")
    assert said[0] == said[4] == "="


def test_a_player_of_one_size_refuses_another() -> None:
    said = answers("boardsize 5 4\nplay b 4\nboardsize 7 6\nplay b 4\n", "zoo:connect_four", "connect_four")
    assert said[0].startswith("? unacceptable size: zoo:connect_four plays connect_four(")
    assert said[1:] == ["=", "=", "="]


def test_a_program_behind_us_resigns_and_fails_as_it_does() -> None:
    for fault, said in (("resign", "= resign"), ("crash", "? the program ended before it answered 'genmove black'")):
        spec = f"gtp:{sys.executable} -I -S {FAKE} {fault}"
        assert answers("genmove b\nplay w c3\ngenmove b\n", spec)[2] == said


def test_a_conversation_about_go() -> None:
    said = answers(
        "boardsize 5\nkomi 0.5\nplay b C3\nplay b D3\nplay w pass\nfinal_score\nundo\nundo\nplay b A1\nkomi 1.5\nfinal_score\n"
        "clear_board\nset_free_handicap A1 B2\nfixed_handicap 1\nkata-set-rules chinese\nkata-get-rules\nkata-set-rules japanese\n"
        "final_status_list dead\nplay b pass\nplay w pass\nfinal_score\n",
        "random",
        "go",
        size=9,
    )
    assert said[:5] == ["="] * 5
    assert said[5:11] == ["= B+24.5", "=", "=", "=", "=", "= B+23.5"]
    assert said[12].startswith("? ") and said[13].startswith("? ")
    rules = json.loads(said[15].removeprefix("= "))
    assert (rules["ko"], rules["suicide"], rules["scoring"]) == ("SIMPLE", False, "AREA")
    assert said[16].startswith("? ") and said[17] == "="
    assert said[18:] == ["=", "=", "= W+1.5"]


def test_go_goes_on_after_two_passes() -> None:
    """Also where the second pass comes in between because a colour moves twice; and until the moves are taken back."""
    said = answers(
        "boardsize 5\nplay b C3\nplay w pass\nplay b pass\nshowboard\nplay w C2\nplay b pass\nplay b C1\nundo\nundo\nundo\n"
        "showboard\ngenmove w\nkomi 0.5\nshowboard\nplay b pass\nplay w pass\nlz-genmove_analyze b\n",
        "mcts:20",
        "go",
        size=9,
    )
    assert "the game is over" in said[4] and said[5:11] == ["="] * 6
    assert "white to move" in said[11] and said[11].count("X") == 1 and said[11].count("O") == 0
    assert re.fullmatch("= ([A-E][1-5]|pass)", said[12]) and said[13] == "="
    assert "black to move" in said[14] and said[14].count("X") == 1  # the new komi kept the moves
    assert said[15:17] == ["=", "="] and re.search(r"\nplay ([A-E][1-5]|pass)$", said[17])


@pytest.mark.parametrize("command", ["genmove w", "reg_genmove w", "lz-genmove_analyze w 100"])
def test_a_pass_that_nobody_played_is_not_the_first_of_two(command: str) -> None:
    """White has won if it may end the game at once by a pass, and has something better to do where it may not."""
    moved = answers(f"{command}\n", "mcts:400", "go", size=5)[0]
    assert re.search(r"(= |\nplay )[A-E][1-5]$", moved)


def test_out_of_turn_two_passes_of_either_end_a_game_of_go() -> None:
    said = answers(
        "play w pass\nshowboard\nkomi 0.5\nshowboard\nplay b pass\nshowboard\nundo\nundo\nundo\n", "random", "go", size=5
    )
    assert "black to move" in said[1] and "black to move" in said[3]  # also where the moves are played again
    assert "the game is over" in said[5]
    assert said[6:] == ["=", "=", "? cannot undo: no move has been made"]


def test_a_long_game_of_go_goes_on() -> None:
    """Far beyond what `max_plies` lets a game be, with a player that is made for its game."""
    game = make("go", size=2)
    plies = 5 * game.spec.max_plies
    said = answers("genmove b\ngenmove w\n" * plies + "komi 1\ngenmove b\nundo\n", "mcts:2", "go", size=2, max_plies=4)
    assert all(re.fullmatch("= ([AB][12]|pass)", answer) for answer in said[:-3])
    assert said[-3] == said[-1] == "=" and len(said) == 2 * plies + 3


def test_a_go_game_has_an_end_after_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zerodojo.cli.gtp_game.LONGEST", 40)
    said = answers("play b pass\nplay w pass\n" * 21 + "clear_board\ngenmove b\n", "random", "go", size=2)
    assert said[:40] == ["="] * 40 and all(answer.startswith("? the game is over: it has 40 plies") for answer in said[40:42])
    assert said[42] == "=" and said[43].startswith("= ")


def test_handicap_stones_are_the_usual_ones() -> None:
    text = "fixed_handicap 4\nfixed_handicap 2\nclear_board\nset_free_handicap G7 C3 C7 G3\nplay w E5\nclear_board\nplay b E5\n"
    said = answers(text, "random", "go", size=9)
    assert sorted(said[0].removeprefix("= ").split()) == ["C3", "C7", "G3", "G7"]
    assert said[1:] == ["? board not empty", "=", "=", "=", "=", "="]


def test_othello_is_scored_in_discs() -> None:
    said = answers("play b f5\nplay w f6\nplay b pass\nfinal_score\nplay w d3\n", "random", "othello")
    assert said[:2] == ["=", "="] and said[2].startswith("? illegal move") and said[3].startswith("? cannot score")
    assert said[4].startswith("? it is black's turn")


def test_hex_swaps_pieces() -> None:
    said = answers("boardsize 5\nplay red b1\nplay blue swap-pieces\nplay b c3\nshowboard\n", "random", "hex")
    assert said[:4] == ["="] * 4 and "O" in said[4] and "X" in said[4]


def test_a_game_is_loaded_from_a_file(tmp_path: Path) -> None:
    game = make("othello", size=6)
    position = game.start()
    while len(position.history) < 6:
        position = position.after(position.legal_actions()[0])
    (tmp_path / "game.sgf").write_bytes(write_game(position))
    (tmp_path / "junk.sgf").write_bytes(b"(;GM[2]SZ[6];B[zz])")
    (tmp_path / "gomoku.sgf").write_bytes(b"(;GM[4]SZ[9])")
    file = tmp_path / "game.sgf"
    said = answers(
        f"loadsgf {file} 4\nundo\nundo\nundo\nundo\nloadsgf {file}\nshowboard\nloadsgf {tmp_path}/junk.sgf\n"
        f"loadsgf {tmp_path}/gomoku.sgf\nloadsgf {tmp_path}/none.sgf\nloadsgf {tmp_path}\nloadsgf /dev/zero\nloadsgf\n"
        f"loadsgf {'x' * 5000}\nundo\nclear_board\n",
        "random",
        "othello",
    )
    assert said[:6] == ["=", "=", "=", "=", "? cannot undo: no move has been made", "="]
    assert str(position).replace("\n", "") in said[6].replace("\n", "")
    assert "B[zz]" in said[7]
    assert all(answer.startswith("? ") for answer in said[7:14]) and said[14:] == ["=", "="]
    assert "internal error" not in "".join(said)


def test_a_file_of_another_size_changes_the_board_and_keeps_the_komi_it_does_not_name(tmp_path: Path) -> None:
    """As GNU Go does; a board cleared after it has the size of the file."""
    file, named = tmp_path / "nine.sgf", tmp_path / "named.sgf"
    file.write_text("(;GM[1]SZ[9];B[cc];W[gg])")
    named.write_text("(;GM[1]SZ[7]KM[6.5];B[cc])")
    said = answers(
        f"loadsgf {file}\nplay b J9\nfinal_score\nloadsgf {named}\nfinal_score\nclear_board\nplay b G7\nplay w J9\n",
        game="go",
        size=5,
        komi=3.5,
    )
    assert said[:2] == ["=", "="] and said[2] == "= W+2.5"
    assert said[3] == "=" and said[4] == "= B+42.5"
    assert said[5:7] == ["=", "="] and said[7].startswith("? ")


def test_a_file_that_the_player_does_not_play_is_refused_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def learned(spec: str, game: Game, *, seed: int) -> Player:
        if (game.spec.options["size"], game.spec.options["komi"]) != (5, 7.5):
            raise UserError("it plays go(size=5, komi=7.5)")
        return made(spec, game, seed=seed)

    made = player
    monkeypatch.setattr(sys.modules[__name__], "player", learned)
    (tmp_path / "nine.sgf").write_text("(;GM[1]SZ[9];B[cc];W[gg])")
    (tmp_path / "five.sgf").write_text("(;GM[1]SZ[5]KM[0.5];B[cc])")
    text = f"play b A1\nloadsgf {tmp_path}/nine.sgf\nplay w E5\nloadsgf {tmp_path}/five.sgf\nfinal_score\ngenmove w\n"
    said = answers(text, "random", "go", size=5)
    assert said[1] == "? cannot load file: it plays go(size=5, komi=7.5)" and said[2] == "="
    assert said[3:5] == ["=", "= B+24.5"] and said[5].startswith("= ")  # its komi is for the score alone
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == ["komi 0.5 is for the score alone"]


# Analysis -------------------------------------------------------------------------------------------------------------------

LZ = re.compile(
    r"(info move [A-C][1-3] visits \d+ winrate \d{1,5} prior \d{1,5} lcb \d{1,5} order \d pv [A-C][1-3]( [A-C][1-3])*( |$))+"
)
KATA = re.compile(
    r"(info move [A-C][1-3] visits \d+ utility -?\d\.\d+ winrate \d\.\d+ prior \d\.\d+ lcb \d\.\d+ utilityLcb -?\d\.\d+ "
    r"order \d pv [A-C][1-3]( [A-C][1-3])*( |$))+"
)


def test_a_komi_that_the_player_does_not_play_is_for_the_score(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The protocol lets none be refused; controllers send that of a file, which may name none."""

    def learned(spec: str, game: Game, *, seed: int) -> Player:
        if game.spec.options["komi"] != 7.5:
            raise UserError("it plays komi=7.5")
        return made(spec, game, seed=seed)

    made = player
    monkeypatch.setattr(sys.modules[__name__], "player", learned)
    text = (
        "komi 0\nplay b C3\ngenmove w\nundo\nfinal_score\nclear_board\nfinal_score\nkomi 7.5\nfinal_score\nkomi 5000\nfinal_score\n"
    )
    said = answers(text, "random", "go", size=5)
    assert [said[i] for i in (0, 1, 3, 5, 7, 9)] == ["="] * 6
    assert [said[i] for i in (4, 6, 8, 10)] == ["= B+25", "= 0", "= W+7.5", "= W+5000"]
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "komi 0 is for the score alone",
        "komi 5000 is for the score alone",
    ]


def test_free_handicap_may_be_fewer_stones_than_asked_for() -> None:
    said = answers(
        "place_free_handicap 12\nclear_board\nfixed_handicap 12\nboardsize 7\nplace_free_handicap 9\n", game="go", size=9
    )
    assert len(said[0].removeprefix("=").split()) == 9
    assert said[2].startswith("?")
    assert len(said[4].removeprefix("=").split()) == 4


def test_moves_of_a_file_are_counted_as_it_has_them(tmp_path: Path) -> None:
    """Othello's forced passes may be left out of it, and are no moves of it then."""
    game = make("othello", size=6)
    position, generator = game.start(), random.Random(0)
    while position.history[-1:] != (36,):  # until somebody has to pass
        position = position.after(generator.choice(position.legal_actions())) if not position.terminal else game.start()
    ply = len(position.history)
    whole = write_game(position.play([position.legal_actions()[0]]))
    (tmp_path / "short.sgf").write_bytes(re.sub(rb";[BW]\[\]", b"", whole))
    said = answers(
        f"loadsgf {tmp_path}/short.sgf {ply}\nshowboard\nloadsgf {tmp_path}/short.sgf\nshowboard\n", game="othello", size=6
    )
    assert [len(re.findall("[XO] |[XO]$", answer, re.MULTILINE)) for answer in said[1::2]] == [4 + ply - 1, 4 + ply]


def test_a_file_whose_game_goes_on_after_two_passes_is_loaded(tmp_path: Path) -> None:
    file = tmp_path / "on.sgf"
    file.write_text("(;SZ[9];B[ee];W[];B[];W[cc])")
    said = answers(f"loadsgf {file}\nplay b G3\nundo\nundo\nshowboard\n", game="go", size=9)
    assert said[:4] == ["="] * 4 and said[4].count("O") == 0 and said[4].endswith("white to move")


def test_loadsgf_keeps_what_sgf_does_not_say(tmp_path: Path) -> None:
    """The rules of ko of a file without RU are the engine's, and so is what its network sees."""
    file = tmp_path / "game.sgf"
    file.write_text("(;GM[1]SZ[5]KM[0];B[cc];W[bb])")
    said = answers(f"loadsgf {file}\nkata-get-rules\nclear_board\nkata-get-rules\n", game="go", size=9, superko="simple", history=2)
    assert ['"ko": "SIMPLE"' in answer for answer in said] == [False, True, False, True]
    file.write_text("(;GM[1]SZ[5]KM[0]RU[Tromp-Taylor];B[cc];W[bb])")
    said = answers(f"loadsgf {file}\nkata-get-rules\n", game="go", size=9, superko="simple", history=2)
    assert '"ko": "POSITIONAL"' in said[1]


@pytest.mark.parametrize(("kind", "form"), [("lz", LZ), ("kata", KATA)])
def test_a_move_is_generated_with_its_thoughts(kind: str, form: re.Pattern[str]) -> None:
    said = answers(f"3 {kind}-genmove_analyze b 10\nshowboard\n", "mcts:300")
    first, *infos, last = said[0].splitlines()
    assert first == "=3" and infos and all(form.fullmatch(line) for line in infos)
    assert last == f"play {infos[-1].split()[2]}"
    assert "X" in said[1] and "white to move" in said[1]


def test_moves_told_are_counted_and_in_order() -> None:
    for words, count in (("maxmoves 2", 2), ("minmoves 9 ownership true", 9)):
        line = answers(f"lz-genmove_analyze b interval 1000 {words}\n", "mcts:100")[0].splitlines()[-2]
        assert [int(order) for order in re.findall(r"order (\d+)", line)] == list(range(count))
        visits = [int(number) for number in re.findall(r"visits (\d+)", line)]
        assert visits[1:] == sorted(visits[1:], reverse=True)


@pytest.mark.parametrize("stop", ["\n", "2 name\n", "\x00", ""])
def test_an_analysis_streams_until_something_comes(stop: str) -> None:
    """Also the end of the input is something."""
    with subprocess.Popen([*ENGINE, "mcts:10", "--game", "connect_four"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as engine:
        engine.stdin.write(b"1 kata-analyze b 5\n")
        engine.stdin.flush()
        assert engine.stdout.readline() == b"=1\n"
        lines = [engine.stdout.readline() for _ in range(4)]
        began = time.monotonic()
        engine.stdin.write(stop.encode())
        engine.stdin.close()
        whole = (b"".join(lines) + engine.stdout.read()).decode()
        assert time.monotonic() - began < 5
    visits = [sum(map(int, re.findall(rb"visits (\d+)", line))) for line in lines]
    assert visits == sorted(visits) and visits[-1] > 10
    assert engine.returncode == 0
    analysis, _, after = whole.partition("\n\n")
    assert all(line.startswith("info ") for line in analysis.splitlines())
    assert after == ("=2 zerodojo mcts:10\n\n" if "name" in stop else "")


def test_a_solved_position_is_told_once_and_waits() -> None:
    text = "play b a1\nplay w b1\nplay b a2\nplay w b2\nreg_genmove b\nlz-analyze b 10\nname\n"  # what is compiled is loaded first
    said = answers(text, "mcts:50")
    assert LZ.fullmatch(said[5].splitlines()[-1]) and "move A3" in said[5]
    assert said[6] == "= zerodojo mcts:50"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("lz-analyze w", "it is black's turn"),
        ("lz-analyze b 10 maxmoves", "'maxmoves' stands without its value"),
        ("lz-analyze b 10 avoid A1", "'avoid' is not known here; known: interval"),
        ("kata-analyze interval x", "'x' is no whole number"),
        ("kata-genmove_analyze purple", "'purple' is no colour"),
    ],
)
def test_what_an_analysis_cannot_do_is_refused(command: str, message: str) -> None:
    assert answers(f"{command}\n")[0].startswith(f"? {message}")


def test_who_does_not_search_has_no_analysis() -> None:
    assert answers("lz-analyze\n", "random")[0].startswith("? random does not search")


# Time -----------------------------------------------------------------------------------------------------------------------


@given(
    main=st.floats(0, 3600),
    overtime=st.floats(1, 600) | st.just(0.0),
    stones=st.integers(1, 30),
    used=st.lists(st.floats(0, 1), min_size=1, max_size=200),
)
def test_the_clock_never_runs_out(main: float, overtime: float, stones: int, used: list[float]) -> None:
    """A player that uses any part of its limit, and LAG more where it was given a thought, is never below nothing."""
    clock = Clock()
    clock.set(main, overtime, stones if overtime else 0)
    left, period = main, 0.0
    to_play = 0
    for share in used:
        limit = clock.limit(0)
        assert limit is not None
        seconds = share * limit + (LAG if limit > 0 else 0)
        clock.charge(0, seconds)
        if to_play == 0 and (seconds < left or not overtime):  # main time
            left -= seconds
            assert left >= 0
            continue
        if to_play == 0:
            period, to_play = overtime + left, stones
            left = 0.0
        period -= seconds
        assert period >= 0
        to_play -= 1
        if to_play == 0:
            period, to_play = overtime, stones


def test_time_that_is_left_counts_for_its_player() -> None:
    clock = Clock()
    assert clock.limit(0) is None
    clock.set(300, 0, 0)
    assert clock.limit(0) == clock.limit(1) == pytest.approx(8.9)
    clock.correct(1, 10, 5)
    assert (clock.limit(0), clock.limit(1)) == (pytest.approx(8.9), pytest.approx(1.7))
    clock.restart()
    assert clock.limit(1) == pytest.approx(8.9)
    clock.set(0, 30, 0)  # overtime without stones: no limit
    assert clock.limit(0) is None


def test_moves_come_within_the_time() -> None:
    text = "time_settings 0 1 1\n" + "genmove b\ngenmove w\n" * 2
    answers("genmove b\n", "mcts:10", "connect_four")  # compiled
    began = time.monotonic()
    said = answers(text, "mcts:1000000", "connect_four")
    assert time.monotonic() - began < 4.5 and said[0] == "=" and all(re.fullmatch("= [1-7]", move) for move in said[1:])


def test_time_settings_of_every_kind() -> None:
    said = answers(
        "time_settings 60 10 5\ntime_left b 3 0\nkgs-time_settings none\nkgs-time_settings absolute 60\n"
        "kgs-time_settings canadian 60 30 10\nkgs-time_settings byoyomi 60 30 5\ntime_settings x 1 1\ntime_settings 1\n"
        "kgs-time_settings\ntime_left b -1 0\ntime_settings nan 1 1\nkgs-game_over\n"
    )
    assert [answer[0] for answer in said] == list("======?????=")


# Bad input --------------------------------------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    [*COMMANDS, "b", "w", "B2", "a1", "9", "-1", "", "pass", "resign", "interval", "#", "1e9", "nan", "\x00", "²"]
)
LINES = st.lists(st.lists(WORDS | st.text(max_size=5), max_size=5).map(" ".join), max_size=12)


@settings(deadline=None, max_examples=60)
@given(lines=LINES)
def test_junk_is_answered_or_passed_over(lines: list[str]) -> None:
    text = "\n".join(lines).replace("loadsgf", "loadsg").replace("\r", " ")
    said = talk(f"{text}\n999 name\n", "mcts:2")
    quits = re.search(r"^[\s\d\x00-\x1f]*quit\b", text, re.MULTILINE)
    assert quits or said.endswith("=999 zerodojo mcts:2\n\n")
    for answer in said.split("\n\n")[:-1]:
        assert answer[0] == "=" or re.fullmatch(rf"\?\d* .+{PLACE}", answer)
    assert "internal error" not in said


@settings(deadline=None, max_examples=30)
@given(data=st.binary(max_size=300))
def test_bytes_that_are_no_text_are_no_end(data: bytes) -> None:
    said = talk(data.replace(b"quit", b"q") + b"\n999 name\n", "random")
    assert said.endswith("=999 zerodojo random\n\n") and "internal error" not in said


def test_a_refusal_tells_the_line_and_the_word() -> None:
    said = talk(
        "# lines without an answer count\n\nplay b Z9\n7  play  purple B2\n play b b\ntime_settings 1 x x\n"
        "lz-analyze b 10 minmoves -1\nfinal_status_list gone\nfly\nboardsize\nboardsize 99\nloadsgf /none\nplay w a1\nplay b a1\n"
        "play w a1\nkgs-time_settings x\nkata-set-rules x\n"
    )
    places = [re.search(PLACE, answer) for answer in said.split("\n\n")[:-1]]
    assert [place and (int(place[1]), int(place[2])) for place in places] == [
        (3, 8), (4, 10), (5, 9), (6, 17), (7, 26), (8, 19), (9, 1), (10, 1),
        (11, 11), (12, 9), (13, 6), None, (15, 8), (16, 19), (17, 16),
    ]  # fmt: skip


def test_a_million_bytes_without_a_newline() -> None:
    said = talk(b"x" * 1_000_000 + b"\n1 name\n", "random")
    assert said == f"? line too long (input line 1, column {LONGEST + 1})\n\n=1 zerodojo random\n\n"


@pytest.mark.parametrize(
    ("line", "answer", "stones"),
    [
        ("3 play b B2" + " " * 70_000 + "XX", "?3 line too long", 0),
        ("play b B2" + " " * 70_000, "? line too long", 0),
        (" " * 70_000 + "3 play b B2", "? line too long", 0),
        ("3 play b B2 # " + "x" * 70_000, "=3", 1),
    ],
    ids=["word behind the cut", "blanks behind the cut", "blanks before", "comment"],
)
def test_a_line_that_is_cut_is_not_obeyed(line: str, answer: str, stones: int) -> None:
    """What is left of it might be another command; only a comment may be cut."""
    said = answers(f"{line}\nshowboard\n", "random")
    assert said[0] == answer and said[1].count("X") == stones


def test_lines_are_cut_and_the_last_needs_no_end() -> None:
    reading, writing = os.pipe()
    sender = threading.Thread(target=_send, args=(writing, b"a\n\n" + b"b" * (3 * LONGEST) + b"\r\n" + b"d" * LONGEST + b"\nc"))
    sender.start()
    assert list(Lines(reading)) == [("a", False), ("", False), ("b" * LONGEST, True), ("d" * LONGEST, False), ("c", False)]
    sender.join()
    os.close(reading)


# The command ------------------------------------------------------------------------------------------------------------------


def test_the_command_ends_with_the_input_or_with_quit() -> None:
    for text in ("name\n", "name\nquit\nname\n", "name"):
        done = subprocess.run([*ENGINE, "random", "--game", "tic_tac_toe"], input=text, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("= zerodojo random\n\n") and done.stdout.count("random") == 1


def test_a_trained_agent_knows_its_game() -> None:
    done = subprocess.run(
        [*ENGINE, "zoo:tic_tac_toe"], input="boardsize 3\ngenmove b\n", capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0 and re.fullmatch(r"=\n\n= [A-C][1-3]\n\n", done.stdout)


@pytest.mark.parametrize(
    "words", ["nobody --game tic_tac_toe", "random --game chequers", "mcts:5 --game connect_four --option size=3"]
)
def test_wrong_arguments_are_one_line(words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        assert front.main(["gtp", *words.split()]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith("zerodojo: unknown ") and said.err.count("\n") == 1


def test_an_engine_that_cannot_play_the_game_is_not_made() -> None:
    with pytest.raises(UserError, match="plays tic_tac_toe"):
        talk("", "zoo:tic_tac_toe", "connect_four")
