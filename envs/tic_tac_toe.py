"""Tic-tac-toe: small enough to be solved by hand, so every test of search and learning starts here.

A state is that of `stones.py`, one word a side.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..jit import compiled
from .game import Symmetries
from .grid import Grid
from .rng import GAMMA, below, mix64
from .stones import MOVER, OVER, ZERO, Kernels, StoneGame, lines_of, pay
from .symmetry import square_symmetries

_LINES = (0b000000111, 0b000111000, 0b111000000, 0b001001001, 0b010010010, 0b100100100, 0b100010001, 0b001010100)
_HAS_LINE = np.array([any(stones & line == line for line in _LINES) for stones in range(512)])
_FULL = np.uint64(0b111111111)


class TicTacToe(StoneGame):
    """Tic-tac-toe. Actions are the points row by row; "a1" is the top left corner, "c1" the top right, "a3" the bottom left.

    Args:
        history: positions that the network sees, the newest included.

    Raises:
        UserError: an option out of range.
    """

    def __init__(self, history: int = 1) -> None:
        self._grid = Grid(3, 3)
        super().__init__(
            name="tic_tac_toe",
            options={},
            board=(3, 3),
            num_actions=9,
            max_legal=9,
            max_plies=9,
            history=history,
            labels=self._grid.labels,
            rules="Put a stone on a free point, in turn. Three of yours in a row, column or diagonal win; a full board is a draw.",
        )
        self.kernels = Kernels(_play, _playout, parameters=(self.info,))
        self._symmetries = square_symmetries(3, num_planes=self.spec.num_planes)

    @property
    def symmetries(self) -> Symmetries:
        """The eight symmetries of the square."""
        return self._symmetries

    def action_name(self, action: int) -> str:
        return self._grid.names[action]

    def parse_action(self, text: str) -> int:
        return self._grid.parse(text)

    def action_point(self, action: int) -> tuple[int, int]:
        return divmod(action, 3)

    def _marks(self, owners: NDArray[np.int8]) -> frozenset[tuple[int, int]]:
        return lines_of(owners, 3)


@compiled()
def _play(
    states: NDArray[np.uint64],
    actions: NDArray[np.int32],
    info: int,
    rewards: NDArray[np.float32],
    terminal: NDArray[np.bool_],
    to_play: NDArray[np.int8],
) -> None:
    for i in range(len(states)):
        mover = np.int64(states[i, info] & MOVER)
        mine = states[i, mover] | np.uint64(1 << actions[i])
        won = _HAS_LINE[mine]
        over = won or (mine | states[i, 1 - mover]) == _FULL
        states[i, mover] = mine
        states[i, info] = np.uint64(1 - mover) | (OVER if over else ZERO)
        pay(rewards, i, mover if won else -1)
        terminal[i] = over
        to_play[i] = 1 - mover


@compiled()
def _playout(
    states: NDArray[np.uint64],
    seeds: NDArray[np.uint64],
    info: int,
    rewards: NDArray[np.float32],
    plies: NDArray[np.int32],
) -> None:
    """A point is drawn until it is free: uniform over the legal ones."""
    points = np.uint64(9)
    for i in range(len(states)):
        pay(rewards, i, -1)
        plies[i] = 0
        if states[i, info] & OVER:
            continue
        mover = np.int64(states[i, info] & MOVER)
        mine, theirs = np.int64(states[i, mover]), np.int64(states[i, 1 - mover])
        random = seeds[i]
        while True:
            stone = np.int64(0)
            while stone == 0:
                random += GAMMA
                stone = (1 << np.int64(below(mix64(random), points))) & ~(mine | theirs)
            mine |= stone
            plies[i] += 1
            if _HAS_LINE[mine]:
                pay(rewards, i, mover)
                break
            if (mine | theirs) == _FULL:
                break
            mine, theirs = theirs, mine
            mover = 1 - mover
