"""Go against a slow twin and OpenSpiel, and positions whose answers are known: ko, superko, snapback, suicide, seki, area."""

from __future__ import annotations

import random

import numpy as np
import pyspiel
import pytest

from zerodojo.envs import Position, make
from zerodojo.envs.go import Go, handicap_points
from zerodojo.errors import UserError

from .twins import SlowGo

VARIANTS = [
    {"size": 2, "komi": 0.5},
    {"size": 3, "komi": 0.0},
    {"size": 3, "superko": "simple", "suicide": True},
    {"size": 4, "suicide": True, "max_plies": 60},
    {"size": 5, "komi": 6.5},
    {"size": 5, "superko": "simple"},
]


@pytest.mark.parametrize("options", VARIANTS, ids=str)
def test_agrees_with_the_twin(options: dict[str, float | str | bool]) -> None:
    """Legal moves, mover, end, returns, score and stones at every ply; passes are rare, so that kos are fought."""
    game = make("go", **options)
    assert isinstance(game, Go)
    resolved = game.spec.options
    generator = random.Random(5)
    for _ in range(6):
        twin = SlowGo(
            int(resolved["size"]),
            komi=float(resolved["komi"]),
            positional=resolved["superko"] == "positional",
            suicide=bool(resolved["suicide"]),
            max_plies=int(resolved["max_plies"]),
        )
        position = game.start()
        while not twin.over:
            assert list(position.legal_actions()) == twin.legal()
            assert position.to_play == twin.player
            legal = twin.legal()
            action = generator.choice(legal[:-1]) if len(legal) > 1 and generator.random() < 0.97 else legal[-1]
            position = position.after(action)
            twin.play(action)
            assert position.returns == twin.returns()
            assert position.terminal == twin.over
            assert "".join("XO."[owner] for owner in game.picture(position.row).owners.ravel()) == twin.boards[-1]
            assert game.score(position.row[None])[0] == twin.score()


PASSING = (0.0, 0.1, 0.3)  # chances of a pass at any ply, from game to game: so that some end early, on open boards


def compare_with_openspiel(size: int, *, games: int, seed: int, handicap: int = 0) -> int:
    """Random games to their end; returns how many of them ended with two passes while stones could be played.

    OpenSpiel offers moves that superko forbids, and scores them as draws: those, and no others, may be on its list and not on ours.
    For every stone of a handicap it gives White a point, which here is komi.
    """
    game = make("go", size=size, komi=7.5 + handicap, handicap=handicap)
    theirs = pyspiel.load_game(f"go(board_size={size},komi=7.5,handicap={handicap})")
    generator, early = random.Random(seed), 0
    for number in range(games):
        position, state = game.start(), theirs.new_initial_state()
        boards = {stones(position)}
        while not position.terminal:
            mine = {game.action_name(action) for action in position.legal_actions()}
            legal = {name(state, action): action for action in state.legal_actions()}
            assert mine <= legal.keys()
            for repeated in legal.keys() - mine:
                assert stones(simple(position, repeated)) in boards
            assert position.to_play == state.current_player()
            points = sorted(mine - {"pass"})
            chosen = generator.choice(points) if points and generator.random() >= PASSING[number % 3] else "pass"
            position = position.after(game.parse_action(chosen))
            state.apply_action(legal[chosen])
            boards.add(stones(position))
            assert position.terminal == state.is_terminal()
            assert list(position.returns) == state.returns()
        early += bool(points) and chosen == "pass" and len(position.history) < game.spec.max_plies
    return early


def name(state: pyspiel.State, action: int) -> str:
    moved = state.action_to_string(action).split()[-1].upper()
    return "pass" if moved == "PASS" else moved


def stones(position: Position) -> bytes:
    return position.game.picture(position.row).owners.tobytes()


def simple(position: Position, move: str) -> Position:
    """The position after a move that superko forbids."""
    options = {**position.game.spec.options, "superko": "simple"}
    other = make("go", **options).start().play(position.history)
    return other.after(other.game.parse_action(move))


