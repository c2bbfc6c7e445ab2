"""Which agent an environment gets where none is named, and which settings where none are. The front door and `train` ask here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...envs.gym.making import find, make_one
from ...envs.gym.spaces import ActionSpace, ObservationSpace, Reader, Writer
from ...errors import UserError, unknown
from ..registry import AGENTS, ALL_AGENTS, ALL_PRESETS, agent_of, settings_class
from ..registry import PRESETS as OF_GAMES
from .config import GymConfig, LeagueConfig
from .presets import PRESETS
from .tasks import environment_of, options_against

Option = int | float | str | bool
UNBOUNDED = "numbers without bounds"
FALLBACK = {"choice": "ppo", "choices": "ppo", "numbers": "sac", UNBOUNDED: "ppo"}  # by what is done, where no preset fits


def choose(task: str, options: Mapping[str, Option], *, agent: str = "", preset: str = "") -> tuple[str, GymConfig[Any], str]:
    """(agent, configuration to start from, a sentence on why) for an environment's id, or a game's name.

    A preset is the one named, else the first of this environment (and agent, if one is named); without any, the action space
    chooses the agent, and its settings are its defaults. Raises UserError: an unknown name, or an agent that does not fit.
    """
    task = environment_of(task)
    find(task)
    if agent and (agent not in AGENTS or not AGENTS[agent].agent):
        raise unknown("agent", agent, [name for name, entry in AGENTS.items() if entry.agent], elsewhere=ALL_AGENTS)
    if preset:
        if preset not in PRESETS:
            if preset in OF_GAMES:
                raise UserError(f"preset {preset} is of self-play in games, and {task} is an environment; {ALL_PRESETS}")
            raise unknown("preset", preset, PRESETS, elsewhere=ALL_PRESETS)
        config = PRESETS[preset]
        if agent and agent_of(config) != agent:
            raise UserError(f"preset {preset} is of {agent_of(config)}, not of {agent}; leave one of them out")
        own = config.options if config.task == task else {}
        return agent_of(config), replace(config, task=task, options={**own, **options}), f"preset {preset}"
    for name, config in PRESETS.items():
        if config.task == task and agent in ("", agent_of(config)):
            return agent_of(config), replace(config, options={**config.options, **options}), f"preset {name}, of this environment"
    observations, actions = spaces_of(task, options)
    what = kind_of(actions)
    chosen = agent or FALLBACK[what if actions.bounded else UNBOUNDED]
    check_fits(chosen, observations, actions, task)
    why = "its default settings" if agent else f"because its actions are {actions}, and its default settings"
    return chosen, GymConfig(settings=settings_class(chosen)(), task=task, options=dict(options)), why


def kind_of(actions: ActionSpace) -> str:
    """What is done: one choice, several choices, or numbers."""
    return "numbers" if actions.continuous else "choice" if actions.single else "choices"


def check_fits(agent: str, observations: ObservationSpace, actions: ActionSpace, task: str) -> None:
    """Raises UserError, naming agents that fit, for one that cannot act so."""
    what = kind_of(actions)
    if what not in AGENTS[agent].acts:
        counted = bool(observations.sizes)  # a table needs states that can be counted
        fitting = [name for name, entry in AGENTS.items() if what in entry.acts and (counted or not entry.keeps_table)]
        raise UserError(f"{agent} cannot act in {task}, whose actions are {actions}; choose {', '.join(fitting)}")


def spaces_of(task: str, options: Mapping[str, Option]) -> tuple[ObservationSpace, ActionSpace]:
    """What is seen and done in an environment. Raises UserError for one that cannot be made, seen or acted in."""
    from ...envs.gym.config import ViewConfig

    env = make_one(task, options_against(task, options, LeagueConfig()), ViewConfig())
    try:
        return Reader(env.observation_space).space, Writer(env.action_space).space
    finally:
        env.close()
