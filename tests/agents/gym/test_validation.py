"""Which settings of agents in environments are refused before anything is started: over every field of every agent."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest
import torch

from zerodojo.agents.gym.agent import Spaces
from zerodojo.agents.gym.config import GymConfig, GymRunConfig
from zerodojo.agents.gym.presets import PRESETS
from zerodojo.agents.gym.validation import OWN, RANGES, check, ranges_of
from zerodojo.agents.ranges import Range
from zerodojo.agents.registry import AGENTS, agent_class, settings_class
from zerodojo.agents.tabular.config import QLearningSettings
from zerodojo.agents.value.config import DQNSettings, HeadSettings
from zerodojo.cli.train_gym import flag_of
from zerodojo.distributed.gym_training import train_agent
from zerodojo.envs.gym.spaces import ActionSpace, ObservationSpace
from zerodojo.errors import UserError

AGENTS_OF_ENVIRONMENTS = [name for name, entry in AGENTS.items() if entry.agent]
each_agent = pytest.mark.parametrize("agent", AGENTS_OF_ENVIRONMENTS)


def numeric(cls: type[Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """The fields of a configuration's class that hold numbers, one or several: dotted path, and the type it was declared with."""
    for name, hint in get_type_hints(cls).items():
        if dataclasses.is_dataclass(hint):
            yield from numeric(hint, f"{path}{name}.")
        elif {int, float} & {hint, *get_args(hint)}:
            yield path + name, hint


def numeric_of(agent: str) -> dict[str, Any]:
    return dict([*numeric(GymConfig), *numeric(settings_class(agent), "settings.")])


def changed(config: Any, path: str, value: Any) -> Any:
    name, _, rest = path.partition(".")
    return replace(config, **{name: changed(getattr(config, name), rest, value) if rest else value})


def outside(within: Range, kind: Any) -> list[float]:
    """Numbers that are just outside, and what is no number at all."""
    whole = int in (kind, *get_args(kind))
    below = within.low - 1 if whole else math.nextafter(within.low, -math.inf)
    above = within.high + 1 if whole else math.nextafter(within.high, math.inf)
    return [value for value in (below, above) if math.isfinite(value)] + [math.nan, math.inf, -math.inf]


@each_agent
def test_every_number_of_every_agent_has_a_range(agent: str) -> None:
    assert numeric_of(agent).keys() <= RANGES.keys()


def test_every_range_is_of_a_number_that_there_is() -> None:
    assert RANGES.keys() == set().union(*(numeric_of(agent) for agent in AGENTS_OF_ENVIRONMENTS))
    for settings, own in OWN.items():
        assert own.keys() <= dict(numeric(settings, "settings.")).keys()


@each_agent
def test_what_is_out_of_range_is_refused_by_its_name_in_one_line(agent: str) -> None:
    settings = settings_class(agent)
    for path, kind in numeric_of(agent).items():
        within = ranges_of(settings)[path]
        for value in outside(within, kind):
            wrong = changed(GymConfig(settings=settings()), path, (8, value) if get_args(kind) else value)
            with pytest.raises(UserError) as caught:
                check(wrong)
            shown = value if isinstance(value, int) else f"{value:g}"
            assert str(caught.value) == f"{path} is {shown}; it must be {within.words}"


@each_agent
def test_the_bounds_pass(agent: str) -> None:
    settings = settings_class(agent)
    for path, kind in numeric_of(agent).items():
        within = ranges_of(settings)[path]
        for value in filter(math.isfinite, (within.low, within.high)):
            check(changed(GymConfig(settings=settings()), path, (value,) if get_args(kind) else value))


@pytest.mark.parametrize("name", PRESETS)
def test_presets_pass(name: str) -> None:
    check(PRESETS[name])


def test_the_returns_of_c51_go_upwards() -> None:
    with pytest.raises(UserError, match=r"^settings\.head\.low is 3 and settings\.head\.high 3; the first must be the lower$"):
        check(GymConfig(settings=DQNSettings(head=HeadSettings(kind="c51", low=3.0, high=3.0))))


def test_nothing_is_written_for_what_is_refused(tmp_path: Path) -> None:
    config = replace(PRESETS["cartpole-ppo"], environments=0)
    with pytest.raises(UserError, match=r"^environments is 0; it must be at least 1$"):
        train_agent("CartPole-v1", run=tmp_path / "run", config=config)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("path", "flag"),
    [
        ("settings.n_step", "--n-step"),
        ("settings.head.low", "--head.low"),
        ("environments", "--envs"),
        ("steps", "--steps"),
        ("view.frame_stack", "--view.frame-stack"),
        ("body.hidden", "--body.hidden"),
        ("run.device", "--device"),
    ],
)
def test_the_front_door_calls_a_field_by_its_flag(path: str, flag: str) -> None:
    assert flag_of(path) == flag


# Where it learns -------------------------------------------------------------------------------------------------------------

ON_A_GPU = GymRunConfig(device="cuda")


def test_a_gpu_is_refused_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = replace(PRESETS["cartpole-ppo"], run=ON_A_GPU)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match=r"^run\.device is cuda, and torch finds no GPU here; set it to cpu, or install a torch "):
        check(asked)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    check(asked)


def test_a_gpu_is_refused_where_there_is_nothing_for_it_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with pytest.raises(UserError, match=r"^run\.device is cuda, and q_learning keeps a table on the processor; set it to cpu$"):
        check(GymConfig(settings=QLearningSettings(), run=ON_A_GPU))


@pytest.mark.skipif(torch.cuda.is_available(), reason="shows by a refusal that nothing stays on the processor")
@pytest.mark.parametrize("agent", [name for name in AGENTS_OF_ENVIRONMENTS if ".tabular" not in AGENTS[name].agent])
def test_every_network_goes_where_it_is_told(agent: str) -> None:
    numbers = "choice" not in AGENTS[agent].acts
    actions = ActionSpace(low=(-1.0,), high=(1.0,)) if numbers else ActionSpace(sizes=(2,), single=True)
    spaces = Spaces(ObservationSpace((3,), np.dtype(np.float32)), actions, 1)
    with pytest.raises((AssertionError, RuntimeError), match=r"CUDA|NVIDIA"):
        agent_class(agent)(GymConfig(settings=settings_class(agent)(), run=ON_A_GPU), spaces)
