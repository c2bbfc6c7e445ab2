"""`zerodojo play`: one game at the terminal. Here are its arguments; `table` plays the game and `board` draws it."""

from __future__ import annotations

import contextlib
import secrets
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from tyro.conf import FlagCreatePairsOff, UseAppendAction

from ..errors import UserError
from .arguments import Positional, parse, program
from .games import game_of, key_values
from .words import is_id, switches, task_of, values_of

WITHOUT_NETWORK = "mcts:1000"  # the opponent in games for which no network ships


@dataclass(frozen=True)
class Play:
    """The arguments of `zerodojo play`."""

    game: Positional[str]  # `zerodojo list games` names them; or an environment of Gymnasium, such as CartPole-v1
    # Who plays against you: a run such as runs/x, mcts:1000, minimax:5, random, or human for two people who take turns
    # (`zerodojo list players` names all). Without, the network that ships for the game, else mcts:1000.
    opponent: str = ""
    simulations: int | None = None  # how far the opponent thinks, a move; without, as it is used to
    first: FlagCreatePairsOff[bool] = False  # you move first (so it is without either)
    second: FlagCreatePairsOff[bool] = False  # the opponent moves first
    comment: FlagCreatePairsOff[bool] = False  # a sentence about every move, from what the opponent thinks of it
    moves: str = ""  # play on from these moves, both sides', such as "4 4 3"
    from_image: str = ""  # connect_four: play on from the board in this picture (PNG or JPEG), you for the side to move
    seed: int | None = None  # of everything random in the opponent; another one every time without
    option: Annotated[tuple[str, ...], UseAppendAction] = ()  # of the game, such as width=8, again and again; else the opponent's


def main(argv: Sequence[str]) -> int:
    """Plays one game. Raises UserError for arguments that do not fit."""
    if _is_environment(argv):
        from .play_gym import main as play_gym

        return play_gym(argv)
    options = parse(
        Play,
        argv,
        prog="zerodojo play",
        description="Play a game in the terminal: type a move, or help. An environment of Gymnasium can be acted in as well, with "
        "other flags (`zerodojo play CartPole-v1 --help`).",
        examples=[
            "zerodojo play connect_four",
            "zerodojo play connect_four --opponent runs/connect_four --simulations 600 --second",
            "zerodojo play connect_four --comment",
            "zerodojo play connect_four --opponent mcts:1000 --option width=5 --option height=4",
            "printf 'b2\\na1\\n' | zerodojo play tic_tac_toe --opponent minimax:9",
            "zerodojo play connect_four --from-image board.png",
            "zerodojo play CartPole-v1",
        ],
    )
    if options.first and options.second:
        raise UserError("--first and --second cannot both be; take one")
    if options.comment and options.opponent == "human":
        raise UserError("--comment tells what an opponent thinks, and two people have none; name one, such as mcts:1000")
    if options.moves and options.from_image:
        raise UserError("--moves and --from-image both say where to play on from; take one")
    # Only now what takes time to import: help must answer at once.
    from ..agents import model_zoo, player
    from ..envs import make
    from .table import Table, board_on, busy, open_console, parse_moves

    spec = options.opponent or (f"zoo:{options.game}" if options.game in model_zoo.names() else WITHOUT_NETWORK)
    learned, resolved = game_of(spec, "", options.option)
    game = make(options.game, **(resolved if learned == options.game else key_values("--option", options.option)))
    console = open_console()
    seed = secrets.randbits(32) if options.seed is None else options.seed
    with busy(console, "setting up the board" if spec == "human" else f"calling {spec}"):
        if options.from_image:
            from .from_image import moves_in, sentence

            moves = moves_in(options.from_image, game)
        else:
            moves = parse_moves(game, options.moves)
        opponent = None if spec == "human" else player(spec, game, simulations=options.simulations, seed=seed)
    watched = sys.stdin.isatty() and sys.stdout.isatty()
    if watched and console.is_terminal:  # it writes control codes of its own
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401  # lines can be edited
    seat = int(options.second)
    if options.from_image:
        console.print(sentence(options.from_image, game, moves, board_on(console, game)), soft_wrap=not watched)
        if not (options.first or options.second):
            seat = game.start().play(moves).to_play
    again = _again(options, seat)
    try:
        Table(
            game,
            opponent,
            seat=seat,
            console=console,
            source=sys.stdin,
            watched=watched,
            again=again,
            commented=options.comment,
        ).play(moves)
    finally:
        if opponent is not None:
            opponent.close()
    return 0


def _is_environment(argv: Sequence[str]) -> bool:
    """Whether an id of Gymnasium is named. A bare name without a version is known by the module that registers it."""
    return is_id(task_of(argv, switches(Play))) or bool(values_of(argv, "--import"))


def _again(options: Play, seat: int) -> str:
    """The command that sits down at the same table; the moves are still to be added."""
    words = [program(), "play", options.game]
    if options.opponent:
        words += ["--opponent", options.opponent]
    if options.simulations is not None:
        words += ["--simulations", str(options.simulations)]
    if seat:
        words += ["--second"]
    if options.comment:
        words += ["--comment"]
    for option in options.option:
        words += ["--option", option]
    return shlex.join(words)
