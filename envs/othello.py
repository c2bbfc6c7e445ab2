"""Othello: a disc is played where it outflanks, and turns what it outflanks; who has more discs at the end wins.

A state is that of `stones.py`, points row by row; the kernels work on a mailbox (`stones.unpack`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..jit import compiled
from .game import States, Symmetries
from .grid import Grid
from .rng import GAMMA, below, mix64
from .stones import FREE, MOVER, OVER, ZERO, Kernels, StoneGame, pay, put_stone, take_stone, unpack
from .symmetry import some_of, square_symmetries

SIZES = (6, 8, 10)


class Othello(StoneGame):
    """Othello. Actions are the points row by row, "a1" at the top left, then "pass", which is legal only where nothing else is.

    Black, player 0, moves first. The game is over when neither can move; the number of discs decides.

    Args:
        size: points along a side, 6, 8 or 10.
        history: positions that the network sees, the newest included.

    Raises:
        UserError: an option out of range.
    """

    def __init__(self, size: int = 8, history: int = 1) -> None:
        if size not in SIZES:
            raise UserError(f"size={size} does not fit; othello is played on 6, 8 or 10 points a side")
        self._size = size
        self._grid = Grid(size, size)
        super().__init__(
            name="othello",
            options={"size": size},
            board=(size, size),
            num_actions=size * size + 1,
            max_legal=size * size - 4,
            max_plies=2 * (size * size - 4),
            history=history,
            labels=self._grid.labels,
            rules="Put a disc where discs of the other's lie in a straight line between it and one of yours: they turn over. Who "
            "has no such move passes; when nobody has one, more discs win.",
        )
        self.kernels = Kernels(_play, _playout, _legal_mask, parameters=(self.info, self.words, size))
        square = square_symmetries(size, num_planes=self.spec.num_planes, extra_actions=1)
        start = self.owners(self.new_states(1)[0]).ravel()
        self._symmetries = some_of(square, [k for k in range(8) if (start[square.points[k]] == start).all()])

    def new_states(self, n: int) -> States:
        states = super().new_states(n)
        half = self._size // 2
        for player, points in enumerate((((half - 1, half), (half, half - 1)), ((half - 1, half - 1), (half, half)))):
            for r, c in points:
                for row in states:
                    put_stone(row, player * self.words, r * self._size + c)
        return states

    @property
    def symmetries(self) -> Symmetries:
        """The four symmetries of the square that leave the first discs as they are; the others lead to boards that no game has."""
        return self._symmetries

    def action_name(self, action: int) -> str:
        return "pass" if action == self._size**2 else self._grid.names[action]

    def parse_action(self, text: str) -> int:
        return self._size**2 if text.strip().lower() == "pass" else self._grid.parse(text, others="pass")

    def action_point(self, action: int) -> tuple[int, int] | None:
        return None if action == self._size**2 else divmod(action, self._size)

    def changed_points(self, before: States, after: States) -> list[tuple[int, int]]:
        """The disc that was played, not those that were turned."""
        old, new = self.owners(before), self.owners(after)
        return [(int(r), int(c)) for r, c in np.argwhere((old < 0) & (new >= 0))]


@compiled()
def _outflanked(board: Any, at: int, direction: int, mover: int) -> int:
    """How many discs a disc of the mover outflanks in one direction."""
    other = 1 - mover
    n = 0
    to = at + direction
    while board[to] == other:
        n += 1
        to += direction
    return n if board[to] == mover else 0


@compiled()
def _direction(k: int, stride: int) -> int:
    """The step of the k-th of the eight directions."""
    if k < 3:
        return k - 1 - stride
    if k < 5:
        return 2 * k - 7
    return k - 6 + stride


@compiled()
def _is_legal(board: Any, at: int, stride: int, mover: int) -> bool:
    """Whether the mover may play on a free point."""
    for k in range(8):
        if _outflanked(board, at, _direction(k, stride), mover) > 0:
            return True
    return False


@compiled()
def _can_move(board: Any, size: int, mover: int) -> bool:
    """Whether the mover has a move other than to pass."""
    stride = size + 2
    for r in range(1, size + 1):
        for at in range(r * stride + 1, r * stride + 1 + size):
            if board[at] == FREE and _is_legal(board, at, stride, mover):
                return True
    return False


@compiled()
def _winner(board: Any) -> int:
    """Who has more discs, -1 for neither."""
    black, white = 0, 0
    for at in range(len(board)):
        black += board[at] == 0
        white += board[at] == 1
    return 0 if black > white else 1 if white > black else -1


@compiled()
def _play(
    states: NDArray[np.uint64],
    actions: NDArray[np.int32],
    info: int,
    words: int,
    size: int,
    rewards: NDArray[np.float32],
    terminal: NDArray[np.bool_],
    to_play: NDArray[np.int8],
) -> None:
    stride = size + 2
    board = np.empty(stride * stride, np.int8)
    for i in range(len(states)):
        row = states[i]
        mover = np.int64(row[info] & MOVER)
        unpack(row, words, size, size, board)
        if actions[i] < size * size:
            at = (actions[i] // size + 1) * stride + actions[i] % size + 1
            put_stone(row, mover * words, actions[i])
            for k in range(8):
                direction = _direction(k, stride)
                for j in range(1, _outflanked(board, at, direction, mover) + 1):
                    turned = at + j * direction
                    point = (turned // stride - 1) * size + turned % stride - 1
                    board[turned] = mover
                    put_stone(row, mover * words, point)
                    take_stone(row, (1 - mover) * words, point)
            board[at] = mover
        over = not _can_move(board, size, 1 - mover) and not _can_move(board, size, mover)
        row[info] = np.uint64(1 - mover) | (OVER if over else ZERO)
        pay(rewards, i, _winner(board) if over else -1)
        terminal[i] = over
        to_play[i] = 1 - mover


@compiled()
def _legal_mask(states: NDArray[np.uint64], info: int, words: int, size: int, mask: NDArray[np.bool_]) -> None:
    stride = size + 2
    board = np.empty(stride * stride, np.int8)
    for i in range(len(states)):
        mask[i] = False
        if states[i, info] & OVER:
            continue
        mover = np.int64(states[i, info] & MOVER)
        unpack(states[i], words, size, size, board)
        forced = True
        for point in range(size * size):
            at = (point // size + 1) * stride + point % size + 1
            if board[at] == FREE and _is_legal(board, at, stride, mover):
                mask[i, point] = True
                forced = False
        mask[i, size * size] = forced


@compiled()
def _playout(
    states: NDArray[np.uint64],
    seeds: NDArray[np.uint64],
    info: int,
    words: int,
    size: int,
    rewards: NDArray[np.float32],
    plies: NDArray[np.int32],
) -> None:
    """Free points are drawn without return until one is legal: uniform over the legal ones, and most are never looked at."""
    stride = size + 2
    board = np.empty(stride * stride, np.int8)
    free = np.empty(size * size, np.int32)
    for i in range(len(states)):
        pay(rewards, i, -1)
        plies[i] = 0
        if states[i, info] & OVER:
            continue
        mover = np.int64(states[i, info] & MOVER)
        unpack(states[i], words, size, size, board)
        left = 0
        for at in range(len(board)):
            if board[at] == FREE:
                free[left] = at
                left += 1
        random = seeds[i]
        passes = 0
        while passes < 2:
            played = False
            for drawn in range(left, 0, -1):
                random += GAMMA
                j = np.int64(below(mix64(random), np.uint64(drawn)))
                at = free[j]
                free[j], free[drawn - 1] = free[drawn - 1], at
                for k in range(8):
                    direction = _direction(k, stride)
                    n = _outflanked(board, at, direction, mover)
                    for step in range(1, n + 1):
                        board[at + step * direction] = mover
                    played = played or n > 0
                if played:
                    board[at] = mover
                    left -= 1
                    free[drawn - 1] = free[left]
                    break
            passes = 0 if played else passes + 1
            plies[i] += 1
            mover = 1 - mover
        plies[i] -= 2  # the two passes that say that neither can move are no plies
        pay(rewards, i, _winner(board))
