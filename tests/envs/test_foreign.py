"""ForeignGame over a game of matches in plain Python: the conformance kit, the memory of objects, threads."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from zerodojo.envs.adapters.foreign import ForeignGame
from zerodojo.envs.testing import check_game
from zerodojo.errors import UserError


class Matches(ForeignGame[tuple[int, int]]):
    """Two players take 1 to 3 of a heap of matches; who takes the last one loses. An object is (matches left, player to move)."""

    observation_bounds = (-1.0, 10.0)

    def __init__(self, matches: int = 9, max_plies: int = 9) -> None:
        self._matches = matches
        self.replayed = 0
        names = ("one", "two", "three")
        super().__init__(name="matches", options={}, names=names, max_legal=3, max_plies=max_plies, board=(1, 1), num_planes=2)

    def _begin(self):
        return self._matches, 0

    def _after(self, position, action):
        self.replayed += 1
        return position[0] - action - 1, 1 - position[1]

    def _legal(self, position):
        return range(min(3, position[0]))

    def _over(self, position):
        return position[0] == 0

    def _mover(self, position):
        return position[1]

    def _returns(self, position):
        return (1.0, -1.0) if position[1] == 0 else (-1.0, 1.0)

    def _observe(self, position, player, out):
        out[0], out[1] = 1 + position[0], 1 - 2 * player

    def _text(self, position):
        return f"{position[0]} matches"


def test_the_conformance_kit_passes():
    check_game(Matches())


def test_a_game_that_reaches_max_plies_is_a_draw():
    game = Matches(max_plies=4)
    check_game(game)
    position = game.start().play([0, 0, 0, 0])
    assert position.terminal
    assert position.returns == (0.0, 0.0)


def test_what_was_forgotten_is_replayed_from_the_longest_beginning_that_is_remembered():
    game = Matches()
    game.remembered = 3
    early, late = game.start().play([0, 0]), game.start().play([0, 0, 1, 0, 1])
    assert game.at(late.row) == (2, 1)
    game.start().play([2, 2])  # takes the place of what was played before
    before = game.replayed
    assert game.at(late.row) == (2, 1)
    assert game.replayed == before + 5
    game.at(early.row)
    before = game.replayed
    game.at(early.play([2, 2]).row)
    assert game.replayed == before + 2


def test_at_most_so_many_objects_are_kept():
    game = Matches()
    game.remembered = 3
    game.start().play([0] * 8)
    assert len(game._objects) == 3


def test_threads_share_a_game():
    game = Matches(matches=60, max_plies=60)
    game.remembered = 4
    lines = np.random.default_rng(0).integers(0, 3, (8, 20))

    def play(line):
        return [str(game.start().play(line[:n].tolist())) for n in range(len(line))]

    with ThreadPoolExecutor(4) as pool:
        shown = list(pool.map(play, lines))
    for line, texts in zip(lines, shown, strict=True):
        assert texts == [f"{60 - (line[:n] + 1).sum()} matches" for n in range(len(line))]


def test_a_name_that_is_none_shows_how_moves_are_written():
    with pytest.raises(UserError, match="'four' is no move of matches; moves are written like one, two, three"):
        Matches().parse_action("four")