@pytest.mark.parametrize(("size", "games"), [(5, 30), (9, 20)])
def test_agrees_with_openspiel(size: int, games: int) -> None:
    assert compare_with_openspiel(size, games=games, seed=size) >= games // 4


@pytest.mark.parametrize("handicap", [2, 5, 9])
def test_agrees_with_openspiel_with_a_handicap(handicap: int) -> None:
    """Which it has on 19x19 only."""
    compare_with_openspiel(19, games=3, seed=handicap, handicap=handicap)


@pytest.mark.full
@pytest.mark.parametrize("size", [5, 9])
def test_agrees_with_openspiel_at_length(size: int) -> None:
    assert compare_with_openspiel(size, games=1_000, seed=2) >= 250


def played(moves: str, **options: float | str | bool) -> Position:
    """The position after moves by both sides in turn."""
    game = make("go", **options)
    return game.start().play([game.parse_action(move) for move in moves.split()])


def names(position: Position) -> set[str]:
    return {position.game.action_name(action) for action in position.legal_actions()}


KO = "B3 C3 A2 D2 B1 C1 E5 B2 C2"  # Black's last move takes the stone on B2


@pytest.mark.parametrize("superko", ["positional", "simple"])
def test_a_ko_is_not_taken_back_at_once(superko: str) -> None:
    position = played(KO, size=5, superko=superko)
    assert "B2" not in names(position)
    assert "B2" in names(played(f"{KO} A5 A4", size=5, superko=superko))


@pytest.mark.parametrize("superko", ["positional", "simple"])
def test_a_game_is_resumed_after_two_passes(superko: str) -> None:
    """It ends with two passes again, and passes lift a simple ko but do not make an earlier position a new one."""
    over = played(f"{KO} pass pass", size=5, superko=superko)
    go = over.game
    assert isinstance(go, Go) and over.terminal and over.returns != (0.0, 0.0)
    resumed = go.resumed(over)
    assert (resumed.terminal, resumed.returns, resumed.to_play) == (False, (0.0, 0.0), over.to_play)
    assert resumed.history == over.history and over.terminal
    assert picture(resumed) == picture(over)
    np.testing.assert_array_equal(resumed.observation(), over.observation())
    assert ("B2" in names(resumed)) == (superko == "simple")
    assert not after(resumed, "pass").terminal and after(resumed, "pass pass").returns == over.returns


def test_a_game_of_max_plies_is_not_resumed() -> None:
    over = played("A1 pass pass", size=2, max_plies=3)
    assert isinstance(over.game, Go)
    with pytest.raises(UserError, match="it has 3 plies"):
        over.game.resumed(over)


def diagram(rows: str, to_play: int = 0, **options: float | str | bool) -> Position:
    """A position with these stones, X for Black: the sides put them in turn, and pass where they have no more."""
    lines = rows.split()
    game = make("go", size=len(lines), max_plies=400, **options)
    points = {colour: [p for p, stone in enumerate("".join(lines)) if stone == colour] for colour in "XO"}
    position = game.start()
    while points["X"] or points["O"] or position.to_play != to_play:
        mine = points["XO"[position.to_play]]
        position = position.after(mine.pop() if mine else len(lines) ** 2)
    assert not position.terminal
    assert picture(position) == lines
    return position


def picture(position: Position) -> list[str]:
    return ["".join("XO."[owner] for owner in line) for line in position.game.picture(position.row).owners]


def after(position: Position, moves: str) -> Position:
    return position.play([position.game.parse_action(move) for move in moves.split()])


@pytest.mark.parametrize("superko", ["positional", "simple"])
def test_a_snapback_takes_more_than_it_gave(superko: str) -> None:
    """Black throws a stone in, White takes it, and Black takes all five: that is no ko."""
    position = after(diagram("XO..X XOOOX XXXXX ..... ....O", superko=superko), "C5 D5")
    assert picture(position)[0] == "XO.OX"
    assert picture(after(position, "C5")) == ["X.X.X", "X...X", "XXXXX", ".....", "....O"]


