"""Every agent that is listed can be had: its configuration resolves and survives a run directory, and its presets are of it."""

import dataclasses

import pytest

from zerodojo.agents.alphazero.validation import check
from zerodojo.agents.gym import presets as gym_presets
from zerodojo.agents.gym.config import GymConfig
from zerodojo.agents.registry import AGENTS, PRESETS, agent_of, config_class, settings_class
from zerodojo.agents.run_directory import RunDirectory
from zerodojo.errors import UserError


@pytest.mark.parametrize("agent", [name for name, entry in AGENTS.items() if not entry.agent])
def test_who_learns_games_has_a_configuration_and_presets(agent, tmp_path):
    cls = config_class(agent)
    assert dataclasses.is_dataclass(cls)
    assert cls.__dataclass_params__.frozen
    assert agent_of(cls()) == agent
    RunDirectory.create(tmp_path, cls())
    assert RunDirectory.open(tmp_path).config == cls()
    presets = [preset.config for preset in PRESETS.values() if preset.agent == agent]
    assert presets
    for config in presets:
        assert type(config) is cls
        check(config)


@pytest.mark.parametrize("agent", [name for name, entry in AGENTS.items() if entry.agent])
def test_an_agent_of_environments_has_settings_that_survive_a_run_directory(agent, tmp_path):
    settings = settings_class(agent)
    assert settings.__dataclass_params__.frozen
    config = GymConfig(settings=settings(), options={"a": 1, "b": True, "c": 0.5, "d": "x"})
    assert agent_of(config) == agent
    RunDirectory.create(tmp_path / "run", config)
    assert RunDirectory.open_any(tmp_path / "run").config == config
    with pytest.raises(UserError, match="learns in the environment CartPole-v1, not a game"):
        RunDirectory.open(tmp_path / "run")
    assert set(AGENTS[agent].acts) <= {"choice", "choices", "numbers"}


@pytest.mark.parametrize("name", gym_presets.PRESETS)
def test_a_preset_of_an_environment_survives_a_run_directory(name, tmp_path):
    config = gym_presets.PRESETS[name]
    RunDirectory.create(tmp_path / "run", config)
    assert RunDirectory.open_any(tmp_path / "run").config == config


def test_every_preset_is_of_an_agent():
    assert {preset.agent for preset in PRESETS.values()} <= set(AGENTS)


def test_an_unknown_agent_is_refused():
    with pytest.raises(UserError, match="unknown agent 'alphazer'; did you mean alphazero"):
        config_class("alphazer")
