"""Which variant of a game something stored belongs to: a run, its games, a network, positions with answers.

Options are compared as they are resolved, so that what was stored before a game got an option belongs to that option's default.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from ..envs import Game, make
from ..envs.game import Option
from ..errors import UserError
from .alphazero.config import AlphaZeroConfig
from .gym.tasks import game_of, game_options
from .registry import Config


def with_resolved_options(config: AlphaZeroConfig) -> AlphaZeroConfig:
    """The configuration with every option of its game written out. Raises UserError for an unknown game or option."""
    return replace(config, options=dict(make(config.game, **config.options).spec.options))


def game_learned(config: Config, owner: str) -> tuple[str, dict[str, Option]]:
    """The game that a run of this configuration has learned, by name and options. Raises UserError where it has learned none."""
    if isinstance(config, AlphaZeroConfig):
        return config.game, config.options
    if not game_of(config.task):
        raise UserError(f"{owner} learns in the environment {config.task}, not a game; choose the run of a game, or mcts:1000")
    return game_of(config.task), game_options(config.options)


def check_game(owner: str, name: str, options: Mapping[str, Option], game: Game) -> None:
    """Raises UserError unless what has learned game `name` with these options plays `game`, which may be cut at another length."""
    if not is_variant(game, name, options, but=("max_plies",)):
        theirs, ours = difference(game, name, options)
        raise UserError(f"{owner} plays {theirs}, not {ours}; take a player that learned {ours}, or change the game")


def is_variant(game: Game, name: str, options: Mapping[str, Option], *, but: Collection[str] = ()) -> bool:
    """Whether `make(name, **options)` is this game, `but` for some options; with options that it does not know it is another."""
    try:
        spec = make(name, **options).spec
    except UserError:
        return False
    ours, theirs = ({key: value for key, value in each.options.items() if key not in but} for each in (game.spec, spec))
    return spec.name == game.spec.name and ours == theirs  # another library's game has several names


def variant(name: str, options: Mapping[str, Option]) -> str:
    """A game and its options for people: `connect_four(width=7, height=6, connect=4)`."""
    return f"{name}({', '.join(f'{key}={value}' for key, value in options.items())})" if options else name


def variant_of(game: Game) -> str:
    """The same for a game."""
    return variant(game.spec.name, game.spec.options)


def difference(game: Game, name: str, options: Mapping[str, Option]) -> tuple[str, str]:
    """What tells game `name` with these options from `game`, for people: theirs and ours, `go(size=7)` and `go(size=9)`."""
    try:
        spec = make(name, **options).spec
        name, options = spec.name, spec.options
    except UserError:  # options that the game no longer knows
        pass
    if name != game.spec.name:
        return name, game.spec.name
    ours = game.spec.options
    differing = [key for key in dict.fromkeys((*options, *ours)) if options.get(key) != ours.get(key)]
    theirs, mine = ({key: known[key] for key in differing if key in known} for known in (options, ours))
    return variant(name, theirs), variant(name, mine)
