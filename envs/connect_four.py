"""Connect Four on any board of at most 64 bits: a disc falls to the lowest free point of its column, a line of `connect` wins.

A state is that of `stones.py`, one word a side. Its bits go column by column from the bottom, with one bit above each column that
is always empty: bit `column * (height + 1) + row_from_bottom`. Adding the bottom bit of a column to all stones carries to its
lowest free point, and no shift along a line can wrap into the next column (the layout of John Tromp's Fhourstones solver).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..jit import compiled
from .game import Labels, Symmetries
from .rng import GAMMA, below, mix64
from .stones import MOVER, ONE, OVER, ZERO, Kernels, StoneGame, lines_of, pay


class ConnectFour(StoneGame):
    """Connect Four. Actions are the columns from the left, named "1", "2" and so on.

    Args:
        width: columns, from 2.
        height: rows, from 2; width * (height + 1) at most 64.
        connect: stones in a line that win, from 3 to the longer side.
        history: positions that the network sees, the newest included.

    Raises:
        UserError: an option out of range.
    """

    def __init__(self, width: int = 7, height: int = 6, connect: int = 4, history: int = 1) -> None:
        if width < 2 or height < 2 or width * (height + 1) > 64:
            raise UserError(
                f"connect_four cannot be {width} wide and {height} high; "
                "choose width and height from 2, with width * (height + 1) at most 64"
            )
        if not 3 <= connect <= max(width, height):
            raise UserError(
                f"connect={connect} does not fit a board {width} wide and {height} high; choose from 3 to {max(width, height)}"
                if max(width, height) >= 3
                else f"no line of 3 fits a board {width} wide and {height} high; make a side at least 3 long"
            )
        self._width, self._connect = width, connect
        super().__init__(
            name="connect_four",
            options={"width": width, "height": height, "connect": connect},
            board=(height, width),
            num_actions=width,
            max_legal=width,
            max_plies=width * height,
            history=history,
            labels=Labels(bottom=[str(column + 1) for column in range(width)]),
            bits=np.array([c * (height + 1) + height - 1 - r for r in range(height) for c in range(width)], np.int32),
            rules=f"Name a column, in turn: a disc falls to its lowest free point. {connect} of yours in a line, upright, level or "
            "diagonal, win; a full board is a draw.",
        )
        self.kernels = Kernels(_play, _playout, _legal_mask, parameters=(self.info, width, height, connect))
        points = np.arange(height * width, dtype=np.int32).reshape(height, width)
        columns = np.arange(width, dtype=np.int32)
        self._symmetries = Symmetries(
            points=np.stack([points.ravel(), points[:, ::-1].ravel()]),
            actions=np.stack([columns, columns[::-1]]),
            planes=np.tile(np.arange(self.spec.num_planes, dtype=np.int32), (2, 1)),
            inverse=np.arange(2, dtype=np.int32),
        )

    @property
    def symmetries(self) -> Symmetries:
        """The identity and the mirror image."""
        return self._symmetries

    def action_name(self, action: int) -> str:
        return str(action + 1)

    def parse_action(self, text: str) -> int:
        name = text.strip()
        if name.isascii() and name.isdigit() and len(name) <= 2 and 1 <= int(name) <= self._width:
            return int(name) - 1
        raise UserError(f"{text.strip()!r} is no column; type a number from 1 to {self._width}")

    def _marks(self, owners: NDArray[np.int8]) -> frozenset[tuple[int, int]]:
        return lines_of(owners, self._connect)


@compiled()
def _full_board(width: int, height: int) -> np.uint64:
    """The bits of every point."""
    column = (ONE << np.uint64(height)) - ONE
    board = ZERO
    for c in range(width):
        board |= column << np.uint64(c * (height + 1))
    return board


@compiled()
def _has_line(stones: np.uint64, height: int, connect: int) -> bool:
    """Whether some line of `connect` stones exists. Runs of n become runs of up to 2n by one shift, in all directions at once.

    No run spans 63 bits or more (bit 63 is never a point), so shifts that long are cut to 63 and find nothing.
    """
    upright = level = rising = falling = stones
    length = 1
    while length < connect:
        more = min(length, connect - length)
        upright &= upright >> np.uint64(min(more, 63))
        level &= level >> np.uint64(min(more * (height + 1), 63))
        rising &= rising >> np.uint64(min(more * (height + 2), 63))
        falling &= falling >> np.uint64(min(more * height, 63))
        length += more
    return bool((upright | level | rising | falling) != ZERO)


@compiled()
def _play(
    states: NDArray[np.uint64],
    actions: NDArray[np.int32],
    info: int,
    width: int,
    height: int,
    connect: int,
    rewards: NDArray[np.float32],
    terminal: NDArray[np.bool_],
    to_play: NDArray[np.int8],
) -> None:
    board = _full_board(width, height)
    column = (ONE << np.uint64(height)) - ONE
    for i in range(len(states)):
        mover = np.int64(states[i, info] & MOVER)
        taken = states[i, 0] | states[i, 1]
        bottom = np.uint64(actions[i] * (height + 1))
        stone = (taken + (ONE << bottom)) & (column << bottom)
        mine = states[i, mover] | stone
        won = _has_line(mine, height, connect)
        over = won or (taken | stone) == board
        states[i, mover] = mine
        states[i, info] = np.uint64(1 - mover) | (OVER if over else ZERO)
        pay(rewards, i, mover if won else -1)
        terminal[i] = over
        to_play[i] = 1 - mover


@compiled()
def _legal_mask(states: NDArray[np.uint64], info: int, width: int, height: int, connect: int, mask: NDArray[np.bool_]) -> None:
    for i in range(len(states)):
        taken = states[i, 0] | states[i, 1]
        playing = (states[i, info] & OVER) == ZERO
        for c in range(width):
            top = np.uint64(c * (height + 1) + height - 1)
            mask[i, c] = playing and ((taken >> top) & ONE) == ZERO


@compiled()
def _playout(
    states: NDArray[np.uint64],
    seeds: NDArray[np.uint64],
    info: int,
    width: int,
    height: int,
    connect: int,
    rewards: NDArray[np.float32],
    plies: NDArray[np.int32],
) -> None:
    """A column is drawn until it has a free point: uniform over the legal ones, and hardly ever a second draw."""
    board = _full_board(width, height)
    column = (ONE << np.uint64(height)) - ONE
    columns, stride = np.uint64(width), np.uint64(height + 1)
    for i in range(len(states)):
        pay(rewards, i, -1)
        plies[i] = 0
        if states[i, info] & OVER:
            continue
        mover = np.int64(states[i, info] & MOVER)
        mine, theirs = states[i, mover], states[i, 1 - mover]
        random = seeds[i]
        while True:
            taken = mine | theirs
            stone = ZERO
            while stone == ZERO:
                random += GAMMA
                bottom = below(mix64(random), columns) * stride
                stone = (taken + (ONE << bottom)) & (column << bottom)
            mine |= stone
            plies[i] += 1
            if _has_line(mine, height, connect):
                pay(rewards, i, mover)
                break
            if (taken | stone) == board:
                break
            mine, theirs = theirs, mine
            mover = 1 - mover
