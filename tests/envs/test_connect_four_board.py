"""From stones to moves: boards that play leads to, and each kind that it does not."""

from __future__ import annotations

import numpy as np
import pytest

from zerodojo.envs.connect_four import ConnectFour
from zerodojo.envs.connect_four_board import moves_to
from zerodojo.errors import UserError

GAME = ConnectFour()


def board(text):
    """Rows from the top, the last ones; X red, O yellow."""
    rows = [line.strip().ljust(7, ".") for line in text.split("/")]
    rows = ["." * 7] * (6 - len(rows)) + rows
    return np.array([[".XO".index(glyph) - 1 for glyph in row] for row in rows], np.int8)


@pytest.mark.parametrize("seed", range(40))
def test_moves_lead_to_the_board_they_were_found_for(seed):
    generator = np.random.default_rng(seed)
    position = GAME.start()
    for _ in range(generator.integers(43)):
        if position.terminal:
            break
        position = position.after(int(generator.choice(position.legal_actions())))
    owners = GAME.owners(position.row)
    again = GAME.start().play(moves_to(GAME, owners))
    assert (GAME.owners(again.row) == owners).all() and again.terminal == position.terminal


def test_a_game_that_is_won_ends_with_the_move_that_won_it():
    position = GAME.start().play(moves_to(GAME, board("OOO/XXXX")))
    assert position.returns == (1.0, -1.0) and len(position.history) == 7


@pytest.mark.parametrize(
    ("owners", "message"),
    [
        (board("X/."), "the red stone in column 1, 2 from the bottom, has nothing below it"),
        (board("XO/X."), "the yellow stone in column 2, 2 from the bottom, has nothing below it"),
        (board("OOX"), "1 red and 2 yellow stones are no position"),
        (board("XX"), "2 red and 0 yellow stones are no position"),
        (board("XO/XO/XO/XO"), "no order of moves leads to these stones"),  # yellow could not have gone on
        (board("X/O"), "no order of moves leads to these stones"),  # the first stone is red
        (np.full((5, 7), -1), "the board is 7 wide and 6 high, and here came one of 7 wide and 5 high"),
    ],
)
def test_boards_that_no_play_leads_to_are_refused(owners, message):
    with pytest.raises(UserError, match=message):
        moves_to(GAME, owners)