CYCLES = {  # the last move of each makes an earlier position again
    "sending two, returning one": (3, "B2 C2 A3 B1 A2 A1 C1 B1"),
    "six plies": (2, "A2 B2 A1 B1 A2 A1 A2"),
    "eight plies": (3, "A1 B3 B2 C2 C1 A2 C3 B1 A3 C2 A1 B3 C1 A2"),
    "with a pass in it": (2, "B2 B1 A1 pass A2 B1 B2"),
}


@pytest.mark.parametrize(("size", "moves"), CYCLES.values(), ids=CYCLES)
def test_a_long_cycle_is_forbidden_by_positional_superko_alone(size: int, moves: str) -> None:
    *before, last = moves.split()
    simple = played(" ".join(before), size=size, superko="simple")
    seen, position = set(), simple
    while position.previous is not None:
        seen.add(stones(position))
        position = position.previous
    assert last in names(simple)
    assert stones(after(simple, last)) in seen
    assert last not in names(played(" ".join(before), size=size))


def test_suicide_of_several_stones_is_an_option() -> None:
    """White may fill its own last liberty with a second stone only where suicide is allowed, and both go; a single one never."""
    rows = "O.X.. XX... ..... ..... ....O"
    assert "B5" not in names(diagram(rows, to_play=1))
    position = diagram(rows, to_play=1, suicide=True)
    assert picture(after(position, "B5"))[0] == "..X.."
    assert "A5" not in names(after(position, "B5 pass"))


def test_a_capture_comes_before_suicide() -> None:
    assert picture(after(diagram(".OX.. OX... X.... ..... ....."), "A5"))[:2] == ["X.X..", ".X..."]


SEKI = ".X.O.OX XXOOOOX OOOXXXX XXXX... ....... ....... ......."  # an eye each, and C7 that neither side dares to take


def test_in_a_seki_the_shared_liberty_is_nobodys() -> None:
    """By Tromp and Taylor a free region that touches both colours is nobody's; eyes belong to their owners."""
    position = diagram(SEKI, komi=6.5)
    game = position.game
    assert isinstance(game, Go)
    owners = game.ownership(position.row[None])[0]
    lines = ["".join("XO."[owner] for owner in line) for line in owners]
    assert lines == ["XX.OOOX", "XXOOOOX", "OOOXXXX", "XXXXXXX", "XXXXXXX", "XXXXXXX", "XXXXXXX"]
    assert game.score(position.row[None])[0] == 38 - 10 - 6.5
    assert picture(after(position, "C7 A7"))[0] == "O..O.OX"  # who takes it is taken
    assert picture(after(diagram(SEKI, to_play=1), "C7 E7"))[0] == ".X..X.X"


COUNTED = {  # a position, whose every point is, and Black's points less White's, counted by hand
    "two sekis with an eye each": (
        ".X.O.OX XXOOOOX OOOXXXX XXX.XXX XXXXOOO XOOOOXX XO.O.X.",
        "XX.OOOX XXOOOOX OOOXXXX XXXXXXX XXXXOOO XOOOOXX XOOO.XX",
        27 - 20,
    ),
    "a seki without eyes": (
        ".XO.XO. XXOXXOO .XOXXO. XXOXXOO .XOXXO. XXOXXOO .XO.XO.",
        "XXO.XOO XXOXXOO XXOXXOO XXOXXOO XXOXXOO XXOXXOO XXO.XOO",
        26 - 21,
    ),
    "territories and dame": ("..X.O ..XO. .XXO. XX.OO X.XO.", "XXX.O XXXOO XXXOO XX.OO XXXOO", 14 - 9),
    "a line of dame": (".X.O. .X.O. .X.O. .X.O. .X.O.", "XX.OO XX.OO XX.OO XX.OO XX.OO", 0),
    "a dead stone keeps the region from being Black's": ("..O.. ..... XXXXX OOOOO .....", "..O.. ..... XXXXX OOOOO OOOOO", 5 - 11),
    "a dead group that has an eye owns it": ("OO... .O... OOXXX XXX.. .....", "OO... OO... OOXXX XXXXX XXXXX", 13 - 6),
}


