"""The loss of a student: 0 where it says the same, its gradient by hand, and its limit for a high temperature."""

from __future__ import annotations

import pytest
import torch

from zerodojo.errors import UserError
from zerodojo.models.compression.distillation import soft_loss


def logits(n: int = 5, actions: int = 7, seed: int = 0) -> torch.Tensor:
    return 3 * torch.randn(n, actions, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_a_student_that_says_the_same_has_nothing_to_learn(temperature: float) -> None:
    assert soft_loss(logits(), logits() + 2.0, temperature=temperature).abs() < 1e-14
    assert soft_loss(logits(), logits(seed=1), temperature=temperature) > 0.1


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_the_gradient_is_the_difference_of_softened_policies(temperature: float) -> None:
    student, teacher = logits().requires_grad_(), logits(seed=1).requires_grad_()
    soft_loss(student, teacher, temperature=temperature).backward()
    difference = torch.softmax(student / temperature, 1) - torch.softmax(teacher / temperature, 1)
    torch.testing.assert_close(student.grad, temperature * difference / 5, rtol=1e-12, atol=1e-14)
    assert teacher.grad is None


def test_it_is_the_divergence_of_torch() -> None:
    student, teacher = logits(), logits(seed=1)
    expected = torch.distributions.kl_divergence(
        torch.distributions.Categorical(logits=teacher / 2), torch.distributions.Categorical(logits=student / 2)
    )
    torch.testing.assert_close(soft_loss(student, teacher, temperature=2.0), 4 * expected.mean(), rtol=1e-10, atol=1e-12)


def test_at_a_high_temperature_logits_are_matched() -> None:
    student, teacher = logits(), logits(seed=1)
    centred = (student - student.mean(1, keepdim=True)) - (teacher - teacher.mean(1, keepdim=True))
    expected = (centred**2).mean(1).mean() / 2
    torch.testing.assert_close(soft_loss(student, teacher, temperature=1e4), expected, rtol=1e-3, atol=0.0)


def test_choices_that_are_not_legal_do_not_count() -> None:
    student, teacher = logits(), logits(seed=1)
    legal = torch.ones(5, 7, dtype=torch.bool)
    legal[:, 2] = False
    kept = [0, 1, 3, 4, 5, 6]
    expected = soft_loss(student[:, kept], teacher[:, kept], temperature=2.0)
    student = student.requires_grad_()
    loss = soft_loss(student, teacher, temperature=2.0, legal=legal)
    torch.testing.assert_close(loss, expected)
    loss.backward()
    assert student.grad is not None
    assert torch.isfinite(student.grad).all() and not student.grad[:, 2].any()


def test_a_temperature_of_nothing_is_refused() -> None:
    with pytest.raises(UserError, match="temperature of a distillation is 0"):
        soft_loss(logits(), logits(), temperature=0)
