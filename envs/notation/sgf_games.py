"""The games in SGF: Go, Othello, Gomoku and Hex from files and to files. `zerodojo export` writes, `loadsgf` of GTP reads.

    game = read_game(Path("game.sgf").read_bytes())
    game.position, game.result, game.players
    game.play([root, second, variation])        # any line of the tree `game.root`

The main line is played at once; variations, which may hold whatever a commentator thought of, when they are asked for. What our
rules cannot follow is refused with its place in the file, so that a position is never another one than the file's.

Player 0 is Black. Little Golem's Hex is told by a White node with two letters coming first: there the White nodes are the first
player's, who is named in PB and wins with RE[B].
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ... import __version__
from ...errors import UserError
from ..game import Game, Option, Position
from ..go import Go
from ..registry import make
from . import sgf
from .sgf import Node
from .sgf_conventions import (
    KINDS,
    SGF_GAMES,
    UNKNOWN,
    Result,
    go_rules,
    named,
    parse_result,
    point,
    result_of,
    start_stones,
    written_rules,
)

__all__ = ["SGF_GAMES", "UNKNOWN", "Result", "SgfGame", "from_tree", "parse_result", "read_game", "result_of", "write_game"]

_COLOURS = ("Black", "White")
_NAMES = ("B", "W")  # the properties of their moves
_PASS_IN_FF3 = "tt"  # on boards up to 19, which all of ours are
_RESIGNED = ("resign", "forfeit")
_LONGEST = 10  # moves a point of a Go board


@dataclass(frozen=True, eq=False)
class SgfGame:
    """A game read from SGF."""

    game: Game
    root: Node  # the tree, with everything the file says
    position: Position  # at the end of the main line
    result: Result  # RE, or where that says nothing what the main line comes to
    players: tuple[str, str]  # the names of player 0 and 1, empty where not told

    def play(self, line: Sequence[Node]) -> Position:
        """The position after the nodes of a line, the root first. Raises UserError, with the place, for one that cannot be."""
        return _play(self.game, line)[0]

    def before(self, move: int) -> Position:
        """The position before a move of the main line, the file's first being 1; its end if it has no such move."""
        line = list(self.root.main_line())
        moves = [index for index, node in enumerate(line) if _colour(node) is not None]
        return self.play(line[: moves[move - 1]]) if 0 < move <= len(moves) else self.position


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
    if game is not None and game.spec.name not in KINDS:
        raise UserError(f"SGF knows no {game.spec.name}; it is read for {', '.join(KINDS)}")
    name = _game_name(root, default if game is None else game.spec.name)
    size = _size(root, name)
    line = list(root.main_line())
    if game is None:
        options = _go_options(root, size, line) if name == "go" else _options(root, name, size)
        try:
            game = make(name, **options)
        except UserError as error:
            stones = "; the handicap is the number of stones in AB" if options.get("handicap") else ""
            raise root.place.error(f"{error}{stones}") from error
    elif (name, size) != (game.spec.name, game.spec.board[0]):
        raise root.place.error(
            f"this is {name} of size {size}, not {game.spec.name} of size {game.spec.board[0]}; open another file"
        )
    position, resigned = _play(game, line)
    result = parse_result(root.simple_text("RE"))
    if result.returns is None:
        result = result_of(position) if resigned is None else resigned
    return SgfGame(game, root, position, result, (root.simple_text("PB"), root.simple_text("PW")))


def _game_name(root: Node, default: str) -> str:
    number = root.simple_text("GM")
    if not number:
        return default
    for name, kind in KINDS.items():
        if number == str(kind.number):
            return name
    known = ", ".join(f"GM[{kind.number}] {name}" for name, kind in KINDS.items())
    raise root.place.error(f"GM[{sgf.quoted(number)}] is a game that is not here; known: {known}")


def _size(root: Node, name: str) -> int:
    value = root.simple_text("SZ")
    if not value:
        return KINDS[name].size
    sides = [side.strip() for side in value.split(":")]
    if len(sides) > 2 or not all(side.isascii() and side.isdigit() and len(side) < 4 for side in sides):
        raise root.place.error(f"SZ[{sgf.quoted(value)}] is no size; write a whole number, such as SZ[{KINDS[name].size}]")
    if len(set(map(int, sides))) > 1:
        raise root.place.error(f"SZ[{sgf.quoted(value)}] is not square; boards of {name} are")
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


def _go_options(root: Node, size: int, line: Sequence[Node]) -> dict[str, Option]:
    options: dict[str, Option] = {"size": size, "komi": 0.0}
    if komi := root.simple_text("KM"):
        try:
            options["komi"] = float(komi)
        except ValueError:
            options["komi"] = math.nan
        if not math.isfinite(float(options["komi"])):
            raise root.place.error(f"KM[{sgf.quoted(komi)}] is no komi; write a number, such as KM[7.5]")
    options |= go_rules(root.simple_text("RU"))
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
    if plies >= 2 * size * size:  # longer than we let games be, if not told otherwise; its last ply must end no game
        options["max_plies"] = plies + 1
    return options