@pytest.mark.parametrize(("rows", "expected", "margin"), COUNTED.values(), ids=COUNTED)
@pytest.mark.parametrize("colours", ["XO", "OX"])
def test_what_stands_is_counted_for_whoever_it_stands_for(rows: str, expected: str, margin: int, colours: str) -> None:
    """Nobody takes dead stones off; and with the colours exchanged the answer is."""
    exchanged = str.maketrans("XO", colours)
    position = diagram(rows.translate(exchanged), komi=6.5)
    go = position.game
    assert isinstance(go, Go)
    lines = ["".join("XO."[owner] for owner in line) for line in go.ownership(position.row[None])[0]]
    assert lines == expected.translate(exchanged).split()
    score = (margin if colours == "XO" else -margin) - 6.5
    assert go.score(position.row[None])[0] == score
    over = position
    while not over.terminal:
        over = after(over, "pass")
    assert over.returns == ((1.0, -1.0) if score > 0 else (-1.0, 1.0))


def test_in_a_seki_without_eyes_who_moves_first_loses_everything() -> None:
    rows = COUNTED["a seki without eyes"][0]
    assert picture(after(diagram(rows), "D7 D1"))[0] == ".XO..O."
    assert picture(after(diagram(rows, to_play=1), "D7 D1"))[0] == ".X..XO."


@pytest.mark.parametrize(("size", "stones", "expected"), [
    (9, 2, "G7 C3"), (9, 5, "C3 G3 C7 G7 E5"), (19, 4, "D4 Q4 D16 Q16"), (19, 9, "D4 Q4 D16 Q16 D10 Q10 K4 K16 K10"),
    (13, 6, "D4 K4 D10 K10 D7 K7"),
])  # fmt: skip
def test_handicap_stones_stand_where_gtp_puts_them(size: int, stones: int, expected: str) -> None:
    game = make("go", size=size, handicap=stones)
    assert {game.action_name(point) for point in handicap_points(size, stones)} == set(expected.split())
    position = game.start()
    assert position.to_play == 1
    assert (game.picture(position.row).owners == 0).sum() == stones


def test_planes_are_those_of_alphago_zero() -> None:
    game = make("go", size=19)
    assert game.spec.num_planes == 17
    position = game.start().play([0, 1, 2])
    planes = position.observation()
    assert planes[16].max() == 0.0
    assert planes[0].ravel()[:3].tolist() == [0, 1, 0]
    assert planes[1].ravel()[:3].tolist() == [1, 0, 1]
    assert planes[3].ravel()[:3].tolist() == [1, 0, 0]
    assert position.after(361).observation()[16].min() == 1.0


def test_options_may_be_numpys() -> None:
    spec = make("go", size=np.int64(5), komi=np.float32(5.5), suicide=np.bool_(True)).spec
    assert spec == make("go", size=5, komi=5.5, suicide=True).spec
    assert [type(spec.options[name]) for name in ("size", "komi", "suicide")] == [int, float, bool]
    with pytest.raises(UserError, match=r"size=9\.0 does not fit; size is a whole number"):
        make("go", size=np.float64(9))


@pytest.mark.parametrize("options", [
    {"size": 1}, {"size": 20}, {"komi": 2000.0}, {"superko": "none"}, {"handicap": 1}, {"handicap": 10},
    {"size": 5, "handicap": 2}, {"max_plies": 1},
])  # fmt: skip
def test_options_out_of_range_name_the_range(options: dict[str, float | str]) -> None:
    with pytest.raises(UserError, match=r"choose|played on"):
        make("go", **options)


def test_playouts_keep_living_stones() -> None:
    """Black owns the board with two eyes: in random play nobody fills them, so that Black always wins."""
    game = make("go", size=5)
    black = [game.parse_action(column + row) for row in "12345" for column in "ABCDE" if column + row not in ("A1", "E5", "A5")]
    position = game.start()
    for action in black:
        position = position.after(action)
        if position.to_play == 1:
            position = position.after(25)
    rewards, plies = game.playout(np.repeat(position.row[None], 200, axis=0), np.arange(200, dtype=np.uint64))
    assert (rewards[:, 0] == 1).all()
    assert plies.max() < 50
