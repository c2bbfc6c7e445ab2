"""Heads by hand: targets, projections, and losses against the slow and obvious way."""

import numpy as np
import pytest
import torch

from zerodojo.agents.value.config import HeadSettings
from zerodojo.agents.value.heads import Categorical, Quantiles, Scalar, make_head

CPU = torch.device("cpu")


def numbers(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_a_number_misses_reward_plus_discounted_value():
    found = Scalar().loss(
        torch.tensor([[1.0], [1.0]]), torch.tensor([1.0, 0.0]), torch.tensor([0.5, 0.0]), torch.tensor([[1.0], [9.0]])
    )
    assert found.error.tolist() == [0.5, 1.0]  # 1 against 1 + 1/2; 1 against 0
    assert found.loss.tolist() == [0.125, 0.5]


def test_a_distribution_is_projected_on_the_returns_there_are():
    head = Categorical(3, 0.0, 2.0, CPU)  # returns 0, 1, 2
    all_at_one = torch.tensor([[0.0, 1.0, 0.0]])

    def project(reward, discount):
        return head.project(torch.tensor([reward]), torch.tensor([discount]), all_at_one)[0].tolist()

    assert project(0.0, 1.0) == [0.0, 1.0, 0.0]
    assert project(0.25, 1.0) == [0.0, 0.75, 0.25]
    assert project(0.0, 0.5) == [0.5, 0.5, 0.0]
    assert project(5.0, 1.0) == [0.0, 0.0, 1.0]  # cut at the greatest return
    assert project(-5.0, 1.0) == [1.0, 0.0, 0.0]
    assert project(1.0, 0.0) == [0.0, 1.0, 0.0]  # after an end only the reward


def test_a_projection_agrees_with_a_loop():
    head = Categorical(7, -2.0, 3.0, CPU)
    probabilities, reward, discount = numbers(20, 7).softmax(1), numbers(20, seed=1), torch.rand(20)
    found = head.project(reward, discount, probabilities).numpy()
    returns = np.linspace(-2, 3, 7)
    for b in range(20):
        expected = np.zeros(7)
        for j in range(7):
            place = (np.clip(float(reward[b]) + float(discount[b]) * returns[j], -2, 3) + 2) / (5 / 6)
            low = int(np.floor(place + 1e-9))
            expected[low] += float(probabilities[b, j]) * (1 - (place - low))
            if low < 6:
                expected[low + 1] += float(probabilities[b, j]) * (place - low)
        np.testing.assert_allclose(found[b], expected, atol=1e-5)
    np.testing.assert_allclose(found.sum(1), 1.0, rtol=1e-5)


def test_a_distributions_loss_is_the_cross_entropy():
    head = Categorical(2, 0.0, 1.0, CPU)
    found = head.loss(torch.zeros(1, 2), torch.tensor([1.0]), torch.tensor([0.0]), torch.zeros(1, 2))
    assert found.loss.item() == pytest.approx(np.log(2))
    assert head.mean(torch.zeros(1, 2)).item() == 0.5


def test_quantiles_lose_by_a_loop():
    head = Quantiles(4, CPU)
    own, following = numbers(5, 4), numbers(5, 4, seed=1) * 3
    reward, discount = numbers(5, seed=2), torch.full((5,), 0.9)
    found = head.loss(own, reward, discount, following).loss
    for b in range(5):
        total = 0.0
        for i in range(4):
            for j in range(4):
                u = float(reward[b] + 0.9 * following[b, j] - own[b, i])
                huber = 0.5 * u * u if abs(u) <= 1 else abs(u) - 0.5
                total += abs((i + 0.5) / 4 - (u < 0)) * huber / 4
        assert float(found[b]) == pytest.approx(total, rel=1e-4)


def test_quantiles_lose_nothing_where_they_are_right():
    found = Quantiles(3, CPU).loss(torch.ones(1, 3), torch.tensor([0.0]), torch.tensor([1.0]), torch.ones(1, 3))
    assert found.loss.item() == 0.0


@pytest.mark.parametrize(("kind", "size"), [("scalar", 1), ("c51", 51), ("qr", 200)])
def test_settings_name_a_head(kind, size):
    assert make_head(HeadSettings(kind=kind), CPU).size == size
