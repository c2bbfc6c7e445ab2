import numpy as np
import pytest
import torch
from torch.distributions import Independent, Normal, TanhTransform, TransformedDistribution

from zerodojo.agents.parts.distributions import SquashedNormal


def test_its_density_is_that_of_the_hyperbolic_tangent_of_normal_numbers():
    generator = torch.Generator().manual_seed(0)
    mean, log_std, noise = (torch.randn(5, 3, generator=generator, dtype=torch.float64) for _ in range(3))
    action, log_prob = SquashedNormal(mean, log_std).sample(noise)
    other = Independent(TransformedDistribution(Normal(mean, log_std.exp()), [TanhTransform()]), 1)
    assert torch.allclose(log_prob, other.log_prob(action))


def test_its_density_adds_up_to_one():
    action = np.linspace(-0.9999, 0.9999, 20_001)
    noise = torch.tensor((np.arctanh(action) - 0.3) / 0.5).unsqueeze(-1)
    drawn, log_prob = SquashedNormal(torch.tensor([0.3]), torch.tensor([0.5]).log()).sample(noise)
    assert np.allclose(drawn.squeeze(-1), action, atol=1e-6)
    assert np.trapezoid(log_prob.exp().numpy(), action) == pytest.approx(1.0, abs=1e-3)


def test_far_out_it_stays_finite_and_so_does_its_gradient():
    mean = torch.tensor([[30.0], [-30.0]], requires_grad=True)
    action, log_prob = SquashedNormal(mean, torch.zeros(1)).sample(torch.zeros(2, 1))
    assert action.flatten().tolist() == [1.0, -1.0]
    log_prob.sum().backward()
    assert log_prob.tolist() == pytest.approx([-0.5 * np.log(2 * np.pi) - 2 * (np.log(2) - 30)] * 2, rel=1e-6)
    assert mean.grad.flatten().tolist() == pytest.approx([2.0, -2.0])
