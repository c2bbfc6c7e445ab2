"""Games for the tests of store and replay, played the slow and obvious way: one `Position` at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from zerodojo.agents.alphazero.records import End, GameRecords
from zerodojo.envs import Game

PlayGames = Callable[..., GameRecords]


@pytest.fixture
def play_games() -> PlayGames:
    """`play_games(game, n, seed=0, first=0)`: n games of random moves with made-up thoughts, numbered from `first`."""
    return _play_games


def _play_games(game: Game, n: int, *, seed: int = 0, first: int = 0) -> GameRecords:
    return GameRecords.concatenate(
        [_play(game, number, np.random.default_rng([seed, number])) for number in range(first, first + n)]
    )


def _play(game: Game, number: int, rng: np.random.Generator) -> GameRecords:
    position = game.start()
    opening = int(rng.integers(0, 4))
    plies: list[dict[str, object]] = []
    while not position.terminal:
        legal = position.legal_actions()
        action = int(rng.choice(legal))
        after = position.after(action)
        searched = len(plies) >= opening
        plies.append(
            {
                "action": action,
                "mover": position.to_play,
                "reward": np.subtract(after.returns, position.returns),
                "simulations": 32 if searched else 0,
                "version": number // 10 if searched else -1,
                "root_value": rng.uniform(-1, 1) if searched else 0.0,
                "solved": searched and rng.random() < 0.2,
                "policy_action": legal if searched else (),
                "policy": rng.dirichlet(np.ones(len(legal))) if searched else (),
            }
        )
        position = after

    def column(name: str, dtype: type) -> np.ndarray:
        return np.array([ply[name] for ply in plies], dtype)

    def flat(name: str, dtype: type) -> np.ndarray:
        return np.array([entry for ply in plies for entry in ply[name]], dtype)  # type: ignore[attr-defined]

    return GameRecords(
        number=np.array([number], np.int64),
        length=np.array([len(plies)], np.int32),
        returns=np.array([position.returns], np.float32),
        end=np.array([End.RULES], np.uint8),
        action=column("action", np.int32),
        mover=column("mover", np.int8),
        reward=column("reward", np.float32),
        simulations=column("simulations", np.int32),
        version=column("version", np.int32),
        root_value=column("root_value", np.float32),
        solved=column("solved", np.bool_),
        policy_size=np.array([len(ply["policy_action"]) for ply in plies], np.int32),  # type: ignore[arg-type]
        policy_action=flat("policy_action", np.int32),
        policy=flat("policy", np.float16),
    )
