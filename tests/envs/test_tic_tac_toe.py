"""Tic-tac-toe against a slow twin, against OpenSpiel, and counted to the last state."""

from __future__ import annotations

import random

import numpy as np
import pytest

from zerodojo.envs import IllegalAction, make
from zerodojo.errors import UserError

from .against_twins import assert_agrees_with_openspiel, assert_agrees_with_twin, assert_playouts_agree, assert_playouts_are_exact
from .twins import SlowBoard


def twin() -> SlowBoard:
    return SlowBoard(3, 3, 3, drop=False)


def test_agrees_with_the_twin() -> None:
    assert_agrees_with_twin(make("tic_tac_toe"), twin, games=200, seed=1)


def test_agrees_with_openspiel() -> None:
    assert_agrees_with_openspiel(make("tic_tac_toe"), "tic_tac_toe", games=50, seed=2)


@pytest.mark.full
def test_agrees_with_openspiel_at_length() -> None:
    assert_agrees_with_openspiel(make("tic_tac_toe"), "tic_tac_toe", games=2_000, seed=6)


def test_playouts_are_random_play() -> None:
    assert_playouts_agree(make("tic_tac_toe"), twin(), [], playouts=2_000, seed=3)


@pytest.mark.parametrize("actions", [[4, 0], [0, 1, 3, 2]])
def test_playouts_are_exactly_random(actions: list[int]) -> None:
    assert_playouts_are_exact(make("tic_tac_toe"), twin(), actions, playouts=200_000, seed=4)


def test_every_reachable_state_is_counted() -> None:
    """5,478 states in all, 4,520 of them not over, and 765 up to symmetry (Schaefer, "MathRec Solutions", 2002)."""
    game = make("tic_tac_toe")
    level, total, over, classes = game.new_states(1), 0, 0, 0
    while len(level):
        total += len(level)
        over += int(game.terminal(level).sum())
        planes = np.empty((len(level), 3, 3, 3), np.float32)
        game.observe(level, planes)
        flat = planes.reshape(len(level), 3, 9)
        classes += len({min(image.tobytes() for image in plane[:, game.symmetries.points].swapaxes(0, 1)) for plane in flat})
        parents, actions = np.nonzero(game.legal_mask(level))
        children = level[parents]
        game.step(children, actions.astype(np.int32))
        level = np.unique(children, axis=0)
    assert (total, total - over, classes) == (5_478, 4_520, 765)


def test_names_are_letters_and_numbers_from_the_top_left() -> None:
    game = make("tic_tac_toe")
    assert [game.action_name(action) for action in range(9)] == ["a1", "b1", "c1", "a2", "b2", "c2", "a3", "b3", "c3"]
    assert game.parse_action(" C1 ") == 2
    assert game.action_point(5) == (1, 2)
    with pytest.raises(UserError, match="from a1"):
        game.parse_action("d4")


def test_rendering_shows_the_coordinates() -> None:
    position = make("tic_tac_toe").start().play([0, 4, 1, 5, 2])
    assert str(position) == "  a b c\n1 X X X\n2 . O O\n3 . . ."
    assert position.returns == (1.0, -1.0)
    assert position.game.picture(position.row).marks == {(0, 0), (0, 1), (0, 2)}


def test_illegal_moves_name_the_legal_ones() -> None:
    position = make("tic_tac_toe").start().play([0, 1, 2, 3, 5])
    with pytest.raises(IllegalAction, match="a1 is not legal here; legal: b2, a3, b3, c3"):
        position.after(0)
    with pytest.raises(IllegalAction, match="9 is not legal"):
        position.after(9)


def test_a_draw_has_no_winner_and_no_moves() -> None:
    position = make("tic_tac_toe").start().play([0, 1, 2, 4, 3, 5, 7, 6, 8])
    assert position.terminal
    assert position.returns == (0.0, 0.0)
    assert position.legal_actions() == ()
    with pytest.raises(IllegalAction, match="the game is over"):
        position.after(random.Random(0).randrange(9))
