"""The games in SGF: Go, Othello, Gomoku and Hex from files and to files. `zerodojo export` writes, `loadsgf` of GTP reads.

    game = read_game(Path("game.sgf").read_bytes())
    game.position, game.result, game.players
    game.play([root, second, variation])        # any line of the tree `game.root`

The main line is played at once; variations, which may hold whatever a commentator thought of, when they are asked for. What our
rules cannot follow is refused with its place in the file, so that a position is never another one than the file's.

Conventions: https://www.red-bean.com/sgf/go.html and hex.html; those of the other two games are not written down anywhere, and are
Go's. Player 0 is Black. Coordinates of two letters count columns and rows from the top left; Othello and Hex are also read with a
letter and a number, which is how Hex is written. Little Golem's Hex is told by a White node with two letters coming first: there
the White nodes are the first player's, who is named in PB and wins with RE[B].
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Literal, NamedTuple

from ... import __version__
from ...errors import UserError
from ..game import Game, Option, Position
from ..registry import make
from . import sgf
from .sgf import Node

Reason = Literal["score", "resignation", "time", "forfeit", ""]

_COLOURS = ("Black", "White")
_NAMES = ("B", "W")  # the properties of their moves
_PASS_IN_FF3 = "tt"  # on boards up to 19, which all of ours are
_RESIGNED = ("resign", "forfeit")
_LONGEST = 10  # moves a point of a Go board


class _Kind(NamedTuple):
    """What SGF says about a game: its number, the size of the board without SZ, and which coordinates it knows."""

    number: int  # GM
    size: int
    letters_and_numbers: bool  # a1, beside aa
    last: str  # what the last action is: the values that mean it begin with this word, or with nothing for a pass


_KINDS = {
    "go": _Kind(1, 19, False, "pass"),
    "othello": _Kind(2, 8, True, "pass"),
    "gomoku": _Kind(4, 15, False, "swap"),
    "hex": _Kind(11, 11, True, "swap"),
}
SGF_GAMES = tuple(_KINDS)


class Result(NamedTuple):
    """How a game ended, as RE tells."""

    returns: tuple[float, float] | None  # of Black and White; None where nobody is said to have won, lost or drawn
    reason: Reason = ""  # empty where it is not told
    margin: float | None = None  # points or discs, where they decided

    def __str__(self) -> str:
        """The value of RE."""
        if self.returns is None:
            return "?"
        if self.returns[0] == self.returns[1]:
            return "0"
        how = (
            f"{self.margin:g}"
            if self.margin is not None
            else {"resignation": "R", "time": "T", "forfeit": "F"}.get(self.reason, "")
        )
        return f"{'B' if self.returns[0] > self.returns[1] else 'W'}+{how}"


UNKNOWN = Result(None)


@dataclass(frozen=True, eq=False)
class SgfGame:
    """A game read from SGF."""

    game: Game
    root: Node  # the tree, with everything the file says
    position: Position  # at the end of the main line
    result: Result  # RE, or where that says nothing what the main line comes to
    players: tuple[str, str]  # the names of player 0 and 1, empty where not told

    def play(self, line: Sequence[Node]) -> Position:
        """The position after the nodes of a line, the root first. Raises UserError where the rules do not follow, with the place."""
        return _play(self.game, line)[0]


# Reading -------------------------------------------------------------------------------------------------------------------


def read_game(data: bytes, game: Game | None = None, *, default: str = "go") -> SgfGame:
    """The first game of an SGF file (of the others: `from_tree` with each of `sgf.parse`).

    Without `game` the file decides: GM which game, SZ the size, and in Go KM (none: no komi), RU, and the handicap stones. With it,
    the file must be a game of that one; only its size is compared, and komi and rules are those of `game`. `default` is the game
    of a file without GM, in which the standard sees Go and Little Golem may mean Hex.

    Raises UserError with line and column: no SGF (`sgf.parse`), another game, a size out of range, stones set up that are not the
    start's, a move that the rules forbid.
    """
    return from_tree(sgf.parse(data)[0], game, default=default)


def from_tree(root: Node, game: Game | None = None, *, default: str = "go") -> SgfGame:
    """The game of one tree; `read_game` tells the rest."""
    if game is not None and game.spec.name not in _KINDS:
        raise UserError(f"SGF knows no {game.spec.name}; it is read for {', '.join(_KINDS)}")
    name = _game_name(root, default if game is None else game.spec.name)
    size = _size(root, name)
    line = list(root.main_line())
    if game is None:
        options = _go_options(root, size, line) if name == "go" else _options(root, name, size)
        try:
            game = make(name, **options)
        except UserError as error:
            raise root.place.error(str(error)) from error
    elif (name, size) != (game.spec.name, game.spec.board[0]):
        raise root.place.error(
            f"this is {name} of size {size}, not {game.spec.name} of size {game.spec.board[0]}; open another file"
        )
    position, resigned = _play(game, line)
    result = parse_result(root.simple_text("RE"))
    if result.returns is None:
        result = result_of(position) if resigned is None else resigned
    return SgfGame(game, root, position, result, (root.simple_text("PB"), root.simple_text("PW")))


def parse_result(value: str) -> Result:
    """The result that a value of RE tells; UNKNOWN for ?, Void, and what is no form of the standard."""
    if value.casefold() in ("0", "draw", "jigo"):
        return Result((0.0, 0.0))
    match = re.fullmatch(r"([BW])(?:\+(|R|Resign|T|Time|F|Forfeit|\d{1,4}(?:\.\d{0,4})?))?", value.strip(), re.IGNORECASE)
    if match is None:
        return UNKNOWN
    returns = (1.0, -1.0) if match[1] in "Bb" else (-1.0, 1.0)
    how = (match[2] or "").lower()
    if how[:1].isdecimal():
        return Result(returns, "score", float(how))
    reasons: dict[str, Reason] = {"r": "resignation", "t": "time", "f": "forfeit"}
    return Result(returns, reasons.get(how[:1], ""))


def result_of(position: Position) -> Result:
    """The result that the rules give; UNKNOWN while the game goes on."""
    if not position.terminal:
        return UNKNOWN
    black, white = position.returns
    if black == white:
        return Result((0.0, 0.0))
    name = position.game.spec.name
    if name == "go":
        from ..go import Go

        assert isinstance(position.game, Go)
        return Result((black, white), "score", abs(float(position.game.score(position.row[None])[0])))
    if name == "othello":
        owners = position.game.picture(position.row).owners
        return Result((black, white), "score", float(abs(int((owners == 0).sum()) - int((owners == 1).sum()))))
    return Result((black, white))


def _game_name(root: Node, default: str) -> str:
    number = root.simple_text("GM")
    if not number:
        return default
    for name, kind in _KINDS.items():
        if number == str(kind.number):
            return name
    known = ", ".join(f"GM[{kind.number}] {name}" for name, kind in _KINDS.items())
    raise root.place.error(f"GM[{sgf.quoted(number)}] is a game that is not here; known: {known}")


def _size(root: Node, name: str) -> int:
    value = root.simple_text("SZ")
    if not value:
        return _KINDS[name].size
    sides = [side.strip() for side in value.split(":")]
    if len(sides) > 2 or not all(side.isascii() and side.isdigit() and len(side) < 4 for side in sides):
        raise root.place.error(f"SZ[{sgf.quoted(value)}] is no size; write a whole number, such as SZ[{_KINDS[name].size}]")
    if len(set(map(int, sides))) > 1:
        raise root.place.error(f"SZ[{value}] is not square; boards of {name} are")
    return int(sides[0])


def _options(root: Node, name: str, size: int) -> dict[str, Option]:
    rules = root.simple_text("RU").casefold()
    if name == "gomoku":
        if "renju" in rules:
            raise root.place.error("RU[Renju] forbids moves that gomoku allows; only gomoku is read")
        return {"size": size, "exact": "exact" in rules, "swap": "swap" in rules}
    if name == "hex":
        return {"size": size, "swap": "no swap" not in rules}
    return {"size": size}


# What RU calls the rules of ko and suicide; the scores are Tromp and Taylor's whatever it says. The names are KataGo's, whose
# spelled-out form (koSIMPLEscoreAREA...sui0) is read as well. Situational superko, which we do not have, is read as positional.
_RULES: dict[str, tuple[str, bool]] = {
    "tromp-taylor": ("positional", True),
    "chinese-kgs": ("positional", False),
    "chinese": ("simple", False),
    "japanese": ("simple", False),
    "korean": ("simple", False),
    "aga": ("positional", False),
    "new zealand": ("positional", True),
    "nz": ("positional", True),
    "goe": ("positional", True),
    "kosimplescoreareasui1": ("simple", True),
}


def _go_options(root: Node, size: int, line: Sequence[Node]) -> dict[str, Option]:
    options: dict[str, Option] = {"size": size, "komi": 0.0}
    if komi := root.simple_text("KM"):
        try:
            options["komi"] = float(komi)
        except ValueError:
            options["komi"] = math.nan
        if not math.isfinite(float(options["komi"])):
            raise root.place.error(f"KM[{sgf.quoted(komi)}] is no komi; write a number, such as KM[7.5]")
    rules = root.simple_text("RU").casefold().replace("_", "-")
    if rules in _RULES:
        options["superko"], options["suicide"] = _RULES[rules]
    elif spelled := re.match(r"ko(simple|positional|situational)score.*sui([01])", rules):
        options["superko"] = "simple" if spelled[1] == "simple" else "positional"
        options["suicide"] = spelled[2] == "1"
    before_moves = _before_moves(line)
    stones = sum(len(_stones(node, "AB", size, "go")) for node in before_moves)
    declared = root.simple_text("HA")
    if declared not in ("", "0", "1") and declared != str(stones):
        raise root.place.error(
            f"HA[{sgf.quoted(declared)}] and {stones} stones in AB; set up every handicap stone in AB, or remove HA"
        )
    plies = sum(1 for node in line if _colour(node) is not None)
    if stones:
        options["handicap"] = stones
    if plies > _LONGEST * size * size:
        raise root.place.error(f"{plies} moves on a board of {size} by {size}; games of up to {_LONGEST * size * size} are read")
    if plies > 2 * size * size:  # longer than we let games be, if not told otherwise
        options["max_plies"] = plies
    return options


def _play(game: Game, line: Sequence[Node]) -> tuple[Position, Result | None]:
    """The position after a line from the root, and the result if it ends with a resignation. Raises UserError."""
    name, size = game.spec.name, game.spec.board[0]
    position = game.start()
    setup = _before_moves(line)
    _check_setup(game, setup)
    flipped = name == "hex" and _is_little_golems(line)
    resigned: Result | None = None
    for index, node in enumerate(line):
        if index >= len(setup) and {"AB", "AW", "AE"} & node.properties.keys():
            raise node.place.error("stones are set up in the middle of the game; only moves, B and W, are read after the first one")
        colour = _colour(node)
        if turn := node.simple_text("PL"):
            _check_turn(position, turn, node)
        if colour is None:
            continue
        value = sgf.simple_text(node.properties[_NAMES[colour]][0]).strip()
        move = f"{_NAMES[colour]}[{sgf.quoted(value)}]"
        if resigned is not None:
            raise node.place.error(f"{move} comes after a resignation; remove it")
        player = 1 - colour if flipped else colour
        if position.terminal:
            if name == "go" and _action(game, value) == game.spec.num_actions - 1:
                continue  # some count, and agree, with further passes
            raise node.place.error(
                f"{move} comes after the end of the game, which {len(position.history)} moves brought; remove it"
            )
        if name == "othello" and player != position.to_play and position.legal_actions() == (game.spec.num_actions - 1,):
            position = position.after(game.spec.num_actions - 1)  # files may leave out the pass, which is no choice
        if player != position.to_play:
            raise node.place.error(_out_of_turn(game, position, move, flipped))
        if name == "hex" and value.lower() in _RESIGNED:
            returns = (-1.0, 1.0) if player == 0 else (1.0, -1.0)
            resigned = Result(returns, "resignation" if value.lower() == "resign" else "forfeit")
            continue
        try:
            action = _action(game, value)
        except ValueError as error:
            raise node.place.error(f"{move} is no move of {name} on a board of {size} by {size}: {error}") from error
        if action not in position.legal_actions():
            raise node.place.error(_illegal(game, position, move, action))
        position = position.after(action)
    return position, resigned


def _before_moves(line: Sequence[Node]) -> list[Node]:
    """The nodes of a line before the first that moves."""
    first = next((index for index, node in enumerate(line) if _colour(node) is not None), len(line))
    return list(line[:first])


def _colour(node: Node) -> int | None:
    """Who moves in a node: 0 Black, 1 White, None nobody. Raises UserError for both, or for two moves."""
    moves = [colour for colour, name in enumerate(_NAMES) if name in node.properties]
    if len(moves) > 1 or any(len(node.properties[_NAMES[colour]]) > 1 for colour in moves):
        raise node.place.error("two moves in one node; put a `;` before the second")
    return moves[0] if moves else None


def _stones(node: Node, name: str, size: int, game: str) -> set[tuple[int, int]]:
    """The points that AB, AW or AE names. Raises UserError."""
    try:
        return sgf.points(
            list(map(sgf.simple_text, node.properties.get(name, []))), lambda value: _point(value.strip(), size, game)
        )
    except ValueError as error:
        raise node.place.error(f"{name} names points that are not on the board of {size} by {size}: {error}") from error


def _check_setup(game: Game, nodes: Sequence[Node]) -> None:
    """Raises UserError unless the stones set up are those of the start; Othello's four need not be."""
    start, found = _start_stones(game), [set[tuple[int, int]](), set[tuple[int, int]]()]
    for node in nodes:
        for colour, name in enumerate(("AB", "AW")):
            found[colour] |= _stones(node, name, game.spec.board[0], game.spec.name)
    setters = [node for node in nodes if {"AB", "AW", "AE"} & node.properties.keys()]
    if not any("AE" in node.properties for node in setters) and (found == start or (not setters and game.spec.name == "othello")):
        return
    place = (setters or nodes or [Node()])[0].place
    if game.spec.name == "go" and start[0]:
        names = " ".join(game.action_name(row * game.spec.board[1] + column) for row, column in sorted(start[0]))
        raise place.error(
            f"the {len(start[0])} stones of a handicap stand on {names}, and AB, AW or AE say otherwise; set up these"
        )
    raise place.error(f"stones are set up (AB, AW or AE), and {game.spec.name} is read from its start; write the moves as B and W")


