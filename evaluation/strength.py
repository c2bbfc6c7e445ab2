"""How strong a network is by now, in about a second: the measure a training loop is handed as a callable and its display shows."""

from __future__ import annotations

from dataclasses import dataclass

from ..agents import player
from ..agents.players.search_player import SearchPlayer
from ..envs import Game
from ..search.config import SearchConfig
from ..search.evaluator import CachedEvaluator, Evaluator
from .graded import PositionSets, by_policy, by_search, grade
from .intervals import Interval
from .match import play_match

OPPONENT = "mcts:200"  # knows the rules and plays at random beyond its tree
GAMES, MATCH_SIMULATIONS = 20, 32
SIMULATIONS = 64  # of the search on positions


@dataclass(frozen=True, kw_only=True)
class Strength:
    """What was measured. The shares are of positions with a choice that matters, and None for games without stored answers."""

    opponent: str  # a player's spec
    score: float  # wins and half the draws per game against the opponent, at 32 simulations a move
    score_interval: Interval  # 95%
    critical_policy: float | None  # the bare network keeps the best outcome in this share
    critical: float | None  # and so with 64 simulations

    @property
    def sentence(self) -> str:
        """The same in words for people."""
        _, _, number = self.opponent.partition(":")
        match = f"scores {self.score:.0%} against plain tree search with {number} random playouts"
        return match if self.critical is None else f"{match}; keeps the best outcome in {self.critical:.0%} of critical positions"

    def metrics(self) -> dict[str, float]:
        """The numbers by name, for a run's metrics."""
        found = {"strength_score": self.score, "strength_policy": self.critical_policy, "strength_search": self.critical}
        return {name: value for name, value in found.items() if value is not None}


def measure(game: Game, evaluator: Evaluator, *, seed: int = 0) -> Strength:
    """The strength of an evaluator, always on the same positions and openings for a seed.

    Games for two. The positions are those of the set `watch`, which no report uses.
    """
    cached = CachedEvaluator(game, evaluator)  # every move of a game searches again much of what the one before did
    agent = SearchPlayer(game, cached, SearchConfig(rule="puct", simulations=MATCH_SIMULATIONS), seed=seed)
    match = play_match(agent, player(OPPONENT, game, seed=seed), game, games=GAMES, seed=seed)
    policy = critical = None
    if PositionSets.cover(game):
        watch = PositionSets.load(game.spec.name)["watch"]
        policy = grade(by_policy(game, evaluator), watch).share
        config = SearchConfig(rule="puct", simulations=SIMULATIONS)
        critical = grade(by_search(game, cached, config, seed=seed), watch).share
    return Strength(
        opponent=OPPONENT,
        score=match.score,
        score_interval=match.score_interval,
        critical_policy=policy,
        critical=critical,
    )
