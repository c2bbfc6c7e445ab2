"""Finished games as plain columns: what a self-play worker sends, what `games/` holds, what the replay is filled from.

Letters: `n` games, `p` plies of all of them in order, `e` policy entries (legal moves only) of all searched plies in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray


class End(IntEnum):
    """Why a game ended."""

    RULES = 0
    SOLVED = 1  # its search proved the outcome, and the rest was not played


@dataclass(frozen=True, kw_only=True, eq=False)
class GameRecords:
    """n finished games. A ply was played from the opening book of random plies, or searched; only searched plies teach."""

    number: NDArray[np.int64]  # [n], the game's number in the run: with the seed, the key of all its randomness
    length: NDArray[np.int32]  # [n], plies
    returns: NDArray[np.float32]  # [n, P], the sum of rewards, or where the end is SOLVED what it must come to
    end: NDArray[np.uint8]  # [n], an End
    action: NDArray[np.int32]  # [p], every action from the true start
    mover: NDArray[np.int8]  # [p]
    reward: NDArray[np.float32]  # [p, P]
    simulations: NDArray[np.int32]  # [p], 0 where the ply was not searched
    version: NDArray[np.int32]  # [p], of the weights that searched it, -1 where none did; 0 is the uniform guess
    root_value: NDArray[np.float32]  # [p], for the mover; 0 where not searched
    solved: NDArray[np.bool_]  # [p], whether the search proved root_value
    policy_size: NDArray[np.int32]  # [p], legal moves of a searched ply, 0 elsewhere
    policy_action: NDArray[np.int32]  # [e]
    policy: NDArray[np.float16]  # [e], the search's improved policy

    def __len__(self) -> int:
        return len(self.number)

    @property
    def positions(self) -> int:
        """Searched plies: what the replay gains."""
        return int(np.count_nonzero(self.simulations))

    def columns(self) -> dict[str, NDArray[Any]]:
        """The arrays by name, for storing."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def in_order(self) -> GameRecords:
        """The same games, ascending by number."""
        plies, entries = np.cumsum(self.length), np.cumsum(self.policy_size)
        parts = []
        for i in np.argsort(self.number):
            first, last = plies[i] - self.length[i], plies[i]
            low, high = (entries[first - 1] if first else 0), entries[last - 1]
            per_ply = {name: getattr(self, name)[first:last] for name in _PER_PLY}
            per_game = {name: getattr(self, name)[i : i + 1] for name in _PER_GAME}
            parts.append(
                GameRecords(**per_game, **per_ply, policy_action=self.policy_action[low:high], policy=self.policy[low:high])
            )
        return GameRecords.concatenate(parts)

    @staticmethod
    def none(players: int) -> GameRecords:
        """No games, of so many players."""

        def empty(kind: Any, *more: int) -> NDArray[Any]:
            return np.zeros((0, *more), kind)

        return GameRecords(
            number=empty(np.int64),
            length=empty(np.int32),
            returns=empty(np.float32, players),
            end=empty(np.uint8),
            action=empty(np.int32),
            mover=empty(np.int8),
            reward=empty(np.float32, players),
            simulations=empty(np.int32),
            version=empty(np.int32),
            root_value=empty(np.float32),
            solved=empty(np.bool_),
            policy_size=empty(np.int32),
            policy_action=empty(np.int32),
            policy=empty(np.float16),
        )

    @staticmethod
    def concatenate(parts: Sequence[GameRecords]) -> GameRecords:
        """Several records as one, in order. At least one part."""
        return GameRecords(**{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(GameRecords)})


_PER_GAME = ("number", "length", "returns", "end")
_PER_PLY = ("action", "mover", "reward", "simulations", "version", "root_value", "solved", "policy_size")
