"""The Player contract: who chooses a move on a board, and what it thought. Arena, terminal, GTP and tests see players only so."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

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


class Analysis(NamedTuple):
    """What a player has found out so far: its decision if it had to move now, and the line it expects after each action tried."""

    decision: Decision
    lines: Mapping[int, tuple[int, ...]]  # by action, which begins its line


class Player(ABC):
    """Chooses actions on one game. Batches are the native form: `decide` is `decide_many` of one."""

    game: Game
    name: str  # the spec string it was made from
    simulations: int | None = None  # a move, if no limit says otherwise; None for players that do not search
    _generator: np.random.Generator  # of those that draw

    @abstractmethod
    def decide_many(self, positions: Sequence[Position], limit: Limit | None = None) -> list[Decision]:
        """One decision a position, none of them terminal; positions of different games, thought about side by side.

        Raises Forfeit if the player loses one of the games by its own fault.
        """

    def decide(self, position: Position, limit: Limit | None = None) -> Decision:
        """The decision in one position that is not terminal."""
        return self.decide_many([position], limit)[0]

    def analyze(self, position: Position, limit: Limit | None = None, *, every: float) -> Iterator[Analysis]:
        """Thinks about one position aloud: what was found so far, about every so many seconds and in the end. May be left any time.

        A player that does not search has only its decision to say.
        """
        decision = self.decide(position, limit)
        yield Analysis(decision, {decision.action: decision.principal_variation})

    def new_game(self, seed: int | None = None) -> None:
        """A new game begins: forget what was kept of the last one. A seed decides everything random from now on, as if the player
        were made with it; other programs and people heed none."""
        if seed is not None:
            self._generator = np.random.default_rng(seed)

    def close(self) -> None:
        """Give back what the player holds (processes, engines)."""
