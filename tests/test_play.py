"""`zerodojo play` through pipes: whole games, slips, and every way of leaving."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from numba import njit
from rich.color import Color
from rich.console import Console
from rich.style import Style

from zerodojo.agents import Decision, Limit
from zerodojo.agents.players.random import RandomPlayer
from zerodojo.cli import main as front
from zerodojo.cli.board import LOOKS, Board
from zerodojo.cli.table import Table, parse_moves
from zerodojo.envs import GAMES, Position, make
from zerodojo.jit import when_compiling


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    """Runs `zerodojo play` in this process on lines of input; gives the exit code, the output and the error output."""

    def run(arguments: str, *lines: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        code = front.main(["play", *arguments.split()])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_a_whole_game_through_a_pipe() -> None:
    """A person who tries every point in turn against perfect play: a draw or a loss, never a win."""
    points = [f"{column}{row}" for row in (1, 2, 3) for column in "abc"]
    command = [sys.executable, "-m", "zerodojo.cli.main", "play", "tic_tac_toe", "--opponent", "minimax:9", "--seed", "3"]
    done = subprocess.run(command, input="\n".join(points) + "\n", capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and done.stderr == ""
    assert "\x1b" not in done.stdout
    assert "The opponent wins after" in done.stdout or "A draw after 9 moves" in done.stdout
    assert re.search(r"^Moves: a1( [abc][123])+$", done.stdout, re.MULTILINE)


def test_every_move_is_commented_on(play) -> None:  # type: ignore[no-untyped-def]
    code, out, err = play("tic_tac_toe --opponent minimax:9 --comment --seed 1", "b2", "undo", "a1", "quit")
    assert (code, err) == (0, "")
    said = [line for line in out.splitlines() if line.endswith(("The game is open.", "Both have their chances."))]
    assert len(said) == 4, out  # on two moves, and on the other two after they were taken back


def test_who_does_not_judge_has_nothing_to_comment_on(play) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = play("tic_tac_toe --opponent random --comment", "a1", "quit")
    assert code == 0 and out.count("there is nothing to comment on") == 1
    assert play("tic_tac_toe --opponent human --comment")[0] == 2


def test_bytes_that_are_no_text_are_no_move() -> None:
    command = [sys.executable, "-m", "zerodojo.cli.main", "play", "tic_tac_toe", "--opponent", "random"]
    environment = os.environ | {"PYTHONIOENCODING": "utf-8:strict"}
    done = subprocess.run(command, input=b"\xff\xfe\nb2\nquit\n", capture_output=True, timeout=120, env=environment)
    assert done.returncode == 0 and done.stderr == b""
    assert "is neither a move nor a command" in done.stdout.decode() and "Moves: b2" in done.stdout.decode()


@pytest.mark.parametrize("plain", [False, True])
def test_at_a_terminal_there_is_colour_unless_it_is_not_wanted(plain: bool) -> None:
    """What is typed is shown once (by the terminal), and NO_COLOR leaves nothing but letters."""
    ours, theirs = pty.openpty()
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | {"TERM": "xterm-256color"}
    environment |= {"NO_COLOR": "1"} if plain else {}
    command = [sys.executable, "-m", "zerodojo.cli.main", "play", "connect_four", "--opponent", "minimax:1", "--moves", "4 4 4"]
    with subprocess.Popen([*command, "--second"], stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        os.write(ours, b"quit\n")
        shown = b""
        with contextlib.suppress(OSError):  # how a terminal says that its other end is closed
            while piece := os.read(ours, 4096):
                shown += piece
    os.close(ours)
    text = shown.decode()
    assert process.returncode == 0
    assert not plain or text.count("quit") == 1
    assert ("\x1b" in text) != plain and ("●" in text) != plain and ("(X)" in text) == plain


def test_a_game_is_drawn_with_its_last_move_and_winning_line(play) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = play("connect_four --opponent random --seed 1 --moves 4141414")
    assert code == 2  # moves are separated
    code, out, _ = play("connect_four --opponent random --seed 1 --moves 4,1,4,1,4,1", "4")
    assert code == 0
    assert "You win after 7 moves." in out
    assert out.count("[X]") == 4 and "1  2  3  4  5  6  7" in out
    assert '--moves "4 1 4 1 4 1 4"' in out
    assert "(O)" in out  # the last move of the position it began from


def test_chess_takes_english_notation(play) -> None:  # type: ignore[no-untyped-def]
    lines = ["e4", "e7e5", "Nf3", "nc6", "Bb5", "Nf6", "o-o", "Nf7", "Nxe4", "Zf3", "quit"]
    code, out, _ = play("chess --opponent human", *lines)
    assert code == 0
    assert "Nf7 is not legal here; legal: " in out and "'Zf3' is neither a move nor a command. Moves: " in out
    moves = "e2e4 e7e5 g1f3 b8c6 f1b5 g8f6 e1g1 f6e4"
    assert f"Moves: {moves}\n" in out
    code, out, _ = play("chess --opponent human --moves e4,e5,Nf3,Nc6,Bb5,Nf6,O-O,Nxe4", "quit")
    assert code == 0 and f"Moves: {moves}\n" in out


@pytest.mark.parametrize("name", ["chess", "breakthrough"])
def test_a_chessboard_has_light_and_dark_squares_in_colour(name: str) -> None:
    """The square on the lower right is light, neighbours differ, and an empty one has its dot, as on every board."""
    game = make(name)
    console = Console(force_terminal=True, color_system="truecolor", width=80)
    segments = [
        [segment for segment in line if segment.style is not None and segment.style.bgcolor is not None]
        for line in console.render_lines(Board(game, colour=True).draw(game.start()), pad=False)
    ]
    rows = [line for line in segments if line]
    grounds = [[segment.style.bgcolor.name for segment in line for _ in segment.text] for line in rows]  # type: ignore[union-attr]
    assert len(grounds) == 8 and all(len(line) == 24 for line in grounds)
    light, dark = grounds[7][23], grounds[7][20]
    assert light != dark
    assert all(
        line[3 * c + i] == (dark if (r + c) % 2 else light) for r, line in enumerate(grounds) for c in range(8) for i in range(3)
    )
    assert "".join(segment.text for segment in rows[4]) == 8 * " · "


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("connect_four", "Moves: 1, 2, 3, 4, 5, 6, 7."),
        ("connect_four --moves 4,4,4,4,4,4", "Moves: 1, 2, 3, 5, 6, 7."),
        ("hex --option size=3", "Moves: a1, b1, c1, a2, b2, c2, a3, b3, c3."),  # no swap, which is not legal yet
        ("hex --option size=5", "Moves: a1 to e5."),
        ("hex --option size=3 --moves a1 --second", "Moves: b1, c1, a2, b2, c2, a3, b3, c3, swap."),
        ("go --option size=5", "Moves: A5 to E1, pass."),
        ("othello --option size=6", "Moves: c2, b3, e4, d5."),
        ("breakthrough", "Moves are written like a2a3, a2b3, b2a3."),
        ("hex --option size=5 --second", "Moves are written like a1, b1, c1."),
    ],
)
def test_the_moves_that_are_legal_now_are_told_in_one_line(play, arguments: str, told: str) -> None:  # type: ignore[no-untyped-def]
    _, out, _ = play(f"{arguments} --opponent random", "quit")
    (line,) = [line for line in out.splitlines() if line.startswith("Moves") and line.endswith("Type one, or help.")]
    assert line == f"{told} Type one, or help." and len(line) <= 80


def test_a_game_that_is_over_has_no_moves_to_type(play) -> None:  # type: ignore[no-untyped-def]
    _, out, _ = play("tic_tac_toe --opponent random --moves a1,a2,b1,b2,c1")
    assert "Type one" not in out and "You win" in out


def test_help_tells_the_rules(play) -> None:  # type: ignore[no-untyped-def]
    _, out, _ = play("connect_four --opponent random --option connect=5", "help", "quit")
    assert f"\n{make('connect_four', connect=5).rules}\n  a move " in out and "5 of yours in a line" in out


@pytest.mark.parametrize("colour", [False, True])
def test_it_is_seen_whose_edges_are_whose(colour: bool) -> None:
    game = make("hex", size=19)
    board = Board(game, colour=colour)
    lines = board.draw(game.start()).plain.splitlines()
    first, second = (board.side(player).plain for player in (0, 1))
    assert lines[-1].strip() == f"{first} connects top and bottom, {second} connects left and right"
    assert max(map(len, lines)) < 80


def test_bad_moves_are_refused_with_the_legal_ones(play) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = play("connect_four --opponent random --moves 4,4,4,4,4,4", "4", "9", "hello", "", "quit")
    assert code == 0
    assert "4 is not legal here; legal: 1, 2, 3, 5, 6, 7." in out
    assert "'9' is neither a move nor a command. Moves: 1, 2, 3, 5, 6, 7; or help." in out
    assert "'hello' is neither" in out
    assert "You leave the game." in out
    _, out, _ = play("hex --opponent random", "hello", "quit")
    assert "'hello' is neither a move nor a command. Moves: a1 to k11; or help." in out


def test_the_end_of_the_input_ends_the_game(play) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = play("connect_four --opponent minimax:1 --seed 2", "4")
    assert code == 0 and "The input ends, and with it the game." in out
    again = re.search(r"To take it up again:\n  zerodojo (play .*) --moves \"(.*)\"", out)
    assert again
    code, out, _ = play(f"{again[1].removeprefix('play ')} --moves {again[2].replace(' ', ',')}", "quit")
    assert code == 0 and f"Moves: {again[2]}" in out


def test_to_go_on_is_typed_as_the_program_was_called(play, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "argv", ["a venv/bin/zerodojo"])
    _, out, _ = play("tic_tac_toe --opponent random", "a1")
    assert "To take it up again:\n  'a venv/bin/zerodojo' play tic_tac_toe --opponent random --moves " in out


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("resign", "The opponent resigns."),
        ("crash", "The opponent forfeits: the program ended before it answered 'genmove white'."),
    ],
)
def test_an_opponent_that_gives_up_loses(
    fault: str, sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = Path(__file__).parent / "agents" / "gtp_fake.py"
    monkeypatch.setattr(sys, "stdin", io.StringIO("c3\nb3\n"))
    assert front.main(["play", "tic_tac_toe", "--opponent", f"gtp:{sys.executable} -I -S {fake} {fault}"]) == 0
    said = capsys.readouterr().out
    assert sentence in said and "You win after 3 moves." in said


def test_undo_takes_back_both_moves(play) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = play("connect_four --opponent minimax:1", "undo", "4", "u", "u", "quit")
    assert code == 0 and "Taken back: 2 moves." in out
    assert out.count("There is no move of yours to take back.") == 2
    assert "Moves: " not in out.split("You leave the game.")[1]
    code, out, _ = play("connect_four --opponent minimax:1 --second", "undo", "quit")
    assert "There is no move of yours" in out


def test_thoughts_and_hints_show_chances_from_the_persons_side(play) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = play("connect_four --opponent mcts:300 --seed 1 --moves 4,1,4,1", "think", "4", "hint", "think", "quit")
    assert code == 0
    assert "The opponent has not thought yet" in out
    assert "The opponent played 4, after 300 simulations." in out
    assert "In your place the opponent would play" in out
    assert out.count("move   prior   visits   your chances") == 2
    told = re.findall(r"^Your chances after (\d): (\d+%)\n.*\n +(\d) .* (\d+%)$", out, re.MULTILINE)
    assert len(told) == 2 and all(said[:2] == said[2:] for said in told)  # one number for the move, wherever it stands
    assert re.search(r"^Main line: 4( \d)*$", out, re.MULTILINE)
    code, out, _ = play("connect_four --opponent minimax:2 --moves 4,1,4,1,4,1", "hint", "quit")
    assert "In your place the opponent would play 4." in out and "Your chances after 4: 100%" in out


def test_an_opponent_without_thoughts_says_so(play) -> None:  # type: ignore[no-untyped-def]
    _, out, _ = play("connect_four --opponent random", "hint", "4", "think", "quit")
    assert out.count("It shows no thoughts.") == 2 and "prior" not in out


class Sure(RandomPlayer):
    """Judges its own move and no other, as a chess program does."""

    def decide(self, position: Position, limit: Limit | None = None) -> Decision:
        return replace(super().decide(position), value=0.5)


@pytest.fixture
def sit(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Plays tic-tac-toe at a terminal of so many columns on lines that are typed; gives what is shown."""

    def run(*lines: str, width: int = 80, opponent: type[RandomPlayer] = RandomPlayer) -> str:
        typed = iter(lines)
        monkeypatch.setattr("builtins.input", lambda prompt: next(typed))
        game, shown = make("tic_tac_toe"), io.StringIO()
        console = Console(file=shown, width=width, soft_wrap=True, force_terminal=False)
        moves = parse_moves(game, "a1 b2 b1 a2")
        Table(game, opponent(game), seat=0, console=console, source=io.StringIO(), watched=True, again="again").play(moves)
        assert next(typed, None) is None
        return shown.getvalue()

    return run


