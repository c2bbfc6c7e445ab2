"""Training runs as players, whoever learned there: the specs `runs/x`, `runs/x@STEP` and `runs/x@best`."""

from __future__ import annotations

from ...envs import Game
from ..gym.config import GymConfig
from ..gym.loading import load_policy, run_at
from ..variants import check_game, game_learned
from .base import Player
from .network import make_run
from .policy import PolicyPlayer


def make(argument: str, game: Game, *, simulations: int | None, seed: int) -> Player:
    """The player of such a spec. Raises UserError, also for a run of another game."""
    run, step, best = run_at(argument)
    if not isinstance(run.config, GymConfig):
        return make_run(argument, game, simulations=simulations, seed=seed)
    owner = str(run.path)
    check_game(owner, *game_learned(run.config, owner), game)
    return PolicyPlayer(game, run.config, load_policy(run, step, best=best), seed=seed)
