"""Games in SGF: known files of every convention, round trips of random games, sgfmill as a peer, and refusals with their place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sgfmill import sgf as sgfmill

from zerodojo.envs import Game, Position, make
from zerodojo.envs.notation import sgf
from zerodojo.envs.notation.sgf_games import UNKNOWN, Result, SgfGame, parse_result, read_game, result_of, write_game
from zerodojo.errors import UserError

VARIANTS = [
    ("go", {"size": 5, "komi": 0.5}),
    ("go", {"size": 5, "superko": "simple", "suicide": True, "komi": -3.0}),
    ("go", {"size": 9, "suicide": True, "komi": 6.0}),
    ("go", {"size": 9, "superko": "simple", "handicap": 2, "komi": 0.5}),
    ("go", {"size": 19}),
    ("othello", {"size": 6}),
    ("othello", {"size": 8}),
    ("gomoku", {"size": 7, "exact": True}),
    ("gomoku", {"size": 15, "swap": True}),
    ("hex", {"size": 5}),
    ("hex", {"size": 11, "swap": False}),
]


def random_position(game: Game, seed: int, plies: int) -> Position:
    """Random play, with the last action (a pass or a swap) as likely as any other."""
    generator = np.random.default_rng(seed)
    position = game.start()
    while not position.terminal and len(position.history) < plies:
        position = position.after(int(generator.choice(position.legal_actions())))
    return position


def moves(read: SgfGame) -> list[str]:
    return list(map(read.game.action_name, read.position.history))


def refusal(data: bytes | str, game: Game | None = None) -> str:
    with pytest.raises(UserError, match=r"^SGF, line \d+, column \d+: ") as refused:
        read_game(data.encode() if isinstance(data, str) else data, game)
    assert len(str(refused.value).splitlines()) == 1
    assert len(str(refused.value)) < 400
    return str(refused.value)


def attempt(data: bytes) -> tuple[SgfGame | None, str]:
    """What is read, or None and why not."""
    try:
        return read_game(data), ""
    except UserError as error:
        return None, str(error)


# Known files ---------------------------------------------------------------------------------------------------------------


def test_go():
    read = read_game(
        b"(;GM[1]FF[4]CA[UTF-8]SZ[9]KM[6.5]RU[Japanese]PB[Honinbo \\] Dosaku]PW[B\\:C]RE[W+R]\n"
        b";B[gc]C[upper right];W[cg];B[];W[tt])"
    )
    options = read.game.spec.options
    assert (options["size"], options["komi"], options["superko"], options["suicide"]) == (9, 6.5, "simple", False)
    assert moves(read) == ["G7", "C3", "pass", "pass"]
    assert read.players == ("Honinbo ] Dosaku", "B:C")
    assert read.result == Result((-1.0, 1.0), "resignation")
    assert [node.text("C") for node in read.root.main_line()][1] == "upper right"


def test_go_without_anything_said():
    read = read_game(b"(;;B[pd];W[dp])")
    assert (read.game.spec.name, read.game.spec.options["size"], read.game.spec.options["komi"]) == ("go", 19, 0.0)
    assert moves(read) == ["Q16", "D4"]
    assert read.result == UNKNOWN


def test_go_with_a_handicap():
    for setup in ("HA[2]AB[gc][cg]", "HA[2];AB[cg][gc]PL[W]", "AB[gc];AB[cg]"):
        read = read_game(f"(;SZ[9]KM[0.5]{setup};W[ee];B[ed])".encode())
        assert read.game.spec.options["handicap"] == 2
        assert moves(read) == ["E5", "E6"]
        board = str(read.position)
        assert board.count("X") == 3 and board.count("O") == 1


def test_go_games_may_be_long_and_end_with_more_passes_than_two():
    game = make("go", size=3, superko="simple", max_plies=40)
    position = next(p for p in (random_position(game, seed, 40) for seed in range(1000)) if len(p.history) > 2 * 3 * 3)
    assert read_game(write_game(position)).position.history == position.history
    assert moves(read_game(b"(;SZ[9];B[ee];W[];B[];W[])")) == ["E5", "pass", "pass"]


def test_a_go_game_may_go_on_after_two_passes():
    """In SGF passes are moves like others; until two come again the game is not over."""
    read = read_game(b"(;SZ[9]KM[0.5];B[ee];W[];B[];W[cc];B[];W[];B[];W[gg])")
    assert moves(read) == ["E5", "pass", "pass", "C7", "pass", "pass", "pass", "G3"]
    assert not read.position.terminal and read.result == UNKNOWN
    assert (str(read.position).count("X"), str(read.position).count("O")) == (1, 2)
    ended = read_game(b"(;SZ[9]KM[0.5];B[ee];W[];B[];W[cc];B[];W[];B[])")
    assert moves(ended)[-3:] == ["C7", "pass", "pass"] and ended.position.terminal
    assert ended.result == Result((-1.0, 1.0), "score", 0.5)
    assert moves(read_game(write_game(read.position))) == moves(read)
    short = make("go", size=5, komi=0.5, max_plies=3)
    assert "W[cc] comes after the end of the game, which 3 moves brought" in refusal("(;SZ[5];B[ee];W[];B[];W[cc])", short)


@pytest.mark.parametrize("plies", [17, 18, 19, 25])
def test_a_long_go_game_that_goes_on_has_no_winner(plies):
    """Whatever the number of moves is: the length that we let games be says nothing about another's."""
    game = make("go", size=3, superko="simple", max_plies=40)
    lines = (random_position(game, seed, plies) for seed in range(1000))
    position = next(line for line in lines if len(line.history) == plies and not line.terminal)
    read = read_game(write_game(position))
    assert read.position.history == position.history
    assert not read.position.terminal
    assert read.result == UNKNOWN


