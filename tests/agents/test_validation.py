"""Which configurations are refused before anything is started."""

import math
from dataclasses import replace

import pytest
import torch

from zerodojo.agents.alphazero import validation
from zerodojo.agents.alphazero.config import AlphaZeroConfig
from zerodojo.agents.alphazero.validation import RANGES, check, check_memory
from zerodojo.agents.ranges import POSITIVE, numbers
from zerodojo.envs import make
from zerodojo.errors import UserError
from zerodojo.models.config import NetworkConfig
from zerodojo.models.network import build


def changed(config, path, value):
    name, _, rest = path.partition(".")
    return replace(config, **{name: changed(getattr(config, name), rest, value) if rest else value})


def test_every_number_has_its_limits():
    assert sorted(RANGES) == sorted(path for path, _ in numbers(AlphaZeroConfig()))


@pytest.mark.parametrize("path", RANGES)
@pytest.mark.parametrize("value", [-2, math.nan, math.inf])
def test_what_is_out_of_range_is_refused_by_name(path, value):
    with pytest.raises(UserError, match=rf"^{path} is {value:g}; it must be "):
        check(changed(AlphaZeroConfig(), path, value))


@pytest.mark.parametrize("path", [path for path, within in RANGES.items() if within != POSITIVE])
def test_the_least_value_passes(path):
    least = changed(AlphaZeroConfig(), path, RANGES[path].low)
    assert dict(numbers(least))[path] == RANGES[path].low
    check(least)


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ("replay.min_uses", 4.0, "wait for each other"),
        ("learner.ema", 1.0, "would never change"),
        ("search.rule", "puct", r"add --search\.puct\.noise-fraction 0\.25 --search\.puct\.temperature 1$"),
        ("network.backbone", "resent", "unknown backbone 'resent'; did you mean resnet"),
        ("self_play.engine", "openvino", "unknown engine 'openvino'; did you mean openvino-int8 or openvino-bf16"),
    ],
)
def test_what_does_not_go_together_is_refused(path, value, line):
    with pytest.raises(UserError, match=line):
        check(changed(AlphaZeroConfig(), path, value))


def test_a_gpu_is_refused_where_there_is_none(monkeypatch):
    asked = changed(AlphaZeroConfig(), "learner.device", "cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match=r"^learner\.device is cuda, and torch finds no GPU here; set it to cpu, or "):
        check(asked)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    check(asked)


def test_puct_with_any_noise_passes():
    puct = changed(AlphaZeroConfig(), "search.rule", "puct")
    for path, value in (("search.puct.noise_fraction", 0.25), ("search.puct.temperature", 1.0)):
        check(changed(puct, path, value))


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ("network.channels", 10**6, "fewer network.channels than 1,000,000"),
        ("network.blocks", 10**6, "fewer network.blocks than 1,000,000"),
        ("network.value_hidden", 10**9, "or smaller heads"),
        ("learner.batch", 10**8, "learner.batch is 100,000,000, and a step with it may need"),
    ],
)
def test_what_memory_does_not_hold_is_refused(path, value, line, monkeypatch):
    monkeypatch.setattr(validation, "available_memory", lambda: 8e9)
    spec = make("connect_four").spec
    check_memory(AlphaZeroConfig(), spec)
    with pytest.raises(UserError, match=line):
        check_memory(changed(AlphaZeroConfig(), path, value), spec)


@pytest.mark.parametrize(
    "config", [NetworkConfig(), NetworkConfig(channels=3, blocks=0, policy_channels=5, value_channels=7, value_hidden=11)]
)
def test_parameters_are_counted_without_making_them(config):
    network = build(config, planes=3, board=(6, 7), actions=8)
    assert config.parameters(planes=3, board=(6, 7), actions=8) == sum(p.numel() for p in network.parameters())
