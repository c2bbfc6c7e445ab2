"""The games by name. Import strings, so that listing them imports none; `zerodojo.envs.make` makes them."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..errors import UserError, unknown

if TYPE_CHECKING:
    from .game import Game, Option


class GameEntry(NamedTuple):
    """Where a game's class lives, and one line of what it is."""

    path: str  # "module:Class", the module relative to this package
    summary: str


class AdapterEntry(NamedTuple):
    """Games of another library, by a prefix: how they are written, and the class, which is given what follows the colon."""

    form: str
    path: str  # "module:Class", the module relative to this package
    summary: str


GAMES: dict[str, GameEntry] = {
    "breakthrough": GameEntry(".breakthrough:Breakthrough", "Pawns race to the far side, 4 to 8 points a side (size)."),
    "chess": GameEntry(".chess:Chess", "Chess and Chess960, by python-chess (variant, position, fen, history, max_plies)."),
    "connect_four": GameEntry(".connect_four:ConnectFour", "Drop discs, four in a line wins (width, height, connect)."),
    "go": GameEntry(".go:Go", "Surround area, 2 to 19 points a side (size, komi, superko, suicide, handicap, max_plies)."),
    "gomoku": GameEntry(".gomoku:Gomoku", "Five stones in a line, 5 to 19 points a side (size, exact, swap)."),
    "hex": GameEntry(".hex:Hex", "Connect your two sides, 3 to 19 points a side (size, swap)."),
    "othello": GameEntry(".othello:Othello", "Outflank and turn discs, 6, 8 or 10 points a side (size)."),
    "tic_tac_toe": GameEntry(".tic_tac_toe:TicTacToe", "Three in a row on three by three."),
}


ADAPTERS: dict[str, AdapterEntry] = {
    "openspiel": AdapterEntry(
        "openspiel:NAME(PARAMETERS)",
        ".adapters.openspiel:OpenSpielGame",
        "A game of OpenSpiel: openspiel:hex(board_size=5) (max_plies).",
    ),
    "pettingzoo": AdapterEntry(
        "pettingzoo:NAME",
        ".adapters.pettingzoo_game:PettingZooGame",
        "A classic of PettingZoo: connect_four_v3, tictactoe_v3, go_v5, chess_v6 (max_plies; go_v5: board_size, komi).",
    ),
}

LISTED: dict[str, GameEntry | AdapterEntry] = {**GAMES, **ADAPTERS}  # by `zerodojo list games`


def check_name(name: str) -> None:
    """Raises UserError for a name that no game has; of another library's game only the prefix is looked at."""
    prefix, colon, _ = name.partition(":")
    if name not in GAMES and not (colon and prefix in ADAPTERS):
        raise unknown("game", name, [*GAMES, *(entry.form for entry in ADAPTERS.values())])


def make(name: str, **options: Option) -> Game:
    """A game by name, with its options. Raises UserError for an unknown name, an unknown option, or one out of range.

    NumPy's numbers and truth values are taken as Python's.
    """
    check_name(name)
    prefix, colon, foreign = name.partition(":")
    path, arguments = (ADAPTERS[prefix].path, [foreign]) if colon else (GAMES[name].path, [])
    module, _, attribute = path.partition(":")
    cls = getattr(import_module(module, __package__), attribute)
    known = dict(list(inspect.signature(cls).parameters.items())[len(arguments) :])
    taken: dict[str, Option] = {}
    for option, given in options.items():
        if option not in known:
            raise unknown(f"option of {name}", option, known)
        value = given.item() if isinstance(given, np.generic) else given
        digits = isinstance(known[option].default, str) and type(value) is int
        taken[option] = str(value) if digits else value  # a word of digits, as a command line reads it
        _check_kind(option, taken[option], known[option].default)
    game: Game = cls(*arguments, **taken)
    return game


def _check_kind(option: str, value: Option, example: Option) -> None:
    """Raises UserError for a value of another kind than the option's default."""
    kinds: dict[type, tuple[type | tuple[type, ...], str]] = {
        bool: (bool, "true or false"),
        int: (int, "a whole number"),
        float: ((int, float), "a number"),
        str: (str, "a word"),
    }
    kind, words = kinds[type(example)]
    if not isinstance(value, kind) or isinstance(value, bool) != isinstance(example, bool):
        raise UserError(f"{option}={value} does not fit; {option} is {words}, such as {example}")