@pytest.mark.parametrize(
    ("rules", "superko", "suicide"),
    [
        ("Tromp-Taylor", "positional", True),
        ("Chinese", "simple", False),
        ("NZ", "positional", True),
        ("AGA", "positional", False),
        ("koPOSITIONALscoreTERRITORYtaxSEKIsui1", "positional", True),
        ("koSIMPLEscoreAREAsui0", "simple", False),
        ("my own", "positional", False),
    ],
)
def test_what_rules_mean(rules, superko, suicide):
    options = read_game(f"(;SZ[5]RU[{rules}])".encode()).game.spec.options
    assert (options["superko"], options["suicide"]) == (superko, suicide)


def test_othello_with_either_coordinates_and_passes_left_out():
    for data in (
        b"(;GM[2];B[fe];W[fd];B[ec])",
        b"(;GM[2]SZ[8];B[f5];W[F4];B[e3])",
        b"(;GM[2]AB[ed][de]AW[dd][ee];B[fe];W[fd];B[ec])",
    ):
        assert read_game(data).game.spec.options["size"] == 8
    assert moves(read_game(b"(;GM[2];B[fe];W[fd])")) == moves(read_game(b"(;GM[2];B[f5];W[F4])")) == ["f5", "f4"]
    game = make("othello", size=6)
    for seed in range(40):
        position = random_position(game, seed, 100)
        data = write_game(position)
        if b"[]" in data:
            break
    assert b"[]" in data
    without = data.replace(b";B[]", b"").replace(b";W[]", b"")
    assert read_game(without).position.history == position.history


def test_gomoku():
    read = read_game(b"(;GM[4]SZ[15];B[hh];W[ih])")
    assert moves(read) == ["H8", "J8"]
    assert read.game.spec.options["exact"] is False


def test_hex():
    read = read_game(b"(;AP[HexGui:0.10]FF[4]GM[11]SZ[11];B[a10];W[swap-pieces];B[f6];W[C2];B[resign])")
    assert moves(read) == ["a10", "swap", "f6", "c2"]
    assert read.result == Result((-1.0, 1.0), "resignation")


