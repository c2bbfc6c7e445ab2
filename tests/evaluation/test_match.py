from dataclasses import replace

import numpy as np
import pytest

from zerodojo import UserError
from zerodojo.agents import Forfeit, player
from zerodojo.envs import make
from zerodojo.evaluation.exact import solve
from zerodojo.evaluation.match import openings, play_games, play_match

GAMES = {"tic_tac_toe": make("tic_tac_toe"), "connect_four": make("connect_four")}


class Watched:
    """A player that keeps what it was asked."""

    def __init__(self, inner):
        self.inner, self.name, self.asked, self.games = inner, inner.name, [], 0

    def decide_many(self, positions):
        self.asked += positions
        return self.inner.decide_many(positions)

    def new_game(self):
        self.games += 1


class Cheat(Watched):
    """Plays an action that is never legal at its second move."""

    def decide_many(self, positions):
        decisions = super().decide_many(positions)
        return [replace(d, action=99) if len(p.history) >= 2 else d for p, d in zip(positions, decisions, strict=True)]


class Perfect:
    """Plays tic-tac-toe by its solution."""

    name = "perfect"

    def __init__(self, game):
        solution = solve(game)
        self._keeps = dict(zip(game.state_keys(solution.states), solution.keeps, strict=True))
        self._game = game
        self._random = player("random", game)

    def decide_many(self, positions):
        decisions = self._random.decide_many(positions)
        keys = self._game.state_keys(np.stack([position.row for position in positions]))
        return [replace(d, action=int(self._keeps[key].argmax())) for d, key in zip(decisions, keys, strict=True)]

    def new_game(self):
        pass


def keys_of(game, positions):
    return [game.state_keys(position.row[None])[0] for position in positions]


@pytest.mark.parametrize("name", GAMES)
def test_openings_are_distinct_open_and_grow(name):
    game = GAMES[name]
    found = openings(game, 150, seed=3)
    assert len(set(keys_of(game, found))) == len(found) == 150
    assert not any(position.terminal for position in found)
    lengths = [len(position.history) for position in found]
    assert lengths == sorted(lengths)
    assert lengths[0] == 0
    assert lengths.count(1) == game.spec.num_actions  # all of one ply, then two
    assert all(keys_of(game, [game.start().play(p.history)]) == keys_of(game, [p]) for p in found)


def test_openings_follow_the_seed():
    game = GAMES["connect_four"]
    lines = [[position.history for position in openings(game, 30, seed=seed)] for seed in (1, 1, 2)]
    assert lines[0] == lines[1] != lines[2]


def test_openings_run_out_when_the_game_does():
    assert len(openings(GAMES["tic_tac_toe"], 10_000, seed=0)) == 4520


def test_both_colours_from_every_opening_and_none_twice():
    game = GAMES["tic_tac_toe"]
    a, b = Watched(player("random", game, seed=1)), Watched(player("random", game, seed=2))
    play_match(a, b, game, games=60, seed=5)
    starts = {position.history for position in openings(game, 30, seed=5)}
    asked = [position.history for position in a.asked + b.asked if position.history in starts]
    for start in starts:  # whoever moves there: once a, once b
        assert asked.count(start) >= 2
        assert start in [position.history for position in a.asked]
        assert start in [position.history for position in b.asked]
    assert a.games == b.games == 1


def test_the_result_adds_up():
    game = GAMES["tic_tac_toe"]
    result = play_match(player("random", game, seed=1), player("random", game, seed=2), game, games=80, seed=0)
    assert result.wins + result.draws + result.losses == result.games == 80
    assert sum(result.as_first) == sum(result.as_second) == 40
    assert tuple(np.add(result.as_first, result.as_second)) == (result.wins, result.draws, result.losses)
    assert result.score == (result.wins + result.draws / 2) / 80
    assert result.score_interval[0] <= result.score <= result.score_interval[1]
    assert result.as_first.wins > result.as_second.wins  # who begins has the better of random play


