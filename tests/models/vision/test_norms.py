"""The four normalisations, each beside its formula written out."""

import numpy as np
import pytest
import torch

from zerodojo.errors import UserError
from zerodojo.models import create
from zerodojo.models.vision.norms import NORMS, norm

EPS = 1e-5
X = np.random.default_rng(0).normal(2, 3, (4, 8, 3, 5))  # N, C, H, W
SCALE, SHIFT = np.random.default_rng(1).normal(size=(2, 8))


def by_hand(kind, x):
    """Mean and variance over the axes that the papers name; eight channels are four groups of two here."""
    if kind == "group":
        grouped = x.reshape(4, 4, 2, 3, 5)
        normal = (grouped - grouped.mean((2, 3, 4), keepdims=True)) / np.sqrt(grouped.var((2, 3, 4), keepdims=True) + EPS)
        normal = normal.reshape(x.shape)
    else:
        axes = {"batch": (0, 2, 3), "layer": (1, 2, 3), "instance": (2, 3)}[kind]
        normal = (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + EPS)
    return SCALE[:, None, None] * normal + SHIFT[:, None, None]


def made(kind):
    layer = norm(kind, 8).double()
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(SCALE))
        layer.bias.copy_(torch.from_numpy(SHIFT))
    return layer


@pytest.mark.parametrize("kind", NORMS)
def test_a_norm_is_its_formula(kind):
    np.testing.assert_allclose(made(kind)(torch.from_numpy(X)).detach(), by_hand(kind, X), atol=1e-12)


def test_batch_norm_remembers_an_unbiased_variance_and_evaluates_with_it():
    layer = made("batch")
    layer(torch.from_numpy(X))
    mean, variance = 0.1 * X.mean((0, 2, 3)), 0.9 + 0.1 * X.var((0, 2, 3), ddof=1)
    np.testing.assert_allclose(layer.running_mean, mean, atol=1e-12)
    np.testing.assert_allclose(layer.running_var, variance, atol=1e-12)
    expected = SCALE[:, None, None] * (X - mean[:, None, None]) / np.sqrt(variance + EPS)[:, None, None] + SHIFT[:, None, None]
    np.testing.assert_allclose(layer.eval()(torch.from_numpy(X)).detach(), expected, atol=1e-12)


@pytest.mark.parametrize("kind", NORMS)
def test_only_batch_norm_looks_at_other_examples(kind):
    layer, x = made(kind), torch.from_numpy(X)
    alone, together = layer(x[:1]), layer(x)[:1]
    assert torch.allclose(alone, together) == (kind != "batch")


@pytest.mark.parametrize(("channels", "groups"), [(1, 1), (3, 1), (4, 2), (32, 16), (48, 16), (64, 32), (96, 32), (256, 32)])
def test_groups_are_at_most_32_and_never_a_channel_alone(channels, groups):
    assert norm("group", channels).num_groups == groups


@pytest.mark.parametrize(("kind", "needs"), [("batch", "larger batch"), ("instance", "larger images")])
def test_what_cannot_be_normalised_is_refused_in_one_line(kind, needs):
    network = create("resnet18", width=4, norm=kind).train()
    with pytest.raises(UserError, match=needs) as refused:
        network(torch.rand(1, 3, 32, 32))
    assert "\n" not in str(refused.value)
    network(torch.rand(2, 3, 64, 64))
