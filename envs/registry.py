"""The games by name. Import strings, so that listing them imports none; `zerodojo.envs.make` makes them."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from ..errors import UserError, unknown

if TYPE_CHECKING:
    from .game import Game, Option


class GameEntry(NamedTuple):
    """Where a game's class lives, and one line of what it is."""

    path: str  # "module:Class", the module relative to this package
    summary: str


GAMES: dict[str, GameEntry] = {
    "breakthrough": GameEntry(".breakthrough:Breakthrough", "Pawns race to the far side, 4 to 8 points a side (size)."),
    "connect_four": GameEntry(".connect_four:ConnectFour", "Drop discs, four in a line wins (width, height, connect)."),
    "go": GameEntry(".go:Go", "Surround area, 2 to 19 points a side (size, komi, superko, suicide, handicap, max_plies)."),
    "gomoku": GameEntry(".gomoku:Gomoku", "Five stones in a line, 5 to 19 points a side (size, exact, swap)."),
    "hex": GameEntry(".hex:Hex", "Connect your two sides, 3 to 19 points a side (size, swap)."),
    "othello": GameEntry(".othello:Othello", "Outflank and turn discs, 6, 8 or 10 points a side (size)."),
    "tic_tac_toe": GameEntry(".tic_tac_toe:TicTacToe", "Three in a row on three by three."),
}


def make(name: str, **options: Option) -> Game:
    """A game by name, with its options. Raises UserError for an unknown name, an unknown option, or one out of range."""
    if name not in GAMES:
        raise unknown("game", name, GAMES)
    module, _, attribute = GAMES[name].path.partition(":")
    cls = getattr(import_module(module, __package__), attribute)
    known = inspect.signature(cls).parameters
    for option, value in options.items():
        if option not in known:
            raise unknown(f"option of {name}", option, known)
        _check_kind(option, value, known[option].default)
    game: Game = cls(**options)
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
