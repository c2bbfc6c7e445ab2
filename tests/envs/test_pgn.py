"""PGN: what is written is read again, headers, variations, Chess960; junk is refused in one line and bounded time."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zerodojo.envs import make
from zerodojo.envs.notation.pgn import read_game, write_game
from zerodojo.errors import UserError

GAME = """[Event "Test"]
[White "Morphy"]
[Black "Duke"]
[Result "1-0"]

1. e4 e5 2. Nf3 {a comment} d6 (2... Nc6 3. Bb5 (3. Bc4)) 3. d4 Bg4 $6
4. dxe5 Bxf3 5. Qxf3 dxe5 1-0
"""


@pytest.mark.parametrize("options", [{}, {"variant": "960", "position": 7}, {"fen": "7k/P7/8/8/8/8/8/K7 w - - 0 1"}], ids=str)
def test_what_is_written_is_read_again(options):
    game, generator = make("chess", **options), np.random.default_rng(1)
    position = game.start()
    while not position.terminal and len(position.history) < 60:
        position = position.after(int(generator.choice(position.legal_actions())))
    text = write_game(position, white="mcts:100", black='runs/"x"', event="a\nb")
    read = read_game(text)
    assert read.position.history == position.history
    assert str(read.position) == str(position)
    assert (read.headers["White"], read.headers["Black"], read.headers["Event"]) == ("mcts:100", 'runs/"x"', "a b")
    assert read.game.spec.options["variant"] == options.get("variant", "standard")


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.text('"\\\\[]{};%\\n ', max_size=6)


@settings(max_examples=60, deadline=None)
@given(
    start=st.sampled_from([{}, {"variant": "960", "position": 7}, {"fen": "1n5k/P6p/8/8/8/8/p6P/1N5K w - - 0 1"}]),
    numbers=st.lists(st.integers(0, 2**16), max_size=60),
    white=words,
    black=words,
    event=words,
    breaks=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_every_game_is_read_as_it_was_written(start, numbers, white, black, event, breaks):
    """Games of random moves, with whatever stands in headers: as a text, and as the bytes of a file."""
    position = make("chess", **start).start()
    for number in numbers:
        legal = position.legal_actions()
        if legal:
            position = position.after(legal[number % len(legal)])
    text = write_game(position, white=white, black=black, event=event)
    for data in (text, text.replace("\n", breaks).encode()):
        read = read_game(data)
        assert read.position.history == position.history
        assert str(read.position) == str(position)
        written = [" ".join(words.split()) or "?" for words in (white, black, event)]
        assert [read.headers[name] for name in ("White", "Black", "Event")] == written


def test_quotes_and_backslashes_of_headers_are_escaped():
    text = write_game(make("chess").start(), white='gtp:a "b"', event="C:\\temp")
    assert '[White "gtp:a \\"b\\""]\n' in text and '[Event "C:\\\\temp"]\n' in text
    headers = read_game('[White "C:\\temp \\"x\\" \\\\"]\n\n1. e4 *').headers
    assert headers["White"] == 'C:\\temp "x" \\'  # a backslash before anything else is let stand


def test_headers_may_share_a_line_with_each_other_and_with_moves():
    fen = "k7/8/8/8/8/8/PPPPPPPP/RNBQKBNR w - - 0 1"
    read = read_game(f'[White "A"] [Black "the \\"B\\"] "][SetUp "1"] [FEN "{fen}"] 1. e4 *')
    assert read.headers == {"White": "A", "Black": 'the "B"] ', "SetUp": "1", "FEN": fen}
    assert read.game.spec.options["fen"] == fen
    assert len(read.position.history) == 1
    assert read_game('[White "the "A" team"] [Black "B"]').headers == {"White": 'the "A" team', "Black": "B"}


def test_the_bytes_of_a_file_are_utf_8_or_else_latin_1():
    text = GAME.replace("Morphy", "Réti, Richárd")
    assert read_game(text.encode()).headers["White"] == "Réti, Richárd"
    assert read_game(b"\xef\xbb\xbf" + text.encode()).headers["White"] == "Réti, Richárd"
    assert read_game(text.encode("latin-1")).headers["White"] == "Réti, Richárd"
    assert read_game(text.encode().replace(b"\n", b"\r\n")).position.history == read_game(text).position.history


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "line 1, column 1: there is no game"),
        (b"\xff\xfe1\x00.\x00", "line 1, column 1: the file is UTF-16"),
        (b"1. e4\r\n\x00\xff\x80", "line 2, column 1: .* is no move"),
        (b"1. e4\r\r2. \xe9", "line 3, column 4: .* is no move"),
        ("1. é".encode(), "line 1, column 4: .* is no move"),
        (bytes(range(256)), "line 1, column 1: .* is no move"),
        (b"PK\x03\x04 packed", "line 1, column 1: .* is no move"),
        (b"\xc3" * 5_000_000, "5,000,000 characters"),
    ],
)
def test_bytes_that_are_no_game_are_refused_with_their_line(data, words):
    with pytest.raises(UserError, match=words) as refusal:
        read_game(data)
    assert len(str(refusal.value).splitlines()) == 1


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_whatever_the_bytes_are_the_answer_is_one_line(data):
    assert "several" not in answer(data)
    assert "several" not in answer(b'[White "A"]\n\n1. e4 ' + data)


def test_the_main_line_is_read():
    read = read_game(GAME)
    assert read.result == "1-0"
    names = [read.game.action_name(action) for action in read.position.history]
    assert names == ["e2e4", "e7e5", "g1f3", "d7d6", "d2d4", "c8g4", "d4e5", "g4f3", "d1f3", "d6e5"]


def test_the_result_is_the_headers_or_the_moves():
    assert read_game("1. e4 e5 1-0").result == "1-0"
    assert read_game('[Result "*"]\n\n1. e4 e5 1/2-1/2').result == "1/2-1/2"
    assert read_game('[Result "0-1"]\n\n1. e4 e5 *').result == "0-1"
    assert read_game('[Result "unknown"]\n\n1. e4 e5').result == "*"
    assert read_game("1. f3 e5 2. g4 Qh4# 0-1").result == "0-1"
    assert read_game("1. Nf3 Nf6 2. Ng1 Ng8 3. Nf3 Nf6 4. Ng1 Ng8 1-0").result == "1-0"  # a draw that nobody has claimed


def test_numbers_of_moves_say_nothing():
    assert answer("7... e4 1. e5 3. Nf3 *") == "e2e4 e7e5 g1f3"


def test_the_result_is_the_positions_own():
    game = make("chess")
    mate = game.start().play([game.parse_action(move) for move in ("f2f3", "e7e5", "g2g4", "d8h4")])
    assert write_game(mate).endswith("1. f3 e5 2. g4 Qh4# 0-1\n")
    assert '[Result "*"]' in write_game(game.start())
    assert '[Result "1-0"]' in write_game(game.start(), result="1-0")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no game"),
        ("no chess at all", "line 1, column 1: 'no' is no move"),
        (GAME.replace("3. d4", "3. d5"), "line 6, column 62: d5 is not a legal move after 4 plies"),
        (GAME.replace("5. Qxf3", "5. Kxf3"), "line 7, column 17"),
        ('[White "A"]\n [Variant "Atomic"]\n\n1. e4 d5 *', "line 2, column 2: the variant 'Atomic' is not played here"),
        ("1. e4 e5 2. Sf3 Sc6 *", "column 13: 'Sf3' is no move"),
        ("1. Nf3 Nf9 2. Nf6 *", "column 8: 'Nf9' is no move"),
        ("hello world e4 e5", "'hello' is no move"),
        ("1. e4 {never ends", "column 7: a comment begins here and does not end"),
        ("1. e4 (1. d4 d5", "column 7: a variation begins here and does not end"),
        ("1. e4) e5", r"a \) closes nothing"),
        ('[White "a', "this is no header"),
        ('[FEN "junk"]\n\n1. e4', "line 1, column 1: .*expected 8 rows"),
        ('[White "A"]\n\n[FEN "8/8/8/8/8/8/8/8 w - - 0 1"]\n\n*', "line 3, column 1: .*cannot be"),
        (f'[White "A"]\n[FEN "{"8/" * 500_000}"]\n\n*', "line 2, column 1: fen='8/8/8/8/.*'... is no position: it has 1,000,000"),
        (f'[Variant "{"x" * 1_000_000}"]\n\n1. e4 *', "line 1, column 1: the variant 'xxx.*' is not played here"),
        ("1. Nf3 Nf6 2. Ng1 Ng8 3. Nf3 Nf6 4. Ng1 Ng8\n5. e4 *", "line 2, column 4: the game is over"),
        ("1. e4\n\x00", "line 2, column 1: .* is no move"),
        ("1. Nf3 Nf6 2. Ng1 Ng8\n" * 2_500, "line 2500, column 19: the game goes on after 9,999 plies"),
        ('[Result "1-0"]\n\n1. e4 e5\n0-1', "line 4, column 1: the moves end with 0-1, and the header says 1-0"),
        ("1. f3 e5 2. g4 Qh4# 1-0", "line 1, column 21: the result is 1-0, and the last position 0-1"),
        ('[White "A"]\n[Result "1/2-1/2"]\n\n1. f3 e5 2. g4 Qh4#', "line 2, column 1: the result is 1/2-1/2"),
        ("1. -- *", "'--' is no move"),
        ("x" * 5_000_000, "line 1, column 4000001: the PGN has 5,000,000 characters"),
        ("\n\n" + "x" * 4_000_000, "line 3, column 3999999: the PGN has 4,000,002 characters"),
    ],
    ids=lambda it: it[:40],
)
def test_what_is_no_game_is_refused_with_its_line(text, words):
    with pytest.raises(UserError, match=words) as refusal:
        read_game(text)
    assert "\n" not in str(refusal.value) and len(str(refusal.value)) < 300


def test_a_game_ends_with_its_result():
    read = read_game("1. e4 e5 1-0\n1. d4 d5 0-1\n")
    assert [read.game.action_name(action) for action in read.position.history] == ["e2e4", "e7e5"]


@pytest.mark.parametrize("plies", [511, 512, 600])
def test_a_long_game_that_goes_on_is_no_draw(plies):
    """Two kings go round in circles that do not fit together, and a pawn moves in time: that is no draw by any rule."""
    white, black = _circling("abcdefg", "12"), _circling("abcdefgh", "87")
    pawns = (f"{file}3{file}4" for file in "abcdefgh")
    moves = []
    for number in range(1, plies // 2 + 2):
        moves += [next(white if number % 40 else pawns), next(black)]
    game = make("chess", fen="k7/8/pppppppp/8/8/PPPPPPPP/8/K7 w - - 0 1", max_plies=1_000)
    position = game.start().play(list(map(game.parse_action, moves[:plies])))
    read = read_game(write_game(position))
    assert read.position.history == position.history
    assert not read.position.terminal


def _circling(files, ranks):
    """The moves of a king that goes there on the first of two ranks and back on the second, without an end."""
    points = [file + ranks[0] for file in files] + [file + ranks[1] for file in reversed(files)]
    return map("".join, itertools.pairwise(itertools.cycle(points)))


def answer(text: str | bytes) -> str:
    """The moves read from a text or bytes, or how they are refused."""
    try:
        read = read_game(text)
    except UserError as error:
        return "refused in a line" if "\n" not in str(error) else f"refused in several lines: {error}"
    return " ".join(map(read.game.action_name, read.position.history))


@pytest.mark.parametrize("seed", range(4))
def test_a_million_characters_of_junk_take_bounded_time(seed):
    letters = ["()", '[]{}"\n ', "abcdefgh12345678NBRQKx+#=O-. \n(){}", "".join(map(chr, range(256)))][seed]
    junk = "".join(np.random.default_rng(seed).choice(list(letters), 1_000_000))
    started = time.monotonic()
    for text in (junk, "1. e4 e5 " + junk, '[White "' + junk):
        assert answer(text) == "refused in a line"
    assert time.monotonic() - started < 60
