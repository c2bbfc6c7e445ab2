"""The player that thinks: Monte-Carlo tree search with any evaluator. The spec `mcts:N`, and what every network plays through."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...envs import Game, Position
from ...search.config import PUCTConfig, SearchConfig
from ...search.evaluator import Evaluator, RolloutEvaluator
from ...search.search import Search
from ...search.tree import check_size, node_bytes
from ..specs import positive_number
from .base import Analysis, Decision, Limit, Player
from .common import rows_of

SIDE_BY_SIDE = 256  # positions searched at once; more are taken in turns
ROLLOUTS = 32  # playouts at once for one game: a round costs more than they do, and play is no weaker (docs/results.md)
ROLLOUT_EXPLORATION = (
    0.5  # c_puct a root of the legal moves: with a uniform prior, moves tried alike often are then explored as by UCT
)
MEMORY = 1 << 30  # bytes that a search bounded by time alone may grow to


class SearchPlayer(Player):
    """Searches every position with `evaluator`, by default as `config` says.

    `leaves` of one game are evaluated at once, under virtual loss, when only few positions are decided side by side: that is what
    makes a network fast on a single game. The tree of a game decided move by move (`decide`) is kept from one move to the next.
    Raises UserError, and so do decisions on many positions, for more simulations than memory holds.
    """

    def __init__(self, game: Game, evaluator: Evaluator, config: SearchConfig, *, leaves: int = 1, seed: int = 0) -> None:
        check_size(game.spec, slots=1, simulations=config.simulations)
        self.game = game
        self.name = f"{config.rule}:{config.simulations}"
        self.simulations = config.simulations
        self.evaluator = evaluator
        self._config = config
        self._leaves = leaves
        self._generator = np.random.default_rng(seed)
        self._search: Search | None = None
        self._shape = (0, 0, 0)  # games, simulations and leaves of self._search
        self._kept: Position | None = None  # the root of the tree in slot 0

    def decide(self, position: Position, limit: Limit | None = None) -> Decision:
        """The decision in one position; what was thought about it in earlier moves of the same game counts towards the limit."""
        return self._decide([position], limit, keep=True)[0]

    def decide_many(self, positions: Sequence[Position], limit: Limit | None = None) -> list[Decision]:
        """One decision a position, searched side by side and afresh. A limit in seconds is for each, so they share the sum."""
        return [
            decision
            for first in range(0, len(positions), SIDE_BY_SIDE)
            for decision in self._decide(positions[first : first + SIDE_BY_SIDE], limit, keep=False)
        ]

    def new_game(self, seed: int | None = None) -> None:
        """As `Player` says: forgets the tree."""
        super().new_game(seed)
        self._kept = None
        if seed is not None and isinstance(self.evaluator, RolloutEvaluator):
            self.evaluator.reseed(seed)

    def analyze(self, position: Position, limit: Limit | None = None, *, every: float) -> Iterator[Analysis]:
        """Thinks about one position aloud, as far as `decide` would: the last thing said is what that would decide."""
        slot = np.array([0])
        for search in self._think([position], limit, keep=True, every=every):
            (decision,) = self._read(search, slot)
            tried = map(int, np.flatnonzero(decision.visits))
            yield Analysis(decision, {action: search.principal_variation(0, action) for action in {*tried, decision.action}})

    def _decide(self, positions: Sequence[Position], limit: Limit | None, *, keep: bool) -> list[Decision]:
        (search,) = self._think(positions, limit, keep=keep)
        return self._read(search, np.arange(len(positions)))

    def _think(
        self, positions: Sequence[Position], limit: Limit | None, *, keep: bool, every: float = math.inf
    ) -> Iterator[Search]:
        """Searches the positions, the i-th in slot i; gives the search to be read every so many seconds, and when it is done."""
        began = said = time.monotonic()
        seconds = limit.seconds if limit else None
        last = math.inf if seconds is None else began + seconds * len(positions)
        simulations = self._budget(limit, len(positions))
        search = self._search_for(len(positions), simulations)
        slots = np.arange(len(positions))
        keep = keep and self._follow(search, positions[0])
        keys = self._generator.integers(0, 2**64, len(positions), np.uint64)
        search.begin(slots, rows_of(positions), keys, simulations=simulations, keep=keep)
        self._kept = positions[0]
        while search.active():
            search.update(*self.evaluator.evaluate(search.select()))
            now = time.monotonic()
            if now >= last:
                break
            if now >= said + every and search.active():
                said = now
                yield search
        search.release(slots)
        yield search

    def _budget(self, limit: Limit | None, games: int) -> int:
        """Simulations a position: the limit's, or the player's own; as many as memory holds when only seconds are given."""
        if limit is None or (limit.simulations is None and limit.seconds is None):
            return self._config.simulations
        if limit.simulations is not None:
            return limit.simulations
        return MEMORY // (games * node_bytes(self.game.spec))

    def _search_for(self, games: int, simulations: int) -> Search:
        """A search with room for these positions. Few positions, thought about long, share batches of several leaves each."""
        leaves = max(1, min(self._leaves, 2 * self._leaves // games, simulations // 16))
        most = zip((games, simulations, leaves), self._shape, strict=True)
        fits = all(
            wanted <= made for wanted, made in most
        )  # one made for longer thought, whose tree may be wanted, serves a shorter
        if self._search is None or not fits:
            config = replace(self._config, simulations=simulations)
            self._search, self._shape, self._kept = (
                Search(self.game, config, games=games, leaves=leaves),
                (games, simulations, leaves),
                None,
            )
        return self._search

    def _follow(self, search: Search, position: Position) -> bool:
        """Moves the kept tree along the moves made since; False if this position does not follow from its root."""
        if self._kept is None:
            return False
        known = len(self._kept.history)
        if position.history[:known] != self._kept.history:
            return False
        for action in position.history[known:]:
            search.advance(np.array([0]), np.array([action]))
        return True

    def _read(self, search: Search, slots: NDArray[np.int64]) -> list[Decision]:
        found = search.result(slots)
        return [
            Decision(
                action=int(found.action[i]),
                policy=found.policy[i],
                value=float(found.value[i]),
                visits=found.visits[i],
                prior=found.prior[i],
                q=found.q[i],
                principal_variation=search.principal_variation(int(i), int(found.action[i])),
            )
            for i in slots
        ]


def make(argument: str, game: Game, *, simulations: int | None, seed: int) -> SearchPlayer:
    """The player of the spec `mcts:N`: PUCT with one random playout a simulation and a uniform prior."""
    own = positive_number("mcts", argument)
    config = SearchConfig(
        rule="puct",
        simulations=own if simulations is None else max(1, simulations),
        puct=PUCTConfig(c_puct=ROLLOUT_EXPLORATION * math.sqrt(game.spec.max_legal)),
    )
    return SearchPlayer(game, RolloutEvaluator(game, seed=seed), config, leaves=ROLLOUTS, seed=seed)
