"""The worlds: rules of games as batches of rows. `make` makes a game; `Game` is the contract every game keeps."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from ..errors import UserError
from .game import Game, GameSpec, IllegalAction, Labels, Picture, Playouts, Position, Step, Symmetries
from .registry import GAMES, make

if TYPE_CHECKING:
    from .faces.pettingzoo_env import pettingzoo_env

__all__ = [
    "GAMES",
    "Game",
    "GameSpec",
    "IllegalAction",
    "Labels",
    "Picture",
    "Playouts",
    "Position",
    "Step",
    "Symmetries",
    "make",
    "pettingzoo_env",
]


def __getattr__(name: str) -> object:
    """`pettingzoo_env`, once it is asked for: only there is PettingZoo needed. Raises UserError where it is not installed."""
    if name == "pettingzoo_env":
        try:
            import_module("pettingzoo")
        except ImportError as error:
            raise UserError('pettingzoo_env needs pettingzoo; pip install "zerodojo[pettingzoo]"') from error
        return import_module(".faces.pettingzoo_env", __name__).pettingzoo_env
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
