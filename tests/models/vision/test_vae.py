"""Autoencoders: the divergence in closed form, a bound that holds, and gradients that go through a draw."""

import math

import pytest
import torch
from torch.distributions import Bernoulli, Independent, MultivariateNormal, Normal, kl_divergence

from zerodojo.errors import UserError
from zerodojo.models import create
from zerodojo.models.vision.vae import draw, elbo, kl_from_prior, log_likelihood

DOUBLE = torch.float64


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_divergence_is_torchs():
    mean, log_variance = torch.randn(2, 5, 3, generator=generator(), dtype=DOUBLE)
    expected = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(kl_from_prior(mean, log_variance), expected)
    assert kl_from_prior(torch.zeros(1, 3), torch.zeros(1, 3)).item() == 0


def test_the_likelihoods_are_torchs():
    x, made = torch.rand(2, 4, 3, 2, 2, generator=generator(), dtype=DOUBLE)
    torch.testing.assert_close(log_likelihood(x, made), Independent(Normal(made, 1.0), 3).log_prob(x))
    bits = x.round()
    torch.testing.assert_close(log_likelihood(bits, made, "bernoulli"), Independent(Bernoulli(made), 3).log_prob(bits))
    with pytest.raises(UserError, match="did you mean gaussian"):
        log_likelihood(x, made, "gausian")


def test_the_bound_holds_and_is_tight_at_the_true_posterior():
    """With the decoder x = W z + N(0, 1), log p(x) and the posterior of z are known."""
    weights = torch.randn(3, 2, generator=generator(), dtype=DOUBLE)
    x = torch.randn(1, 3, generator=generator(1), dtype=DOUBLE)
    log_p = MultivariateNormal(torch.zeros(3, dtype=DOUBLE), weights @ weights.T + torch.eye(3, dtype=DOUBLE)).log_prob(x)

    def bound(mean, log_variance, n=20_000):
        means, logs = mean.expand(n, -1), log_variance.expand(n, -1)
        z = draw(means, logs, generator=generator(2))
        return elbo(x.expand(n, -1), z @ weights.T, means, logs).mean()

    assert bound(torch.zeros(1, 2, dtype=DOUBLE), torch.zeros(1, 2, dtype=DOUBLE)) < log_p - 0.1
    one = weights[:, :1]  # a single latent number: its true posterior is a Gaussian of its own
    log_p = MultivariateNormal(torch.zeros(3, dtype=DOUBLE), one @ one.T + torch.eye(3, dtype=DOUBLE)).log_prob(x)
    weights, variance = one, 1 / (1 + (one**2).sum())
    assert bound((variance * x @ one), variance.log().reshape(1, 1)) == pytest.approx(log_p.item(), abs=0.03)


def test_gradients_go_through_a_draw_as_they_do_by_hand():
    """E (w z - 1)^2 with z ~ N(m, s^2) is (w m - 1)^2 + w^2 s^2, whose derivatives are known."""
    w, m, s = 1.5, 0.4, 0.7
    mean = torch.full((200_000, 1), m, dtype=DOUBLE, requires_grad=True)
    log_variance = torch.full((200_000, 1), 2 * math.log(s), dtype=DOUBLE, requires_grad=True)
    ((w * draw(mean, log_variance, generator=generator()) - 1) ** 2).mean().backward()
    assert mean.grad.sum().item() == pytest.approx(2 * w * (w * m - 1), abs=0.03)
    assert log_variance.grad.sum().item() == pytest.approx(w**2 * s**2, abs=0.03)


def test_training_draws_from_the_generator_and_evaluation_does_not_draw():
    network = create("vae", width=2, latent=4)
    x = torch.rand(2, 3, 64, 64)
    first, second, third = (network(x, generator=generator(seed))[0] for seed in (0, 0, 1))
    assert torch.equal(first, second) and not torch.equal(first, third)
    network.eval()
    made, mean, _ = network(x)
    assert torch.equal(made, network.decoder(mean))
    assert made.shape == x.shape and made.min() > 0 and made.max() < 1


def test_codes_are_as_many_as_asked_for():
    network = create("autoencoder", width=2, latent=5)
    x = torch.rand(2, 3, 64, 64)
    assert network.encode(x).shape == (2, 5)
    assert network(x).shape == x.shape
    with pytest.raises(UserError, match="64x64, and got 32x64"):
        network(torch.rand(1, 3, 32, 64))