def test_hex_of_little_golem():
    """Its White nodes are the first player's, who is PB."""
    read = read_game(b"(;FF[4]EV[hex]PB[one]PW[two]SZ[13]RE[B];W[ad];B[swap];W[eg];B[resign])", default="hex")
    assert read.game.spec.options["size"] == 13
    assert moves(read) == ["a4", "swap", "e7"]
    assert read.players == ("one", "two")
    assert read.result == Result((1.0, -1.0))
    assert read_game(b"(;SZ[13];W[am];B[resign])", make("hex", size=13)).result == Result((1.0, -1.0), "resignation")


def test_variations_are_played_when_asked_for():
    read = read_game(b"(;SZ[9];B[ee](;W[cc];B[gc])(;W[gg](;B[cg])(;B[gg]))(;AB[aa]))")
    assert moves(read) == ["E5", "C7", "G7"]
    root, first = read.root, read.root.children[0]
    _, second, setup = first.children
    game = read.game
    assert [game.action_name(a) for a in read.play([root, first, second, second.children[0]]).history] == ["E5", "G3", "C3"]
    with pytest.raises(UserError, match=r"line 1, column 44: B\[gg\] \(G3\) is not legal after 2 moves: a stone is there"):
        read.play([root, first, second, second.children[1]])
    with pytest.raises(UserError, match="stones are set up in the middle of the game"):
        read.play([root, first, setup])


def test_a_game_to_read_it_as():
    game = make("go", size=9, komi=5.5, suicide=True)
    read = read_game(b"(;SZ[9]KM[0]RU[Japanese];B[ee])", game)
    assert read.game is game
    assert "this is go of size 13, not go of size 9" in refusal("(;SZ[13])", game)
    assert "this is othello of size 8, not go of size 9" in refusal("(;GM[2])", game)
    with pytest.raises(UserError, match="SGF knows no tic_tac_toe"):
        read_game(b"(;)", make("tic_tac_toe"))


