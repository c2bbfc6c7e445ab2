"""Laws that hold for every game whatever is played: symmetries, and undo by replay."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zerodojo.agents.session import GameSession
from zerodojo.envs import GAMES, Game, Position, make
from zerodojo.envs.symmetry import transform_actions, transform_observations, transform_policies

SMALL = {
    "gomoku": {"size": 6, "swap": True},
    "hex": {"size": 4},
    "go": {"size": 4},
    "othello": {"size": 6},
    "breakthrough": {"size": 5},
}
JITTED = [name for name in GAMES if name != "chess"]  # chess has the identity alone, and is slow to play at random

draws = st.lists(st.integers(0, 2**16), max_size=30)


def played(game: Game, numbers: list[int]) -> Position:
    """The position after moves chosen by numbers, as far as the game goes."""
    position = game.start()
    for number in numbers:
        legal = position.legal_actions()
        if not legal:
            break
        position = position.after(legal[number % len(legal)])
    return position


@pytest.mark.parametrize("name", JITTED)
@settings(max_examples=25, deadline=None)
@given(numbers=draws)
def test_the_image_of_a_game_is_the_game_of_the_images(name: str, numbers: list[int]) -> None:
    """Playing every move's image from the start leads to the image of the observation, and of the legal moves."""
    game = make(name, **SMALL.get(name, {}))
    position = played(game, numbers)
    symmetries = game.symmetries
    for k in range(len(symmetries)):
        which = np.array([k], np.int32)
        history = np.array(position.history, np.int32)
        images = transform_actions(history, np.full(len(history), k, np.int32), symmetries)
        image = game.start().play(images.tolist())
        assert (image.observation() == transform_observations(position.observation()[None], which, symmetries)[0]).all()
        legal = game.legal_mask(position.row[None])
        assert (game.legal_mask(image.row[None]) == transform_policies(legal, which, symmetries)).all()
        assert image.returns == position.returns


@pytest.mark.parametrize("name", GAMES)
@settings(max_examples=15, deadline=None)
@given(numbers=draws, data=st.data())
def test_undo_leads_where_replaying_the_rest_does(name: str, numbers: list[int], data: st.DataObject) -> None:
    game = make(name, **SMALL.get(name, {}))
    session = GameSession(game)
    for action in played(game, numbers).history:
        session.play(action)
    plies = len(session.position.history)
    if plies:
        taken_back = data.draw(st.integers(1, plies))
        history = session.position.history[: plies - taken_back]
        session.undo(taken_back)
        again = game.start().play(history)
        assert session.position.history == history
        assert (session.position.row == again.row).all()
        assert session.position.returns == again.returns