def _start_stones(game: Game) -> list[set[tuple[int, int]]]:
    """The points (row, column) of Black's and White's stones at the start."""
    owners = game.picture(game.start().row).owners
    return [{(int(row), int(column)) for row, column in zip(*(owners == colour).nonzero(), strict=True)} for colour in (0, 1)]


def _check_turn(position: Position, turn: str, node: Node) -> None:
    wanted = {"b": 0, "black": 0, "w": 1, "white": 1}.get(turn.casefold())
    if wanted is None or (wanted != position.to_play and not position.terminal):
        raise node.place.error(f"PL[{sgf.quoted(turn)}], but {_COLOURS[position.to_play]} is to move; remove PL, or mend the moves")


def _is_little_golems(line: Sequence[Node]) -> bool:
    first = next((node for node in line if _colour(node) is not None), None)
    return first is not None and re.fullmatch("[a-z]{2}", first.simple_text("W")) is not None


def _point(value: str, size: int, game: str) -> tuple[int, int]:
    """The point (row, column) that coordinates name. Raises ValueError."""
    if _KINDS[game].letters_and_numbers and (match := re.fullmatch(r"([a-z])([1-9][0-9]?)", value.lower(), re.ASCII)):
        row, column = int(match[2]) - 1, ascii_lowercase.index(match[1])
    elif re.fullmatch(r"[a-z]{2}", value):
        row, column = ascii_lowercase.index(value[1]), ascii_lowercase.index(value[0])
    else:
        raise ValueError(
            f"coordinates are {'a letter and a number' if game == 'hex' else 'two letters'}, such as {_named(2, 3, game)}"
        )
    if row >= size or column >= size:
        raise ValueError(f"{value} lies outside")
    return row, column


