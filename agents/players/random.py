"""The player that knows nothing: every legal move is as likely. The spec `random`, and the floor of every rating."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...envs import Game, Position
from .base import Decision, Limit, Player
from .common import rows_of, unthinking


class RandomPlayer(Player):
    """Chooses uniformly among the legal actions."""

    def __init__(self, game: Game, *, seed: int = 0) -> None:
        self.game = game
        self.name = "random"
        self._generator = np.random.default_rng(seed)

    def decide_many(self, positions: Sequence[Position], limit: Limit | None = None) -> list[Decision]:
        """One random action a position. A limit changes nothing."""
        masks = self.game.legal_mask(rows_of(positions))
        return [unthinking(mask, int(self._generator.choice(np.flatnonzero(mask)))) for mask in masks]


def make(argument: str, game: Game, *, simulations: int | None, seed: int) -> RandomPlayer:
    """The player of the spec `random`."""
    return RandomPlayer(game, seed=seed)
