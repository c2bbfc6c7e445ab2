"""The gated Transformer-XL (Parisotto et al. 2019) as a memory: `models.memory` chooses it by the name `gtrxl`.

Normalisation stands before each part, and a gate like a GRU's replaces the way around it, begun so that it lets almost everything
past (section 3.2): then the network starts out as one that reacts, and learns to remember. Places are told relatively (Dai et al.
2019). Each layer sees itself and exactly `span` steps back, never over the start of an episode; the paper looks back over whole
segments, so that what is seen depends on how the stretch was cut. Here it does not, and gradients stop only where a state is cut.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ...errors import UserError
from ..checks import check_stretch
from .attention import weights
from .transformer_blocks import sinusoids

State = dict[str, Tensor]


class Gate(nn.Module):
    """x past the part, y out of it -> what goes on: a GRU whose update gate begins nearly shut (section 3.2, equations 5 to 8)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.inward, self.past = nn.Linear(size, 3 * size), nn.Linear(size, 2 * size)
        self.candidate = nn.Linear(size, size)
        self.shut = nn.Parameter(torch.full((size,), 2.0))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """[N, T, D] twice -> [N, T, D]."""
        r, z, new = self.inward(y).chunk(3, dim=-1)
        back_r, back_z = self.past(x).chunk(2, dim=-1)
        update = torch.sigmoid(z + back_z - self.shut)
        return (1 - update) * x + update * torch.tanh(new + self.candidate(torch.sigmoid(r + back_r) * x))


class RelativeAttention(nn.Module):
    """Attention whose scores also depend on the distance, and on nothing else of the places (Dai et al. 2019, section 3.3)."""

    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key_value = nn.Linear(size, size), nn.Linear(size, 2 * size)
        self.place, self.out = nn.Linear(size, size), nn.Linear(size, size)
        self.content_bias = nn.Parameter(torch.zeros(heads, 1, size // heads))
        self.place_bias = nn.Parameter(torch.zeros(heads, 1, size // heads))

    def forward(self, x: Tensor, context: Tensor, distance: Tensor, mask: Tensor) -> Tensor:
        """x [N, T, D], context [N, S, D], distance [T, S] from 0 on, mask [N, T, S] -> [N, T, D]."""
        q = self._split(self.query(x))
        k, v = (self._split(part) for part in self.key_value(context).chunk(2, dim=2))
        places = torch.arange(int(context.shape[1]), device=x.device, dtype=x.dtype)
        told = self._split(self.place(sinusoids(places, x.shape[2])).unsqueeze(0))
        by_place = (q + self.place_bias) @ told.transpose(2, 3)
        scores = (q + self.content_bias) @ k.transpose(2, 3) + by_place.gather(3, distance.expand(*q.shape[:3], -1))
        looked = weights(scores / math.sqrt(q.shape[3]), mask.unsqueeze(1))
        return self.out((looked @ v).transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)  # type: ignore[no-untyped-call]


class Layer(nn.Module):
    """Attention and a feed-forward part, each normalised before, rectified behind, and gated (equations 3 and 4)."""

    def __init__(self, size: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(size), nn.LayerNorm(size)
        self.attention = RelativeAttention(size, heads)
        self.feed_forward = nn.Sequential(nn.Linear(size, hidden), nn.ReLU(), nn.Linear(hidden, size))
        self.gate1, self.gate2 = Gate(size), Gate(size)

    def forward(self, x: Tensor, past: Tensor, distance: Tensor, mask: Tensor) -> Tensor:
        """x [N, T, D], what entered this layer before [N, P, D] -> [N, T, D]."""
        context = self.norm1(torch.cat([past, x], dim=1))
        x = self.gate1(x, torch.relu(self.attention(context[:, past.shape[1] :], context, distance, mask)))
        return self.gate2(x, torch.relu(self.feed_forward(self.norm2(x))))


class GatedTransformer(nn.Module):
    """Keeps the contract of sequence backbones: (x [N, T, F], state, starts [N, T]) -> (y [N, T, units], state).

    The state is what entered each layer at the last `span` steps, [N, span * units] by layer, and "age" [N, 1], how many of them
    belong to the episode.
    """

    def __init__(self, inputs: int, units: int, *, span: int = 32, layers: int = 2, heads: int = 4) -> None:
        """Raises UserError when the units are not a multiple of the heads, or anything is below 1."""
        super().__init__()
        if min(units, span, layers, heads) < 1 or units % heads:
            raise UserError(
                f"gtrxl cannot have {units} units in {heads} heads, {layers} layers and {span} steps; heads divide units"
            )
        self.units, self.span = units, span
        self.names = (*(f"layer_{i}" for i in range(layers)), "age")
        self.inward = nn.Linear(inputs, units)
        self.layers = nn.ModuleList(Layer(units, heads, 4 * units) for _ in range(layers))

    def initial_state(self, n: int) -> State:
        """That of n episodes that begin."""
        make = self.inward.weight.new_zeros
        return {name: make(n, 1 if name == "age" else self.span * self.units) for name in self.names}

    def forward(self, x: Tensor, state: State, starts: Tensor) -> tuple[Tensor, State]:
        """x [N, T, F], the state before them, starts [N, T] (where an episode begins) -> (y [N, T, units], the state behind)."""
        check_stretch("gtrxl", x, state, starts)
        steps = x.shape[1]
        now, then = torch.arange(steps, device=x.device).unsqueeze(1), torch.arange(-self.span, steps, device=x.device)
        distance = now - then
        # The episode that each step is in, counted from the one that the stretch begins in; the state's steps are of that one.
        episode = starts.cumsum(1)
        episodes = torch.cat([episode.new_zeros(len(x), self.span), episode], dim=1)
        same = (episode.unsqueeze(2) == episodes.unsqueeze(1)) & (then >= -state["age"]).unsqueeze(1)
        mask = (distance >= 0) & (distance <= self.span) & same
        y, after = self.inward(x), {}
        for i, layer in enumerate(self.layers):
            past = state[f"layer_{i}"].view(-1, self.span, self.units)
            after[f"layer_{i}"] = torch.cat([past, y], dim=1)[:, -self.span :].flatten(1)
            y = layer(y, past, distance.clamp(min=0), mask)
        ending = episode[:, -1:]
        age = (episode == ending).sum(1, keepdim=True) + state["age"] * (ending == 0)
        after["age"] = age.clamp(max=self.span).to(x.dtype)
        return y, after
