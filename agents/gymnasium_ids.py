"""The games as Gymnasium environments against opponents from spec strings: `zerodojo/ConnectFour-v0` and one id for every game.

Importing this module registers them. `zerodojo.register_envs` does that; so does the id with the module's name in front, which
works wherever an id is a string: `gymnasium.make("zerodojo.agents.gymnasium_ids:zerodojo/ConnectFour-v0")`.
"""

from __future__ import annotations

import gymnasium

from ..envs import GAMES, make
from ..envs.faces.gymnasium_env import GameEnv, Illegal, Seat
from ..envs.game import Option
from .gym.tasks import env_id
from .specs import parse, player


class SpecGameEnv(GameEnv):
    """A game by name against the player that a spec names. See GameEnv for the rest.

    Args:
        game: the game's name in `zerodojo.envs.GAMES`; every id has its own.
        opponent: a player's spec, such as "random", "minimax:3", "mcts:200", "runs/x" or "zoo:connect_four".
        simulations: how far the opponent searches, a move; without, as it is used to.
        agent_seat, illegal, render_mode: as GameEnv has them.
        options: options of the game.
    """

    def __init__(
        self,
        game: str,
        *,
        opponent: str = "random",
        simulations: int | None = None,
        agent_seat: Seat = "random",
        illegal: Illegal = "lose",
        render_mode: str | None = None,
        **options: Option,
    ) -> None:
        made = make(game, **options)
        parse(opponent)  # a misspelt one is refused here, not at the first reset
        super().__init__(
            made,
            lambda seed: player(opponent, made, simulations=simulations, seed=seed),
            agent_seat=agent_seat,
            illegal=illegal,
            render_mode=render_mode,
        )


def register() -> None:
    """Registers every game that is not registered yet."""
    for game in GAMES:
        if env_id(game) not in gymnasium.registry:
            gymnasium.register(env_id(game), f"{__name__}:{SpecGameEnv.__name__}", kwargs={"game": game})


register()
