"""A Connect Four board of which only the stones are known: whether play leads there, and moves that do. Called by whoever reads
boards rather than moves; a position stays its actions."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from .connect_four import ConnectFour
from .stones import lines_of

NAMES = ("red", "yellow")
Columns = list[list[int]]  # of each column the owners of its stones, from the bottom


def moves_to(game: ConnectFour, owners: NDArray[np.integer[Any]]) -> tuple[int, ...]:
    """Moves from the start to a board [H, W], row 0 on top, -1 where there is no stone: one order of many.

    Raises UserError: another size, a stone without one below it, counts that no alternation gives, or a board that no order of
    moves leads to, because the game would have been over before or stones lie the wrong way around.
    """
    if owners.shape != game.spec.board:
        raise UserError(f"the board is {_size(game.spec.board)}, and here came one of {_size(owners.shape)}")
    _check_gravity(owners)
    first, second = (int((owners == player).sum()) for player in range(2))
    if not 0 <= first - second <= 1:
        raise UserError(
            f"{first} red and {second} yellow stones are no position: red moves first, so that there are as many, or one red more"
        )
    columns = [[int(owner) for owner in column[::-1] if owner >= 0] for column in owners.T]
    moves = _order(columns, _last_moves(game, owners, columns))
    if moves is None:
        raise UserError("no order of moves leads to these stones: a line was there before the last move, or colours are exchanged")
    return moves


def _size(board: tuple[int, ...]) -> str:
    return f"{board[1]} wide and {board[0]} high"


def _check_gravity(owners: NDArray[np.integer[Any]]) -> None:
    floating = np.argwhere((owners[:-1] >= 0) & (owners[1:] < 0))
    if len(floating):
        row, column = (int(at) for at in floating[0])
        name, height = NAMES[int(owners[row, column])], len(owners) - row
        raise UserError(f"the {name} stone in column {column + 1}, {height} from the bottom, has nothing below it")


def _last_moves(game: ConnectFour, owners: NDArray[np.integer[Any]], columns: Columns) -> list[int]:
    """The columns whose top stone may have come last: without it there is no line."""
    mover, connect = (sum(map(len, columns)) - 1) % 2, int(game.spec.options["connect"])
    last = []
    for column in (column for column, stack in enumerate(columns) if stack and stack[-1] == mover):
        before = owners.astype(np.int8)
        before[len(owners) - len(columns[column]), column] = -1
        if not lines_of(before, connect):
            last.append(column)
    return last


def _order(columns: Columns, last: list[int]) -> tuple[int, ...] | None:
    """One order of moves that fills the columns, each player in turn; None where there is none."""
    full = tuple(map(len, columns))

    @cache
    def leads_there(heights: tuple[int, ...]) -> int | None:
        """The column of the last of the stones up to these heights; None where no order leads there."""
        stones = sum(heights)
        for column in last if heights == full else range(len(columns)):
            if not heights[column] or columns[column][heights[column] - 1] != (stones - 1) % 2:
                continue
            below = (*heights[:column], heights[column] - 1, *heights[column + 1 :])
            if stones == 1 or leads_there(below) is not None:
                return column
        return None

    heights = full
    moves: list[int] = []
    while any(heights):
        column = leads_there(heights)
        if column is None:
            return None
        moves.append(column)
        heights = (*heights[:column], heights[column] - 1, *heights[column + 1 :])
    return tuple(reversed(moves))
