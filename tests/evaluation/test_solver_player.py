import sys

import pytest

from zerodojo import UserError
from zerodojo.agents import player
from zerodojo.envs import make
from zerodojo.evaluation.graded import PositionSets, by_player, grade
from zerodojo.evaluation.match import play_games


@pytest.fixture(scope="module")
def game():
    pytest.importorskip("bitbully")
    return make("connect_four")


def test_solver_keeps_every_outcome(game):
    for positions in PositionSets.load("connect_four").values():
        part = positions.sample(8)
        assert grade(by_player(player("solver", game)), part).kept == 8


def test_solver_wins_as_first(game):
    outcomes = play_games([(player("solver", game), player("random", game))] * 3, [game.start()] * 3)
    assert [outcome.points for outcome in outcomes] == [1.0] * 3


def test_solver_thinks(game):
    decision = player("solver", game).decide(game.start())
    assert (decision.action, decision.value, decision.policy[3]) == (3, 1.0, 1.0)
    assert decision.q.tolist() == [-1, -1, 0, 1, 0, -1, -1]
    full = player("solver", game).decide(game.start().play([3] * 6))
    assert full.policy[3] == 0
    assert str(full.q[3]) == "nan"


def test_ties_are_broken_by_the_seed(game):
    position = game.start().play([3, 4, 1])  # three moves are equally good
    solvers = [player("solver", game, seed=seed) for seed in (1, 1, 2)]
    lines = [[solver.decide(position).action for _ in range(20)] for solver in solvers]
    assert lines[0] == lines[1] != lines[2]


def test_solver_says_what_it_cannot(game, monkeypatch):
    with pytest.raises(UserError, match="7 by 6"):
        player("solver", make("tic_tac_toe"))
    with pytest.raises(UserError, match="7 by 6"):
        player("solver", make("connect_four", width=6))
    monkeypatch.setitem(sys.modules, "bitbully", None)
    with pytest.raises(UserError, match="pip install bitbully"):
        player("solver", game)
