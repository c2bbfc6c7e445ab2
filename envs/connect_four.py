"""Connect Four on any board of at most 64 bits: a disc falls to the lowest free point of its column, a line of `connect` wins.

A state is three uint64: the stones of player 0, the stones of player 1, and info (bit 0: the player to move, bit 1: game over).
Stones are bitboards, column by column from the bottom, with one bit above each column that is always empty: bit
`column * (height + 1) + row_from_bottom`. Adding the bottom bit of a column to all stones carries to its lowest free point, and
no shift along a line can wrap into the next column (the layout of John Tromp's Fhourstones solver).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..jit import compiled
from .game import Game, GameSpec, Picture, States, Step, Symmetries
from .rng import GAMMA, below, mix64

_MOVER, _OVER, _ONE, _ZERO = np.uint64(1), np.uint64(2), np.uint64(1), np.uint64(0)
_STONES = "XO"


class ConnectFour(Game):
    """Connect Four. Actions are the columns from the left, named "1", "2" and so on.

    Args:
        width: columns, from 2.
        height: rows, from 2; width * (height + 1) at most 64.
        connect: stones in a line that win, from 3 to the longer side.

    Raises:
        UserError: an option out of range.
    """

    def __init__(self, width: int = 7, height: int = 6, connect: int = 4) -> None:
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
        self._width, self._height, self._connect = width, height, connect
        self.spec = GameSpec(
            name="connect_four",
            options={"width": width, "height": height, "connect": connect},
            num_players=2,
            num_actions=width,
            max_legal=width,
            max_plies=width * height,
            board=(height, width),
            num_planes=3,
            state_size=3,
            state_dtype=np.dtype(np.uint64),
        )
        points = np.arange(height * width, dtype=np.int32).reshape(height, width)
        columns = np.arange(width, dtype=np.int32)
        self._symmetries = Symmetries(
            points=np.stack([points.ravel(), points[:, ::-1].ravel()]),
            actions=np.stack([columns, columns[::-1]]),
            planes=np.tile(np.arange(3, dtype=np.int32), (2, 1)),
            inverse=np.arange(2, dtype=np.int32),
        )

    def new_states(self, n: int) -> States:
        return np.zeros((n, 3), np.uint64)

    def step(self, states: States, actions: NDArray[np.int32]) -> Step:
        n = len(states)
        rewards, terminal, to_play = np.empty((n, 2), np.float32), np.empty(n, np.bool_), np.empty(n, np.int8)
        _step(states, actions, self._width, self._height, self._connect, rewards, terminal, to_play)
        return Step(rewards, terminal, to_play)

    def legal_mask(self, states: States) -> NDArray[np.bool_]:
        mask = np.empty((len(states), self._width), np.bool_)
        _legal_mask(states, self._height, mask)
        return mask

    def terminal(self, states: States) -> NDArray[np.bool_]:
        out = np.empty(len(states), np.bool_)
        _terminal(states, out)
        return out

    def to_play(self, states: States) -> NDArray[np.int8]:
        out = np.empty(len(states), np.int8)
        _to_play(states, out)
        return out

    def observe(self, states: States, out: NDArray[np.float32]) -> None:
        """Three planes: the mover's stones, the opponent's stones, and ones (which show the board's edge to a padded network)."""
        _observe(states, out)

    def playout(self, states: States, seeds: NDArray[np.uint64]) -> NDArray[np.float32]:
        rewards = np.empty((len(states), 2), np.float32)
        _playout(states, seeds, self._width, self._height, self._connect, rewards)
        return rewards

    @property
    def symmetries(self) -> Symmetries:
        """The identity and the mirror image."""
        return self._symmetries

    def observation_keys(self, states: States) -> NDArray[np.uint64]:
        keys = np.empty((len(states), 2), np.uint64)
        _seen(states, keys)
        return keys

    def action_name(self, action: int) -> str:
        return str(action + 1)

    def parse_action(self, text: str) -> int:
        name = text.strip()
        if name.isascii() and name.isdigit() and len(name) <= 2 and 1 <= int(name) <= self._width:
            return int(name) - 1
        raise UserError(f"{text.strip()!r} is no column; type a number from 1 to {self._width}")

    def picture(self, row: States) -> Picture:
        height, width = self._height, self._width
        owners = np.full((height, width), -1, np.int8)
        for player in range(2):
            stones = int(row[player])
            for r in range(height):
                for c in range(width):
                    if stones >> (c * (height + 1) + height - 1 - r) & 1:
                        owners[r, c] = player
        glyphs = [["." if owner < 0 else _STONES[owner] for owner in line] for line in owners]
        return Picture(glyphs, owners, self._winning_points(owners))

    def _winning_points(self, owners: NDArray[np.int8]) -> frozenset[tuple[int, int]]:
        """Every point of every line of `connect` stones of one player."""
        height, width = owners.shape
        marks: set[tuple[int, int]] = set()
        for r, c in np.argwhere(owners >= 0).tolist():
            for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
                line = [(r + i * down, c + i * right) for i in range(self._connect)]
                inside = line[-1][0] < height and 0 <= line[-1][1] < width
                if inside and all(owners[point] == owners[r, c] for point in line):
                    marks.update(line)
        return frozenset(marks)

    def render(self, row: States) -> str:
        """The board with the column numbers below."""
        cell = len(str(self._width))
        lines = [*self.picture(row).glyphs, [self.action_name(column) for column in range(self._width)]]
        return "\n".join(" ".join(glyph.rjust(cell) for glyph in line) for line in lines)


@compiled()
def _full_board(width: int, height: int) -> np.uint64:
    """The bits of every point."""
    column = (_ONE << np.uint64(height)) - _ONE
    board = _ZERO
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
    return bool((upright | level | rising | falling) != _ZERO)


@compiled()
def _step(
    states: NDArray[np.uint64],
    actions: NDArray[np.int32],
    width: int,
    height: int,
    connect: int,
    rewards: NDArray[np.float32],
    terminal: NDArray[np.bool_],
    to_play: NDArray[np.int8],
) -> None:
    board = _full_board(width, height)
    column = (_ONE << np.uint64(height)) - _ONE
    for i in range(len(states)):
        mover = states[i, 2] & _MOVER
        taken = states[i, 0] | states[i, 1]
        bottom = np.uint64(actions[i] * (height + 1))
        stone = (taken + (_ONE << bottom)) & (column << bottom)
        mine = states[i, mover] | stone
        won = _has_line(mine, height, connect)
        over = won or (taken | stone) == board
        states[i, mover] = mine
        states[i, 2] = (mover ^ _MOVER) | (_OVER if over else _ZERO)
        reward = np.float32(1.0) if won else np.float32(0.0)
        rewards[i, mover] = reward
        rewards[i, mover ^ _MOVER] = -reward if won else reward
        terminal[i] = over
        to_play[i] = mover ^ _MOVER


@compiled()
def _legal_mask(states: NDArray[np.uint64], height: int, mask: NDArray[np.bool_]) -> None:
    for i in range(len(states)):
        taken = states[i, 0] | states[i, 1]
        playing = (states[i, 2] & _OVER) == _ZERO
        for c in range(mask.shape[1]):
            top = np.uint64(c * (height + 1) + height - 1)
            mask[i, c] = playing and ((taken >> top) & _ONE) == _ZERO


@compiled()
def _terminal(states: NDArray[np.uint64], out: NDArray[np.bool_]) -> None:
    for i in range(len(states)):
        out[i] = (states[i, 2] & _OVER) != _ZERO


@compiled()
def _to_play(states: NDArray[np.uint64], out: NDArray[np.int8]) -> None:
    for i in range(len(states)):
        out[i] = states[i, 2] & _MOVER


@compiled()
def _observe(states: NDArray[np.uint64], out: NDArray[np.float32]) -> None:
    height, width = out.shape[2], out.shape[3]
    for i in range(len(states)):
        mover = states[i, 2] & _MOVER
        mine, theirs = states[i, mover], states[i, mover ^ _MOVER]
        for r in range(height):
            for c in range(width):
                point = np.uint64(c * (height + 1) + height - 1 - r)
                out[i, 0, r, c] = (mine >> point) & _ONE
                out[i, 1, r, c] = (theirs >> point) & _ONE
                out[i, 2, r, c] = 1.0


@compiled()
def _seen(states: NDArray[np.uint64], keys: NDArray[np.uint64]) -> None:
    """The mover's stones and the opponent's: all that a network sees."""
    for i in range(len(states)):
        mover = states[i, 2] & _MOVER
        keys[i, 0], keys[i, 1] = states[i, mover], states[i, mover ^ _MOVER]


@compiled()
def _playout(
    states: NDArray[np.uint64],
    seeds: NDArray[np.uint64],
    width: int,
    height: int,
    connect: int,
    rewards: NDArray[np.float32],
) -> None:
    """A column is drawn until it has a free point: uniform over the legal ones, and hardly ever a second draw."""
    board = _full_board(width, height)
    column = (_ONE << np.uint64(height)) - _ONE
    columns, stride = np.uint64(width), np.uint64(height + 1)
    for i in range(len(states)):
        rewards[i, 0] = rewards[i, 1] = 0.0
        if states[i, 2] & _OVER:
            continue
        mover = states[i, 2] & _MOVER
        mine, theirs = states[i, mover], states[i, mover ^ _MOVER]
        random = seeds[i]
        while True:
            taken = mine | theirs
            stone = _ZERO
            while stone == _ZERO:
                random += GAMMA
                bottom = below(mix64(random), columns) * stride
                stone = (taken + (_ONE << bottom)) & (column << bottom)
            mine |= stone
            if _has_line(mine, height, connect):
                rewards[i, mover] = 1.0
                rewards[i, mover ^ _MOVER] = -1.0
                break
            if (taken | stone) == board:
                break
            mine, theirs = theirs, mine
            mover ^= _MOVER