def _named(row: int, column: int, game: str) -> str:
    """The coordinates that we write."""
    return ascii_lowercase[column] + (str(row + 1) if game == "hex" else ascii_lowercase[row])


def _action(game: Game, value: str) -> int:
    """The action that the value of B or W names. Raises ValueError."""
    name, size = game.spec.name, game.spec.board[0]
    last = game.spec.num_actions - 1
    if _KINDS[name].last == "pass" and value in ("", _PASS_IN_FF3):
        return last
    if value.lower() == "swap-sides":
        raise ValueError("it would exchange the players; write swap-pieces, and what follows reflected in the long diagonal")
    if value.lower() in ("swap", "swap-pieces") and last == size * size and _KINDS[name].last == "swap":
        return last
    row, column = _point(value, size, name)
    return row * size + column


def _out_of_turn(game: Game, position: Position, move: str, flipped: bool) -> str:
    player = position.to_play
    due = _NAMES[1 - player if flipped else player]
    if position.history:
        passes = f"; a pass is written {due}[]" if _KINDS[game.spec.name].last == "pass" else ""
        return f"{move}, but it is {due}'s turn: nobody moves twice in a row, and a missing move is not guessed{passes}"
    handicap = ", with handicap stones White" if game.spec.name == "go" else ""
    return f"{move} as the first move, but {_COLOURS[player]} begins ({game.spec.name} begins with Black{handicap})"


