"""Training for 8 bits: the grids are the engine's, gradients pass the rounding, and what was trained is what plays."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.models.networks import rows, trained
from zerodojo.models import hardware
from zerodojo.models.compression.quantisation import QuantisationAware, on_grid
from zerodojo.models.engines.prepare import prepare


def test_numbers_go_to_the_nearest_point_and_gradients_pass() -> None:
    x = torch.tensor([-2.0, -0.6, 0.1, 0.26, 3.0], requires_grad=True)
    q = on_grid(x, torch.tensor(-1.0), torch.tensor(1.0), 5)
    torch.testing.assert_close(q, torch.tensor([-1.0, -0.5, 0.0, 0.5, 1.0]))
    (q * torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0])).sum().backward()
    torch.testing.assert_close(x.grad, torch.tensor([0.0, 2.0, 3.0, 4.0, 0.0]))


def test_a_point_is_at_most_half_a_step_away() -> None:
    x = torch.linspace(-1, 1, 1001, dtype=torch.float64)
    high = torch.tensor(1.0, dtype=torch.float64)
    assert (on_grid(x, -high, high, 255) - x).abs().max() <= (1 / 127) / 2 + 1e-12


@pytest.mark.skipif(not hardware.has_int8(), reason="the engine needs 8-bit instructions")
def test_it_computes_what_the_engine_computes() -> None:
    network, x = trained(), rows(256)
    engine = prepare("openvino-int8", network, x, batch=16).engine
    assert engine.name == "openvino-int8"
    calibrating = np.ascontiguousarray(x[1::2])  # of what `prepare` is given
    aware = QuantisationAware(network, calibrating).eval()
    with torch.no_grad():
        logits, values = aware(torch.from_numpy(x))
        exact, _ = network(torch.from_numpy(x))
    got = engine.evaluate(x)
    error = np.abs(got[0] - exact.numpy()).mean()
    assert np.abs(got[0] - logits.numpy()).mean() < error / 10  # the same grids; sums in another order tip a few over
    assert np.abs(got[1] - values.numpy()).mean() < 1e-4


def test_learning_brings_the_8_bit_network_nearer_to_its_teacher() -> None:
    network, x = trained(), torch.from_numpy(rows(256))
    with torch.no_grad():
        for block in network.backbone.blocks:
            block.conv1.weight[::2, 0, 0, 0] = 4.0  # one large weight makes the grid of its filter coarse
        expected = network(x)[0]
    aware = QuantisationAware(network, rows(256))
    assert all(p.requires_grad for p in aware.network.parameters())
    optimizer = torch.optim.Adam(aware.network.parameters(), 1e-4)
    losses = []
    for _ in range(40):
        loss = (aware(x)[0] - expected).square().mean()
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] < losses[0] / 2


def test_the_plain_network_has_the_weights_that_were_learned() -> None:
    network, x = trained(), torch.from_numpy(rows(32))
    aware = QuantisationAware(network, rows(64))
    with torch.no_grad():
        for got, expected in zip(aware.plain()(x), network(x), strict=True):
            torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4)  # untrained it is the same
        for parameter in aware.network.parameters():
            parameter.mul_(0.9)
        plain = aware.plain()
        again = QuantisationAware(plain, rows(64))
        for got, expected in zip(again(x), aware(x), strict=True):
            torch.testing.assert_close(got, expected, rtol=0.05, atol=0.05)
        assert (plain(x)[0] - network(x)[0]).abs().max() > 0.1
    assert plain.config == network.config
