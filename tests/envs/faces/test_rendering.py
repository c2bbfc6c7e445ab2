"""The picture of a position: its size, the colours where the pieces are, the last move and the winning line marked."""

import numpy as np
import pytest

from zerodojo.envs import GAMES, make
from zerodojo.envs.adapters.pettingzoo_game import PettingZooGame
from zerodojo.envs.faces.rendering import _CELL, _COLOURS, _LAST, _WON, _WOOD, draw


def centre(image, r, c):
    return tuple(image[r * _CELL + _CELL // 2, c * _CELL + _CELL // 2])


def test_pieces_and_marks():
    red, yellow = _COLOURS["connect_four"]
    image = draw(make("connect_four").start().play([0, 1, 0, 1, 0, 1, 0]))
    assert image.shape == (6 * _CELL, 7 * _CELL, 3)
    assert image.dtype == np.uint8
    assert [centre(image, r, 0) for r in range(6)] == [_WOOD] * 2 + [red] * 4
    assert [centre(image, r, 1) for r in range(6)] == [_WOOD] * 3 + [yellow] * 3
    rings = (image == _WON).all(axis=2).reshape(6, _CELL, 7, _CELL).any(axis=(1, 3))
    assert np.argwhere(rings).tolist() == [[2, 0], [3, 0], [4, 0], [5, 0]]
    framed = (image[::_CELL, ::_CELL] == _LAST).all(axis=2)
    assert np.argwhere(framed).tolist() == [[2, 0]]


@pytest.mark.parametrize("name", GAMES)
def test_every_game_is_drawn_and_changes_with_every_move(name):
    position = make(name).start()
    generator = np.random.default_rng(0)
    for _ in range(6):
        following = position.after(int(generator.choice(position.legal_actions())))
        assert draw(following).shape == draw(position).shape
        assert (draw(following) != draw(position)).any()
        position = following


def test_kinds_of_pieces_are_told_apart():
    image = draw(PettingZooGame("chess_v6").start())
    cells = [image[7 * _CELL : 8 * _CELL, c * _CELL : (c + 1) * _CELL].tobytes() for c in range(8)]
    assert len(set(cells)) == 5  # rooks, knights and bishops twice, queen, king
