"""The search and its slow twin find the same: visits, Q, policy, value and action."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from zerodojo.envs import Game, make
from zerodojo.envs.game import States
from zerodojo.search.config import GumbelConfig, PUCTConfig, SearchConfig
from zerodojo.search.search import Search, SearchResult, run

from .games import HashEvaluator, random_game, random_positions, think
from .twin import TwinSearch

BUDGETS = (0, 1, 2, 7, 16, 32, 100)
RULES = {
    "gumbel": SearchConfig(rule="gumbel"),
    "gumbel, few considered": SearchConfig(rule="gumbel", gumbel=GumbelConfig(considered=3, c_visit=20.0, c_scale=0.3, noise=0.0)),
    "puct": SearchConfig(rule="puct"),
    "puct, noise": SearchConfig(rule="puct", puct=PUCTConfig(c_puct=2.0, fpu_reduction=0.0, noise_fraction=0.25)),
}
GAMES: dict[str, tuple[Game, int]] = {
    "tic_tac_toe": (make("tic_tac_toe"), 7),
    "connect_four": (make("connect_four"), 36),
    "connect_four 4x4": (make("connect_four", width=4, height=4, connect=3), 8),
    "connect_four 5x4": (make("connect_four", width=5, height=4), 16),
}


def assert_same(result: SearchResult, i: int, twin: TwinSearch) -> None:
    edges = twin.root.edges
    policy, actions = twin.policy(), list(edges)
    shape = result.policy.shape[1]
    assert {a: int(result.visits[i, a]) for a in actions} == {a: e.visits for a, e in edges.items()}
    assert result.visits[i].sum() == twin.root.visits
    np.testing.assert_allclose(result.policy[i], [policy.get(a, 0.0) for a in range(shape)], atol=2e-5)
    np.testing.assert_allclose(result.prior[i], [edges[a].prior if a in edges else 0.0 for a in range(shape)], atol=1e-6)
    q = [np.nan if a not in edges or edges[a].q is None else edges[a].q for a in range(shape)]
    np.testing.assert_allclose(result.q[i], np.array(q, float), atol=2e-6)
    assert result.value[i] == pytest.approx(twin.value(), abs=1e-5)
    assert result.action[i] == twin.action()


@pytest.mark.parametrize("solve", [True, False])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", GAMES)
def test_search_agrees_with_its_twin(name: str, rule: str, solve: bool) -> None:
    game, most = GAMES[name]
    evaluator = HashEvaluator(game)
    states = random_positions(game, 12, seed=1, most=most)
    for budget in BUDGETS:
        config = replace(RULES[rule], simulations=budget, solve=solve)
        result = think(game, config, evaluator, states)
        for i in range(12):
            twin = TwinSearch(game, config, evaluator)
            twin.run(states[i], i)
            assert_same(result, i, twin)


@pytest.mark.parametrize("solve", [True, False])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("players", [1, 2])
def test_search_agrees_with_its_twin_where_movers_and_rewards_vary(players: int, rule: str, solve: bool) -> None:
    for seed in range(12):
        game = random_game(seed, depth=5, width=4, players=players)
        evaluator = HashEvaluator(game)
        for budget in BUDGETS:
            config = replace(RULES[rule], simulations=budget, solve=solve)
            result = think(game, config, evaluator, game.new_states(1), [seed])
            twin = TwinSearch(game, config, evaluator)
            twin.run(game.new_states(1)[0], seed)
            assert_same(result, 0, twin)


@pytest.mark.parametrize("rule", RULES)
def test_a_smaller_budget_is_a_search_of_that_budget(rule: str) -> None:
    game = make("connect_four")
    evaluator = HashEvaluator(game)
    states = random_positions(game, 4, seed=2, most=20)
    search = Search(game, replace(RULES[rule], simulations=64), games=4)
    for budget in (0, 5, 32, 64):
        search.begin(np.arange(4), states, np.arange(4, dtype=np.uint64), simulations=budget)
        run(search, evaluator)
        for i in range(4):
            twin = TwinSearch(game, replace(RULES[rule], simulations=budget), evaluator)
            twin.run(states[i], i)
            assert_same(search.result(np.arange(4)), i, twin)


@pytest.mark.parametrize("rule", ["puct", "puct, noise"])
def test_a_kept_tree_goes_on_as_the_twins_does(rule: str) -> None:
    game = make("connect_four", width=5, height=4)
    evaluator = HashEvaluator(game)
    config = replace(RULES[rule], simulations=60)
    states = random_positions(game, 8, seed=3, most=6)
    rows = np.arange(8)
    search = Search(game, config, games=8)
    search.begin(rows, states, rows.astype(np.uint64))
    run(search, evaluator)
    twins = [TwinSearch(game, config, evaluator) for _ in rows]
    for i, twin in enumerate(twins):
        twin.run(states[i], i)
    for key in range(8, 32, 8):
        result = search.result(rows)
        running = np.array([i for i in rows if twins[i].root.edges[int(result.action[i])].child is not None])
        actions = result.action[running]
        search.advance(running, actions)
        for i, action in zip(running, actions, strict=True):
            twins[i].root = twins[i].root.edges[int(action)].child
            states[i] = twins[i].root.state
            assert search.result(np.array([i])).visits.sum() == twins[i].root.visits
        search.begin(running, states[running], (running + key).astype(np.uint64), keep=True)
        run(search, evaluator)
        kept = search.result(rows)
        for i in running:
            twins[i].run(states[i], int(i) + key, kept=twins[i].root)
            assert_same(kept, int(i), twins[i])
        rows = running
    assert len(rows) > 3


def test_logits_of_minus_infinity_and_huge_ones_agree_too() -> None:
    game = make("tic_tac_toe")

    class Extreme(HashEvaluator):
        def evaluate(self, states: States) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
            logits, values = super().evaluate(states)
            best = np.where(game.legal_mask(states), logits, -np.inf).argmax(1)
            hopeless = logits < -1.0
            hopeless[np.arange(len(states)), best] = False
            return np.where(hopeless, np.float32(-np.inf), np.where(logits > 1.0, logits * np.float32(1e30), logits)), values

    evaluator = Extreme(game)
    states = random_positions(game, 12, seed=4, most=3)
    for rule in RULES.values():
        config = replace(rule, simulations=24, solve=False)
        result = think(game, config, evaluator, states)
        for i, state in enumerate(states):
            twin = TwinSearch(game, config, evaluator)
            twin.run(state, i)
            assert_same(result, i, twin)
