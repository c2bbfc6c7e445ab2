"""Which configurations are refused before anything is started."""

import math
from dataclasses import replace

import pytest
import torch

from zerodojo.agents.alphazero import validation
from zerodojo.agents.alphazero.config import AlphaZeroConfig
from zerodojo.agents.alphazero.validation import RANGES, check, check_memory, check_targets
from zerodojo.agents.ranges import POSITIVE, numbers
from zerodojo.envs import make
from zerodojo.errors import UserError
from zerodojo.models.config import NetworkConfig


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


def test_a_network_that_cannot_be_made_is_refused():
    network = replace(NetworkConfig(), backbone="transformer", channels=30)
    with pytest.raises(UserError, match=r"network\.channels is 30, and backbone transformer needs a multiple of 4"):
        check_memory(replace(AlphaZeroConfig(), network=network), make("connect_four").spec)


@pytest.mark.parametrize("name", ["ownership_weight", "score_weight"])
def test_a_target_that_the_game_does_not_tell_is_refused(name):
    config = changed(AlphaZeroConfig(), f"learner.{name}", 0.5)
    with pytest.raises(UserError, match=rf"^learner\.{name} is 0\.5, and connect_four does not tell .*; leave it at 0") as refused:
        check_targets(config, make("connect_four"))
    assert "\n" not in str(refused.value)
    check_targets(replace(config, game="go"), make("go", size=5))
    check_targets(AlphaZeroConfig(), make("connect_four"))
