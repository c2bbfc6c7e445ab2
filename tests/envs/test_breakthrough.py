"""Breakthrough against OpenSpiel, whose first player comes from the top, and its ends."""

from __future__ import annotations

import numpy as np
import pyspiel
import pytest

from zerodojo.envs import Game, make
from zerodojo.errors import UserError

from .against_twins import assert_agrees_with_openspiel


def compare(size: int, *, games: int, seed: int) -> None:
    game = make("breakthrough", size=size)
    name = f"breakthrough(rows={size},columns={size})"
    assert_agrees_with_openspiel(game, name, games=games, seed=seed, ours=lambda state, action: upside_down(game, state, action))


def upside_down(game: Game, state: pyspiel.State, action: int) -> int:
    """Our action for one of OpenSpiel's: rows are counted from the other side."""
    size = game.spec.board[0]
    moved = state.action_to_string(action).rstrip("*")
    return game.parse_action("".join(str(size + 1 - int(letter)) if letter.isdigit() else letter for letter in moved))


@pytest.mark.parametrize("size", [6, 8])
def test_agrees_with_openspiel(size: int) -> None:
    compare(size, games=50, seed=size)


@pytest.mark.full
def test_agrees_with_openspiel_at_length() -> None:
    compare(8, games=2_000, seed=2)


def test_the_last_row_wins() -> None:
    game = make("breakthrough", size=4)
    position = game.start().play([game.parse_action(name) for name in ("a2b3", "d3c2", "b3a4")])
    assert position.terminal
    assert position.returns == (1.0, -1.0)


def test_a_pawn_straight_ahead_is_in_the_way() -> None:
    game = make("breakthrough", size=4)
    position = game.start().play([game.parse_action(name) for name in ("a2b3",)])
    names = {game.action_name(action) for action in position.legal_actions()}
    assert {"a4b3", "a3a2", "c4b3"} <= names
    assert "b4b3" not in names


def test_playouts_end_as_games_do() -> None:
    """The last ply of a game is the winner's: White's plies are the odd ones."""
    game = make("breakthrough", size=4)
    rows = np.repeat(game.start().row[None], 4_000, axis=0)
    rewards, plies = game.playout(rows, np.arange(4_000, dtype=np.uint64))
    assert set(rewards[:, 0].tolist()) == {1.0, -1.0}
    assert (rewards.sum(axis=1) == 0).all()
    assert plies.min() >= 3
    assert ((plies % 2 == 1) == (rewards[:, 0] == 1)).all()


@pytest.mark.parametrize("size", [3, 9])
def test_sizes_out_of_range_name_the_range(size: int) -> None:
    with pytest.raises(UserError, match="4 to 8"):
        make("breakthrough", size=size)
