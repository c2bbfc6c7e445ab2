import random

import numpy as np
import pytest

from zerodojo import UserError
from zerodojo.agents import player
from zerodojo.envs import make
from zerodojo.evaluation.exact import solve
from zerodojo.evaluation.graded import FOLDER, PositionSets, by_player, by_policy, by_search, grade, judge
from zerodojo.search.config import SearchConfig
from zerodojo.search.evaluator import RolloutEvaluator, UniformEvaluator

STAGES = ["begin-easy", "begin-medium", "begin-hard", "middle-easy", "middle-medium", "end-easy"]


@pytest.fixture(scope="module")
def sets():
    return PositionSets.load("connect_four")


@pytest.fixture(scope="module")
def solution():
    return solve(make("tic_tac_toe"))


def slow_value(position):
    """The return for the mover under perfect play, by plain recursion."""
    if position.terminal:
        return position.returns[position.to_play]
    return max(-slow_value(position.after(action)) for action in position.legal_actions())


def test_tic_tac_toe_is_known_whole(solution):
    game = solution.game
    assert len(solution) == len(set(game.state_keys(solution.states))) == 4520
    assert not solution.q[0].any()  # a draw, whatever the first move
    assert not game.terminal(solution.states).any()
    assert np.array_equal(~np.isnan(solution.q), game.legal_mask(solution.states))
    for position in solution.positions[:: len(solution) // 50]:
        assert np.array_equal(game.start().play(position.history).row, position.row)


def test_solution_agrees_with_plain_recursion(solution):
    deep = [i for i, line in enumerate(solution.histories) if len(line) >= 4]
    for i in random.Random(0).sample(deep, 60):
        position = solution.positions[i]
        for action in position.legal_actions():
            assert solution.q[i, action] == -slow_value(position.after(action))


def test_solution_of_another_game():
    small = solve(make("connect_four", width=3, height=3, connect=3))
    game = small.game
    assert small.q[0].tolist() == [-slow_value(game.start().after(action)) for action in range(3)]


def test_solving_has_a_limit():
    with pytest.raises(UserError, match="more than 1,000 positions"):
        solve(make("connect_four"), most=1000)


def test_deep_enough_minimax_is_perfect(solution):
    found = grade(by_player(player("minimax:9", solution.game)), solution)
    assert (found.kept, found.share, found.interval[1]) == (4520, 1.0, 1.0)


def test_random_play_keeps_what_chance_keeps(solution):
    legal = ~np.isnan(solution.q)
    expected = (solution.keeps.sum(axis=1) / legal.sum(axis=1)).mean()
    low, high = grade(by_player(player("random", solution.game, seed=4)), solution).interval
    assert low < expected < high


def test_bare_network_and_search_are_graded(solution):
    game = solution.game
    part = solution.sample(400, seed=1)
    bare = grade(by_policy(game, UniformEvaluator(game)), part)
    first_legal = game.legal_mask(part.states).argmax(axis=1)
    assert bare.kept == part.keeps[np.arange(400), first_legal].sum()
    search = grade(by_search(game, RolloutEvaluator(game), SearchConfig(rule="puct", simulations=100)), part)
    assert search.share > 0.97 > bare.share


class _Answers:
    """Knows every outcome, doubts it, and answers at most 100 states at a time."""

    def __init__(self, positions, doubt):
        self.values = dict(zip(positions.game.state_keys(positions.states), np.nanmax(positions.q, axis=1) * doubt, strict=True))
        self.game = positions.game

    def evaluate(self, states):
        values = np.array([self.values[key] for key in self.game.state_keys(states[:100])], np.float32)
        return np.zeros((len(values), 9), np.float32), values


def test_values_are_judged_by_the_nearest_outcome(solution):
    part = solution.sample(450, seed=1)
    outcomes = np.nanmax(part.q, axis=1)
    expected = [int((outcomes == outcome).sum()) for outcome in (-1, 0, 1)]
    assert min(expected) > 0
    assert np.array_equal(judge(_Answers(part, 0.6), part), np.diag(expected))
    assert np.array_equal(judge(_Answers(part, -1.0), part), np.fliplr(np.diag(expected)))  # each for its opposite
    assert np.array_equal(judge(_Answers(part, 0.4), part)[:, 1], expected)  # all taken for draws


def test_an_illegal_choice_keeps_nothing(solution):
    full = solution.states[:, 0] | solution.states[:, 1]
    taken = [next((a for a in range(9) if stones >> a & 1), 0) for stones in full.tolist()]
    assert grade(lambda positions: taken, solution).kept == 1  # the empty board


def test_sample_is_part_of_the_set(solution):
    part = solution.sample(100, seed=2)
    assert len(part) == len(part.positions) == 100
    assert [p.history for p in part.positions] == [p.history for p in solution.sample(100, seed=2).positions]
    assert [p.history for p in part.positions] != [p.history for p in solution.sample(100, seed=3).positions]
    assert len(solution.sample(10_000)) == 4520


def test_sets_are_as_promised(sets):
    assert list(sets) == ["critical", *STAGES, "watch"]
    assert len(sets["critical"]) >= 2000
    assert all(len(sets[name]) >= 500 for name in STAGES)
    assert sets["critical"].critical.all()
    assert sets["watch"].critical.all()
    assert [positions.name for positions in sets.reported()] == ["critical", *STAGES]
    assert {len(line) for line in sets["critical"].histories} >= set(range(2, 41))
    assert (FOLDER / "connect_four.npz").stat().st_size < 300_000


def test_sets_fit_the_rules(sets):
    for name, positions in sets.items():
        game = positions.game
        assert not game.terminal(positions.states).any()
        assert np.array_equal(~np.isnan(positions.q), game.legal_mask(positions.states))
        assert set(np.unique(positions.q[~np.isnan(positions.q)])) <= {-1.0, 0.0, 1.0}
        plies = [len(line) for line in positions.histories]
        low, high = {"begin": (0, 14), "middle": (15, 28), "end": (29, 41)}.get(name.partition("-")[0], (0, 41))
        assert low <= min(plies) <= max(plies) <= high
    position = sets["critical"].positions[7]
    assert np.array_equal(game.start().play(position.history).row, position.row)


def test_no_position_comes_twice_up_to_mirror(sets):
    def keys(positions):
        game = positions.game
        mirrored = [game.start().play([6 - action for action in line]).row for line in positions.histories]
        plain = game.state_keys(positions.states)
        return [min(pair) for pair in zip(plain, game.state_keys(np.stack(mirrored)), strict=True)]

    found = {name: keys(positions) for name, positions in sets.items()}
    assert all(len(set(of_set)) == len(of_set) for of_set in found.values())
    watched = set(found.pop("watch"))
    assert not any(watched & set(of_set) for of_set in found.values())


def test_answers_agree_with_the_solver(sets):
    """A fresh solver without the opening book, on positions where that is quick; with it on the others."""
    bitbully = pytest.importorskip("bitbully")
    with_book, without = bitbully.BitBully(), bitbully.BitBully(opening_book=None)
    for positions in sets.values():
        for i in random.Random(1).sample(range(len(positions)), 12):
            line = positions.histories[i]
            scores = (without if len(line) >= 18 else with_book).score_all_moves(bitbully.Board(list(line)))
            expected = [np.sign(scores[column]) if column in scores else np.nan for column in range(7)]
            assert np.array_equal(positions.q[i], np.array(expected, np.float32), equal_nan=True)


def test_late_answers_agree_with_plain_recursion(sets):
    positions = sets["end-easy"]
    late = [i for i, line in enumerate(positions.histories) if len(line) >= 35][:40]
    for i in late:
        position = positions.positions[i]
        for action in position.legal_actions():
            assert positions.q[i, action] == -slow_value(position.after(action))


def test_sets_by_distance_to_the_end(sets):
    """`easy` is won or lost, or full, within 14 plies: then a search of that depth finds the outcome."""
    with np.load(FOLDER / "connect_four.npz", allow_pickle=False) as data:
        left = np.split(data["plies_left"], np.cumsum(data["sizes"])[:-1])
    for name, plies in zip(sets, left, strict=True):
        low, high = {"easy": (1, 13), "medium": (14, 27), "hard": (28, 42)}.get(name.partition("-")[2], (1, 42))
        assert low <= plies.min() <= plies.max() <= high
        drawn = np.nanmax(sets[name].q, axis=1) == 0
        played = np.array([len(line) for line in sets[name].histories])
        assert (plies[drawn] == 42 - played[drawn]).all()


def test_unknown_sets():
    with pytest.raises(
        UserError, match="no positions with known answers are stored for tic_tac_toe; there are some for: connect_four"
    ):
        PositionSets.load("tic_tac_toe")
    assert PositionSets.cover(make("connect_four"))
    assert not PositionSets.cover(make("connect_four", width=5))
    assert not PositionSets.cover(make("tic_tac_toe"))


def test_it_is_told_how_far_the_grading_is() -> None:
    game, told = make("tic_tac_toe"), list[int]()
    choose = by_player(player("random", game), told.append)
    assert len(choose([game.start()] * 600)) == 600 and told == [0, 256, 512]
