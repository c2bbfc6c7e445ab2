"""Which configurations are refused before anything is started."""

import dataclasses
import math
from dataclasses import replace

import pytest
import torch

from zerodojo.agents.alphazero.config import AlphaZeroConfig
from zerodojo.agents.alphazero.validation import LEAST, POSITIVE, SHARES, check, value_of
from zerodojo.errors import UserError


def numbers(config, path=""):
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if dataclasses.is_dataclass(value):
            yield from numbers(value, f"{path}{field.name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield path + field.name


def changed(config, path, value):
    name, _, rest = path.partition(".")
    return replace(config, **{name: changed(getattr(config, name), rest, value) if rest else value})


def test_every_number_has_its_limits():
    assert sorted([*LEAST, *POSITIVE, *SHARES]) == sorted(numbers(AlphaZeroConfig()))


@pytest.mark.parametrize("path", [*LEAST, *POSITIVE, *SHARES])
@pytest.mark.parametrize("value", [-2, math.nan, math.inf])
def test_what_is_out_of_range_is_refused_by_name(path, value):
    with pytest.raises(UserError, match=rf"^{path} is {value:g}; it must be "):
        check(changed(AlphaZeroConfig(), path, value))


@pytest.mark.parametrize("path", [*LEAST, *SHARES])
def test_the_least_value_passes(path):
    least = changed(AlphaZeroConfig(), path, LEAST.get(path, 0))
    assert value_of(least, path) == LEAST.get(path, 0)
    check(least)


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ("replay.min_uses", 4.0, "wait for each other"),
        ("learner.ema", 1.0, "would never change"),
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
