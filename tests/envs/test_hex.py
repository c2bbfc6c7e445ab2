"""Hex against a slow twin and OpenSpiel; on every full board there is one winner."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerodojo.envs import make
from zerodojo.errors import UserError

from .against_twins import assert_agrees_with_openspiel, assert_agrees_with_twin, assert_playouts_agree
from .twins import SlowHex


@pytest.mark.parametrize(("size", "swap"), [(3, True), (4, False), (5, True)])
def test_agrees_with_the_twin(size: int, swap: bool) -> None:
    game = make("hex", size=size, swap=swap)
    assert_agrees_with_twin(game, lambda: SlowHex(size, swap=swap), games=8, seed=size)


@pytest.mark.parametrize("size", [3, 7, 11])
def test_agrees_with_openspiel(size: int) -> None:
    assert_agrees_with_openspiel(make("hex", size=size, swap=False), f"hex(board_size={size})", games=50, seed=1)


def test_agrees_with_openspiel_on_the_swap() -> None:
    assert_agrees_with_openspiel(make("hex", size=4), "hex(board_size=4,swap=true)", games=50, seed=3)


@pytest.mark.full
@pytest.mark.parametrize(("swap", "name"), [(False, "hex"), (True, "hex(swap=true)")])
def test_agrees_with_openspiel_at_length(swap: bool, name: str) -> None:
    assert_agrees_with_openspiel(make("hex", swap=swap), name, games=2_000, seed=2)


@pytest.mark.parametrize("swap", [False, True])
def test_playouts_are_random_play(swap: bool) -> None:
    assert_playouts_agree(make("hex", size=3, swap=swap), SlowHex(3, swap=swap), [], playouts=2_000, seed=3)


def test_every_full_board_of_three_by_three_has_one_winner() -> None:
    """And the game has found it, at the latest with the last stone."""
    start = make("hex", size=3, swap=False).start()
    for first in itertools.combinations(range(9), 5):
        second = [point for point in range(9) if point not in first]
        board = SlowHex(3, swap=False)
        board.board = [["X" if 3 * r + c in first else "O" for c in range(3)] for r in range(3)]
        position = start
        for point in itertools.chain(*itertools.zip_longest(first, second)):
            position = position if position.terminal else position.after(point)
        assert position.terminal
        assert [board.connected(player) for player in range(2)] == [value > 0 for value in position.returns]


@given(st.permutations(range(25)))
def test_a_full_board_has_one_winner(order: list[int]) -> None:
    """Whoever is first to connect is the only one who is connected once the board is full."""
    position = make("hex", size=5, swap=False).start()
    full = SlowHex(5, swap=False)
    for action in order:
        if not position.terminal:
            position = position.after(action)
        r, c = divmod(action, 5)
        full.board[r][c] = "XO"[full.player]
        full.player = 1 - full.player
    assert position.terminal
    assert [full.connected(player) for player in range(2)] == [value > 0 for value in position.returns]


def test_a_swap_mirrors_the_stone() -> None:
    game = make("hex", size=5)
    position = game.start().after(game.parse_action("b1"))
    swapped = position.after(game.parse_action("swap"))
    owners = game.picture(swapped.row).owners
    assert np.argwhere(owners >= 0).tolist() == [[1, 0]]
    assert owners[1, 0] == 1
    assert swapped.to_play == 0


def test_the_board_leans() -> None:
    game = make("hex", size=3, swap=False)
    position = game.start().play([game.parse_action(name) for name in ("b1", "a1", "b2", "c1", "a3")])
    assert str(position) == "  a b c\n1 O X O\n 2 . X .\n  3 X . ."
    assert position.terminal
    assert game.picture(position.row).marks == {(0, 1), (1, 1), (2, 0)}
    assert game.picture(position.row).slant


@pytest.mark.parametrize("size", [2, 20])
def test_sizes_out_of_range_name_the_range(size: int) -> None:
    with pytest.raises(UserError, match="3 to 19"):
        make("hex", size=size)
