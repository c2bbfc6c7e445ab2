"""Networks as players: a run's weights (`runs/x`, `runs/x@STEP`) or a shipped one (`zoo:NAME`) behind a PUCT search."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ...envs import Game
from ...envs.game import States
from ...models import network
from ...models.config import NetworkConfig
from ...models.engines.engine import Engine, Floats
from ...models.engines.prepare import prepare
from ...search.config import SearchConfig
from ...search.evaluator import CachedEvaluator
from .. import model_zoo
from ..network_evaluator import NetworkEvaluator
from ..run_directory import RunDirectory
from ..variants import check_game
from .search_player import SearchPlayer

SIMULATIONS = 600  # a move, if nothing else is asked for: a tenth of a second with 64x5 on one core
BATCH = 16  # rows an engine is made for: a single game submits 8, and on a processor more at once is hardly faster
LEAVES = 8  # of a single game at once
SAMPLES = 192  # positions of random play to check an engine on: half of them, and fp32 takes 1 ms a row

# Tried in this order. int8 is faster still, but takes the ranges of its activations from positions like those it will see, which
# a player of a bare network file does not have; `zerodojo compress RUN --int8` keeps some in the run.
ENGINES = ("torch-cuda-bf16", "openvino-bf16", "torch-bf16")
INT8_ENGINES = ("torch-cuda-bf16", "openvino-int8", "openvino-bf16", "torch-bf16")

logger = logging.getLogger("zerodojo")


def network_player(
    game: Game,
    config: NetworkConfig,
    weights: Mapping[str, NDArray[np.float32]],
    *,
    simulations: int | None,
    seed: int,
    owner: str = "the network",
    calibration: States | None = None,
) -> SearchPlayer:
    """The player of a network: so many simulations a move, with 0 the bare network's first choice.

    With states to calibrate on it plays in 8 bits where they agree. Raises UserError for weights of another network, naming their
    owner.
    """
    return player_on(network_engine(game, config, weights, owner=owner, calibration=calibration), game, simulations, seed)


def network_engine(
    game: Game,
    config: NetworkConfig,
    weights: Mapping[str, NDArray[np.float32]],
    *,
    owner: str,
    calibration: States | None = None,
) -> Engine:
    """What runs the network of such a player. Raises UserError as `network_player`."""
    spec = game.spec
    net = network.build(config, planes=spec.num_planes, board=spec.board, actions=spec.num_actions)
    network.set_weights(net, weights, owner=f"the weights of {owner}")
    if calibration is None:
        engine, report = prepare("auto", net, observations(game, SAMPLES, seed=0), batch=BATCH, among=ENGINES)
    else:
        engine, report = prepare("auto", net, seen(game, calibration), batch=BATCH, among=INT8_ENGINES)
    if report.disagreed:
        logger.warning("the player's engine is %s", report)
    return engine


def player_on(engine: Engine, game: Game, simulations: int | None, seed: int) -> SearchPlayer:
    """The player whose network an engine runs."""
    evaluator = CachedEvaluator(game, NetworkEvaluator(game, engine))
    search = SearchConfig(rule="puct", simulations=SIMULATIONS if simulations is None else simulations)
    return SearchPlayer(game, evaluator, search, leaves=LEAVES, seed=seed)


def make_run(argument: str, game: Game, *, simulations: int | None, seed: int) -> SearchPlayer:
    """The player of the spec `runs/x`, `runs/x@STEP` or `runs/x@latest`. Raises UserError, also for a run of another game."""
    run, step = RunDirectory.at(argument)
    check_game(str(run.path), run.config.game, run.config.options, game)
    return network_player(
        game,
        run.config.network,
        run.weights(step)[1],
        simulations=simulations,
        seed=seed,
        owner=argument,
        calibration=run.calibration(),
    )


def make_zoo(argument: str, game: Game, *, simulations: int | None, seed: int) -> SearchPlayer:
    """The player of the spec `zoo:NAME`. Raises UserError, also for a network of another game."""
    card, weights = model_zoo.read(argument)
    check_game(f"zoo:{argument}", card.game, card.options, game)
    return network_player(game, card.network, weights, simulations=simulations, seed=seed, owner=f"zoo:{argument}")


def observations(game: Game, count: int, *, seed: int) -> Floats:
    """What the mover sees in positions of random play, [count, C, H, W], from all stages of the game."""
    generator = np.random.default_rng(seed)
    spec = game.spec
    found: list[Floats] = []
    while sum(map(len, found)) < count:
        states = game.new_states(max(8, 2 * count // spec.max_plies))
        while len(states):
            found.append(seen(game, states))
            chances = game.legal_mask(states) * generator.random((len(states), spec.num_actions))
            states = states[~game.step(states, chances.argmax(axis=1).astype(np.int32)).terminal]
    return generator.permutation(np.concatenate(found))[:count]


def seen(game: Game, states: States) -> Floats:
    """What the mover sees in states [N, S], as planes [N, C, H, W]."""
    spec = game.spec
    planes = np.empty((len(states), spec.num_planes, *spec.board), np.float32)
    game.observe(states, planes)
    return planes
