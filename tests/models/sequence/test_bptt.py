"""Backpropagation through time by hand equals autograd, whole and truncated; gradients vanish and explode as they must."""

import pytest
import torch

from zerodojo.errors import UserError
from zerodojo.models.sequence.bptt import backward, clip_by_norm, hidden_states, norms_over_distance
from zerodojo.models.sequence.cells import RNN, start_as_identity

N, T, F, H = 2, 8, 3, 4


def made(activation="tanh"):
    torch.manual_seed(1)
    cell = RNN(F, H, activation=activation).double()
    return cell, torch.randn(N, T, F).double(), torch.randn(N, H).double(), torch.randn(N, T, H).double()


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("span", [None, 1, 3, 4])
def test_the_gradient_by_hand_is_autograds(activation, span):
    cell, x, hidden, upstream = made(activation)
    hidden.requires_grad_()
    state, loss = {"hidden": hidden}, torch.zeros(()).double()
    for begin in range(0, T, span or T):
        if begin:
            state = {"hidden": state["hidden"].detach()}
        stretch = slice(begin, begin + (span or T))
        y, state = cell(x[:, stretch], state)
        loss = loss + (y * upstream[:, stretch]).sum()
    loss.backward()
    gradients, first = backward(cell, x, hidden_states(cell, x, hidden.detach()), upstream, span=span)
    for name, parameter in cell.named_parameters():
        torch.testing.assert_close(gradients[name], parameter.grad, rtol=0, atol=1e-12)
    torch.testing.assert_close(first, hidden.grad, rtol=0, atol=1e-12)


def test_truncation_is_felt():
    cell, x, hidden, upstream = made()
    states = hidden_states(cell, x, hidden)
    whole, cut = (backward(cell, x, states, upstream, span=span)[0]["weight_hh_l0"] for span in (None, 2))
    assert not torch.allclose(whole, cut)
    with pytest.raises(UserError, match="is 0; it must be at least 1"):
        backward(cell, x, states, upstream, span=0)


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.5])
def test_gradients_vanish_or_explode_as_the_matrix_to_the_power_of_the_distance(scale):
    """At rest the slope of tanh is 1, and an orthogonal matrix keeps every length: only the scale is left."""
    cell, x, hidden, upstream = made()
    with torch.no_grad():
        torch.nn.init.orthogonal_(cell.weight_hh_l0).mul_(scale)
        cell.bias_ih_l0.zero_()
        cell.bias_hh_l0.zero_()
    norms = norms_over_distance(cell, hidden_states(cell, 0 * x, 0 * hidden), upstream[:, -1])
    expected = upstream[:, -1].norm(dim=1, keepdim=True) * scale ** torch.arange(T + 1)
    torch.testing.assert_close(norms, expected)


def test_begun_as_identity_gradients_neither_vanish_nor_explode():
    cell = start_as_identity(RNN(F, H, activation="relu").double())
    states = hidden_states(cell, torch.zeros(1, 100, F).double(), torch.ones(1, H).double())
    norms = norms_over_distance(cell, states, torch.ones(1, H).double())
    torch.testing.assert_close(norms, torch.full_like(norms, 2.0))


def test_norms_over_distance_are_autograds():
    cell, x, hidden, upstream = made()
    states = [hidden.requires_grad_()]
    for t in range(T):
        states.append(cell.step(x[:, t], {"hidden": states[-1]})["hidden"])
    gradients = torch.autograd.grad(states[-1], states, upstream[:, -1])
    norms = norms_over_distance(cell, torch.stack(states, dim=1).detach(), upstream[:, -1])
    torch.testing.assert_close(norms, torch.stack([g.norm(dim=1) for g in reversed(gradients)], dim=1))


@pytest.mark.parametrize("limit", [0.1, 1e6])
def test_clipping_equals_pytorchs(limit):
    cell, x, hidden, upstream = made()
    gradients, _ = backward(cell, x, hidden_states(cell, x, hidden), upstream)
    for name, parameter in cell.named_parameters():
        parameter.grad = gradients[name].clone()
    expected = torch.nn.utils.clip_grad_norm_(cell.parameters(), limit)
    clipped, norm = clip_by_norm(gradients, limit)
    torch.testing.assert_close(norm, expected)
    for name, parameter in cell.named_parameters():
        torch.testing.assert_close(clipped[name], parameter.grad)
    with pytest.raises(UserError, match="it must be above 0"):
        clip_by_norm(gradients, 0.0)
