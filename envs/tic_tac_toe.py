"""Tic-tac-toe: small enough to be solved by hand, so every test of search and learning starts here.

A state is three uint16: the stones of player 0, the stones of player 1, and info (bit 0: the player to move, bit 1: game over).
Bit `row * 3 + column` is a point, row 0 on top.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..jit import compiled
from .game import Game, GameSpec, Picture, States, Step, Symmetries
from .rng import GAMMA, below, mix64
from .symmetry import square_symmetries

_LINES = (0b000000111, 0b000111000, 0b111000000, 0b001001001, 0b010010010, 0b100100100, 0b100010001, 0b001010100)
_HAS_LINE = np.array([any(stones & line == line for line in _LINES) for stones in range(512)])
_FULL = 0b111111111
_MOVER, _OVER = 1, 2
_STONES = "XO"
_COLUMNS = "abc"


class TicTacToe(Game):
    """Tic-tac-toe. Actions are the points row by row; "a1" is the top left corner, "c1" the top right, "a3" the bottom left."""

    def __init__(self) -> None:
        self.spec = GameSpec(
            name="tic_tac_toe",
            options={},
            num_players=2,
            num_actions=9,
            max_legal=9,
            max_plies=9,
            board=(3, 3),
            num_planes=3,
            state_size=3,
            state_dtype=np.dtype(np.uint16),
        )
        self._symmetries = square_symmetries(3, num_planes=3)

    def new_states(self, n: int) -> States:
        return np.zeros((n, 3), np.uint16)

    def step(self, states: States, actions: NDArray[np.int32]) -> Step:
        n = len(states)
        rewards, terminal, to_play = np.empty((n, 2), np.float32), np.empty(n, np.bool_), np.empty(n, np.int8)
        _step(states, actions, rewards, terminal, to_play)
        return Step(rewards, terminal, to_play)

    def legal_mask(self, states: States) -> NDArray[np.bool_]:
        mask = np.empty((len(states), 9), np.bool_)
        _legal_mask(states, mask)
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
        _playout(states, seeds, rewards)
        return rewards

    @property
    def symmetries(self) -> Symmetries:
        """The eight symmetries of the square."""
        return self._symmetries

    def observation_keys(self, states: States) -> NDArray[np.uint64]:
        keys = np.empty((len(states), 2), np.uint64)
        _seen(states, keys)
        return keys

    def action_name(self, action: int) -> str:
        return f"{_COLUMNS[action % 3]}{action // 3 + 1}"

    def parse_action(self, text: str) -> int:
        name = text.strip().lower()
        for action in range(9):
            if name == self.action_name(action):
                return action
        raise UserError(f"{text.strip()!r} is no point; type a column letter and a row number, from a1 (top left) to c3")

    def picture(self, row: States) -> Picture:
        owners = np.full((3, 3), -1, np.int8)
        marks: set[tuple[int, int]] = set()
        for player in range(2):
            stones = int(row[player])
            decided = [line for line in _LINES if stones & line == line]
            for point in range(9):
                if stones >> point & 1:
                    owners[divmod(point, 3)] = player
                if any(line >> point & 1 for line in decided):
                    marks.add(divmod(point, 3))
        glyphs = [["." if owner < 0 else _STONES[owner] for owner in line] for line in owners]
        return Picture(glyphs, owners, frozenset(marks))

    def render(self, row: States) -> str:
        """The board with the column letters above and the row numbers on the left."""
        lines = [f"{r + 1} {' '.join(line)}" for r, line in enumerate(self.picture(row).glyphs)]
        return "\n".join([f"  {' '.join(_COLUMNS)}", *lines])

    def action_point(self, action: int) -> tuple[int, int]:
        return divmod(action, 3)


@compiled()
def _step(
    states: NDArray[np.uint16],
    actions: NDArray[np.int32],
    rewards: NDArray[np.float32],
    terminal: NDArray[np.bool_],
    to_play: NDArray[np.int8],
) -> None:
    for i in range(len(states)):
        mover = states[i, 2] & _MOVER
        mine = states[i, mover] | (1 << actions[i])
        won = _HAS_LINE[mine]
        over = won or (mine | states[i, 1 - mover]) == _FULL
        states[i, mover] = mine
        states[i, 2] = (1 - mover) | (_OVER if over else 0)
        rewards[i, mover] = 1.0 if won else 0.0
        rewards[i, 1 - mover] = -1.0 if won else 0.0
        terminal[i] = over
        to_play[i] = 1 - mover


@compiled()
def _legal_mask(states: NDArray[np.uint16], mask: NDArray[np.bool_]) -> None:
    for i in range(len(states)):
        taken = states[i, 0] | states[i, 1]
        playing = (states[i, 2] & _OVER) == 0
        for point in range(9):
            mask[i, point] = playing and (taken >> point & 1) == 0


@compiled()
def _terminal(states: NDArray[np.uint16], out: NDArray[np.bool_]) -> None:
    for i in range(len(states)):
        out[i] = (states[i, 2] & _OVER) != 0


@compiled()
def _to_play(states: NDArray[np.uint16], out: NDArray[np.int8]) -> None:
    for i in range(len(states)):
        out[i] = states[i, 2] & _MOVER


@compiled()
def _observe(states: NDArray[np.uint16], out: NDArray[np.float32]) -> None:
    for i in range(len(states)):
        mover = states[i, 2] & _MOVER
        mine, theirs = states[i, mover], states[i, 1 - mover]
        for point in range(9):
            out[i, 0, point // 3, point % 3] = mine >> point & 1
            out[i, 1, point // 3, point % 3] = theirs >> point & 1
            out[i, 2, point // 3, point % 3] = 1.0


@compiled()
def _seen(states: NDArray[np.uint16], keys: NDArray[np.uint64]) -> None:
    """The mover's stones and the opponent's: all that a network sees."""
    for i in range(len(states)):
        mover = states[i, 2] & _MOVER
        keys[i, 0], keys[i, 1] = states[i, mover], states[i, 1 - mover]


@compiled()
def _playout(states: NDArray[np.uint16], seeds: NDArray[np.uint64], rewards: NDArray[np.float32]) -> None:
    """A point is drawn until it is free: uniform over the legal ones."""
    points = np.uint64(9)
    for i in range(len(states)):
        rewards[i, 0] = rewards[i, 1] = 0.0
        if states[i, 2] & _OVER:
            continue
        mover = np.int64(states[i, 2] & _MOVER)
        mine, theirs = np.int64(states[i, mover]), np.int64(states[i, 1 - mover])
        random = seeds[i]
        while True:
            stone = np.int64(0)
            while stone == 0:
                random += GAMMA
                stone = (1 << np.int64(below(mix64(random), points))) & ~(mine | theirs)
            mine |= stone
            if _HAS_LINE[mine]:
                rewards[i, mover] = 1.0
                rewards[i, 1 - mover] = -1.0
                break
            if (mine | theirs) == _FULL:
                break
            mine, theirs = theirs, mine
            mover = 1 - mover
