"""The Player contract: who chooses a move on a board, and what it thought. Arena, terminal, GTP and tests see players only so."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...envs import Game, Position


@dataclass(frozen=True, kw_only=True)
class Limit:
    """How long a player may think about one move. None is the player's own limit; with both, whichever comes first."""

    simulations: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Decision:
    """A chosen action and the thoughts behind it. Entries of illegal actions are 0, and nan in q."""

    action: int
    policy: NDArray[np.float32]  # [A], the probability of each action after thinking
    value: float  # for the player to move, in [-1, 1]; nan from players that do not judge
    visits: NDArray[np.int32]  # [A]
    prior: NDArray[np.float32]  # [A], the probability before thinking
    q: NDArray[np.float32]  # [A], for the player to move; nan where unknown
    principal_variation: tuple[int, ...]  # the line it expects, its own action first


class Player(ABC):
    """Chooses actions on one game. Batches are the native form: `decide` is `decide_many` of one."""

    game: Game
    name: str  # the spec string it was made from

    @abstractmethod
    def decide_many(self, positions: Sequence[Position], limit: Limit | None = None) -> list[Decision]:
        """One decision a position, none of them terminal; positions of different games, thought about side by side."""

    def decide(self, position: Position, limit: Limit | None = None) -> Decision:
        """The decision in one position that is not terminal."""
        return self.decide_many([position], limit)[0]

    def new_game(self) -> None:
        """A new game begins: forget what was kept of the last one."""

    def close(self) -> None:
        """Give back what the player holds (processes, engines)."""
