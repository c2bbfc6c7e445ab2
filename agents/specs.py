"""Players by spec string, the same everywhere: command line, arena, tests. Import strings, so that listing them imports none."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import NamedTuple, Protocol, cast

from ..envs import Game
from ..errors import UserError, unknown
from .players.base import Player


class SpecEntry(NamedTuple):
    """One kind of player: how its spec is written, where its factory lives, and one line of what it is."""

    form: str
    path: str  # "module:factory", the module relative to this package; the factory is a PlayerFactory
    summary: str


class PlayerFactory(Protocol):
    """Makes a player from what follows the colon of its spec (a run: from the whole spec). Raises UserError if it is malformed."""

    def __call__(self, argument: str, game: Game, *, simulations: int | None, seed: int) -> Player: ...


SPECS: dict[str, SpecEntry] = {
    "random": SpecEntry("random", ".players.random:make", "any legal move, each as likely"),
    "minimax": SpecEntry("minimax:DEPTH", ".players.minimax:make", "looks DEPTH plies ahead, knows nothing beyond"),
    "mcts": SpecEntry("mcts:N", ".players.search_player:make", "tree search with N random playouts a move"),
    "zoo": SpecEntry("zoo:NAME", ".players.network:make_zoo", "a network that ships with the package: connect_four, tic_tac_toe"),
    "run": SpecEntry(
        "runs/x", ".players.run:make", "what a training run has learned so far (runs/x@latest, too); runs/x@STEP, runs/x@best"
    ),
    "solver": SpecEntry("solver", ".players.solver:make", "perfect play, where a solver for the game is installed"),
    "gtp": SpecEntry("gtp:COMMAND", ".players.gtp:make", "a program that speaks GTP, such as gtp:gnugo --mode gtp"),
    "uci": SpecEntry("uci:COMMAND", ".players.uci:make", "a chess program, such as uci:stockfish Skill_Level=3"),
    "human": SpecEntry("human", ".players.human:make", "moves typed in at the terminal"),
}
LARGEST_SEED = 2**63 - 2  # the opponent of a match takes the next one
_RUN = "run"
_BARE = ("random", "solver", "human")  # kinds that take no argument


def player(spec: str, game: Game, *, simulations: int | None = None, seed: int = 0) -> Player:
    """The player that a spec names, for one game.

    `simulations` replaces the number a searching player would make; 0 asks a network for its bare policy, and players that do not
    search ignore it. `seed` decides everything random in it. Raises UserError for a spec that is unknown or malformed, a run
    that is missing or of another game, and a number out of range.
    """
    if simulations is not None and simulations < 0:
        raise UserError(f"simulations must not be negative, and {simulations} is")
    check_seed(seed)
    kind, argument = parse(spec)
    module, _, attribute = SPECS[kind].path.partition(":")
    factory = cast(PlayerFactory, getattr(import_module(module, __package__), attribute))
    made = factory(argument, game, simulations=simulations, seed=seed)
    made.name = spec
    return made


def parse(spec: str) -> tuple[str, str]:
    """A spec's kind (a key of SPECS) and argument. Names come first, then anything that looks like a path or is a directory."""
    head, colon, argument = spec.partition(":")
    if head in SPECS and head != _RUN:
        if bool(colon) == (head in _BARE) or (colon and not argument):
            raise malformed(head, spec)
        return head, argument
    if spec and ("/" in spec or Path(spec.rpartition("@")[0] or spec).is_dir()):
        return _RUN, spec
    raise unknown("player", spec, (entry.form for entry in SPECS.values()))


def check_seed(seed: int) -> None:
    """Raises UserError for a number that no generator of random numbers begins with."""
    if not 0 <= seed <= LARGEST_SEED:
        raise UserError(f"seed is {seed}; choose from 0 to {LARGEST_SEED}")


def malformed(kind: str, spec: str) -> UserError:
    """The error for a spec of a known kind that is not written in its form."""
    return UserError(f"malformed player {spec!r}; write {SPECS[kind].form}")


def positive_number(kind: str, argument: str) -> int:
    """The argument of a spec as a number from 1 upwards. Raises UserError."""
    if not (argument.isascii() and argument.isdigit() and int(argument) > 0):
        raise UserError(f"malformed player {f'{kind}:{argument}'!r}; write {SPECS[kind].form} with a number from 1 upwards")
    return int(argument)