def test_an_opponent_that_judges_one_move_shows_no_table(sit) -> None:  # type: ignore[no-untyped-def]
    shown = sit("hint", "c1", "", opponent=Sure)
    assert "Your chances: 75%\nIt shows no thoughts about other moves.\nMain line: " in shown and "prior" not in shown


def test_after_the_end_unknown_words_are_refused(sit) -> None:  # type: ignore[no-untyped-def]
    shown = sit("c1", "Hello", "b3", "undo", "c1", "quit")
    assert "The game is over, and 'Hello' does nothing any more: undo takes" in shown and "and 'b3' does" in shown
    assert shown.count("You win") == 2


def test_lines_are_parted_between_words_but_the_command_is_whole(sit) -> None:  # type: ignore[no-untyped-def]
    shown = sit("nonsense", "help", "c1", "", width=30)
    assert "'nonsense' is neither a move nor a command" in " ".join(shown.split())
    assert [line for line in shown.splitlines() if len(line) > 30] == ['  again --moves "a1 b2 b1 a2 c1"']


def test_sides_differ_in_more_than_colour() -> None:
    for name in GAMES:
        board = Board(make(name), colour=True)
        assert board.side(0).plain != board.side(1).plain
        assert len(set(LOOKS[name].stones)) in (0, 2) if name in LOOKS else True


