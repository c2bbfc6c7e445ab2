"""The noise at the root: its distributions, and that a key decides it."""

from __future__ import annotations

import numpy as np
import pytest

from zerodojo.search.noise import fill_dirichlet, fill_gumbel


def test_gumbel_numbers_have_the_moments_of_their_distribution() -> None:
    numbers = np.zeros((2000, 50), np.float32)
    for key, row in enumerate(numbers):
        fill_gumbel(row, np.uint64(key), 1.0)
    assert numbers.mean() == pytest.approx(0.57722, abs=0.015)
    assert numbers.var() == pytest.approx(np.pi**2 / 6, abs=0.03)
    assert np.quantile(numbers, 0.5) == pytest.approx(-np.log(np.log(2)), abs=0.015)
    assert abs(np.corrcoef(numbers[:, :2].T)[0, 1]) < 0.07
    assert abs(np.corrcoef(numbers[:-1, 0], numbers[1:, 0])[0, 1]) < 0.07


def test_a_key_decides_the_gumbel_numbers_and_the_scale_stretches_them() -> None:
    one, again, other, wide, none = (np.zeros(9, np.float32) for _ in range(5))
    fill_gumbel(one, np.uint64(2**63 + 1), 1.0)
    fill_gumbel(again, np.uint64(2**63 + 1), 1.0)
    fill_gumbel(other, np.uint64(2**63 + 2), 1.0)
    fill_gumbel(wide, np.uint64(2**63 + 1), 2.0)
    fill_gumbel(none, np.uint64(2**63 + 1), 0.0)
    np.testing.assert_array_equal(one, again)
    assert (one != other).all()
    np.testing.assert_allclose(wide, 2 * one, rtol=1e-6)
    assert not none.any()


@pytest.mark.parametrize("alpha", [0.03, 0.3, 1.0, 10 / 7])
def test_dirichlet_noise_has_the_moments_of_its_distribution(alpha: float) -> None:
    n = 7
    draws = np.zeros((20_000, n), np.float32)
    for key, row in enumerate(draws):
        fill_dirichlet(row, np.uint64(key), alpha)
    np.testing.assert_allclose(draws.sum(axis=1), 1.0, atol=1e-5)
    np.testing.assert_allclose(draws.mean(axis=0), 1 / n, atol=0.012)
    np.testing.assert_allclose(draws.var(axis=0), (1 / n) * (1 - 1 / n) / (n * alpha + 1), rtol=0.06)
    covariance = np.cov(draws[:, :2].T)[0, 1]
    assert covariance == pytest.approx(-1 / n**2 / (n * alpha + 1), rel=0.2)
    again = np.zeros(n, np.float32)
    fill_dirichlet(again, np.uint64(5), alpha)
    np.testing.assert_array_equal(again, draws[5])
