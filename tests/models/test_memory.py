"""Memories: reset where episodes start, and begun so that they reach back."""

import pytest
import torch

from zerodojo.models.memory import Memory, make_memory

KINDS = ("gru", "lstm")


@pytest.mark.parametrize("span", [0, 2])
@pytest.mark.parametrize("kind", [*KINDS, "gtrxl", "wavenet"])
def test_a_stretch_is_its_steps_one_by_one_and_starts_forget(kind, span):
    torch.manual_seed(0)
    memory = make_memory(kind, 3, 6, span=span)
    x, starts = torch.randn(2, 6, 3), torch.zeros(2, 6, dtype=torch.bool)
    starts[0, 0] = starts[0, 4] = starts[1, 2] = True
    going_on = torch.zeros(2, 4, dtype=torch.bool)
    _, state = memory(torch.randn(2, 4, 3), memory.initial_state(2), going_on)
    assert {name: part.shape for name, part in state.items()} == {n: part.shape for n, part in memory.initial_state(2).items()}
    assert tuple(state) == memory.names and all(part.dim() == 2 for part in state.values())
    whole, last = memory(x, state, starts)
    assert not torch.allclose(whole[1, 0], memory(x[1:, :1], memory.initial_state(1), starts[1:, :1])[0][0, 0])
    for t in range(6):
        y, state = memory(x[:, t : t + 1], state, starts[:, t : t + 1])
        torch.testing.assert_close(whole[:, t : t + 1], y)
    again = torch.randn(2, 3, 3)
    torch.testing.assert_close(memory(again, last, going_on[:, :3])[0], memory(again, state, going_on[:, :3])[0])
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


@pytest.mark.parametrize(("kind", "reach"), [("gtrxl", 10), ("wavenet", 7)])
def test_what_was_seen_is_felt_for_as_long_as_the_memory_reaches(kind, reach):
    """Two layers of gtrxl that look 5 steps back each; dilations of 1, 2 and 4 of wavenet, the least that reach 5 steps."""
    torch.manual_seed(0)
    memory, starts = make_memory(kind, 3, 8, span=5), torch.zeros(1, 20, dtype=torch.bool)
    x = torch.randn(1, 20, 3)
    changed = x.clone()
    changed[0, 3] += 1
    one, other = (memory(seen, memory.initial_state(1), starts)[0] for seen in (x, changed))
    felt = (one != other).any(2)[0].nonzero().flatten().tolist()
    assert felt[0] == 3 and felt[-1] == 3 + reach


@pytest.mark.parametrize("kind", ["gtrxl", "wavenet"])
def test_every_parameter_of_the_longer_memories_learns(kind):
    torch.manual_seed(0)
    memory = make_memory(kind, 3, 8)
    memory(torch.randn(2, 9, 3), memory.initial_state(2), torch.zeros(2, 9, dtype=torch.bool))[0].square().sum().backward()
    for name, parameter in memory.named_parameters():
        assert parameter.grad is not None and parameter.grad.any(), name
