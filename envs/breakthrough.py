"""Breakthrough: pawns go forwards, take diagonally, and the first to reach the far side wins (Dan Troyka, 2000).

A state is that of `stones.py`, points row by row. White, player 0, starts on the two lowest rows and goes up.
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
from .stones import MOVER, ONE, OVER, ZERO, Kernels, StoneGame, pay, put_stone, take_stone


class Breakthrough(StoneGame):
    """Breakthrough. Actions are the moves from a point to one of the six in the rows beside it, ordered by the points from and to;
    named as in chess ("b2c3").

    A pawn moves forwards: to the free point ahead, or diagonally to one that is free or the opponent's, whose pawn is taken.
    Whoever reaches the last row wins, and so does whoever takes the last pawn. There are no draws.

    Args:
        size: points along a side, 4 to 8.
        history: positions that the network sees, the newest included.

    Raises:
        UserError: an option out of range.
    """

    def __init__(self, size: int = 8, history: int = 1) -> None:
        if not 4 <= size <= 8:
            raise UserError(f"size={size} does not fit; breakthrough is played on 4 to 8 points a side")
        self._size = size
        self._grid = Grid(size, size, from_bottom=True)
        moves = [
            (r * size + c, (r + down) * size + c + right)
            for r in range(size)
            for c in range(size)
            for down in (-1, 1)
            for right in (-1, 0, 1)
            if 0 <= r + down < size and 0 <= c + right < size
        ]
        moves_table = np.array([(*move, move[1] > move[0], (move[1] - move[0]) % size == 0) for move in moves], np.uint64).T.copy()
        super().__init__(
            name="breakthrough",
            options={"size": size},
            board=(size, size),
            num_actions=len(moves),
            max_legal=6 * size,  # three for each pawn
            max_plies=2 * size * (2 * size - 3),  # every pawn one row at a time
            history=history,
            labels=self._grid.labels,
            sides=True,
            glyphs="WB",
            rules="White begins and goes up, Black down. A pawn goes one row ahead, straight or diagonally, to a free point; "
            "diagonally it also takes. To reach the last row wins, and so does taking every pawn.",
        )
        self.kernels = Kernels(_play, _playout, _legal_mask, parameters=(self.info, moves_table, size))
        self._names = [self._grid.names[origin] + self._grid.names[target] for origin, target in moves]
        points = np.arange(size * size, dtype=np.int32).reshape(size, size)
        mirror = points[:, ::-1].ravel()
        action_of = {(origin, target): action for action, (origin, target) in enumerate(moves)}
        mirrored = [action_of[int(mirror[origin]), int(mirror[target])] for origin, target in moves]
        self._symmetries = Symmetries(
            points=np.stack([points.ravel(), mirror]),
            actions=np.stack([np.arange(len(moves)), np.array(mirrored)]).astype(np.int32),
            planes=np.tile(np.arange(self.spec.num_planes, dtype=np.int32), (2, 1)),
            inverse=np.arange(2, dtype=np.int32),
        )

    def new_states(self, n: int) -> States:
        states = super().new_states(n)
        pawns = np.uint64((1 << 2 * self._size) - 1)
        states[:, 0] = pawns << np.uint64(self._size * (self._size - 2))
        states[:, 1] = pawns
        return states

    @property
    def symmetries(self) -> Symmetries:
        """The identity and the mirror image."""
        return self._symmetries

    def action_name(self, action: int) -> str:
        return self._names[action]

    def parse_action(self, text: str) -> int:
        name = text.strip().lower()
        if name in self._names:
            return self._names.index(name)
        raise UserError(f"{text.strip()!r} is no move; type from where to where, such as {self._names[-1]}")


@compiled()
def _is_legal(row: Any, moves: Any, action: int, mover: int) -> bool:
    """Whether an action is legal; `moves` [4, A] are its points from and to, the player that goes that way, and 1 if it goes
    straight ahead. Without branches, for vectors."""
    origin, target, player, straight = moves[0, action], moves[1, action], moves[2, action], moves[3, action]
    mine, theirs = row[mover], row[1 - mover]
    may_go = (mine >> origin) & ~((mine | theirs * straight) >> target) & ONE
    return (may_go != ZERO) & (player == np.uint64(mover))


@compiled()
def _move(row: Any, origin: int, target: int, size: int, mover: int) -> bool:
    """Makes a legal move; whether it wins."""
    take_stone(row, mover, origin)
    put_stone(row, mover, target)
    take_stone(row, 1 - mover, target)
    return target // size == (size - 1) * mover or row[1 - mover] == ZERO


@compiled()
def _play(
    states: NDArray[np.uint64],
    actions: NDArray[np.int32],
    info: int,
    moves: NDArray[np.uint64],
    size: int,
    rewards: NDArray[np.float32],
    terminal: NDArray[np.bool_],
    to_play: NDArray[np.int8],
) -> None:
    for i in range(len(states)):
        mover = np.int64(states[i, info] & MOVER)
        won = _move(states[i], np.int64(moves[0, actions[i]]), np.int64(moves[1, actions[i]]), size, mover)
        states[i, info] = np.uint64(1 - mover) | (OVER if won else ZERO)
        pay(rewards, i, mover if won else -1)
        terminal[i] = won
        to_play[i] = 1 - mover


@compiled()
def _legal_mask(states: NDArray[np.uint64], info: int, moves: NDArray[np.uint64], size: int, mask: NDArray[np.bool_]) -> None:
    for i in range(len(states)):
        row = states[i]
        playing = (row[info] & OVER) == ZERO
        mover = np.int64(row[info] & MOVER)
        for action in range(np.uint64(mask.shape[1])):
            mask[i, action] = playing & _is_legal(row, moves, action, mover)


@compiled()
def _playout(
    states: NDArray[np.uint64],
    seeds: NDArray[np.uint64],
    info: int,
    moves: NDArray[np.uint64],
    size: int,
    rewards: NDArray[np.float32],
    plies: NDArray[np.int32],
) -> None:
    """Moves are drawn until one is legal: uniform over the legal ones. There always is one: the pawn furthest ahead has no pawn of
    its own side ahead of it, so a diagonal is free or can be taken."""
    row = np.empty(states.shape[1], np.uint64)
    count = np.uint64(moves.shape[1])
    for i in range(len(states)):
        pay(rewards, i, -1)
        plies[i] = 0
        if states[i, info] & OVER:
            continue
        for j in range(len(row)):
            row[j] = states[i, j]
        mover = np.int64(row[info] & MOVER)
        random = seeds[i]
        won = False
        while not won:
            random += GAMMA
            action = below(mix64(random), count)
            if not _is_legal(row, moves, action, mover):
                continue
            won = _move(row, np.int64(moves[0, action]), np.int64(moves[1, action]), size, mover)
            plies[i] += 1
            if won:
                pay(rewards, i, mover)
            mover = 1 - mover
