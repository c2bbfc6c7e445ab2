"""Gomoku against a slow twin and OpenSpiel, and the rules of five."""

from __future__ import annotations

import numpy as np
import pytest

from zerodojo.envs import make
from zerodojo.errors import UserError

from .against_twins import assert_agrees_with_openspiel, assert_agrees_with_twin, assert_playouts_agree
from .twins import SlowGomoku


@pytest.mark.parametrize(("size", "exact", "swap"), [(5, False, True), (6, True, False), (7, False, False), (9, True, True)])
def test_agrees_with_the_twin(size: int, exact: bool, swap: bool) -> None:
    game = make("gomoku", size=size, exact=exact, swap=swap)
    assert_agrees_with_twin(game, lambda: SlowGomoku(size, exact=exact, swap=swap), games=5, seed=size)


@pytest.mark.parametrize("size", [8, 15])
def test_agrees_with_openspiel(size: int) -> None:
    assert_agrees_with_openspiel(make("gomoku", size=size), f"gomoku(size={size})", games=50, seed=1)


@pytest.mark.full
def test_agrees_with_openspiel_at_length() -> None:
    assert_agrees_with_openspiel(make("gomoku"), "gomoku", games=2_000, seed=2)


@pytest.mark.parametrize("swap", [False, True])
def test_playouts_are_random_play(swap: bool) -> None:
    game, twin = make("gomoku", size=5, swap=swap), SlowGomoku(5, exact=False, swap=swap)
    assert_playouts_agree(game, twin, [], playouts=500, seed=3)


@pytest.mark.parametrize(("exact", "wins"), [(False, True), (True, False)])
def test_six_in_a_line(exact: bool, wins: bool) -> None:
    game = make("gomoku", size=9, exact=exact)
    position = game.start()
    for black, white in (("A1", "A9"), ("B1", "C9"), ("C1", "E9"), ("E1", "G9"), ("F1", "J8")):
        position = position.after(game.parse_action(black)).after(game.parse_action(white))
    position = position.after(game.parse_action("D1"))
    assert position.terminal == wins
    assert len(game.picture(position.row).marks) == (6 if wins else 0)


def test_a_swap_takes_the_stone_over() -> None:
    game = make("gomoku", size=5, swap=True)
    position = game.start()
    assert 25 not in position.legal_actions()
    position = position.after(12)
    assert 25 in position.legal_actions()
    swapped = position.after(game.parse_action("Swap"))
    assert game.picture(swapped.row).owners[2, 2] == 1
    assert swapped.to_play == 0
    assert 25 not in swapped.legal_actions()
    assert 25 not in position.after(0).legal_actions()
    with pytest.raises(UserError):
        make("gomoku", size=5).parse_action("swap")


@pytest.mark.parametrize("history", [1, 8])
def test_a_network_sees_whether_the_swap_is_open(history: int) -> None:
    game = make("gomoku", size=9, swap=True, history=history)
    first = game.start().after(game.parse_action("E5"))
    swapped = first.after(game.parse_action("swap"))
    assert (first.observation() != swapped.observation()).any()
    keys = game.observation_keys(np.stack([first.row, swapped.row]))
    assert (keys[0] != keys[1]).any()


def test_names_are_those_of_a_go_board() -> None:
    game = make("gomoku")
    assert [game.action_name(a) for a in (0, 14, 112, 210)] == ["A15", "P15", "H8", "A1"]
    assert game.parse_action("j8") == 113
    with pytest.raises(UserError, match="is no point"):
        game.parse_action("i8")


@pytest.mark.parametrize("size", [4, 20])
def test_sizes_out_of_range_name_the_range(size: int) -> None:
    with pytest.raises(UserError, match="5 to 19"):
        make("gomoku", size=size)
