"""`zerodojo gtp`: a player as an engine for Sabaki, GoGui, gogui-twogtp and other programs that speak GTP. `gtp_engine` answers."""

from __future__ import annotations

import io
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from tyro.conf import UseAppendAction

from ..errors import UserError
from .arguments import Positional, parse
from .games import game_of

if TYPE_CHECKING:
    from ..agents import Player
    from ..envs import Game

GAME = "go"  # of players that have learned none


@dataclass(frozen=True)
class Gtp:
    """The arguments of `zerodojo gtp`."""

    spec: Positional[str]  # who plays (`zerodojo list players`)
    game: str = ""  # the game that has been learned, or go, without
    option: Annotated[tuple[str, ...], UseAppendAction] = ()  # an option of the game, such as size=9; may be repeated
    simulations: int | None = None  # how far to think, a move; without, as the player is used to. Time settings only shorten it
    seed: int | None = None  # of everything random in the player; another one every time without


def main(argv: Sequence[str]) -> int:
    """Answers commands until `quit` or the end of the input. Raises UserError for arguments that do not fit."""
    arguments = parse(
        Gtp,
        argv,
        prog="zerodojo gtp",
        description="An engine that speaks the Go Text Protocol, version 2, on standard input and output.",
        examples=[
            "zerodojo gtp runs/go",
            "zerodojo gtp mcts:1000 --game go --option size=9",
            "zerodojo gtp mcts:1000 --game othello",
            "printf 'boardsize 9\\ngenmove b\\n' | zerodojo gtp mcts:100",
        ],
    )
    # Only now what takes time to import: help must answer at once.
    from ..agents import player
    from .gtp_engine import Engine
    from .gtp_input import Lines

    if arguments.spec == "human":
        raise UserError("a person cannot answer for an engine; name another player (`zerodojo list players`)")
    seed = secrets.randbits(32) if arguments.seed is None else arguments.seed

    def make_player(game: Game) -> Player:
        return player(arguments.spec, game, simulations=arguments.simulations, seed=seed)

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # whatever a command says can be said back
    name, options = game_of(arguments.spec, arguments.game, arguments.option)
    engine = Engine(name or GAME, options, make_player, lines=Lines(sys.stdin.fileno()), sink=sys.stdout)
    try:
        engine.run()
    finally:
        engine.close()
    return 0
