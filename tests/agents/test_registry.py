"""Every agent that is listed can be had: its configuration resolves and survives a run directory, and its presets are of it."""

import dataclasses

import pytest

from zerodojo.agents.alphazero.validation import check
from zerodojo.agents.registry import AGENTS, PRESETS, agent_of, config_class
from zerodojo.agents.run_directory import RunDirectory
from zerodojo.errors import UserError


@pytest.mark.parametrize("agent", AGENTS)
def test_an_agent_has_a_configuration_and_presets(agent, tmp_path):
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


def test_every_preset_is_of_an_agent():
    assert {preset.agent for preset in PRESETS.values()} <= set(AGENTS)


def test_an_unknown_agent_is_refused():
    with pytest.raises(UserError, match="unknown agent 'alphazer'; did you mean alphazero"):
        config_class("alphazer")