def test_two_sides_of_a_match_mirror_each_other():
    game = GAMES["tic_tac_toe"]
    one = play_match(player("minimax:2", game, seed=1), player("minimax:9", game, seed=2), game, games=40, seed=0)
    other = play_match(player("minimax:9", game, seed=2), player("minimax:2", game, seed=1), game, games=40, seed=0)
    assert one.score < 0.5 < other.score


def test_a_match_repeats_for_a_seed():
    game = GAMES["connect_four"]

    def match(seed):
        return play_match(player("random", game, seed=1), player("mcts:20", game, seed=2), game, games=20, seed=seed)

    assert match(7) == match(7)


def test_perfect_play_never_loses_tic_tac_toe():
    game = GAMES["tic_tac_toe"]
    perfect, random = Perfect(game), player("random", game, seed=3)
    first = play_games([(perfect, random)] * 100, [game.start()] * 100)
    second = play_games([(random, perfect)] * 100, [game.start()] * 100)
    assert all(outcome.points >= 0.5 for outcome in first)
    assert all(outcome.points <= 0.5 for outcome in second)
    # the best reply to random play wins about 99.5% as first (and 91.5% as second); any sound one not much less
    assert sum(outcome.points for outcome in first) > 90
    assert sum(1 - outcome.points for outcome in second) > 75
    even = play_games([(perfect, perfect)], [game.start()])
    assert even[0].points == 0.5


@pytest.mark.parametrize("seat", [0, 1])
def test_an_illegal_move_loses_and_is_named(seat):
    game = GAMES["tic_tac_toe"]
    cheat, honest = Cheat(player("random", game)), player("random", game)
    (outcome,) = play_games([(cheat, honest) if seat == 0 else (honest, cheat)], [game.start()])
    assert outcome.points == seat
    assert outcome.forfeit.startswith(f"random forfeits at ply {3 + seat}: 99 is not legal here; legal: ")
    result = play_match(cheat, honest, game, games=10, seed=0)
    assert (result.losses, len(result.forfeits)) == (10, 10)


class GivesUp(Watched):
    """Loses the second of the games it is asked about, when there are several, and decides the others."""

    def __init__(self, inner, *, resigned):
        super().__init__(inner)
        self.resigned = resigned

    def decide_many(self, positions):
        if len(positions) > 1:
            raise Forfeit("it had enough", index=1, resigned=self.resigned)
        return super().decide_many(positions)


@pytest.mark.parametrize("resigned", [False, True])
def test_a_forfeit_loses_one_game_and_the_others_go_on(resigned):
    game = GAMES["tic_tac_toe"]
    weary, random = GivesUp(player("random", game, seed=1), resigned=resigned), player("random", game, seed=2)
    outcomes = play_games([(weary, random)] * 3, [game.start()] * 3)
    assert [outcome.points for outcome in outcomes[1:]] == [0.0, 0.0]  # asked about three, then about two
    assert all(outcome.history == () and outcome.resigned == resigned for outcome in outcomes[1:])
    assert outcomes[1].forfeit == (None if resigned else "random forfeits at ply 1: it had enough")
    assert game.start().play(outcomes[0].history).terminal and outcomes[0].forfeit is None


def test_a_match_keeps_every_game():
    game = GAMES["tic_tac_toe"]
    result = play_match(player("random", game, seed=1), player("random", game, seed=2), game, games=20, seed=0)
    points = [outcome.points if i < 10 else 1 - outcome.points for i, outcome in enumerate(result.outcomes)]
    assert (points.count(1.0), points.count(0.5)) == (result.wins, result.draws)
    assert all(game.start().play(outcome.history).terminal for outcome in result.outcomes)


@pytest.mark.parametrize("games", [-2, 0, 1, 7])
def test_a_match_is_of_pairs(games):
    game = GAMES["tic_tac_toe"]
    with pytest.raises(UserError, match="even number"):
        play_match(player("random", game), player("random", game), game, games=games, seed=0)


def test_a_match_fits_into_memory():
    game = GAMES["tic_tac_toe"]
    with pytest.raises(UserError, match=r"^a match of 100,000,000,000 games is too long; take at most 10,000"):
        play_match(player("random", game), player("random", game), game, games=10**11, seed=0)
