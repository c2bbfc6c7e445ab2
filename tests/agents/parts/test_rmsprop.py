"""RMSprop with its epsilon inside the root, by hand; both optimisers go on from their state; neither steps where it must not."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from zerodojo.agents.parts.adam import Adam
from zerodojo.agents.parts.rmsprop import RMSProp

OPTIMIZERS = [Adam, RMSProp]


class Line(nn.Module):
    def __init__(self, weight=2.0):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([weight]))
        self.unused = nn.Parameter(torch.tensor([7.0]))


def test_two_steps_by_hand():
    line = Line()
    optimizer = RMSProp(line, decay=0.9, epsilon=0.5)
    assert optimizer.step((3 * line.weight).sum(), rate=0.1) == pytest.approx(3.0)
    first = 2 - 0.1 * 3 / math.sqrt(0.9 + 0.1 * 9 + 0.5)
    assert line.weight.item() == pytest.approx(first)
    optimizer.step((3 * line.weight).sum(), rate=0.1)
    assert line.weight.item() == pytest.approx(first - 0.1 * 3 / math.sqrt(0.9 * 1.8 + 0.9 + 0.5))
    assert line.unused.item() == 7.0


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_gradient_is_bounded(optimizer):
    far, near = Line(), Line()
    assert optimizer(far, epsilon=1e-5, clip=1.0).step((30 * far.weight).sum(), rate=0.1) == pytest.approx(30.0)
    optimizer(near, epsilon=1e-5).step(near.weight.sum(), rate=0.1)
    assert far.weight.item() == pytest.approx(near.weight.item())


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_it_goes_on_from_its_state(optimizer):
    line = Line()
    first = optimizer(line, epsilon=1e-5)
    first.step((line.weight**2).sum(), rate=0.1)
    other = Line(line.weight.item())
    second = optimizer(other, epsilon=1e-5)
    second.load(first.state())
    for _ in range(3):
        first.step((line.weight**2).sum(), rate=0.1)
        second.step((other.weight**2).sum(), rate=0.1)
    assert other.weight.item() == line.weight.item()
    assert all(np.array_equal(array, second.state()[name]) for name, array in first.state().items())


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_what_is_not_finite_changes_nothing(optimizer):
    line = Line()
    made = optimizer(line, epsilon=1e-5)
    before = made.state()
    with pytest.raises(FloatingPointError):
        made.step((line.weight * math.inf).sum(), rate=0.1)
    assert line.weight.item() == 2.0
    assert all(np.array_equal(array, made.state()[name]) for name, array in before.items())
