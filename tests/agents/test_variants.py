"""What is stored with a game's options belongs to the game that they make, whatever options came later."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zerodojo.agents.alphazero.config import AlphaZeroConfig
from zerodojo.agents.run_directory import check_resume
from zerodojo.agents.variants import difference, is_variant, variant, variant_of, with_resolved_options
from zerodojo.envs import make
from zerodojo.errors import UserError

GAME = make("connect_four")


@pytest.mark.parametrize("options", [{}, {"width": 7}, {"width": 7, "height": 6}, dict(GAME.spec.options)])
def test_an_option_left_out_is_its_default(options: dict[str, int]) -> None:
    assert is_variant(GAME, "connect_four", options)
    assert not is_variant(make("connect_four", connect=5), "connect_four", options)
    assert not is_variant(make("tic_tac_toe"), "connect_four", options)


def test_what_is_not_known_is_another_variant() -> None:
    assert not is_variant(GAME, "connect_four", {"gravity": 2})
    assert not is_variant(GAME, "conect_four", {})


def test_some_options_may_be_others() -> None:
    options = {"connect": 4, "width": 8}
    assert is_variant(GAME, "connect_four", options, but=["width"])
    assert not is_variant(GAME, "connect_four", options, but=["connect"])


def test_a_variant_is_named_for_people() -> None:
    assert variant("tic_tac_toe", {}) == "tic_tac_toe"
    assert variant_of(GAME).startswith("connect_four(width=7, height=6, connect=4")


def test_variants_are_told_apart_by_what_differs() -> None:
    assert difference(GAME, "tic_tac_toe", {}) == ("tic_tac_toe", "connect_four")
    assert difference(GAME, "connect_four", {"width": 5, "height": 6}) == ("connect_four(width=5)", "connect_four(width=7)")
    theirs, ours = difference(GAME, "connect_four", {**GAME.spec.options, "gravity": 2})
    assert (theirs, ours) == ("connect_four(gravity=2)", "connect_four")


def test_a_run_from_before_an_option_goes_on_with_its_default() -> None:
    saved, asked = AlphaZeroConfig(options={"width": 7, "height": 6}), with_resolved_options(AlphaZeroConfig())
    assert check_resume(saved, asked) == check_resume(asked, saved) == asked
    with pytest.raises(UserError, match=r"^options\.connect is 4 in this run and cannot become 5"):
        check_resume(saved, replace(saved, options={"connect": 5}))
