"""What can be a task of an agent: an environment's id, or the name of a game, which is an environment against an opponent.

Free of Gymnasium, so that the front door can ask at once.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...envs.registry import GAMES
from .config import GymConfig, LeagueConfig, S

OURS = "zerodojo/"
LEAGUE = "league"  # the opponent that is an agent's own past
OF_THE_FACE = ("opponent", "simulations", "agent_seat", "illegal", "render_mode")  # a game's environment has them, the game has not

Option = int | float | str | bool
Options = dict[str, Option]


def env_id(game: str) -> str:
    """The id of a game: `zerodojo/ConnectFour-v0` for connect_four."""
    return f"{OURS}{''.join(word.capitalize() for word in game.split('_'))}-v0"


def environment_of(task: str) -> str:
    """The id that a task stands for; of a game, its environment. Makes sure that Gymnasium knows those that are ours."""
    if task not in GAMES and not task.startswith(OURS):
        return task
    from .. import gymnasium_ids  # noqa: F401  # registers them

    return env_id(task) if task in GAMES else task


def environment_of_run(config: GymConfig[S]) -> str:
    """The same of a run, whose own modules register it first. Raises UserError for a module that is not there."""
    if config.imports:
        from ...envs.gym.making import import_package

        for module in config.imports:
            import_package(module)
    return environment_of(config.task)


def game_of(task: str) -> str:
    """The game that a task is an environment of; empty for any other."""
    return next((game for game in GAMES if task in (game, env_id(game))), "")


def game_options(options: Mapping[str, Option]) -> Options:
    """Those options of a game's environment that are the game's own."""
    return {name: value for name, value in options.items() if name not in OF_THE_FACE}


def in_league(config: GymConfig[S]) -> bool:
    """Whether a run plays against its own past."""
    return _names_league(config.task, config.options)


def measured_options(config: GymConfig[S]) -> Options:
    """What the environment is made with that a run is measured in: its own, and in place of a league an opponent that stays."""
    return options_against(config.task, config.options, config.league)


def options_against(task: str, options: Mapping[str, Option], league: LeagueConfig) -> Options:
    """The same for options that no configuration holds yet."""
    return {**options, "opponent": league.measured_against} if _names_league(task, options) else dict(options)


def _names_league(task: str, options: Mapping[str, Option]) -> bool:
    return bool(game_of(task)) and options.get("opponent") == LEAGUE
