"""Gomoku: five stones in a line win, on a board of 5 to 19 points a side.

A state is that of `stones.py`, points row by row.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..jit import compiled
from .game import Symmetries
from .grid import Grid
from .rng import GAMMA, below, mix64
from .stones import FREE, MOVER, OVER, SWAP, ZERO, Kernels, StoneGame, lines_of, pay, put_stone, unpack
from .symmetry import square_symmetries

FIVE = 5


class Gomoku(StoneGame):
    """Gomoku without restrictions. Actions are the points row by row, named as on a Go board ("H8"), then "swap" if there is one.

    Args:
        size: points along a side, 5 to 19.
        exact: whether six or more in a line do not win.
        swap: whether the second player may, as the first move, take over the stone that stands there; a last plane then tells who
            is to move, and with it whether that is still possible.
        history: positions that the network sees, the newest included.

    Raises:
        UserError: an option out of range.
    """

    def __init__(self, size: int = 15, exact: bool = False, swap: bool = False, history: int = 1) -> None:
        if not 5 <= size <= 19:
            raise UserError(f"size={size} does not fit; gomoku is played on 5 to 19 points a side")
        self._size, self._exact, self._swap = size, exact, swap
        self._grid = Grid(size, size, from_bottom=True, as_go=True)
        super().__init__(
            name="gomoku",
            options={"size": size, "exact": exact, "swap": swap},
            board=(size, size),
            num_actions=size * size + swap,
            max_legal=size * size,
            max_plies=size * size + swap,
            history=history,
            labels=self._grid.labels,
            sides=swap,  # who moves tells whether a lone stone may still be taken over
            rules="Put a stone on a free point, in turn. Five of yours in a line, upright, level or diagonal, win, "
            f"{'and six do not' if exact else 'and so do more'}; a full board is a draw."
            f"{' The second player may answer the first stone with swap, which takes it over.' if swap else ''}",
        )
        self.kernels = Kernels(_play, _playout, parameters=(self.info, self.words, size, exact, swap))
        self._symmetries = square_symmetries(size, num_planes=self.spec.num_planes, extra_actions=int(swap))

    @property
    def symmetries(self) -> Symmetries:
        """The eight symmetries of the square."""
        return self._symmetries

    def action_name(self, action: int) -> str:
        return "swap" if action == self._size**2 else self._grid.names[action]

    def parse_action(self, text: str) -> int:
        if self._swap and text.strip().lower() == "swap":
            return self._size**2
        return self._grid.parse(text, others="swap" if self._swap else "")

    def action_point(self, action: int) -> tuple[int, int] | None:
        return None if action == self._size**2 else divmod(action, self._size)

    def _marks(self, owners: NDArray[np.int8]) -> frozenset[tuple[int, int]]:
        return lines_of(owners, FIVE, exact=self._exact)


@compiled()
def _wins(board: Any, at: int, stride: int, mover: int, exact: bool) -> bool:
    """Whether the mover's stone on a mailbox stands in a line of five, or more unless `exact`."""
    for direction in (1, stride - 1, stride, stride + 1):
        n = 1
        to = at + direction
        while board[to] == mover:
            n += 1
            to += direction
        to = at - direction
        while board[to] == mover:
            n += 1
            to -= direction
        if n == FIVE or (n > FIVE and not exact):
            return True
    return False


@compiled()
def _play(
    states: NDArray[np.uint64],
    actions: NDArray[np.int32],
    info: int,
    words: int,
    size: int,
    exact: bool,
    swap: bool,
    rewards: NDArray[np.float32],
    terminal: NDArray[np.bool_],
    to_play: NDArray[np.int8],
) -> None:
    stride = size + 2
    board = np.empty(stride * stride, np.int8)
    for i in range(len(states)):
        row = states[i]
        mover = np.int64(row[info] & MOVER)
        free = unpack(row, words, size, size, board)
        won = False
        may_swap = swap and free == size * size
        if actions[i] == size * size:
            for word in range(words):
                row[word], row[words + word] = row[words + word], row[word]
        else:
            at = (actions[i] // size + 1) * stride + actions[i] % size + 1
            put_stone(row, mover * words, actions[i])
            board[at] = mover
            free -= 1
            won = _wins(board, at, stride, mover, exact)
        over = won or free == 0
        row[info] = np.uint64(1 - mover) | (OVER if over else ZERO) | (SWAP if may_swap else ZERO)
        pay(rewards, i, mover if won else -1)
        terminal[i] = over
        to_play[i] = 1 - mover


@compiled()
def _playout(
    states: NDArray[np.uint64],
    seeds: NDArray[np.uint64],
    info: int,
    words: int,
    size: int,
    exact: bool,
    swap: bool,
    rewards: NDArray[np.float32],
    plies: NDArray[np.int32],
) -> None:
    stride = size + 2
    board = np.empty(stride * stride, np.int8)
    points = np.empty(size * size, np.int32)
    for i in range(len(states)):
        pay(rewards, i, -1)
        plies[i] = 0
        if states[i, info] & OVER:
            continue
        mover = np.int64(states[i, info] & MOVER)
        free = unpack(states[i], words, size, size, board)
        left = 0
        for at in range(len(board)):
            if board[at] == FREE:
                points[left] = at
                left += 1
        may_swap = (states[i, info] & SWAP) != ZERO
        random = seeds[i]
        while left > 0:
            random += GAMMA
            j = np.int64(below(mix64(random), np.uint64(left + may_swap)))
            plies[i] += 1
            if j == left:  # the swap: the one stone changes its colour
                for at in range(len(board)):
                    if board[at] == 0:
                        board[at] = 1
                may_swap = False
                mover = 1 - mover
                continue
            at = points[j]
            left -= 1
            points[j] = points[left]
            board[at] = mover
            if _wins(board, at, stride, mover, exact):
                pay(rewards, i, mover)
                break
            may_swap = swap and left == size * size - 1 and free == size * size
            mover = 1 - mover
