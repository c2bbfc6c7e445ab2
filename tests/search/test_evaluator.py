"""The evaluators that need no network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from zerodojo.envs import Game, make
from zerodojo.envs.game import States
from zerodojo.search.config import SearchConfig
from zerodojo.search.evaluator import CachedEvaluator, RolloutEvaluator, UniformEvaluator

from .games import HashEvaluator, random_positions, think

TIC_TAC_TOE = make("tic_tac_toe")


def mean_of_random_play(game: Game, state: States) -> float:
    """What the player to move expects when both play at random, exactly."""
    mover, total = game.to_play(state)[0], 0.0
    actions = np.flatnonzero(game.legal_mask(state)[0])
    for action in actions:
        after = state.copy()
        step = game.step(after, np.array([action], np.int32))
        total += step.rewards[0, mover] if step.terminal[0] else -mean_of_random_play(game, after)
    return float(total / len(actions))


def test_the_uniform_evaluator_knows_nothing() -> None:
    evaluator = UniformEvaluator(TIC_TAC_TOE)
    for n in (3, 0, 5, 2):
        logits, values = evaluator.evaluate(TIC_TAC_TOE.new_states(n))
        assert logits.shape == (n, 9)
        assert values.shape == (n,)
        assert not logits.any() and not values.any()


def test_rollouts_are_the_mean_of_random_play_for_the_player_to_move() -> None:
    states = random_positions(TIC_TAC_TOE, 40, seed=8, most=8)
    states = states[[int(a | b).bit_count() >= 4 for a, b in states[:, :2]]]
    logits, values = RolloutEvaluator(TIC_TAC_TOE, rollouts=2000).evaluate(states)
    assert not logits.any()
    np.testing.assert_allclose(values, [mean_of_random_play(TIC_TAC_TOE, state[None]) for state in states], atol=0.08)


def test_rollouts_follow_their_seed() -> None:
    states = TIC_TAC_TOE.new_states(50)
    one, same, other = (RolloutEvaluator(TIC_TAC_TOE, seed=seed).evaluate(states)[1] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()
    assert set(np.unique(one)) <= {-1.0, 0.0, 1.0}


@pytest.mark.parametrize("rule", ["gumbel", "puct"])
def test_a_search_through_the_cache_finds_the_same_and_asks_less(rule: str) -> None:
    game = make("connect_four", width=5, height=4)

    class ByWhatIsSeen(HashEvaluator):
        def evaluate(self, states: States) -> tuple[np.ndarray, np.ndarray]:
            self.asked += len(states)
            answers = [self._judge(key) for key in map(bytes, game.observation_keys(states))]
            logits = np.array([logits for logits, _ in answers], np.float32).reshape(len(states), 5)
            return logits, np.array([value for _, value in answers], np.float32)

    config = replace(SearchConfig(), rule=rule, simulations=200)
    states = random_positions(game, 6, seed=9, most=8)
    plain, behind = ByWhatIsSeen(game), ByWhatIsSeen(game)
    bare = think(game, config, plain, states)
    cached = think(game, config, CachedEvaluator(game, behind, size=10_000), states)
    for a, b in zip(bare, cached, strict=True):
        np.testing.assert_array_equal(a, b)
    assert behind.asked < plain.asked


def test_the_cache_asks_once_and_a_newer_position_takes_the_place_of_an_older_one() -> None:
    behind = HashEvaluator(TIC_TAC_TOE)
    states = np.concatenate([TIC_TAC_TOE.start().after(a).row[None] for a in range(5)])
    truth = behind.evaluate(states)

    def ask(*which: int) -> int:
        before = behind.asked
        logits, values = cache.evaluate(states[list(which)])
        np.testing.assert_array_equal(logits, truth[0][list(which)])
        np.testing.assert_array_equal(values, truth[1][list(which)])
        return behind.asked - before

    cache = CachedEvaluator(TIC_TAC_TOE, behind)
    assert ask(0, 1) == 2
    assert ask(1, 0) == 0
    assert ask(0, 1, 2, 3, 4) == 3
    assert ask(4, 3, 2, 1, 0) == 0
    assert ask() == 0

    cache = CachedEvaluator(TIC_TAC_TOE, behind, size=1)  # one place for all
    assert ask(0) == 1
    assert ask(0, 1, 0) == 1
    assert ask(1) == 0
    assert ask(0) == 1
    assert ask(2, 3) == 2


def test_the_cache_asks_for_whole_submissions_and_answers_as_far_as_they_reach() -> None:
    behind = HashEvaluator(TIC_TAC_TOE)
    states = np.concatenate([TIC_TAC_TOE.start().after(a).row[None] for a in range(9)])
    truth = behind.evaluate(states)
    cache = CachedEvaluator(TIC_TAC_TOE, behind, rows=2)

    def ask(which: list[int], *, answered: int, asked: int) -> None:
        before = behind.asked
        logits, values = cache.evaluate(states[which])
        assert (len(values), behind.asked - before) == (answered, asked)
        np.testing.assert_array_equal(logits, truth[0][which[:answered]])
        np.testing.assert_array_equal(values, truth[1][which[:answered]])

    ask([0], answered=1, asked=1)  # less than a submission: asked for all the same
    ask([1, 0, 2, 0, 3, 0], answered=4, asked=2)
    ask([0, 1, 2], answered=3, asked=0)
    ask([0, 4, 1], answered=3, asked=1)
    ask([5, 6, 7, 8, 0, 3], answered=5, asked=4)
