"""What policies say, beside torch's own distributions; and what is drawn from them."""

import numpy as np
import pytest
import torch
from torch.distributions import Categorical, Independent
from torch.distributions import Normal as TorchNormal

from zerodojo.agents.parts.distributions import Choices, Normal, parameters, sample_choices
from zerodojo.envs.gym.spaces import ActionSpace

ONE = ActionSpace(sizes=(4,), single=True)
SEVERAL = ActionSpace(sizes=(3, 2, 4))
NUMBERS = ActionSpace(low=(-1.0, -2.0), high=(1.0, 2.0))
MASK = torch.tensor([[True, False, True, True], [False, True, False, True], [True, True, True, True]])


def logits(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(5))


def test_how_many_numbers_a_policy_gives():
    assert [parameters(space) for space in (ONE, SEVERAL, NUMBERS)] == [4, 9, 2]


def test_one_choice():
    given, action = logits(2, 3, 4), torch.tensor([[0, 1, 2], [3, 2, 1]])
    ours, theirs = Choices(given, ONE), Categorical(logits=given)
    torch.testing.assert_close(ours.log_prob(action), theirs.log_prob(action))
    torch.testing.assert_close(ours.entropy(), theirs.entropy())


def test_one_choice_behind_a_mask_is_a_choice_among_the_open_ones():
    given = logits(3, 4).requires_grad_()
    ours = Choices(given, ONE, MASK)
    for row, (open_, some) in enumerate([([0, 2, 3], 2), ([1, 3], 3), ([0, 1, 2, 3], 0)]):
        theirs = Categorical(logits=given[row, open_])
        torch.testing.assert_close(ours.log_prob(torch.tensor([some] * 3))[row], theirs.log_prob(torch.tensor(open_.index(some))))
        torch.testing.assert_close(ours.entropy()[row], theirs.entropy())
    (ours.log_prob(torch.tensor([0, 1, 3])) + ours.entropy()).sum().backward()
    assert (given.grad[~MASK] == 0).all()
    assert (given.grad[MASK] != 0).all()


def test_several_choices_are_independent():
    given = logits(5, 9)
    mask = torch.ones(5, 9, dtype=torch.bool)
    mask[:, [1, 4, 5]] = False
    action = torch.tensor([[0, 0, 3], [2, 0, 1], [0, 0, 2], [2, 0, 3], [0, 0, 1]])
    parts = [Categorical(logits=part) for part in given.masked_fill(~mask, -torch.inf).split([3, 2, 4], dim=1)]
    ours = Choices(given, SEVERAL, mask)
    torch.testing.assert_close(ours.log_prob(action), sum(p.log_prob(action[:, k]) for k, p in enumerate(parts)))
    torch.testing.assert_close(ours.entropy(), sum(p.entropy() for p in parts))


@pytest.mark.parametrize("shape", [(2,), (3, 2)])
def test_normal_numbers(shape):
    mean, log_std, action = logits(3, 2), 0.3 * logits(*shape) - 0.5, torch.tensor([[0.1, -2.0], [1.0, 0.0], [0.5, 3.0]])
    ours, theirs = Normal(mean, log_std), Independent(TorchNormal(mean, log_std.exp().expand(3, 2)), 1)
    torch.testing.assert_close(ours.log_prob(action), theirs.log_prob(action))
    torch.testing.assert_close(ours.entropy(), theirs.entropy())


def test_what_is_drawn_follows_the_probabilities():
    given = np.repeat(logits(1, 9).numpy(), 20_000, axis=0)
    drawn = sample_choices(given, SEVERAL, None, np.random.default_rng(0))
    for k, part in enumerate(np.split(given[0], [3, 5])):
        shares = np.bincount(drawn[:, k], minlength=len(part)) / len(drawn)
        np.testing.assert_allclose(shares, np.exp(part) / np.exp(part).sum(), atol=0.015)  # four standard errors


def test_what_is_closed_is_never_drawn():
    given, mask = np.zeros((10_000, 9), np.float32), np.zeros(9, np.bool_)
    mask[[0, 2, 4, 7]] = True
    given[:, ~mask] = 50.0
    drawn = sample_choices(given, SEVERAL, np.tile(mask, (10_000, 1)), np.random.default_rng(0))
    assert [set(column) for column in drawn.T.tolist()] == [{0, 2}, {1}, {2}]


def test_without_a_generator_the_likeliest_open_one_is_taken():
    given = np.array([[1, 4, 3, 2], [1, 4, 3, 2], [4, 3, 2, 1]], np.float32)
    assert sample_choices(given, ONE, None, None).tolist() == [1, 1, 0]
    assert sample_choices(given, ONE, MASK.numpy(), None).tolist() == [2, 1, 0]
