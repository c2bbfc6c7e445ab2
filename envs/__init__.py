"""The worlds: rules of games as batches of rows. `make` makes a game; `Game` is the contract every game keeps."""

from .game import Game, GameSpec, IllegalAction, Labels, Picture, Playouts, Position, Step, Symmetries
from .registry import GAMES, make

__all__ = ["GAMES", "Game", "GameSpec", "IllegalAction", "Labels", "Picture", "Playouts", "Position", "Step", "Symmetries", "make"]
