"""Positions whose answer is known: bandits, forced wins and losses, a trap, games that can be gone through to the end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from zerodojo.envs import Game, make
from zerodojo.envs.game import States
from zerodojo.search.config import GumbelConfig, PUCTConfig, SearchConfig
from zerodojo.search.evaluator import RolloutEvaluator, UniformEvaluator
from zerodojo.search.search import Search, run
from zerodojo.search.tree import UNKNOWN

from .games import HashEvaluator, TableEvaluator, TableGame, bandit, best_return, corridors, random_game, random_positions, think

GUMBEL, PUCT = SearchConfig(rule="gumbel"), SearchConfig(rule="puct")
RULES = {"gumbel": GUMBEL, "puct": PUCT, "puct, noise": replace(PUCT, puct=PUCTConfig(noise_fraction=0.25))}
each_rule = pytest.mark.parametrize("config", RULES.values(), ids=list(RULES))
TIC_TAC_TOE, CONNECT_FOUR = make("tic_tac_toe"), make("connect_four")


def connect_four(line: str) -> States:
    """The position after moves named by their columns, [1, S]."""
    return CONNECT_FOUR.start().play([int(name) - 1 for name in line.split()]).row[None].copy()


# Bandits ---------------------------------------------------------------------------------------------------------------------


@each_rule
@pytest.mark.parametrize("solve", [True, False])
def test_the_best_arm_wins(config: SearchConfig, solve: bool) -> None:
    pays = [0.1, -0.4, 0.3, 0.7, 0.6, -0.9, 0.0, 0.2]
    game = bandit(pays)
    result = think(game, replace(config, simulations=64, solve=solve), UniformEvaluator(game), game.new_states(20))
    assert (result.action == 3).all()
    tried = result.visits > 0
    np.testing.assert_allclose(result.q[tried], np.tile(pays, (20, 1))[tried], atol=1e-6)


@each_rule
def test_the_best_arm_wins_under_noisy_values(config: SearchConfig) -> None:
    game = corridors(arms=4, length=200)
    generator = np.random.default_rng(0)
    means = np.array([0.0, 0.2, -0.3, 0.5])
    values = np.concatenate([[0.0], (means[:, None] + generator.uniform(-0.4, 0.4, (4, 200))).ravel()])
    evaluator = TableEvaluator(np.zeros((len(game.moves), 4)), values)
    result = think(game, replace(config, simulations=150), evaluator, game.new_states(20))
    assert (result.action == 3).all()
    assert (result.visits.sum(axis=1) == 150).all()


def test_gumbel_improves_the_policy_with_any_budget() -> None:
    generator = np.random.default_rng(1)
    for budget in (2, 3, 4, 8):
        played, learned = [], []
        for _ in range(40):
            pays, logits = generator.uniform(-0.9, 0.9, 6), generator.standard_normal(6) * 2
            game = bandit(list(pays))
            prior = np.exp(logits) / np.exp(logits).sum()
            evaluator = TableEvaluator([logits, logits], [float(prior @ pays), 0.0])
            result = think(game, replace(GUMBEL, simulations=budget, solve=False), evaluator, game.new_states(200))
            played.append(pays[result.action].mean() - prior @ pays)
            learned.append((result.policy @ pays).mean() - prior @ pays)
        assert min(played) > -0.1, "the noise of 200 draws"
        assert np.mean(played) > 0.05
        assert min(learned) > 0.0


def test_gumbel_without_simulations_draws_from_the_prior() -> None:
    game = bandit([0.0] * 5)
    logits = [0.5, -1.0, 0.0, 2.0, 1.0]
    result = think(game, replace(GUMBEL, simulations=0), TableEvaluator([logits, logits], [0.25, 0]), game.new_states(20_000))
    share = np.bincount(result.action, minlength=5) / 20_000
    prior = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(share, prior, atol=0.015)
    np.testing.assert_allclose(result.policy, np.tile(prior, (20_000, 1)), atol=1e-6)
    np.testing.assert_allclose(result.value, 0.25, atol=1e-6)


def test_temperature_draws_by_visits() -> None:
    game = bandit([0.3, 0.2, 0.5, 0.1])
    for temperature in (1.0, 0.5):
        config = replace(PUCT, simulations=50, solve=False, puct=PUCTConfig(temperature=temperature, c_puct=3.0))
        result = think(game, config, UniformEvaluator(game), game.new_states(20_000))
        weights = result.visits[0] ** (1 / temperature)
        assert (result.visits == result.visits[0]).all()
        share = np.bincount(result.action, minlength=4) / 20_000
        np.testing.assert_allclose(share, weights / weights.sum(), atol=0.015)


# Forced lines ----------------------------------------------------------------------------------------------------------------


@each_rule
@pytest.mark.parametrize("leaves", [1, 8])
@pytest.mark.parametrize("solve", [True, False])
def test_forced_wins_and_losses(config: SearchConfig, leaves: int, solve: bool) -> None:
    evaluator = UniformEvaluator(CONNECT_FOUR)
    config = replace(config, simulations=800, solve=solve)

    def answer(line: str) -> tuple[int, float]:
        result = think(CONNECT_FOUR, config, evaluator, connect_four(line), leaves=leaves)
        return int(result.action[0]) + 1, float(result.value[0])

    action, value = answer("3 3 4 4 5 1")  # the fourth stone
    assert action in {2, 6}
    assert value == 1.0 if solve else value > 0.8
    action, value = answer("3 3 4 1")  # an open three, and then the fourth
    assert action in {2, 5}
    assert value == 1.0 if solve else value > 0.3
    action, value = answer("3 3 4 1 5")  # two threats at once: lost
    assert value == -1.0 if solve else value < -0.3
    action, value = answer("3 3 4")  # the only defences
    assert action in {2, 5}


@each_rule
@pytest.mark.parametrize("leaves", [1, 8])
@pytest.mark.parametrize("solve", [True, False])
def test_a_trap_that_the_prior_favours(config: SearchConfig, leaves: int, solve: bool) -> None:
    # 0: we move; 1: the trap, where one unlikely answer wins at once; 2: dull, and worth a little.
    game = TableGame(
        [{0: (1, 0.0), 1: (2, 0.0)}, {0: (3, 0.0), 1: (4, 1.0), 2: (3, 0.0)}, {0: (4, 0.0), 1: (4, -0.1)}, {0: (4, 0.5)}, {}],
        [0, 1, 1, 0, 0],
    )
    logits = [[1, 0, -9], [1, -1, 1], [0, 0, 0], [0, 0, 0], [0, 0, 0]]
    evaluator = TableEvaluator(logits, [0.3, -0.3, 0.1, 0.5, 0.0])
    config = replace(config, simulations=300, solve=solve, gumbel=GumbelConfig(noise=0.0))
    result = think(game, config, evaluator, game.new_states(1), leaves=leaves)
    assert result.action[0] == 1


@pytest.mark.parametrize("leaves", [1, 8])
def test_a_proven_draw_does_not_end_the_search_for_a_win(leaves: int) -> None:
    # 0: we move; action 0 draws at once, action 1 loses, action 2 wins two plies on, against an evaluator that thinks little of it.
    game = TableGame(
        [{0: (4, 0.0), 1: (1, 0.0), 2: (2, 0.0)}, {0: (4, 1.0), 1: (4, 0.0)}, {0: (3, 0.0)}, {0: (4, 1.0)}, {}], [0, 1, 1, 0, 0]
    )
    evaluator = TableEvaluator([[5, 0, -5], [1, 1, 1], [1, 1, 1], [1, 1, 1], [0, 0, 0]], [0.0, 0.9, 0.9, -0.9, 0.0])
    result = think(game, replace(PUCT, simulations=20), evaluator, game.new_states(1), leaves=leaves)
    assert result.action[0] == 2
    assert result.value[0] == 1.0 and result.solved[0]


def test_a_proven_draw_is_played_where_the_rest_looks_worse() -> None:
    # Action 0 draws at once; what action 1 leads to goes on and on, and looks a little worse, or a little better.
    for value, wanted in ((0.1, 0), (-0.1, 1)):
        game = TableGame(
            [{0: (9, 0.0), 1: (1, 0.0)}, *[{0: (s, 0.0), 1: (s, 0.0)} for s in range(2, 10)], {}], [s % 2 for s in range(10)]
        )
        evaluator = TableEvaluator([[5, 0]] * 10, [value if s % 2 else -value for s in range(9)] + [0.0])
        result = think(game, replace(PUCT, simulations=20), evaluator, game.new_states(1))
        assert result.visits[0, 1] > result.visits[0, 0]
        assert result.action[0] == wanted
        assert result.policy[0, wanted] > 0.9
        assert not result.solved[0] and result.value[0] >= 0.0


# Who moves, and what is paid on the way --------------------------------------------------------------------------------------


@each_rule
@pytest.mark.parametrize("solve", [True, False])
def test_who_moves_next_is_read_from_the_state(config: SearchConfig, solve: bool) -> None:
    game = TableGame([{0: (1, 0.0), 1: (2, 0.5)}, {0: (2, 1.0)}, {}], [0, 0, 1])  # player 0 may move twice in a row
    result = think(game, replace(config, simulations=32, solve=solve), UniformEvaluator(game), game.new_states(1))
    assert result.action[0] == 0
    assert result.q[0, 0] == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("config", [GUMBEL, PUCT])
def test_rewards_on_the_way_are_added_up(config: SearchConfig) -> None:
    game = TableGame([{0: (1, 0.125), 1: (2, 0.25)}, {0: (3, 0.625)}, {0: (3, 0.25)}, {}], [0] * 4, players=1)
    result = think(game, replace(config, simulations=32), UniformEvaluator(game), game.new_states(1))
    assert result.action[0] == 0
    assert result.value[0] == 0.75
    assert result.q[0].tolist() == [0.75, 0.5]
    result = think(game, replace(config, simulations=2, solve=False), UniformEvaluator(game), game.new_states(1))
    assert result.q[0].tolist() == [0.125, 0.25]  # the evaluator expects nothing more


def test_sums_stay_exact_over_many_visits() -> None:
    game = TableGame([{0: (1, 0.0)}, {0: (2, 0.7003)}, {}], [0, 0, 0], players=1)
    n = 300_000
    result = think(game, replace(PUCT, simulations=n, solve=False), UniformEvaluator(game), game.new_states(1))
    assert result.visits[0, 0] == n
    assert result.q[0, 0] == pytest.approx(0.7003 * (n - 1) / n, abs=1e-6)


# Games gone through to the end -----------------------------------------------------------------------------------------------


def assert_proofs_hold(game: Game, config: SearchConfig, states: States, *, leaves: int) -> float:
    """Every node that any of these searches has proven has the value that full enumeration finds; the share of roots proven."""
    search = Search(game, config, games=len(states), leaves=leaves)
    rows = np.arange(len(states))
    search.begin(rows, states, rows.astype(np.uint64))
    run(search, HashEvaluator(game))
    tree, known = search._tree, {}
    roots = rows * (config.simulations + 1)
    for b in rows:
        for node in range(roots[b], roots[b] + tree.node_count[b]):
            exact = tree.nodes[node]["exact"]
            if exact != UNKNOWN:
                assert exact == np.float32(best_return(game, tree.states[node : node + 1], known))
    result, proven = search.result(rows), tree.nodes["exact"][roots] != UNKNOWN
    np.testing.assert_array_equal(result.value[proven], tree.nodes["exact"][roots[proven]])
    after = states.copy()
    step = game.step(after, result.action)
    for b in rows[proven]:
        mover = int(game.to_play(states[b : b + 1])[0])
        worth = float(step.rewards[b, mover])
        if not step.terminal[b]:
            worth += best_return(game, after[b : b + 1], known) * (1 if step.to_play[b] == mover else -1)
        assert worth == result.value[b], "a proven root plays what proves it"
    return float(proven.mean())


@each_rule
@pytest.mark.parametrize("players", [1, 2])
def test_proofs_equal_full_enumeration_in_random_games(config: SearchConfig, players: int) -> None:
    shares = []
    for seed in range(40):
        game = random_game(seed, depth=4, width=3, players=players)
        shares.append(assert_proofs_hold(game, replace(config, simulations=1000), game.new_states(1), leaves=1 + seed % 3))
    assert np.mean(shares) >= 0.1


@pytest.mark.parametrize("config", [GUMBEL, PUCT])
@pytest.mark.parametrize("leaves", [1, 4])
def test_proofs_equal_full_enumeration_in_tic_tac_toe(config: SearchConfig, leaves: int) -> None:
    states = np.unique(random_positions(TIC_TAC_TOE, 250, seed=5, most=8), axis=0)
    assert assert_proofs_hold(TIC_TAC_TOE, replace(config, simulations=400), states, leaves=leaves) > 0.4


@pytest.mark.parametrize(("config", "simulations", "rollouts"), [(GUMBEL, 3000, False), (PUCT, 3000, False), (PUCT, 30_000, True)])
def test_enough_simulations_solve_tic_tac_toe(config: SearchConfig, simulations: int, rollouts: bool) -> None:
    known: dict[bytes, float] = {}
    states = np.unique(random_positions(TIC_TAC_TOE, 150, seed=6, most=8), axis=0)
    evaluator = RolloutEvaluator(TIC_TAC_TOE, seed=1) if rollouts else UniformEvaluator(TIC_TAC_TOE)
    config = replace(config, simulations=simulations, solve=False, gumbel=GumbelConfig(noise=0.0))
    result = think(TIC_TAC_TOE, config, evaluator, states)
    after = states.copy()
    step = TIC_TAC_TOE.step(after, result.action)
    for i, state in enumerate(states):
        best = best_return(TIC_TAC_TOE, state[None], known)
        kept = step.rewards[i].max() if step.terminal[i] else -best_return(TIC_TAC_TOE, after[i : i + 1], known)
        assert kept == best
        assert result.value[i] == pytest.approx(best, abs=0.2)


def test_tic_tac_toe_is_a_draw() -> None:
    result = think(TIC_TAC_TOE, replace(PUCT, simulations=20_000), UniformEvaluator(TIC_TAC_TOE), TIC_TAC_TOE.new_states(1))
    assert result.value[0] == pytest.approx(0.0, abs=0.05)
