"""The Transformer's blocks (Vaswani et al. 2017): multi-head attention with a cache, and its two kinds of layers.

Parameters bear the names of `torch.nn.MultiheadAttention`, `TransformerEncoderLayer` and `TransformerDecoderLayer`, and weights of
theirs load as they are. A mask is True where a query may look at a key. `transformer` makes networks of these.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...errors import UserError
from .attention import scaled_dot_product

Cache = tuple[Tensor, Tensor]  # keys and values so far, [N, heads, T, D / heads] each


class MultiHeadAttention(nn.Module):
    """Several scaled dot-product attentions side by side, each in a part of the D numbers (section 3.2.2)."""

    def __init__(self, size: int, heads: int) -> None:
        """Raises UserError when the size is not a multiple of the heads."""
        super().__init__()
        if size % heads:
            raise UserError(f"{heads} heads do not divide a size of {size}; take a multiple")
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * size, size))  # of queries, keys and values
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * size))
        self.out_proj = nn.Linear(size, size)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.zeros_(self.out_proj.bias)

    def queries(self, x: Tensor) -> Tensor:
        """[N, T, D] -> [N, heads, T, D / heads]."""
        size = x.shape[2]
        return self._split(F.linear(x, self.in_proj_weight[:size], self.in_proj_bias[:size]))

    def keys_and_values(self, x: Tensor) -> Cache:
        """What is looked at: [N, T, D] -> [N, heads, T, D / heads] twice."""
        size = x.shape[2]
        keys, values = F.linear(x, self.in_proj_weight[size:], self.in_proj_bias[size:]).chunk(2, dim=2)
        return self._split(keys), self._split(values)

    def forward(self, x: Tensor, looked_at: Cache, mask: Tensor | None = None) -> Tensor:
        """x [N, T, D], keys and values of S places, mask [N or 1, heads or 1, T or 1, S] -> [N, T, D]."""
        y = F.scaled_dot_product_attention(self.queries(x), *looked_at, attn_mask=mask)
        return self.out_proj(y.transpose(1, 2).flatten(2))

    def maps(self, x: Tensor, looked_at: Cache, mask: Tensor | None = None) -> Tensor:
        """How much each head looks where, from the same arguments: [N, heads, T, S]."""
        return scaled_dot_product(self.queries(x), *looked_at, mask)[1]

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)  # type: ignore[no-untyped-call]


class _Layer(nn.Module):
    """What both kinds of layers have: attention to themselves, two linear layers, and a way around each part."""

    def __init__(self, size: int, heads: int, hidden: int, dropout: float, *, norm_first: bool) -> None:
        """`norm_first` normalises what enters a part (Xiong et al. 2020) rather than what comes out behind the way around it."""
        super().__init__()
        self.norm_first = norm_first
        self.self_attn = MultiHeadAttention(size, heads)
        self.linear1, self.linear2 = nn.Linear(size, hidden), nn.Linear(hidden, size)
        self.norm1, self.norm2 = nn.LayerNorm(size), nn.LayerNorm(size)
        self.dropout = nn.Dropout(dropout)

    def _attend_to_self(self, x: Tensor, mask: Tensor | None, cache: Cache | None) -> tuple[Tensor, Cache]:
        inside = self.norm1(x) if self.norm_first else x
        cache = _grown(cache, self.self_attn.keys_and_values(inside))
        return self._around(x, self.self_attn(inside, cache, mask), self.norm1), cache

    def _feed_forward(self, x: Tensor, norm: nn.Module) -> Tensor:
        inside = norm(x) if self.norm_first else x
        return self._around(x, self.linear2(self.dropout(torch.relu(self.linear1(inside)))), norm)

    def _around(self, x: Tensor, part: Tensor, norm: nn.Module) -> Tensor:
        y: Tensor = x + self.dropout(part)
        return y if self.norm_first else norm(y)


class EncoderLayer(_Layer):
    """Attention to itself and a feed-forward part. With a causal mask and a cache it is a decoder's without an encoder."""

    def forward(self, x: Tensor, mask: Tensor | None = None, cache: Cache | None = None) -> tuple[Tensor, Cache]:
        """x [N, T, D], mask (broadcast to [N, heads, T, S]), keys and values of earlier steps -> (y [N, T, D], those with x's)."""
        x, cache = self._attend_to_self(x, mask, cache)
        return self._feed_forward(x, self.norm2), cache


class DecoderLayer(_Layer):
    """The same with attention to what an encoder gave between the two."""

    def __init__(self, size: int, heads: int, hidden: int, dropout: float, *, norm_first: bool) -> None:
        super().__init__(size, heads, hidden, dropout, norm_first=norm_first)
        self.multihead_attn = MultiHeadAttention(size, heads)
        self.norm3 = nn.LayerNorm(size)

    def forward(
        self, x: Tensor, source: Cache, mask: Tensor | None = None, source_mask: Tensor | None = None, cache: Cache | None = None
    ) -> tuple[Tensor, Cache]:
        """As `EncoderLayer`; `source` are `multihead_attn.keys_and_values` of the encoder's [N, S, D]."""
        x, cache = self._attend_to_self(x, mask, cache)
        inside = self.norm2(x) if self.norm_first else x
        x = self._around(x, self.multihead_attn(inside, source, source_mask), self.norm2)
        return self._feed_forward(x, self.norm3), cache


def causal_mask(steps: int, past: int = 0, *, device: torch.device | None = None) -> Tensor:
    """[steps, past + steps]: each step may look at what came before it, and at itself."""
    return torch.ones(steps, past + steps, dtype=torch.bool, device=device).tril(past)


def sinusoids(places: Tensor, size: int) -> Tensor:
    """Numbers that tell a place (section 3.5): places [T] -> [T, size], sines at even numbers and cosines at odd ones."""
    even = torch.arange(0, size, 2, device=places.device)
    angles = places.unsqueeze(1) * torch.exp(even * (-math.log(10_000.0) / size))
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)[:, :size]


def _grown(cache: Cache | None, more: Cache) -> Cache:
    return more if cache is None else (torch.cat([cache[0], more[0]], dim=2), torch.cat([cache[1], more[1]], dim=2))
