"""Configurations survive JSON, and what does not fit is named by its path."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from zerodojo.agents.alphazero.config import AlphaZeroConfig, SelfPlayConfig
from zerodojo.agents.config_io import changed, from_json, lacking, to_json, value_at
from zerodojo.errors import UserError
from zerodojo.search.config import SearchConfig


@dataclass(frozen=True)
class Inner:
    rate: float
    name: str | None = None
    sizes: tuple[int, ...] = (1, 2)


@dataclass(frozen=True)
class Outer:
    inner: Inner
    options: dict[str, int | str] = field(default_factory=dict)


def test_what_took_its_default_is_named() -> None:
    data: dict[str, Any] = {"inner": {"rate": 1.0, "name": None}, "options": {"width": 3}}
    made = from_json(Outer, data)
    assert lacking(data, made) == ["inner.sizes"]
    assert value_at(made, "inner.sizes") == (1, 2)
    assert lacking(to_json(made), made) == []


def test_survives_json() -> None:
    config = AlphaZeroConfig(options={"width": 5, "komi": 7.5, "rule": "a", "swap": True}, search=SearchConfig(rule="puct"))
    data = json.loads(json.dumps(to_json(config)))
    assert from_json(AlphaZeroConfig, data) == config
    assert data["self_play"]["games"] == 256  # defaults are written too
    odd = Outer(Inner(0.5, None, (3,)), {"a": 1})
    assert from_json(Outer, json.loads(json.dumps(to_json(odd)))) == odd


def test_missing_fields_take_their_default_and_whole_numbers_are_floats() -> None:
    config = from_json(AlphaZeroConfig, {"replay": {"max_uses": 4}})
    assert config == AlphaZeroConfig()
    assert type(config.replay.max_uses) is float


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"serch": {}}, "unknown configuration field 'serch'; did you mean search?"),
        ({"self_play": {"game": 3}}, "unknown field of self_play 'game'; did you mean games?"),
        ({"self_play": {"games": "many"}}, "self_play.games: expected int, found 'many'"),
        ({"self_play": {"games": 2.5}}, "self_play.games: expected int, found 2.5"),
        ({"self_play": {"games": True}}, "self_play.games: expected int, found True"),
        ({"self_play": {"games": None}}, "self_play.games: expected int, found None"),
        ({"self_play": 3}, "self_play: expected an object, found 3"),
        ({"search": {"rule": "alphabeta"}}, "search.rule: expected one of gumbel, puct, found 'alphabeta'"),
        ({"search": {"rule": []}}, "search.rule: expected one of gumbel, puct, found []"),
        ({"search": {"puct": {"c_puct": "x"}}}, "search.puct.c_puct: expected float, found 'x'"),
        ({"options": {"width": [7]}}, "options.width: expected int or float or str or bool, found [7]"),
        ({"options": []}, "options: expected an object, found []"),
        ([], "the configuration: expected an object, found []"),
    ],
)
def test_names_what_does_not_fit(data: Any, message: str) -> None:
    with pytest.raises(UserError) as caught:
        from_json(AlphaZeroConfig, data)
    assert str(caught.value) == message


def test_names_a_missing_field() -> None:
    with pytest.raises(UserError, match=r"inner\.rate: missing"):
        from_json(Outer, {"inner": {}})


def test_changed_names_the_fields_that_differ() -> None:
    old = AlphaZeroConfig(options={"width": 7, "height": 6})
    new = replace(old, options={"width": 5, "connect": 3}, self_play=SelfPlayConfig(games=8))
    assert changed(old, new) == [
        ("options.width", 7, 5),
        ("options.height", 6, None),
        ("self_play.games", 256, 8),
        ("options.connect", None, 3),
    ]
    assert changed(old, old) == []