# Refusals ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("(;GM[3])", "line 1, column 2: GM[3] is a game that is not here; known: GM[1] go, GM[2] othello"),
        ("\n(;SZ[25])", "line 2, column 2: "),
        ("(;SZ[9:13])", "SZ[9:13] is not square"),
        (f"(;SZ[19{' ' * 1_000_000}:18])", f"SZ[19{' ' * 18}...] is not square"),
        ("(;SZ[9:9:9])", "SZ[9:9:9] is no size"),
        ("(;SZ[-9])", "SZ[-9] is no size"),
        (f"(;SZ[{'9' * 5000}])", "SZ[99999999999999999999...] is no size"),
        ("(;GM[11]SZ[99])", "line 1, column 2: "),
        ("(;KM[lots])", "KM[lots] is no komi"),
        ("(;KM[inf])", "KM[inf] is no komi"),
        ("(;KM[1e999])", "KM[1e999] is no komi"),
        ("(;SZ[9]\n;B[ee]\n;W[ee])", "line 3, column 1: W[ee] (E5) is not legal after 1 moves: a stone is there"),
        ("(;SZ[9];B[ee];B[cc])", "line 1, column 14: B[cc], but it is W's turn: nobody moves twice in a row"),
        ("(;SZ[9];W[ee])", "line 1, column 8: W[ee] as the first move, but Black begins"),
        ("(;SZ[9]AB[gc][cg];B[ee])", "B[ee] as the first move, but White begins"),
        ("(;SZ[9];B[ee]W[cc])", "line 1, column 8: two moves in one node"),
        ("(;SZ[9];B[ee][cc])", "line 1, column 8: two moves in one node"),
        ("(;SZ[9];B[zz])", "B[zz] is no move of go on a board of 9 by 9: zz lies outside"),
        ("(;SZ[9];B[E5])", "B[E5] is no move of go on a board of 9 by 9: coordinates are two letters, such as dc"),
        ("(;SZ[9];B[ee];W[];B[];B[cc])", "line 1, column 22: B[cc], but it is W's turn"),
        ("(;SZ[9];B[ee];W[];B[];W[ee])", "W[ee] (E5) is not legal after 3 moves: a stone is there"),
        ("(;SZ[9];B[ee];AW[cc];W[aa])", "line 1, column 14: stones are set up in the middle of the game"),
        ("(;SZ[9]AW[cc];B[ee])", "stones are set up (AB, AW or AE), and go is read from its start"),
        ("(;SZ[9]AE[cc];B[ee])", "stones are set up (AB, AW or AE), and go is read from its start"),
        ("(;SZ[9]\n;AB[aa:ab];W[ee])", "line 2, column 1: the 2 stones of a handicap stand on G7 C3"),
        ("(;SZ[9]HA[3]AB[gc][cg];W[ee])", "HA[3] and 2 stones in AB"),
        ("(;SZ[9]HA[2];W[ee])", "HA[2] and 0 stones in AB"),
        ("(;SZ[9]AB[aa:zz])", "AB is no list of points on a board of 9 by 9: zz lies outside"),
        ("(;SZ[9]AB[aa][aa])", "AB is no list of points on a board of 9 by 9: a point of aa is named twice"),
        ("(;SZ[9]AB[])", "AB is no list of points on a board of 9 by 9"),
        ("(;SZ[9]AB[aa:cc];W[ee])", "the 9 stones of a handicap stand on"),
        ("(;SZ[19]AB[aa:ss])", "the handicap is the number of stones in AB"),
        ("(;SZ[9]PL[W];B[ee])", "PL[W], but Black is to move"),
        ("(;SZ[9]PL[x];B[ee])", "PL[x], but Black is to move"),
        ("(;GM[2];B[aa])", "B[aa] (a1) is not legal after 0 moves: the rules of"),
        ("(;GM[2];B[])", "B[] (pass) is not legal after 0 moves"),
        ("(;GM[2]AB[dd];B[fe])", "stones are set up"),
        ("(;GM[4]RU[Renju];B[hh])", "RU[Renju] forbids moves"),
        ("(;GM[4];B[])", "B[] is no move of gomoku"),
        ("(;GM[11];B[a1];W[a1])", "W[a1] (a1) is not legal after 1 moves: a stone is there"),
        ("(;GM[11];W[a1])", "W[a1] as the first move, but Black begins"),
        ("(;GM[11];B[a1];W[swap-sides])", "it would exchange the players; write swap-pieces"),
        ("(;GM[11];B[swap-pieces])", "B[swap-pieces] (swap) is not legal after 0 moves"),
        ("(;GM[11]RU[no swap];B[a1];W[swap-pieces])", "W[swap-pieces] is no move of hex"),
        ("(;GM[11];B[l1])", "B[l1] is no move of hex on a board of 11 by 11: l1 lies outside"),
        ("(;GM[11];B[a0])", "B[a0] is no move of hex on a board of 11 by 11: coordinates are a letter and a number, such as d3"),
        ("(;GM[11];B[resign];W[a1])", "W[a1] comes after a resignation"),
        ("(;GM[11];B[\u0661])", "is no move of hex"),
        ("(;SZ[5]" + ";B[aa];W[ab]" * 200 + ")", "400 moves on a board of 5 by 5; games of up to 250 are read"),
        ("(;C[no end", "a value begins here and does not end"),
    ],
    ids=lambda it: it[:40],
)
def test_what_cannot_be_followed_is_refused_with_its_place(data, said):
    assert said in refusal(data)


def test_other_games_are_not_written():
    with pytest.raises(UserError, match="SGF has no number for tic_tac_toe; it is written for go, othello, gomoku, hex"):
        write_game(make("tic_tac_toe").start())


