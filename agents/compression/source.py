"""What is made smaller: a run, or a network that ships, with positions of games that it has played."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from ...envs import Game, make
from ...models.network import PolicyValueNetwork, Weights, build, set_weights
from .. import model_zoo
from ..alphazero.config import AlphaZeroConfig, ReplayConfig
from ..alphazero.pool import LocalPool
from ..alphazero.records import GameRecords
from ..alphazero.replay import Replay
from ..alphazero.self_play import opening_states
from ..alphazero.store import GameStore
from ..alphazero.training import CALIBRATION
from ..alphazero.worker import Version
from ..registry import preset_for
from ..run_directory import GameRun, RunDirectory

ZOO = "zoo:"


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """A network that plays, what its run was configured by, and where it comes from."""

    name: str  # as it was typed
    config: AlphaZeroConfig
    step: int  # learner steps behind it
    weights: Weights
    run: GameRun | None  # None for a network that ships

    @property
    def game(self) -> Game:
        """The game it plays."""
        return make(self.config.game, **self.config.options)

    def network(self) -> PolicyValueNetwork:
        """It. Raises UserError where weights and configuration differ."""
        spec = self.game.spec
        network = build(self.config.network, planes=spec.num_planes, board=spec.board, actions=spec.num_actions)
        set_weights(network, self.weights, owner=f"the weights of {self.name}")
        return network.eval()


def load_source(spec: str) -> Source:
    """What `runs/x`, `runs/x@STEP` or `zoo:NAME` names. Raises UserError, also for the run of an environment."""
    if spec.startswith(ZOO):
        card, weights = model_zoo.read(spec.removeprefix(ZOO))
        config = replace(preset_for(card.game), options=card.options, network=card.network)
        return Source(name=spec, config=config, step=card.step, weights=weights, run=None)
    run, asked = RunDirectory.at(spec)
    step, weights = run.weights(asked)
    return Source(name=spec, config=run.config, step=step, weights=weights, run=run)


def positions_of(source: Source, wanted: int, tell: Callable[[str], None]) -> Replay:
    """Its newest `wanted` positions at least; where it has stored no games, it plays them against itself first.

    Raises UserError naming games that are torn.
    """
    game = source.game
    replay = Replay(game, ReplayConfig(window=max(wanted, 1), window_limit=2**31, window_beta=0.0))
    if source.run is not None and (store := GameStore(source.run.games, game)).cursor.positions:
        tell("reading the games of the run")
        parts = store.tail(store.cursor, wanted)
    else:
        parts = list(_played(source, wanted, tell))
    for part in parts:
        replay.add(part)
    return replay


def _played(source: Source, wanted: int, tell: Callable[[str], None]) -> Iterator[GameRecords]:
    config, generator = source.config, np.random.default_rng(source.config.seed)
    pool = LocalPool(config, count())
    states = opening_states(source.game, config.self_play, CALIBRATION, generator)
    pool.publish(Version(step=max(1, source.step), weights=source.weights, states=states))
    made = 0
    while made < wanted:
        for played in pool.poll(wait=True):
            made += played.records.positions
            yield played.records
        tell(f"{source.name} plays against itself: {made:,} of {wanted:,} positions")
