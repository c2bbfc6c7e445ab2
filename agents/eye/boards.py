"""Boards to draw: from random play, and some that no play leads to, so that every cell is looked at for itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...envs.connect_four import ConnectFour

Owners = NDArray[np.int8]  # [H, W], row 0 on top: the player whose stone is there, -1 for none


def played(game: ConnectFour, generator: np.random.Generator) -> Owners:
    """The board after so many random moves as are drawn, from none to all, or after the last one where the game was over before."""
    rows = game.new_states(1)
    for _ in range(int(generator.integers(game.spec.max_plies + 1))):
        legal = np.flatnonzero(game.legal_mask(rows)[0])
        if not len(legal):
            break
        game.step(rows, np.array([generator.choice(legal)], np.int32))
    return game.owners(rows[0])


def scattered(game: ConnectFour, generator: np.random.Generator) -> Owners:
    """Stones anywhere, of either player."""
    owners = generator.integers(0, 2, size=game.spec.board).astype(np.int8)
    owners[generator.random(game.spec.board) < generator.random()] = -1
    return owners
