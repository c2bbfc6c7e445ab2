"""The words of GTP: what a line says, what an answer looks like, and that both come back from a round trip."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerodojo.envs import GAMES, make
from zerodojo.envs.notation.gtp import (
    LARGEST,
    Command,
    Word,
    format_answer,
    format_vertex,
    parse_answer,
    parse_command,
    parse_player,
    parse_vertex,
    parse_whole,
)
from zerodojo.errors import UserError

NAMES = [name for name in ("tic_tac_toe", "connect_four", "othello", "gomoku", "hex", "breakthrough", "go") if name in GAMES]
WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FFF, exclude_characters="#"), min_size=1).filter(
    lambda word: word.split() == [word] and not any(ord(c) == 127 for c in word)
)


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("name", Command("", "name", ())),
        ("12 play b D4\n", Command("12", "play", ("b", "D4"), 4)),
        ("\t7\tplay\tw  pass # and a word", Command("7", "play", ("w", "pass"), 4)),
        ("na\x07me\r\n", Command("", "name", ())),
        ("007 name", Command("007", "name", (), 5)),
        ("5", Command("5", "", ())),
        (f"{LARGEST + 1} name", Command("", str(LARGEST + 1), ("name",))),
        ("-3 name", Command("", "-3", ("name",))),
        ("²", Command("", "²", ())),
        ("", None),
        (" \t\r\n", None),
        ("# only a comment", None),
        ("\x00\x01", None),
    ],
)
def test_command_lines(line: str, command: Command | None) -> None:
    assert parse_command(line) == command


@given(number=st.none() | st.integers(0, LARGEST), name=WORDS.filter(lambda w: not w.isdigit()), arguments=st.lists(WORDS))
def test_a_command_survives_its_line(number: int | None, name: str, arguments: list[str]) -> None:
    written = "" if number is None else str(number)
    column = len(written) + 2  # a blank in front of the name, with an id or without
    assert parse_command(" ".join([written, name, *arguments])) == Command(written, name, tuple(arguments), column)


@given(st.text(st.sampled_from("ab \t\x00\x0b\x1f\x7f#\u2003é")))
def test_words_know_their_columns(line: str) -> None:
    """What no control character stands in is found where its column says."""
    command = parse_command(line)
    for word in command.arguments if command else ():
        assert isinstance(word, Word)
        begun = line[word.column - 1 :]
        assert begun.translate(dict.fromkeys((*range(32), 127))).startswith(word)
        assert not begun[0].isspace()


@given(st.text())
def test_any_line_is_a_command_or_nothing(line: str) -> None:
    command = parse_command(line)
    assert command is None or (command.id or command.name)


def test_answers() -> None:
    assert format_answer("", "") == "=\n\n"
    assert format_answer("3", "") == "=3\n\n"
    assert format_answer("3", "D4") == "=3 D4\n\n"
    assert format_answer("", "unknown command", failed=True) == "? unknown command\n\n"
    assert format_answer("1", "\n a\n\n b\n\n") == "=1\n a\n b\n\n"


@given(number=st.sampled_from(["", "0", "17"]), text=st.text(), failed=st.booleans())
def test_an_answer_ends_with_its_first_empty_line(number: str, text: str, failed: bool) -> None:
    answer = format_answer(number, text, failed=failed)
    assert answer.startswith(f"{'?' if failed else '='}{number}")
    assert answer.endswith("\n\n") and answer.index("\n\n") == len(answer) - 2


@given(number=st.sampled_from(["", "5"]), word=st.from_regex(r"[A-Za-z][A-Za-z0-9 ]{0,20}", fullmatch=True), failed=st.booleans())
def test_an_answer_survives_its_text(number: str, word: str, failed: bool) -> None:
    text = format_answer(number, word, failed=failed)
    assert parse_answer(text.removesuffix("\n\n")) == (not failed, word.strip())


@pytest.mark.parametrize("text", ["", "hello", "\x00", "D4 ="])
def test_what_is_no_answer_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="begins with"):
        parse_answer(text)


@pytest.mark.parametrize("name", NAMES)
def test_every_action_survives_its_vertex(name: str) -> None:
    game = make(name)
    vertices = [format_vertex(game, action) for action in range(game.spec.num_actions)]
    assert [parse_vertex(game, vertex) for vertex in vertices] == list(range(game.spec.num_actions))
    assert [parse_vertex(game, vertex.lower()) for vertex in vertices] == list(range(game.spec.num_actions))
    assert not any(" " in vertex for vertex in vertices)


@pytest.mark.parametrize("name", NAMES)
@given(text=st.text())
def test_other_vertices_are_refused_in_one_line(name: str, text: str) -> None:
    game = make(name)
    known = {format_vertex(game, action).lower(): action for action in range(game.spec.num_actions)}
    if text.strip().lower() in known:
        assert parse_vertex(game, text) == known[text.strip().lower()]
    else:
        with pytest.raises(UserError) as refusal:
            parse_vertex(game, text)
        assert len(str(refusal.value).splitlines()) == 1


def test_colours() -> None:
    game = make("tic_tac_toe")
    assert [parse_player(game, text) for text in ("b", "Black", "W", "WHITE")] == [0, 0, 1, 1]
    for text in ("red", "", "x" * 1000):
        with pytest.raises(UserError, match="is no colour"):
            parse_player(game, text)


def test_the_words_of_hex() -> None:
    game = make("hex", size=5)
    assert [parse_player(game, text) for text in ("red", "blue")] == [0, 1]
    assert format_vertex(game, game.parse_action("swap")) == "swap-pieces"
    assert parse_vertex(game, "Swap-Pieces") == game.parse_action("swap")


def test_whole_numbers() -> None:
    assert [parse_whole(text) for text in ("0", "19", str(LARGEST))] == [0, 19, LARGEST]
    for text in ("-1", "", "1.5", "²", str(LARGEST + 1), "9" * 100_000):
        with pytest.raises(UserError, match="no whole number"):
            parse_whole(text)