def _play(game: Game, line: Sequence[Node]) -> tuple[Position, Result | None]:
    """The position after a line from the root, and the result if it ends with a resignation. Raises UserError."""
    name, size = game.spec.name, game.spec.board[0]
    position = game.start()
    setup = _before_moves(line)
    _check_setup(game, setup)
    flipped = name == "hex" and _is_little_golems(line)
    resigned: Result | None = None
    last_stone = _last_stone(game, line)
    for index, node in enumerate(line):
        if index >= len(setup) and {"AB", "AW", "AE"} & node.properties.keys():
            raise node.place.error("stones are set up in the middle of the game; only moves, B and W, are read after the first one")
        colour = _colour(node)
        if turn := node.simple_text("PL"):
            _check_turn(position, turn, node)
        if colour is None:
            continue
        value = _move(node)
        move = f"{_NAMES[colour]}[{sgf.quoted(value)}]"
        if resigned is not None:
            raise node.place.error(f"{move} comes after a resignation; remove it")
        player = 1 - colour if flipped else colour
        if position.terminal:
            if index > last_stone:
                continue  # some count, and agree, with further passes
            position = _resumed(position)
            if position.terminal:
                ended = f"the end of the game, which {len(position.history)} moves brought"
                raise node.place.error(f"{move} comes after {ended}; remove it")
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


def _last_stone(game: Game, line: Sequence[Node]) -> int:
    """The place in a line of its last move that is not a pass of Go; -1 without any."""
    moves = [index for index, node in enumerate(line) if _colour(node) is not None]
    passes = ("", _PASS_IN_FF3) if game.spec.name == "go" else ()
    return next((index for index in reversed(moves) if _move(line[index]) not in passes), -1)


def _resumed(position: Position) -> Position:
    """A position of Go after two passes with the game going on, for they end none in SGF; any other as it is."""
    game = position.game
    if position.terminal and isinstance(game, Go) and len(position.history) < game.spec.max_plies:
        return game.resumed(position)
    return position


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


def _move(node: Node) -> str:
    """The value of B or W in a node that has one of them."""
    return node.simple_text("B" if "B" in node.properties else "W")


def _stones(node: Node, name: str, size: int, game: str) -> set[tuple[int, int]]:
    """The points that AB, AW or AE names. Raises UserError."""
    try:
        return sgf.points(list(map(sgf.simple_text, node.properties.get(name, []))), lambda value: point(value.strip(), size, game))
    except ValueError as error:
        raise node.place.error(f"{name} is no list of points on a board of {size} by {size}: {error}") from error


def _check_setup(game: Game, nodes: Sequence[Node]) -> None:
    """Raises UserError unless the stones set up are those of the start; Othello's four need not be."""
    start, found = start_stones(game), [set[tuple[int, int]](), set[tuple[int, int]]()]
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


def _check_turn(position: Position, turn: str, node: Node) -> None:
    wanted = {"b": 0, "black": 0, "w": 1, "white": 1}.get(turn.casefold())
    if wanted is None or (wanted != position.to_play and not position.terminal):
        raise node.place.error(f"PL[{sgf.quoted(turn)}], but {_COLOURS[position.to_play]} is to move; remove PL, or mend the moves")


def _is_little_golems(line: Sequence[Node]) -> bool:
    first = next((node for node in line if _colour(node) is not None), None)
    return first is not None and re.fullmatch("[a-z]{2}", first.simple_text("W")) is not None


def _action(game: Game, value: str) -> int:
    """The action that the value of B or W names. Raises ValueError."""
    name, size = game.spec.name, game.spec.board[0]
    last = game.spec.num_actions - 1
    if KINDS[name].last == "pass" and value in ("", _PASS_IN_FF3):
        return last
    if value.lower() == "swap-sides":
        raise ValueError("it would exchange the players; write swap-pieces, and what follows reflected in the long diagonal")
    if value.lower() in ("swap", "swap-pieces") and last == size * size and KINDS[name].last == "swap":
        return last
    row, column = point(value, size, name)
    return row * size + column


def _out_of_turn(game: Game, position: Position, move: str, flipped: bool) -> str:
    player = position.to_play
    due = _NAMES[1 - player if flipped else player]
    if position.history:
        passes = f"; a pass is written {due}[]" if KINDS[game.spec.name].last == "pass" else ""
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
    if name not in KINDS:
        raise UserError(f"SGF has no number for {name}; it is written for {', '.join(KINDS)}")
    comments = comments or {}
    result = result_of(position) if result is None else result
    about = {
        "GM": str(KINDS[name].number),
        "AP": f"zerodojo:{__version__}",
        "SZ": str(size),
        "EV": sgf.escape(event),
        "RO": sgf.escape(round),
        "PB": sgf.escape(players[0]),
        "PW": sgf.escape(players[1]),
        "RE": "" if result == UNKNOWN else str(result),
        "RU": written_rules(game),
        "C": sgf.escape(comments.get(0, "")),
    }
    root = Node({key: [value] for key, value in about.items() if value})
    if name == "go":
        root.properties["KM"] = [str(game.spec.options["komi"]).removesuffix(".0")]
        if game.spec.options["handicap"]:
            root.properties |= _written_handicap(game)
    last = "" if KINDS[name].last == "pass" else "swap-pieces"
    node, before = root, game.start()
    for ply, action in enumerate(position.history, 1):
        before = _resumed(before)
        row, column = divmod(action, size)
        child = Node({_NAMES[before.to_play]: [named(row, column, name) if row < size else last]})
        if comment := comments.get(ply, ""):
            child.properties["C"] = [sgf.escape(comment)]
        node.children.append(child)
        node, before = child, before.after(action)
    return sgf.write([root])


def _written_handicap(game: Game) -> dict[str, list[str]]:
    stones = [named(row, column, "go") for row, column in sorted(start_stones(game)[0])]
    return {"HA": [str(len(stones))], "AB": stones, "PL": ["W"]}