# Results -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("B+3.5", Result((1.0, -1.0), "score", 3.5)),
        ("W+64", Result((-1.0, 1.0), "score", 64.0)),
        ("B+R", Result((1.0, -1.0), "resignation")),
        ("W+T", Result((-1.0, 1.0), "time")),
        ("W+F", Result((-1.0, 1.0), "forfeit")),
        ("B+", Result((1.0, -1.0))),
        ("0", Result((0.0, 0.0))),
        ("?", UNKNOWN),
    ],
)
def test_results_both_ways(value, result):
    assert parse_result(value) == result
    assert str(result) == value


@pytest.mark.parametrize(
    ("value", "short"),
    [
        *(
            ("W+Resign", "W+R"),
            ("b+resign", "B+R"),
            ("B+Time", "B+T"),
            ("B+Forfeit", "B+F"),
            ("Draw", "0"),
            ("Jigo", "0"),
            ("B", "B+"),
        ),
        *(
            (word, "?")
            for word in ("Void", "", "Black wins", "B+nan", "B+inf", "B+1e9", "B+-3", "X+R", "B+" + "9" * 9999, "B+R W+R")
        ),
    ],
)
def test_other_spellings_of_results(value, short):
    assert str(parse_result(value)) == short


def test_results_that_the_rules_give():
    assert str(result_of(make("go", size=5, komi=0.5).start().play([12, 25, 25]))) == "B+24.5"
    assert str(result_of(make("go", size=5, komi=25.0).start().play([12, 25, 25]))) == "0"
    assert result_of(make("go", size=5).start()) == UNKNOWN
    game = make("othello", size=6)
    position = random_position(game, 1, 100)
    board = str(position)
    black = position.returns[0] > 0
    margin = abs(sum(int((game.picture(position.row).owners == owner).sum()) * sign for owner, sign in ((0, 1), (1, -1))))
    assert str(result_of(position)) == f"{'B' if black else 'W'}+{margin}", board
    hex_game = random_position(make("hex", size=3), 0, 100)
    assert str(result_of(hex_game)) == ("B+" if hex_game.returns[0] > 0 else "W+")


# Round trips ---------------------------------------------------------------------------------------------------------------

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\t\v\f"), max_size=20)


@pytest.mark.parametrize(("name", "options"), VARIANTS)
@settings(max_examples=15)
@given(seed=st.integers(0, 2**32), plies=st.integers(0, 400), player=words, comment=words)
def test_any_game_is_read_as_it_was_written(name, options, seed, plies, player, comment):
    game = make(name, **options)
    position = random_position(game, seed, min(plies, game.spec.max_plies - (name == "go")))  # of what is cut there, see below
    data = write_game(
        position, players=(player, "you"), comments={0: comment, len(position.history): comment}, event="e", round="7"
    )
    read = read_game(data)
    assert read.game.spec == game.spec
    assert read.position.history == position.history
    np.testing.assert_array_equal(read.position.row, position.row)
    assert read.position.returns == position.returns
    assert read.result == result_of(position)
    assert read.players == (sgf.simple_text(sgf.escape(player)).strip(), "you")
    assert [node.text("C") for node in read.root.main_line()][-1] == comment
    assert read_game(data, game).position.history == position.history


def test_a_go_game_that_is_cut_at_its_longest_keeps_its_result():
    game = make("go", size=3, komi=0.5)
    position = next(line for line in (random_position(game, seed, 18) for seed in range(1000)) if len(line.history) == 18)
    assert position.terminal
    read = read_game(write_game(position))
    assert not read.position.terminal
    assert read.position.history == position.history
    assert read.result == result_of(position)