def test_black_is_read_on_a_dark_terminal() -> None:
    style = Style.parse(str(Board(make("go"), colour=True).side(0).style))
    assert style.color == Color.parse("#101010") and style.bgcolor == Color.parse("#b98b4e")


def test_it_is_said_once_that_something_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    with when_compiling(lambda: said.append("compiling")):
        for _ in range(2):
            njit(lambda x: x + 1)(1)
    assert said == ["compiling"]


def test_resigning_ends_the_game(play) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = play("connect_four --opponent random", "resign")
    assert code == 0 and "You resign; the opponent wins." in out


def test_two_people_take_turns(play) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = play("tic_tac_toe --opponent human", "a1", "hint", "a2", "think", "b1", "b2", "c1")
    assert code == 0 and "X wins after 5 moves." in out
    assert "O to move> a2" in out and out.count("nobody thinks along") == 2
    _, out, _ = play("tic_tac_toe --opponent human", "a1", "resign")
    assert "X wins by resignation after 1 move." in out


def test_options_make_another_board(play) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = play("connect_four --opponent random --option width=4 --option height=5", "help", "quit")
    assert code == 0 and "1  2  3  4\n" in out and "take back your last move" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("conect_four", "unknown game 'conect_four'; did you mean connect_four?"),
        ("connect_four --opponent minimx:3", "unknown player 'minimx:3'; did you mean minimax:DEPTH?"),
        ("connect_four --opponent random --option width", "--option takes KEY=VALUE"),
        ("connect_four --opponent random --option widht=5", "did you mean width"),
        ("connect_four --opponent random --moves 1,9", "is no column"),
        ("connect_four --first --second", "cannot both be"),
        ("connect_four --option width=5", "zoo:connect_four plays connect_four(width=7), not connect_four(width=5);"),
        ("tic_tac_toe --opponent mcts:1000000000", "a search of 1,000,000,000 simulations may need"),
        ("tic_tac_toe --opponent mcts:1 --simulations 1000000000", "GB of memory, more than there is; take fewer simulations"),
    ],
)
def test_slips_are_one_line_and_exit_code_2(play, arguments: str, message: str) -> None:  # type: ignore[no-untyped-def]
    code, out, err = play(arguments)
    assert code == 2 and out == "" and message in err and err.count("\n") == 1


def test_ctrl_c_leaves_with_a_sentence(play, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("zerodojo.cli.table.Table._turn", interrupt)
    code, out, err = play("connect_four --opponent random --moves 4,4")
    assert code == 130 and "Interrupted; the game stops here." in out and "Moves: 4 4" in out and err == ""
