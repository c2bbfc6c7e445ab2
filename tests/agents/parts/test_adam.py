"""The optimiser agrees with PyTorch's, parameter by parameter, and changes nothing where a gradient is no number."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from zerodojo.agents.parts.adam import Adam


def network():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2))


def losses():
    generator = torch.Generator().manual_seed(1)
    for _ in range(5):
        x = torch.randn(4, 3, generator=generator)
        yield lambda module, x=x: module(x).square().sum()


@pytest.mark.parametrize("clip", [math.inf, 0.5])
def test_it_steps_as_pytorch_does(clip):
    mine, theirs = network(), network()
    optimizer, plain = Adam(mine, epsilon=1e-5, clip=clip), torch.optim.Adam(theirs.parameters(), lr=0.01, eps=1e-5)
    for loss in losses():
        norm = optimizer.step(loss(mine), rate=0.01)
        plain.zero_grad()
        loss(theirs).backward()
        assert norm == pytest.approx(float(nn.utils.clip_grad_norm_(theirs.parameters(), clip)), rel=1e-5)
        plain.step()
    for one, other in zip(mine.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_a_gradient_that_is_no_number_changes_nothing():
    module = network()
    optimizer = Adam(module, epsilon=1e-8)
    before = [parameter.detach().clone() for parameter in module.parameters()]
    with pytest.raises(FloatingPointError):
        optimizer.step(module(torch.ones(1, 3)).sum() * math.nan, rate=0.1)
    assert all(torch.equal(one, other) for one, other in zip(module.parameters(), before, strict=True))
    assert optimizer.state() == {}


def test_it_goes_on_from_a_state():
    first, second = network(), network()
    one, other = Adam(first, epsilon=1e-8), Adam(second, epsilon=1e-8)
    functions = list(losses())
    for loss in functions[:3]:
        one.step(loss(first), rate=0.01)
    second.load_state_dict(first.state_dict())
    other.load(one.state())
    for loss in functions[3:]:
        assert one.step(loss(first), rate=0.01) == other.step(loss(second), rate=0.01)
    for name, moment in one.state().items():
        np.testing.assert_array_equal(moment, other.state()[name])