@pytest.mark.parametrize(("name", "options"), VARIANTS)
@settings(max_examples=60)
@given(seed=st.integers(0, 99), changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4))
def test_mutations_are_refused_or_games_of_legal_moves(name, options, seed, changes):
    data = bytearray(write_game(random_position(make(name, **options), seed, 60), players=("a", "b"), comments={3: "[c]"}))
    for index, byte in changes:
        data[index % len(data)] = byte
    read, said = attempt(bytes(data))
    if read is None:
        assert said.startswith("SGF, line ")
    else:
        again = read.game.start().play(read.position.history)
        np.testing.assert_array_equal(again.row, read.position.row)


# sgfmill -------------------------------------------------------------------------------------------------------------------


@given(seed=st.integers(0, 2**32), options=st.sampled_from([options for name, options in VARIANTS if name == "go"]))
@settings(max_examples=25)
def test_sgfmill_reads_the_games_we_write(seed, options):
    game = make("go", **options)
    size = game.spec.options["size"]
    position = random_position(game, seed, 80)
    theirs = sgfmill.Sgf_game.from_bytes(write_game(position, players=("é", "本"), comments={0: "a]b"}))
    assert (theirs.get_size(), theirs.get_komi()) == (size, game.spec.options["komi"])
    assert (theirs.get_player_name("b"), theirs.get_player_name("w")) == ("é", "本")
    assert (theirs.get_handicap() or 0) == game.spec.options["handicap"]
    assert theirs.get_root().get("C") == "a]b"
    found = [node.get_move() for node in theirs.get_main_sequence()[1:]]
    expected = [None if action == size * size else (size - 1 - action // size, action % size) for action in position.history]
    assert [move for _, move in found] == expected
    assert theirs.get_winner() == {1.0: "b", -1.0: "w", 0.0: None}[position.returns[0]]


@given(seed=st.integers(0, 2**32), options=st.sampled_from([options for name, options in VARIANTS if name == "go"]))
@settings(max_examples=25)
def test_we_read_the_games_sgfmill_writes(seed, options):
    game = make("go", **options)
    size = game.spec.options["size"]
    position = random_position(game, seed, 80)
    theirs = sgfmill.Sgf_game(size, encoding="UTF-8")
    theirs.get_root().set("KM", game.spec.options["komi"])
    theirs.get_root().set("PB", "本]因坊")
    if game.spec.options["handicap"]:
        owners = game.picture(game.start().row).owners
        theirs.get_root().set("HA", game.spec.options["handicap"])
        theirs.get_root().set("AB", [(size - 1 - row, column) for row, column in np.argwhere(owners == 0).tolist()])
    before = game.start()
    for action in position.history:
        point = None if action == size * size else (size - 1 - action // size, action % size)
        theirs.extend_main_sequence().set_move("bw"[before.to_play], point)
        before = before.after(action)
    rules = {"superko": game.spec.options["superko"], "suicide": game.spec.options["suicide"]}
    theirs.get_root().set("RU", f"ko{rules['superko']}scoreAREAsui{int(rules['suicide'])}")
    read = read_game(theirs.serialise())
    assert read.position.history == position.history
    assert read.players[0] == "本]因坊"
    assert read.game.spec.options["komi"] == game.spec.options["komi"]


@given(line=st.lists(st.none() | st.integers(0, 24), max_size=30))
def test_we_read_the_games_of_sgfmill_that_pass_and_go_on(line):
    """Any points in any order, on a board that has room: two passes end nothing while stones follow."""
    game, theirs, expected = make("go", size=5, komi=0.5), sgfmill.Sgf_game(5), []
    position = game.start()
    for point in line:
        position = game.resumed(position) if position.terminal else position
        action = 25 if point is None else point
        if action in position.legal_actions():
            theirs.extend_main_sequence().set_move("bw"[position.to_play], None if point is None else (4 - point // 5, point % 5))
            position = position.after(action)
            expected.append(action)
    read = read_game(theirs.serialise())
    found = list(read.position.history)
    assert found == expected[: len(found)] and set(expected[len(found) :]) <= {25}
    assert game.picture(position.row).glyphs == game.picture(read.position.row).glyphs
