"""A board of Go as a mailbox: groups and their liberties, regions, eyes, area, hashes. The rules over it are in `go_rules`.

A mailbox has one int8 a point in rows of size + 2 with a border around them: 0 and 1 are the players' stones, FREE and BORDER the
rest. Flood fills mark points with a stamp that is new every time, so that nothing needs clearing. Positions are told apart by
hashes of 64 bits (Zobrist 1970).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..jit import compiled
from .stones import BORDER, FREE, ZERO

LARGEST = 19
ZOBRIST = np.random.default_rng(361).integers(1, 2**64, (2, LARGEST * LARGEST), np.uint64)
SEEN_WORDS = 16  # of the filter in front of a list of hashes: 1,024 bits


class Scratch(NamedTuple):
    """Memory of one call."""

    board: NDArray[np.int8]  # [(size + 2)^2]
    stack: NDArray[np.int32]  # [(size + 2)^2], the stones of a group
    mark: NDArray[np.int64]  # [(size + 2)^2], the last stamp of every point
    stamp: NDArray[np.int64]  # [1]
    seen: NDArray[np.uint64]  # [SEEN_WORDS], a bit for every hash that was there


@compiled()
def make_scratch(size: int) -> Scratch:
    """Memory for boards of a size."""
    points = (size + 2) * (size + 2)
    return Scratch(
        np.empty(points, np.int8),
        np.empty(points, np.int32),
        np.zeros(points, np.int64),
        np.zeros(1, np.int64),
        np.zeros(SEEN_WORDS, np.uint64),
    )


@compiled()
def point_of(at: int, size: int) -> int:
    """The point, row by row, of a place in the mailbox."""
    return (at // (size + 2) - 1) * size + at % (size + 2) - 1


@compiled()
def place_of(point: int, size: int) -> int:
    """The place in the mailbox of a point."""
    return (point // size + 1) * (size + 2) + point % size + 1


@compiled()
def around(k: int, stride: int) -> int:
    """The step to the k-th of the four neighbours."""
    if k == 0:
        return -stride
    if k == 1:
        return -1
    if k == 2:
        return 1
    return stride


@compiled()
def hash_board(board: Any, size: int) -> np.uint64:
    """The hash of a position: of the stones alone."""
    out = ZERO
    for point in range(size * size):
        stone = board[place_of(point, size)]
        if stone >= 0:
            out ^= ZOBRIST[stone, point]
    return out


@compiled()
def find_group(scratch: Scratch, at: int, stride: int, enough: int) -> tuple[int, int]:
    """(stones, liberties) of the group at a place; the stones are then on the stack. Stops once there are `enough` liberties."""
    board, stack, mark = scratch.board, scratch.stack, scratch.mark
    scratch.stamp[0] += 1
    stamp = scratch.stamp[0]
    colour = board[at]
    stack[0] = at
    mark[at] = stamp
    stones, looked_at, liberties = 1, 0, 0
    while looked_at < stones:
        here = stack[looked_at]
        looked_at += 1
        for k in range(4):
            to = here + around(k, stride)
            if mark[to] == stamp:
                continue
            if board[to] == colour:
                mark[to] = stamp
                stack[stones] = to
                stones += 1
            elif board[to] == FREE:
                mark[to] = stamp
                liberties += 1
                if liberties == enough:
                    return stones, liberties
    return stones, liberties


@compiled()
def area(scratch: Scratch, size: int, komi: float) -> float:
    """Black's area less White's and komi (Tromp and Taylor): stones, and free regions that touch one colour alone."""
    stride = size + 2
    board, stack, mark = scratch.board, scratch.stack, scratch.mark
    scratch.stamp[0] += 1
    stamp = scratch.stamp[0]
    score = 0
    for point in range(size * size):
        at = place_of(point, size)
        if board[at] == 0:
            score += 1
        elif board[at] == 1:
            score -= 1
        elif mark[at] != stamp:
            owner, count = find_region(board, stack, mark, stamp, at, stride)
            score += count if owner == 0 else -count if owner == 1 else 0
    return score - komi


@compiled()
def find_region(board: Any, stack: Any, mark: Any, stamp: int, at: int, stride: int) -> tuple[int, int]:
    """(owner, points) of the free region at a place, owner -1 where it touches both colours or none. Its points are then on the
    stack."""
    mark[at] = stamp
    stack[0] = at
    count, j = 1, 0
    black = white = False
    while j < count:
        here = stack[j]
        j += 1
        for k in range(4):
            to = here + around(k, stride)
            if board[to] == 0:
                black = True
            elif board[to] == 1:
                white = True
            elif board[to] == FREE and mark[to] != stamp:
                mark[to] = stamp
                stack[count] = to
                count += 1
    return (0 if black and not white else 1 if white and not black else -1), count


@compiled()
def is_eye(board: Any, at: int, stride: int, mover: int) -> bool:
    """Whether a free point is an eye of the mover's: its own stones around it, not too many of the opponent's on its corners."""
    for k in range(4):
        if board[at + around(k, stride)] in (FREE, 1 - mover):
            return False
    theirs, edge = 0, 0
    for corner in (-stride - 1, -stride + 1, stride - 1, stride + 1):
        theirs += board[at + corner] == 1 - mover
        edge |= board[at + corner] == BORDER
    return theirs + edge < 2
