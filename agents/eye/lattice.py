"""Puts what was found on a board into rows and columns, whatever the perspective: from neighbour to neighbour, then by one map."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .perspective import Homography, Points, fitted, inverse, project

NEAR = 0.35  # of a cell: how far from where it is expected something may lie
STEEP = 0.7  # height to width of the steepest step that still goes along a row
FEWEST = 12  # things that make a board
SURE = 0.3  # score of those by which rows and columns are found


class Lattice(NamedTuple):
    """Rows and columns that were found."""

    view: Homography  # from cells (column, row, from the top left corner) to the picture
    places: NDArray[np.int64]  # [H, W], which of the things lies there, -1 for none


def find_lattice(centres: Points, scores: NDArray[np.float64], board: tuple[int, int]) -> Lattice | None:
    """The centres [K, 2] and scores [K] of what was found, on a board of that height and width; None where they make no such board.

    Of two things in one place the surer counts.
    """
    sure = centres[scores >= SURE]
    if len(sure) < FEWEST:
        return None
    index = _walked(sure)
    known, cells = np.array(list(index)), np.array(list(index.values()))
    if len(known) < FEWEST or (np.ptp(cells, axis=0) == 0).any():
        return None
    cells = cells - _corner(cells, board)
    view = fitted(cells + 0.5, sure[known])
    at = project(inverse(view), centres)
    cell = np.floor(at).astype(np.int64)  # column, row
    close = (abs(at - cell - 0.5) < NEAR).all(axis=1) & (cell >= 0).all(axis=1) & (cell < board[::-1]).all(axis=1)
    places = np.full(board, -1, np.int64)
    for k in np.flatnonzero(close)[np.argsort(scores[close], kind="stable")]:  # the surest last
        places[cell[k, 1], cell[k, 0]] = k
    return Lattice(view, places)


def _walked(centres: Points) -> dict[int, tuple[int, int]]:
    """Column and row of everything that is reached from the middle by steps to neighbours; where 0, 0 is does not matter.

    A step is expected to be like the one before it in the same direction, so that it may change slowly over the board.
    """
    right, down = _steps(centres)
    first = int(np.linalg.norm(centres - np.median(centres, axis=0), axis=1).argmin())
    index, steps = {first: (0, 0)}, {first: (right, down)}
    waiting = [first]
    while waiting:
        k = waiting.pop(0)
        for axis, sign in product((0, 1), (1, -1)):
            step = sign * steps[k][axis]
            away = np.linalg.norm(centres - centres[k] - step, axis=1)
            near = int(away.argmin())
            if near in index or away[near] > NEAR * np.linalg.norm(step):
                continue
            column, row = index[k]
            index[near] = (column + sign, row) if axis == 0 else (column, row + sign)
            steps[near] = tuple(sign * (centres[near] - centres[k]) if each == axis else steps[k][each] for each in (0, 1))  # type: ignore[assignment]
            waiting.append(near)
    return index


def _steps(centres: Points) -> tuple[Points, Points]:
    """The usual step to the right and the usual one down, [2] and [2]."""
    between = centres[None] - centres[:, None]
    length = np.linalg.norm(between, axis=2) + np.where(np.eye(len(centres)), np.inf, 0)
    wide = abs(between[:, :, 1]) < STEEP * abs(between[:, :, 0])
    tall = abs(between[:, :, 0]) < STEEP * abs(between[:, :, 1])
    steps = []
    for along, axis in ((wide, 0), (tall, 1)):
        nearest = np.where(along, length, np.inf).argmin(axis=1)
        step = between[np.arange(len(centres)), nearest]
        steps.append(np.median(step * np.sign(step[:, axis : axis + 1]), axis=0))
    return steps[0], steps[1]


def _corner(cells: NDArray[np.int64], board: tuple[int, int]) -> NDArray[np.int64]:
    """The column and row from which a window of the board's size holds most of the cells [K, 2]."""
    low, high = cells.min(axis=0), cells.max(axis=0)
    corners = list(product(*(range(low[k], max(low[k], high[k] - board[1 - k] + 1) + 1) for k in (0, 1))))
    held = [((cells >= corner) & (cells < np.add(corner, board[::-1]))).all(axis=1).sum() for corner in corners]
    return np.array(corners[int(np.argmax(held))])
