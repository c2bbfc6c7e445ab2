"""Value and policy iteration: values worked out by hand, and one another's."""

import gymnasium
import numpy as np
import pytest

from zerodojo.agents.tabular.model import model_of
from zerodojo.agents.tabular.policy_iteration import policy_iteration, policy_values
from zerodojo.agents.tabular.value_iteration import value_iteration
from zerodojo.errors import UserError

WORLDS = [("FrozenLake-v1", {}), ("FrozenLake-v1", {"is_slippery": False}), ("CliffWalkingSlippery-v1", {}), ("Taxi-v4", {})]


@pytest.mark.parametrize(("task", "options"), WORLDS)
def test_they_agree_and_satisfy_the_equation_of_bellman(task, options):
    model = model_of(gymnasium.make(task, **options))
    q = value_iteration(model, gamma=0.95)
    np.testing.assert_array_equal(np.isfinite(q), model.open)
    np.testing.assert_allclose(policy_iteration(model, gamma=0.95), q, atol=1e-9)
    np.testing.assert_allclose(model.backup(q.max(axis=1), gamma=0.95), q, atol=1e-9)


def test_a_lake_without_slipping_is_worth_the_discount_of_its_shortest_way():
    q = value_iteration(model_of(gymnasium.make("FrozenLake-v1", is_slippery=False)), gamma=0.9)
    assert q[0].max() == pytest.approx(0.9**5)
    assert q[14, 2] == 1.0  # right, onto the goal


def test_a_policy_has_the_values_of_what_it_does():
    model = model_of(gymnasium.make("CliffWalking-v1"))
    up = np.zeros(48, np.int64)
    np.testing.assert_allclose(policy_values(model, up, gamma=0.5)[:12], -2.0)  # bumps into the wall for ever


def test_values_that_do_not_settle_are_an_error():
    with pytest.raises(ArithmeticError, match="still move after 3 sweeps"):
        value_iteration(model_of(gymnasium.make("Taxi-v4")), sweeps=3)


def test_a_world_that_does_not_tell_its_model_is_refused():
    with pytest.raises(UserError, match="Blackjack-v1 does not tell its model"):
        model_of(gymnasium.make("Blackjack-v1"))
    with pytest.raises(UserError, match="fickle_passenger does more than its model tells"):
        model_of(gymnasium.make("Taxi-v4", fickle_passenger=True))
