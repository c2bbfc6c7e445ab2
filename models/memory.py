"""What is carried from step to step of an episode: a recurrent cell over whole stretches of episodes, or another memory by name.

`body.Body` makes them. A state is flat, [N, numbers] by name, and as long for one episode as for another.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from .checks import check_stretch
from .sequence.gated_transformer import GatedTransformer
from .sequence.wavenet import WaveNetMemory

SPAN = 32  # steps back that the memories without a gate reach where nobody says
State = dict[str, Tensor]  # [N, units] by name


class Memory(nn.Module):
    """A GRU (Cho et al. 2014) or an LSTM (Hochreiter and Schmidhuber 1997), reset where an episode starts."""

    def __init__(self, kind: str, inputs: int, units: int, *, span: int = 0, bias: bool = True) -> None:
        """`span` is how many steps it should reach back at first; 0 leaves the gates as PyTorch makes them: they forget in a few.

        Where it is given, weights begin orthogonal, and the gates as Tallec and Ollivier 2018 have it: units that forget after 1 to
        `span` steps. Without `bias` the gates add no number of their own; that cannot be together with a span.
        """
        super().__init__()
        self.cell: nn.RNNBase = (nn.LSTM if kind == "lstm" else nn.GRU)(inputs, units, bias=bias, batch_first=True)
        self.names = ("hidden", "cell") if kind == "lstm" else ("hidden",)
        self.units = units
        if span:
            self._reach(span)

    def initial_state(self, n: int) -> State:
        """That of n episodes that begin."""
        weight = next(self.parameters())
        return {name: weight.new_zeros(n, self.units) for name in self.names}

    def forward(self, x: Tensor, state: State, starts: Tensor) -> tuple[Tensor, State]:
        """x [N, T, F], the state before them, starts [N, T] (where an episode begins) -> (y [N, T, units], the state behind).

        Between two columns in which some episode starts, all steps go through the fused kernel at once.
        """
        check_stretch("a memory", x, state, starts)
        inner = [] if starts.is_meta else (starts[:, 1:].any(0).nonzero().flatten() + 1).tolist()
        cuts = [0, *inner, x.shape[1]]
        outputs = []
        for begin, end in pairwise(cuts):
            keep = (~starts[:, begin]).unsqueeze(1)
            held = [(state[name] * keep).unsqueeze(0) for name in self.names]
            y, last = self.cell(x[:, begin:end], tuple(held) if len(held) > 1 else held[0])
            state = dict(zip(self.names, (part.squeeze(0) for part in (last if len(held) > 1 else (last,))), strict=True))
            outputs.append(y)
        return torch.cat(outputs, dim=1), state

    @torch.no_grad()
    def _reach(self, span: int) -> None:
        for name, parameter in self.cell.named_parameters():
            if name.startswith("weight"):
                for gate in parameter.view(-1, self.units, parameter.shape[1]):
                    nn.init.orthogonal_(gate)
            else:
                parameter.zero_()
        keep = torch.empty(self.units).uniform_(1.0, max(1.0, span - 1.0)).log()
        # PyTorch's order of gates: reset, update and new of a GRU; input, forget, cell and output of an LSTM.
        bias = cast(Tensor, self.cell.bias_ih_l0).view(-1, self.units)
        bias[1] = keep
        if len(bias) == 4:
            bias[0] = -keep


def make_memory(kind: str, inputs: int, units: int, *, span: int = 0) -> Memory | GatedTransformer | WaveNetMemory:
    """gru, lstm, gtrxl (of two layers) or wavenet: x [N, T, inputs], state, starts [N, T] -> y [N, T, units], state.

    `span` is how many steps back it reaches: at first, of gru and lstm; each layer always, of gtrxl; at least, of wavenet.
    """
    if kind == "gtrxl":
        return GatedTransformer(inputs, units, span=span or SPAN, heads=math.gcd(4, units))
    if kind == "wavenet":
        return WaveNetMemory(inputs, units, span=span or SPAN)
    return Memory(kind, inputs, units, span=span)
