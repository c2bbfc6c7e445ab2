import math

import numpy as np
import pytest
import torch

from zerodojo.agents.parts.state_dependent_noise import EPSILON, StateDependentNoise, state_dependent_log_std

FEATURES = np.array([[1.0, -2.0]], np.float32)
DEVIATION = np.array([[0.5, 1.0, 0.0], [0.25, 2.0, 0.0]], np.float32)


def test_the_variance_is_that_of_the_features_and_of_the_matrix():
    log_std = state_dependent_log_std(torch.tensor(FEATURES), torch.tensor(DEVIATION).log())
    by_hand = [0.5 * math.log(1 * 0.25 + 4 * 0.0625 + EPSILON), 0.5 * math.log(1 + 4 * 4 + EPSILON), 0.5 * math.log(EPSILON)]
    assert log_std[0].tolist() == pytest.approx(by_hand, rel=1e-5)


def test_what_is_drawn_has_that_variance():
    features = np.repeat(FEATURES, 40_000, axis=0)
    noise = StateDependentNoise(1)(features, DEVIATION, np.random.default_rng(0))
    assert noise.std(axis=0) == pytest.approx([math.sqrt(0.5), math.sqrt(17), 0.0], rel=0.02)
    assert np.abs(noise.mean(axis=0)).max() < 0.1


def test_features_do_not_learn_from_their_noise():
    features, log_std = torch.tensor(FEATURES, requires_grad=True), torch.zeros(2, 3, requires_grad=True)
    state_dependent_log_std(features, log_std).sum().backward()
    assert features.grad is None and log_std.grad is not None


@pytest.mark.parametrize(("frequency", "changes"), [(1, [1, 2, 3, 4, 5]), (2, [2, 4]), (4, [4]), (0, [])])
def test_a_matrix_serves_for_some_steps(frequency, changes):
    noise, generator = StateDependentNoise(frequency), np.random.default_rng(0)
    rows = [noise(FEATURES, DEVIATION, generator) for _ in range(6)]
    assert [t for t in range(1, 6) if not np.array_equal(rows[t], rows[t - 1])] == changes
    before = noise(FEATURES, DEVIATION, generator)
    noise.renew()
    assert not np.array_equal(noise(FEATURES, DEVIATION, generator), before)


def test_each_environment_has_its_own_matrix_and_others_get_new_ones():
    noise, generator = StateDependentNoise(0), np.random.default_rng(0)
    two = noise(FEATURES.repeat(2, axis=0), DEVIATION, generator)
    assert not np.array_equal(two[0], two[1])
    assert noise(FEATURES.repeat(3, axis=0), DEVIATION, generator).shape == (3, 3)
