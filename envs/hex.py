"""Hex: one player connects top and bottom, the other left and right; on a full board exactly one of them has (Nash 1952).

A state is that of `stones.py`, points row by row. The board is drawn
slanted: a point touches its neighbours in the row, those above and above to the right, below and below to the left.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..jit import compiled
from .game import Picture, States, Symmetries
from .grid import Grid
from .rng import GAMMA, below, mix64
from .stones import FREE, MOVER, OVER, SWAP, ZERO, Kernels, StoneGame, pay, put_stone, stone_at, take_stone, unpack

_NEIGHBOURS = ((0, -1), (0, 1), (-1, 0), (1, 0), (-1, 1), (1, -1))


class Hex(StoneGame):
    """Hex. Actions are the points row by row, "a1" at the top left, then "swap" if there is one.

    Player 0 connects the top row with the bottom row, player 1 the left column with the right one.

    Args:
        size: points along a side, 3 to 19.
        swap: whether the second player may, as the first move, take over the stone that stands there: it changes its colour and
            goes to the point mirrored in the long diagonal, where it is worth to its new owner what it was to the old one.
        history: positions that the network sees, the newest included.

    Raises:
        UserError: an option out of range.
    """

    aims = ("connects top and bottom", "connects left and right")

    def __init__(self, size: int = 11, swap: bool = True, history: int = 1) -> None:
        if not 3 <= size <= 19:
            raise UserError(f"size={size} does not fit; hex is played on 3 to 19 points a side")
        self._size, self._swap = size, swap
        self._grid = Grid(size, size)
        points = size * size
        super().__init__(
            name="hex",
            options={"size": size, "swap": swap},
            board=(size, size),
            num_actions=points + swap,
            max_legal=points,
            max_plies=points + swap,
            history=history,
            labels=self._grid.labels,
            sides=True,
            rules="Put a stone on a free point, in turn; a point touches six others. The first player wins with a chain of stones "
            "from top to bottom, the second with one from left to right."
            f"{' The second may answer the first stone with swap: it becomes theirs, mirrored in the diagonal.' if swap else ''}",
        )
        self.kernels = Kernels(_play, _playout, parameters=(self.info, self.words, size, swap))
        same, turned = np.arange(points, dtype=np.int32), np.arange(points, dtype=np.int32)[::-1]
        extra = np.full((2, int(swap)), points, np.int32)
        self._symmetries = Symmetries(
            points=np.stack([same, turned]),
            actions=np.concatenate([np.stack([same, turned]), extra], axis=1),
            planes=np.tile(np.arange(self.spec.num_planes, dtype=np.int32), (2, 1)),
            inverse=np.arange(2, dtype=np.int32),
        )

    @property
    def symmetries(self) -> Symmetries:
        """The identity and the half turn."""
        return self._symmetries

    def action_name(self, action: int) -> str:
        return "swap" if action == self._size**2 else self._grid.names[action]

    def parse_action(self, text: str) -> int:
        if self._swap and text.strip().lower() == "swap":
            return self._size**2
        return self._grid.parse(text, others="swap" if self._swap else "")

    def action_point(self, action: int) -> tuple[int, int] | None:
        return None if action == self._size**2 else divmod(action, self._size)

    def picture(self, row: States) -> Picture:
        return super().picture(row)._replace(slant=True)

    def _marks(self, owners: NDArray[np.int8]) -> frozenset[tuple[int, int]]:
        """A shortest chain of the winner's from side to side."""
        for player in range(2):
            mine = owners == player if player == 0 else (owners == player).T
            paths: dict[tuple[int, int], tuple[tuple[int, int], ...]] = {
                (0, int(c)): ((0, int(c)),) for c in np.flatnonzero(mine[0])
            }
            while paths:
                if done := [path for (r, _), path in paths.items() if r == self._size - 1]:
                    return frozenset(done[0] if player == 0 else ((c, r) for r, c in done[0]))
                mine[tuple(zip(*paths, strict=True))] = False
                paths = {
                    (r + down, c + right): (*path, (r + down, c + right))
                    for (r, c), path in paths.items()
                    for down, right in _NEIGHBOURS
                    if 0 <= r + down < self._size and 0 <= c + right < self._size and mine[r + down, c + right]
                }
        return frozenset()


