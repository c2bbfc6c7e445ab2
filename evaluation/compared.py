"""Two networks of one game beside each other: how large, how fast, how strong, and who wins. For `zerodojo compress`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import torch

from ..agents.network_evaluator import NetworkEvaluator
from ..agents.players.network import network_engine, observations, player_on
from ..envs import Game
from ..envs.game import States
from ..models.config import NetworkConfig
from ..models.counting import multiply_adds, parameters
from ..models.engines.engine import Engine
from ..models.network import Weights, build
from .graded import Grade, PositionSets, by_player, by_policy, grade
from .match import MatchResult, play_match
from .metrics.speed import frames_per_second

ROWS = 256  # positions of a measure of speed
GRADED = "critical"  # the set of positions with answers in which the choice matters


class Contender(NamedTuple):
    """A network that plays."""

    name: str
    config: NetworkConfig
    weights: Weights
    calibration: States | None = None  # what it is prepared on where it plays in 8 bits


class Measured(NamedTuple):
    """What one of them is."""

    parameters: int
    multiply_adds: int  # of one position
    engine: str  # that runs it in play
    positions_per_second: float  # of that engine, on one thread, by the processor's clock
    bare: Grade | None  # its first choice in positions with answers; None for games without
    searched: Grade | None  # its choice after a search


class Comparison(NamedTuple):
    """Both, and the match of the new one against the old one."""

    before: Measured
    after: Measured
    match: MatchResult | None  # None where no games were asked for


def compare(
    game: Game,
    old: Contender,
    new: Contender,
    *,
    games: int,
    simulations: int,
    seed: int,
    say: Callable[[str], None] = lambda doing: None,
) -> Comparison:
    """Measures both with the engines that play uses. `say` is told what is being measured.

    Raises UserError for an odd number of games, or a match at a game that is not for two; without games there is no match.
    """
    engines = [network_engine(game, one.config, one.weights, owner=one.name, calibration=one.calibration) for one in (old, new)]
    match = None
    if games:
        say(f"playing {games} games of the new network against the old one")
        before, after = (player_on(engine, game, simulations, seed + i) for i, engine in enumerate(engines))
        before.name, after.name = old.name, new.name
        match = play_match(after, before, game, games=games, seed=seed)
    measured = []
    for one, engine in zip((old, new), engines, strict=True):
        say(f"measuring {one.name}")
        measured.append(_measured(game, one, engine, simulations, seed))
    return Comparison(measured[0], measured[1], match)


def _measured(game: Game, one: Contender, engine: Engine, simulations: int, seed: int) -> Measured:
    spec = game.spec
    network = build(one.config, planes=spec.num_planes, board=spec.board, actions=spec.num_actions)
    rows = observations(game, ROWS, seed=seed)
    bare = searched = None
    if PositionSets.cover(game):
        positions = PositionSets.load(spec.name)[GRADED]
        bare = grade(by_policy(game, NetworkEvaluator(game, engine)), positions)
        searched = grade(by_player(player_on(engine, game, simulations, seed)), positions)
    return Measured(
        parameters=parameters(network),
        multiply_adds=multiply_adds(network, torch.zeros(1, spec.num_planes, *spec.board)),
        engine=engine.name,
        positions_per_second=frames_per_second(lambda: engine.evaluate(rows), frames=len(rows), clock=time.process_time),
        bare=bare,
        searched=searched,
    )