def _illegal(game: Game, position: Position, move: str, action: int) -> str:
    owners = game.picture(position.row).owners.ravel()
    taken = action < owners.size and owners[action] >= 0
    why = "a stone is there" if taken else f"the rules of {game!r} forbid it"
    return f"{move} ({game.action_name(action)}) is not legal after {len(position.history)} moves: {why}"


# Writing -------------------------------------------------------------------------------------------------------------------


def write_game(
    position: Position,
    *,
    players: tuple[str, str] = ("", ""),
    result: Result | None = None,
    comments: Mapping[int, str] | None = None,
    event: str = "",
    round: str = "",  # noqa: A002  # the standard's name
) -> bytes:
    """The SGF file of a game from its start to a position.

    `players` names player 0 and 1. `result` is that of the rules if not given, and left out while the game goes on. `comments` are
    about the position after so many plies, that at 0 about the game. Raises UserError for a game that SGF has no number for.
    """
    game = position.game
    name, size = game.spec.name, game.spec.board[0]
    if name not in _KINDS:
        raise UserError(f"SGF has no number for {name}; it is written for {', '.join(_KINDS)}")
    comments = comments or {}
    result = result_of(position) if result is None else result
    about = {
        "GM": str(_KINDS[name].number),
        "AP": f"zerodojo:{__version__}",
        "SZ": str(size),
        "EV": sgf.escape(event),
        "RO": sgf.escape(round),
        "PB": sgf.escape(players[0]),
        "PW": sgf.escape(players[1]),
        "RE": "" if result == UNKNOWN else str(result),
        "RU": _written_rules(game),
        "C": sgf.escape(comments.get(0, "")),
    }
    root = Node({key: [value] for key, value in about.items() if value})
    if name == "go":
        root.properties["KM"] = [str(game.spec.options["komi"]).removesuffix(".0")]
        if game.spec.options["handicap"]:
            root.properties |= _written_handicap(game)
    last = "" if _KINDS[name].last == "pass" else "swap-pieces"
    node, before = root, game.start()
    for ply, action in enumerate(position.history, 1):
        row, column = divmod(action, size)
        child = Node({_NAMES[before.to_play]: [_named(row, column, name) if row < size else last]})
        if comment := comments.get(ply, ""):
            child.properties["C"] = [sgf.escape(comment)]
        node.children.append(child)
        node, before = child, before.after(action)
    return sgf.write([root])


def _written_rules(game: Game) -> str:
    options = game.spec.options
    if game.spec.name == "go":
        return {
            ("positional", True): "Tromp-Taylor",
            ("positional", False): "Chinese-KGS",
            ("simple", False): "Chinese",
            ("simple", True): "koSIMPLEscoreAREAsui1",
        }[str(options["superko"]), bool(options["suicide"])]
    if game.spec.name == "gomoku":
        return ", ".join(["exact five" if options["exact"] else "five or more", *(["swap"] if options["swap"] else [])])
    if game.spec.name == "hex":
        return "swap" if options["swap"] else "no swap"
    return ""


def _written_handicap(game: Game) -> dict[str, list[str]]:
    stones = [_named(row, column, "go") for row, column in sorted(_start_stones(game)[0])]
    return {"HA": [str(len(stones))], "AB": stones, "PL": ["W"]}
