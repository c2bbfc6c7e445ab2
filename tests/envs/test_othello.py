"""Othello against a slow twin and OpenSpiel, and positions whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from zerodojo.envs import make
from zerodojo.envs.testing import check_game
from zerodojo.errors import UserError

from .against_twins import assert_agrees_with_openspiel, assert_agrees_with_twin, assert_playouts_agree
from .twins import SlowOthello


@pytest.mark.parametrize("size", [6, 8, 10])
def test_agrees_with_the_twin(size: int) -> None:
    assert_agrees_with_twin(make("othello", size=size), lambda: SlowOthello(size), games=4, seed=size)


def test_agrees_with_openspiel() -> None:
    assert_agrees_with_openspiel(make("othello"), "othello", games=50, seed=1)


@pytest.mark.full
def test_agrees_with_openspiel_at_length() -> None:
    assert_agrees_with_openspiel(make("othello"), "othello", games=2_000, seed=2)


def test_playouts_are_random_play() -> None:
    assert_playouts_agree(make("othello", size=6), SlowOthello(6), [], playouts=300, seed=3)


def test_the_shortest_game_ends_with_nine_discs() -> None:
    """Nine moves after which White has no disc left and neither side can move: the end comes with both passes unsaid."""
    game = make("othello")
    position = game.start()
    for name in ("e6", "f4", "e3", "f6", "g5", "d6", "e7", "f5", "c5"):
        assert not position.terminal
        position = position.after(game.parse_action(name))
    assert position.terminal
    assert position.returns == (1.0, -1.0)
    assert position.legal_actions() == ()
    assert (game.picture(position.row).owners == 1).sum() == 0


def test_a_pass_is_legal_only_when_forced() -> None:
    game = make("othello", size=6)
    generator = np.random.default_rng(4)
    passes = 0
    for _ in range(30):
        position = game.start()
        while not position.terminal:
            legal = position.legal_actions()
            assert (36 in legal) == (legal == (36,))
            passes += legal == (36,)
            following = position.after(int(generator.choice(legal)))
            if legal == (36,):
                assert not following.terminal
                assert following.legal_actions() != (36,)
            position = following
    assert passes > 5


def test_names_are_those_of_othello_players() -> None:
    game = make("othello")
    assert [game.action_name(a) for a in (0, 7, 37, 63, 64)] == ["a1", "h1", "f5", "h8", "pass"]
    assert [game.action_name(a) for a in game.start().legal_actions()] == ["d3", "c4", "f5", "e6"]
    assert game.parse_action(" PASS ") == 64
    with pytest.raises(UserError, match="or pass"):
        game.parse_action("i9")


def test_the_last_move_is_the_disc_that_was_played() -> None:
    game = make("othello")
    position = game.start().after(game.parse_action("d3"))
    assert position.previous is not None
    assert game.changed_points(position.previous.row, position.row) == [(2, 3)]


def test_history_shows_the_positions_before() -> None:
    game = make("othello", size=6, history=3)
    check_game(game, games=4)
    position = game.start()
    seen = []
    for _ in range(4):
        seen.append(position)
        position = position.after(position.legal_actions()[0])
    planes = position.observation()
    for t, before in enumerate([position, seen[-1], seen[-2]]):
        owners = game.picture(before.row).owners
        assert (planes[2 * t] == (owners == position.to_play)).all()
        assert (planes[2 * t + 1] == (owners == 1 - position.to_play)).all()


@pytest.mark.parametrize("size", [0, 7, 12])
def test_sizes_out_of_range_name_the_range(size: int) -> None:
    with pytest.raises(UserError, match="6, 8 or 10"):
        make("othello", size=size)
