"""Recurrent cells gate by gate: the twins that explain PyTorch's fused kernels, and equal them.

They take the weights of `torch.nn.RNN`, `LSTM` and `GRU` of one layer by the same names, and keep the contract of sequence
backbones: (x [N, T, F], state, starts [N, T]) -> (y [N, T, H], state), the state a named dict, reset where an episode starts.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn

from ...errors import UserError, unknown

State = dict[str, Tensor]  # [N, H] by name

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"tanh": torch.tanh, "relu": torch.relu}


class Recurrence(nn.Module, ABC):
    """What the cells share: weights of all gates on top of each other, and the walk over time."""

    names: tuple[str, ...] = ("hidden",)  # of the state
    gates: int

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__()
        self.units = units
        bound = 1 / math.sqrt(units)
        self.weight_ih_l0 = nn.Parameter(torch.empty(self.gates * units, inputs).uniform_(-bound, bound))
        self.weight_hh_l0 = nn.Parameter(torch.empty(self.gates * units, units).uniform_(-bound, bound))
        self.bias_ih_l0 = nn.Parameter(torch.empty(self.gates * units).uniform_(-bound, bound))
        self.bias_hh_l0 = nn.Parameter(torch.empty(self.gates * units).uniform_(-bound, bound))

    def initial_state(self, n: int) -> State:
        """That of n sequences that begin."""
        return {name: self.weight_hh_l0.new_zeros(n, self.units) for name in self.names}

    @abstractmethod
    def step(self, x: Tensor, state: State) -> State:
        """One step: x [N, F], the state before it -> the state behind it, of which "hidden" [N, H] is the output."""

    def forward(self, x: Tensor, state: State | None = None, starts: Tensor | None = None) -> tuple[Tensor, State]:
        """x [N, T, F], the state before it (None: that of a beginning), starts [N, T] (None: none) -> (y [N, T, H], the state)."""
        if x.dim() != 3 or x.shape[2] != self.weight_ih_l0.shape[1]:
            raise UserError(f"{type(self).__name__} reads sequences [N, T, {self.weight_ih_l0.shape[1]}], and got {list(x.shape)}")
        state = self.initial_state(len(x)) if state is None else state
        outputs = []
        for t in range(x.shape[1]):
            if starts is not None:
                state = {name: part * ~starts[:, t, None] for name, part in state.items()}
            state = self.step(x[:, t], state)
            outputs.append(state["hidden"])
        return torch.stack(outputs, dim=1), state

    def _inward(self, x: Tensor) -> tuple[Tensor, ...]:
        return (x @ self.weight_ih_l0.T + self.bias_ih_l0).chunk(self.gates, dim=1)

    def _back(self, hidden: Tensor) -> tuple[Tensor, ...]:
        return (hidden @ self.weight_hh_l0.T + self.bias_hh_l0).chunk(self.gates, dim=1)


class RNN(Recurrence):
    """h' = f(W x + U h + b) (Elman 1990), f the hyperbolic tangent or the rectifier."""

    gates = 1

    def __init__(self, inputs: int, units: int, *, activation: str = "tanh") -> None:
        """Raises UserError for an activation that is neither tanh nor relu."""
        if activation not in ACTIVATIONS:
            raise unknown("activation", activation, ACTIVATIONS)
        super().__init__(inputs, units)
        self.activation = activation

    def step(self, x: Tensor, state: State) -> State:
        (inward,), (back,) = self._inward(x), self._back(state["hidden"])
        return {"hidden": ACTIVATIONS[self.activation](inward + back)}


class LSTM(Recurrence):
    """Hochreiter and Schmidhuber 1997 with the forget gate of Gers et al. 2000; with `peephole` the gates see the cell as well.

    Peepholes are those of Gers et al. 2002: input and forget gate see the cell before the step, the output gate the one behind.
    """

    names = ("hidden", "cell")
    gates = 4  # input, forget, cell, output: PyTorch's order

    def __init__(self, inputs: int, units: int, *, peephole: bool = False) -> None:
        super().__init__(inputs, units)
        bound = 1 / math.sqrt(units)
        self.peephole = nn.Parameter(torch.empty(3, units).uniform_(-bound, bound)) if peephole else None  # input, forget, output

    def step(self, x: Tensor, state: State) -> State:
        cell = state["cell"]
        i, f, g, o = (inward + back for inward, back in zip(self._inward(x), self._back(state["hidden"]), strict=True))
        if self.peephole is not None:
            i, f = i + self.peephole[0] * cell, f + self.peephole[1] * cell
        cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
        if self.peephole is not None:
            o = o + self.peephole[2] * cell
        return {"hidden": torch.sigmoid(o) * torch.tanh(cell), "cell": cell}


class GRU(Recurrence):
    """Cho et al. 2014, in the variant of PyTorch and cuDNN: the reset gate multiplies *behind* the matrix of the hidden state.

    n = tanh(W x + b + r (U h + c)); in the paper it is tanh(W x + U (r h) + b), which is another function of the same weights.
    """

    gates = 3  # reset, update, new: PyTorch's order

    def step(self, x: Tensor, state: State) -> State:
        hidden = state["hidden"]
        (r, z, n), (back_r, back_z, back_n) = self._inward(x), self._back(hidden)
        reset, update = torch.sigmoid(r + back_r), torch.sigmoid(z + back_z)
        new = torch.tanh(n + reset * back_n)
        return {"hidden": (1 - update) * new + update * hidden}


@torch.no_grad()
def start_as_identity(cell: RNN, *, scale: float = 1.0) -> RNN:
    """Begins with h' = f(scale h + a little of x) (Le et al. 2015, for the rectifier): what is held stays held.

    Inputs enter with a deviation of 0.001, as in the paper. Gives the cell back.
    """
    nn.init.normal_(cell.weight_ih_l0, std=0.001)
    nn.init.eye_(cell.weight_hh_l0).mul_(scale)
    for bias in (cell.bias_ih_l0, cell.bias_hh_l0):
        nn.init.zeros_(bias)
    return cell


def reverse(x: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Turns each sequence of [N, T, ...] round within its length [N]; what lies behind the length stays where it is."""
    if lengths is None:
        return x.flip(1)
    steps = torch.arange(x.shape[1], device=x.device)
    ends = lengths.to(x.device).unsqueeze(1)
    turned = torch.where(steps < ends, ends - 1 - steps, steps)
    return x[torch.arange(len(x), device=x.device).unsqueeze(1), turned]


class Bidirectional(nn.Module):
    """One cell that reads forwards and one that reads backwards, side by side (Schuster and Paliwal 1997)."""

    def __init__(self, forwards: Recurrence, backwards: Recurrence) -> None:
        super().__init__()
        self.forwards, self.backwards = forwards, backwards

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """x [N, T, F], lengths [N] (None: all T) -> [N, T, H forwards + H backwards]; behind a length it means nothing."""
        ahead, _ = self.forwards(x)
        behind, _ = self.backwards(reverse(x, lengths))
        return torch.cat([ahead, reverse(behind, lengths)], dim=2)
