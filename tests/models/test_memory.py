"""Memories: reset where episodes start, and begun so that they reach back."""

import pytest
import torch

from zerodojo.models.memory import Memory

KINDS = ("gru", "lstm")


@pytest.mark.parametrize("kind", KINDS)
def test_a_stretch_is_its_steps_one_by_one_and_starts_forget(kind):
    torch.manual_seed(0)
    memory = Memory(kind, 3, 5)
    x, starts = torch.randn(2, 6, 3), torch.zeros(2, 6, dtype=torch.bool)
    starts[0, 0] = starts[0, 4] = starts[1, 2] = True
    state = {name: torch.randn(2, 5) for name in memory.names}
    whole, last = memory(x, state, starts)
    for t in range(6):
        y, state = memory(x[:, t : t + 1], state, starts[:, t : t + 1])
        torch.testing.assert_close(whole[:, t : t + 1], y)
    torch.testing.assert_close(last, state)
    fresh, _ = memory(x[:1, 4:], memory.initial_state(1), torch.zeros(1, 2, dtype=torch.bool))
    torch.testing.assert_close(whole[:1, 4:], fresh)


@pytest.mark.parametrize("kind", KINDS)
def test_gates_begin_as_far_back_as_they_should_reach(kind):
    torch.manual_seed(0)
    memory = Memory(kind, 3, 400, span=50)
    gates = memory.cell.bias_ih_l0.detach().view(-1, 400)
    keep = gates[1].sigmoid()  # the share that is kept from step to step: 1 - 1 / t is gone after about t
    times = 1 / (1 - keep)
    assert times.min() >= 2 and times.max() <= 50 and 23 < times.mean() < 28
    if kind == "lstm":
        assert torch.equal(gates[0], -gates[1])
    assert not memory.cell.bias_hh_l0.any()


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_seen_once_is_still_there_after_a_span(kind):
    def left(span: int) -> float:
        torch.manual_seed(1)
        memory = Memory(kind, 3, 64, span=span)
        x, starts = torch.zeros(1, 50, 3), torch.zeros(1, 50, dtype=torch.bool)
        x[0, 0, 0] = 1.0
        x.requires_grad_()
        y, _ = memory(x, memory.initial_state(1), starts)
        return float(torch.autograd.grad(y[0, -1].square().sum().sqrt(), x)[0][0, 0].norm())

    assert left(50) > 100 * left(0)
