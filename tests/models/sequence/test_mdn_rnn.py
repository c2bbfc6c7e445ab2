"""The memory of a world model: the paper's size, densities that are torch's, and steps that equal the stretch."""

import pytest
import torch
from torch.distributions import Categorical, MixtureSameFamily, Normal

from zerodojo.errors import UserError
from zerodojo.models import create
from zerodojo.models.counting import parameters
from zerodojo.models.sequence.mdn_rnn import Mixture

DOUBLE = torch.float64


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def mixture(*shape, seed=0):
    return Mixture(*torch.randn(3, *shape, generator=generator(seed), dtype=DOUBLE))


def small(**options):
    return create("mdn_rnn", **{"latent": 3, "actions": 2, "units": 5, "mixtures": 4, "outcomes": 2, **options}).double()


def test_it_has_the_papers_parameters():
    assert parameters(create("mdn_rnn")) == 422_368


def test_the_density_is_torchs():
    told, x = mixture(2, 7, 3, 4), torch.randn(2, 7, 3, generator=generator(1), dtype=DOUBLE)
    expected = MixtureSameFamily(Categorical(logits=told.logits), Normal(told.mean, told.log_std.exp())).log_prob(x).sum(-1)
    torch.testing.assert_close(told.log_prob(x), expected)


def test_draws_have_the_mixtures_moments():
    one = Mixture(*(part.expand(200_000, 1, 3) for part in mixture(1, 3, seed=3)))
    drawn = one.sample(generator=generator())[:, 0]
    truth = MixtureSameFamily(Categorical(logits=one.logits[0]), Normal(one.mean[0], one.log_std[0].exp()))
    torch.testing.assert_close(drawn.mean(), truth.mean[0], atol=0.02, rtol=0.02)
    torch.testing.assert_close(drawn.var(), truth.variance[0], atol=0.02, rtol=0.02)


def test_a_cold_draw_is_the_likeliest_mean():
    told = mixture(6, 3, 4)
    likeliest = told.mean.gather(-1, told.logits.argmax(-1, keepdim=True)).squeeze(-1)
    torch.testing.assert_close(told.sample(temperature=1e-12, generator=generator()), likeliest, atol=1e-4, rtol=1e-4)


def test_steps_one_by_one_equal_the_stretch_and_a_start_forgets():
    network = small()
    latent, action = (torch.randn(2, 6, size, generator=generator(size), dtype=DOUBLE) for size in (3, 2))
    starts = torch.zeros(2, 6, dtype=torch.bool)
    starts[1, 4] = True
    whole, last = network(latent, action, starts=starts)
    state, steps = None, []
    for t in range(6):
        told, state = network(latent[:, t : t + 1], action[:, t : t + 1], state, starts[:, t : t + 1])
        steps.append(told)
    torch.testing.assert_close(torch.cat([told.latent.mean for told in steps], 1), whole.latent.mean)
    torch.testing.assert_close(torch.cat([told.outcomes for told in steps], 1), whole.outcomes)
    torch.testing.assert_close(state, last)
    fresh, _ = network(latent[1:, 4:], action[1:, 4:])
    torch.testing.assert_close(fresh.latent.mean, whole.latent.mean[1:, 4:])


def test_a_number_that_never_changes_has_a_density_with_a_bound():
    network = small()
    torch.nn.init.constant_(network.mixture.bias, -50.0)
    told, _ = network(torch.zeros(1, 2, 3, dtype=DOUBLE), torch.zeros(1, 2, 2, dtype=DOUBLE))
    assert told.latent.log_prob(told.latent.mean[..., 0]).abs().max() < 20


@pytest.mark.parametrize(("latent", "action"), [((1, 2, 4), (1, 2, 2)), ((1, 2, 3), (1, 2, 3)), ((1, 2, 3), (1, 3, 2))])
def test_other_shapes_are_refused_in_one_line(latent, action):
    with pytest.raises(UserError, match=r"mdn_rnn reads latent numbers \[N, T, 3\] and actions \[N, T, 2\], and got"):
        small()(torch.zeros(latent, dtype=DOUBLE), torch.zeros(action, dtype=DOUBLE))


def test_outcomes_are_not_fewer_than_none():
    with pytest.raises(UserError, match="outcomes of mdn_rnn is -1"):
        create("mdn_rnn", outcomes=-1)
