"""Runs small enough for tests: tic-tac-toe with a network of a few hundred weights. Also for the tests on Ray, and as a script."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from zerodojo.agents.alphazero.config import AlphaZeroConfig, LearnerConfig, ReplayConfig, RunConfig, SelfPlayConfig
from zerodojo.agents.alphazero.pool import LocalPool
from zerodojo.agents.alphazero.records import GameRecords
from zerodojo.agents.alphazero.store import Cursor, GameStore
from zerodojo.agents.alphazero.training import Training
from zerodojo.agents.run_directory import RunDirectory
from zerodojo.agents.variants import with_resolved_options
from zerodojo.envs import make
from zerodojo.models.config import NetworkConfig
from zerodojo.search.config import SearchConfig

CONFIG = with_resolved_options(
    AlphaZeroConfig(
        game="tic_tac_toe",
        network=NetworkConfig(channels=8, blocks=1, value_hidden=16),
        search=SearchConfig(simulations=8),
        self_play=SelfPlayConfig(games=16, opening_plies=4, first_generation=200, engine="torch-fp32"),
        replay=ReplayConfig(window=300, max_uses=3.0),
        learner=LearnerConfig(batch=32, warmup_steps=5, precision="fp32", first_publish=3, publish_steps=5),
        run=RunConfig(workers=0, mode="sync", checkpoint_seconds=1000.0, keep_every=1),
    )
)


def changed(config: AlphaZeroConfig = CONFIG, **fields: object) -> AlphaZeroConfig:
    """`changed(learner__batch=8)`: the configuration with nested fields replaced."""
    for path, value in fields.items():
        section, _, name = path.partition("__")
        config = replace(config, **{section: replace(getattr(config, section), **{name: value}) if name else value})
    return config


def train(run: RunDirectory, *, pools=LocalPool, **arguments) -> Training:  # type: ignore[no-untyped-def]
    """One call of training in this process, finished."""
    with run.locked():
        training = Training(run, pools, **arguments)
        training.run()
    return training


def games_of(run: RunDirectory) -> GameRecords:
    """All games of the newest checkpoint, in the order they came."""
    state = run.load().state
    assert state is not None
    cursor = Cursor(*state["cursor"])
    return GameRecords.concatenate(GameStore(run.games, make(run.config.game, **run.config.options)).tail(cursor, cursor.positions))


def assert_consistent(run: RunDirectory, *, killed: bool = False) -> None:
    """What a checkpoint counts is what is there: games once each, positions as many as stored, uses as promised.

    After a kill the rows of metrics may be ahead of it, until the run goes on.
    """
    checkpoint = run.load()
    state = checkpoint.state
    assert state is not None and checkpoint.learner is not None
    games = games_of(run)
    assert len(np.unique(games.number)) == len(games) == state["games"] == state["cursor"][1]
    assert games.positions == state["positions"] == state["cursor"][2]
    assert games.number.max() < state["next_number"]
    assert games.version.max() <= state["version"] <= checkpoint.step == int(checkpoint.learner["steps"])
    assert state["samples"] == checkpoint.step * run.config.learner.batch
    assert state["samples"] <= run.config.replay.max_uses * state["positions"]
    assert all(np.isfinite(array).all() for array in checkpoint.weights.values())
    steps = [row["step"] for row in run.read_metrics()]
    assert steps == sorted(steps) and (killed or not steps or steps[-1] <= checkpoint.step)
