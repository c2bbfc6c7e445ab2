"""Returns and advantages by numbers worked out by hand, and V-trace beside the slow, obvious sum of the paper."""

import numpy as np
import pytest

from zerodojo.agents.parts.returns import discounted_returns, generalized_advantages, vtrace

# Three environments: one that goes on, one whose episode the world ends at step 1, one that is cut short there, worth 6 beyond.
REWARDS = np.array([[1, 1, 1], [2, 2, 2], [3, 3, 3]], np.float32)
VALUES = np.ones((3, 3), np.float32)
LAST = np.full(3, 4, np.float32)
ENDED = np.array([[0, 0, 0], [0, 1, 1], [0, 0, 0]], np.bool_)
BEYOND = np.array([[0, 0, 0], [0, 0, 6], [0, 0, 0]], np.float32)


def test_generalized_advantages():
    found = generalized_advantages(REWARDS, VALUES, LAST, ENDED, BEYOND, gamma=0.5, lam=0.5)
    # delta_2 = 3 + 2 - 1 = 4; delta_1 = 2 + .5 - 1, or 2 - 1, or 2 + 3 - 1; delta_0 = 1 + .5 - 1
    assert found.T.tolist() == [[1.125, 2.5, 4.0], [0.75, 1.0, 4.0], [1.5, 4.0, 4.0]]


def test_generalized_advantages_at_the_last_step():
    ended, beyond = np.array([[1, 1]], np.bool_), np.array([[0, 6]], np.float32)
    reward, value, last = np.array([[2, 2]], np.float32), np.array([[1, 1]], np.float32), np.array([100, 100], np.float32)
    assert generalized_advantages(reward, value, last, ended, beyond, gamma=0.5, lam=0.5).tolist() == [[1.0, 4.0]]


def test_lambda_0_looks_one_step_ahead_and_lambda_1_to_the_end():
    one = generalized_advantages(REWARDS, VALUES, LAST, ENDED, BEYOND, gamma=0.5, lam=0.0)
    assert one.T.tolist() == [[0.5, 1.5, 4.0], [0.5, 1.0, 4.0], [0.5, 4.0, 4.0]]
    whole = generalized_advantages(REWARDS, VALUES, LAST, ENDED, BEYOND, gamma=0.5, lam=1.0)
    assert (whole + VALUES).tolist() == discounted_returns(REWARDS, LAST, ENDED, BEYOND, gamma=0.5).tolist()


def test_discounted_returns():
    found = discounted_returns(REWARDS, LAST, ENDED, BEYOND, gamma=0.5)
    assert found.T.tolist() == [[3.25, 4.5, 5.0], [2.0, 2.0, 5.0], [3.5, 5.0, 5.0]]


def test_vtrace_by_hand():
    rewards, values = np.array([[1], [2]], np.float32), np.ones((2, 1), np.float32)
    last, ended, beyond = np.array([4], np.float32), np.zeros((2, 1), np.bool_), np.zeros((2, 1), np.float32)
    ratios = np.array([[0.5], [3]], np.float32)
    targets, advantages = vtrace(rewards, values, last, ended, beyond, ratios, gamma=0.5, lam=1.0, rho=2.0, c=1.0)
    # v_1 = 1 + 2 (2 + 2 - 1) = 7; v_0 = 1 + .5 (1 + .5 - 1) + .5 * .5 (7 - 1) = 2.75
    assert targets.T.tolist() == [[2.75, 7.0]]
    assert advantages.T.tolist() == [[0.5 * (1 + 0.5 * 7 - 1), 2 * (2 + 0.5 * 4 - 1)]]


def test_vtrace_of_ones_own_experience_is_the_return():
    targets, advantages = vtrace(REWARDS, VALUES, LAST, ENDED, BEYOND, np.ones_like(VALUES), gamma=0.5, lam=1.0, rho=1.0, c=1.0)
    assert targets.tolist() == discounted_returns(REWARDS, LAST, ENDED, BEYOND, gamma=0.5).tolist()
    assert advantages.tolist() == (targets - VALUES).tolist()


@pytest.mark.parametrize(("lam", "rho", "c"), [(1.0, 1.0, 1.0), (0.9, 2.0, 0.7), (1.0, 1e9, 1e9)])
def test_vtrace_is_the_sum_of_the_paper(lam, rho, c):
    rng = np.random.default_rng(3)
    T, N = 12, 5
    rewards, values, beyond = (rng.normal(size=(T, N)).astype(np.float32) for _ in range(3))
    last, ratios = rng.normal(size=N).astype(np.float32), np.exp(rng.normal(size=(T, N))).astype(np.float32)
    ended = rng.random((T, N)) < 0.2
    beyond = np.where(ended & (rng.random((T, N)) < 0.5), beyond, 0).astype(np.float32)
    targets, advantages = vtrace(rewards, values, last, ended, beyond, ratios, gamma=0.9, lam=lam, rho=rho, c=c)
    assert ended.any() and beyond.any()
    for n in range(N):
        columns = (part[:, n].astype(np.float64) for part in (rewards, values, ended, beyond, ratios))
        slow = slow_vtrace(*columns, last=float(last[n]), gamma=0.9, lam=lam, rho=rho, c=c)
        np.testing.assert_allclose(targets[:, n], slow[0], rtol=2e-4, atol=2e-5)
        np.testing.assert_allclose(advantages[:, n], slow[1], rtol=2e-4, atol=2e-5)


def slow_vtrace(rewards, values, ended, beyond, ratios, *, last, gamma, lam, rho, c):
    """Equation 1 as it stands, one environment in float64: a sum over later steps, with a product of all ratios between."""
    T = len(rewards)

    def after(t, of):
        return beyond[t] if ended[t] else of[t + 1] if t + 1 < T else last

    targets = []
    for s in range(T):
        total = values[s]
        for t in range(s, T):
            delta = min(rho, ratios[t]) * (rewards[t] + gamma * after(t, values) - values[t])
            total += gamma ** (t - s) * np.prod([lam * min(c, ratios[i]) for i in range(s, t)]) * delta
            if ended[t]:
                break
        targets.append(total)
    advantages = [min(rho, ratios[s]) * (rewards[s] + gamma * after(s, targets) - values[s]) for s in range(T)]
    return targets, advantages