@compiled()
def _neighbour(k: int, stride: int) -> int:
    """The step to the k-th of the six neighbours."""
    if k == 0:
        return -1
    if k == 1:
        return 1
    if k == 2:
        return -stride
    if k == 3:
        return 1 - stride
    if k == 4:
        return stride
    return stride - 1


@compiled()
def _connects(board: Any, at: int, stride: int, mover: int, stack: Any) -> bool:
    """Whether the chain of the mover's stone at a point touches both of the mover's sides. Marks the chain with mover + 3."""
    size = stride - 2
    low = high = False
    board[at] = mover + 3
    stack[0] = at
    top = 1
    while top > 0:
        top -= 1
        here = stack[top]
        line = here // stride if mover == 0 else here % stride
        low = low or line == 1
        high = high or line == size
        if low and high:
            return True
        for k in range(6):
            to = here + _neighbour(k, stride)
            if board[to] == mover:
                board[to] = mover + 3
                stack[top] = to
                top += 1
    return False


@compiled()
def _play(
    states: NDArray[np.uint64],
    actions: NDArray[np.int32],
    info: int,
    words: int,
    size: int,
    swap: bool,
    rewards: NDArray[np.float32],
    terminal: NDArray[np.bool_],
    to_play: NDArray[np.int8],
) -> None:
    stride = size + 2
    board, stack = np.empty(stride * stride, np.int8), np.empty(size * size, np.int32)
    for i in range(len(states)):
        row = states[i]
        mover = np.int64(row[info] & MOVER)
        free = unpack(row, words, size, size, board)
        won = False
        if actions[i] == size * size:
            for point in range(size * size):
                if stone_at(row, 0, point):
                    take_stone(row, 0, point)
                    put_stone(row, words, point % size * size + point // size)
                    break
        else:
            at = (actions[i] // size + 1) * stride + actions[i] % size + 1
            put_stone(row, mover * words, actions[i])
            board[at] = mover
            won = _connects(board, at, stride, mover, stack)
        may_swap = swap and free == size * size
        row[info] = np.uint64(1 - mover) | (OVER if won else ZERO) | (SWAP if may_swap else ZERO)
        pay(rewards, i, mover if won else -1)
        terminal[i] = won
        to_play[i] = 1 - mover


@compiled()
def _playout(
    states: NDArray[np.uint64],
    seeds: NDArray[np.uint64],
    info: int,
    words: int,
    size: int,
    swap: bool,
    rewards: NDArray[np.float32],
    plies: NDArray[np.int32],
) -> None:
    """Fills the board, and looks only then who has won: stones that come after a connection cannot undo it."""
    stride = size + 2
    board, stack = np.empty(stride * stride, np.int8), np.empty(size * size, np.int32)
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
            if j == left:
                _swap_stone(board, stride, points, left)
                may_swap = False
                mover = 1 - mover
                continue
            at = points[j]
            left -= 1
            points[j] = points[left]
            board[at] = mover
            may_swap = swap and left == size * size - 1 and free == size * size
            mover = 1 - mover
        pay(rewards, i, 0 if _top_connects(board, stride, stack) else 1)


@compiled()
def _swap_stone(board: Any, stride: int, points: Any, left: int) -> None:
    """The only stone of a mailbox changes its colour and its place; `points` [left] are the free ones."""
    for at in range(len(board)):
        if board[at] == 0:
            mirrored = at % stride * stride + at // stride
            board[at] = FREE
            board[mirrored] = 1
            for j in range(left):
                if points[j] == mirrored:
                    points[j] = at
            return


@compiled()
def _top_connects(board: Any, stride: int, stack: Any) -> bool:
    """Whether player 0 connects top and bottom on a full board."""
    for at in range(stride + 1, 2 * stride - 1):
        if board[at] == 0 and _connects(board, at, stride, 0, stack):
            return True
    return False
