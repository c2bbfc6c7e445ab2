"""State numbers, the table and the policy: exact."""

import gymnasium
import numpy as np
import pytest

from zerodojo.agents.tabular.policy import EpsilonGreedy, draw, epsilon_greedy
from zerodojo.agents.tabular.states import StateNumbers
from zerodojo.agents.tabular.table import Table
from zerodojo.envs.gym.spaces import Reader
from zerodojo.errors import UserError


@pytest.mark.parametrize(
    "space",
    [
        gymnasium.spaces.Discrete(500),
        gymnasium.spaces.Discrete(5, start=-2),
        gymnasium.spaces.MultiDiscrete([3, 4, 2]),
        gymnasium.spaces.Tuple([gymnasium.spaces.Discrete(32), gymnasium.spaces.Discrete(11), gymnasium.spaces.Discrete(2)]),
        gymnasium.spaces.MultiDiscrete([4096, 4096]),
    ],
)
def test_a_state_is_numbered_by_its_parts(space):
    space.seed(0)
    reader = Reader(space)
    drawn = [space.sample() for _ in range(50)]
    parts = (np.array(drawn).reshape(50, -1) - getattr(space, "start", 0)).T
    numbers = StateNumbers(reader.space.sizes)
    assert numbers.count == np.prod(reader.space.sizes)
    np.testing.assert_array_equal(numbers(reader(drawn)), np.ravel_multi_index(tuple(parts), reader.space.sizes))


def test_states_beyond_exact_counting_are_refused():
    with pytest.raises(ValueError, match="16,781,312 states"):
        StateNumbers((4096, 4097))


def test_targets_that_are_no_numbers_are_refused_and_change_nothing():
    table = Table(2, 2)
    for target in (np.nan, -np.inf):
        with pytest.raises(FloatingPointError):
            table.move(np.array([0, 1]), np.array([1, 0]), np.array([1.0, target]), step_size=0.5, power=0.0)
    assert not table.q.any()
    assert not table.visits.any()


def test_a_pair_that_comes_twice_moves_twice():
    table = Table(2, 2, initial_value=1.0)
    off = table.move(np.array([0, 0, 1]), np.array([1, 1, 0]), np.array([3.0, 3.0, 0.0]), step_size=0.5, power=0.0)
    np.testing.assert_array_equal(table.q, [[1.0, 2.5], [0.5, 1.0]])
    assert off == pytest.approx((2 + 1 + 1) / 3)


def test_a_step_of_one_over_the_visits_keeps_the_mean():
    table = Table(1, 1, initial_value=7.0)
    table.move(np.zeros(4, int), np.zeros(4, int), np.array([1.0, 2.0, 3.0, 6.0]), step_size=1.0, power=1.0)
    assert table.q[0, 0] == pytest.approx(3.0)


def test_weights_of_another_table_are_refused():
    table = Table(3, 2)
    with pytest.raises(UserError, match=r"runs/x are no table of \[3, 2\] values, but q \[2, 2\]; take those of"):
        table.load({"q": np.zeros((2, 2))}, None, owner="runs/x")


def test_epsilon_is_shared_by_what_is_open_and_the_rest_by_the_best():
    q = np.array([[1.0, 3.0, 3.0, 9.0], [0.0, 0.0, 0.0, 0.0]])
    mask = np.array([[True, True, True, False], [False, True, False, True]])
    np.testing.assert_allclose(epsilon_greedy(q, mask, 0.3), [[0.1, 0.45, 0.45, 0.0], [0.0, 0.5, 0.0, 0.5]])
    np.testing.assert_allclose(epsilon_greedy(q, None, 0.4), [[0.1, 0.1, 0.1, 0.7], [0.25, 0.25, 0.25, 0.25]])


def test_actions_are_drawn_as_often_as_they_are_probable():
    probabilities = np.tile([0.0, 0.2, 0.8, 0.0], (20_000, 1))
    counts = np.bincount(draw(probabilities, np.random.default_rng(0)), minlength=4) / 20_000
    np.testing.assert_allclose(counts, [0.0, 0.2, 0.8, 0.0], atol=0.01)


def test_play_takes_the_first_of_the_best_that_are_open():
    table = Table(2, 3)
    table.q[:] = [[5.0, 1.0, 1.0], [0.0, 2.0, 2.0]]
    policy = EpsilonGreedy(table, StateNumbers((2,)), epsilon=0.5)
    mask = np.array([[False, True, True], [True, True, True]])
    starts = np.ones(2, bool)
    actions, _, _ = policy.act(
        np.eye(2, dtype=np.float32), {}, starts=starts, mask=mask, deterministic=True, generator=np.random.default_rng(0)
    )
    np.testing.assert_array_equal(actions, [1, 1])
