"""The agents and their presets by name, for the front door and `train`. Plain data: nothing heavy is imported."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import NamedTuple, cast

from ..errors import unknown
from ..models.config import NetworkConfig
from ..search.config import SearchConfig
from .alphazero.config import AlphaZeroConfig, LearnerConfig, ReplayConfig, SelfPlayConfig


class AgentEntry(NamedTuple):
    """Where an agent's configuration lives, and one line of what it is."""

    path: str  # "module:Config", the module relative to this package
    summary: str


class Preset(NamedTuple):
    """Settings that were tried, under a name."""

    agent: str  # a name from AGENTS
    config: AlphaZeroConfig
    summary: str


AGENTS: dict[str, AgentEntry] = {
    "alphazero": AgentEntry(".alphazero.config:AlphaZeroConfig", "self-play with tree search and one network (games)"),
}


def config_class(agent: str) -> type[AlphaZeroConfig]:
    """The class of an agent's configurations. Raises UserError for an unknown agent."""
    if agent not in AGENTS:
        raise unknown("agent", agent, AGENTS)
    module, _, attribute = AGENTS[agent].path.partition(":")
    return cast(type[AlphaZeroConfig], getattr(import_module(module, __package__), attribute))


def agent_of(config: AlphaZeroConfig) -> str:
    """The name of the agent that a configuration is of."""
    return next(agent for agent in AGENTS if type(config) is config_class(agent))


DEFAULT = "default"

PRESETS: dict[str, Preset] = {
    DEFAULT: Preset("alphazero", AlphaZeroConfig(), "a residual tower of 64 channels and 5 blocks: any small board"),
    "connect_four": Preset(
        "alphazero",
        AlphaZeroConfig(
            game="connect_four",
            network=NetworkConfig(policy_channels=16, value_channels=16, value_hidden=128),
            search=SearchConfig(simulations=48),
            learner=LearnerConfig(planned_steps=42_000),
        ),
        "planned for an hour on two cores",
    ),
    "tic_tac_toe": Preset(
        "alphazero",
        AlphaZeroConfig(
            game="tic_tac_toe",
            network=NetworkConfig(channels=32, blocks=3, policy_channels=8, value_channels=8, value_hidden=64),
            self_play=SelfPlayConfig(games=64, opening_fraction=0.8, opening_plies=8, play_out=1.0, first_generation=2_000),
            replay=ReplayConfig(window=20_000),
            learner=LearnerConfig(first_publish=40, publish_steps=100),
        ),
        "a small network that plays perfectly within minutes",
    ),
}


def preset_for(task: str, preset: str = "") -> AlphaZeroConfig:
    """The configuration that training on a task starts from: the preset named, or else the task's own, or else the default one.

    Raises UserError for an unknown preset.
    """
    name = preset or (task if task in PRESETS else DEFAULT)
    if name not in PRESETS:
        raise unknown("preset", name, PRESETS)
    return replace(PRESETS[name].config, game=task)
