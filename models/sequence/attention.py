"""Attention over a sequence of keys, with a mask and its map: additive (Bahdanau et al. 2015), multiplicative (Luong et al. 2015)
and scaled (Vaswani et al. 2017). The encoder-decoder and the Transformer use it.

A map says how much each query looks at each key; its rows sum to 1, and to 0 where the mask leaves no key.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from ...errors import UserError, unknown

LUONG = ("dot", "general", "concat")


def weights(scores: Tensor, mask: Tensor | None) -> Tensor:
    """scores [..., U, T] -> the map [..., U, T], zero where the mask (True: may be looked at; broadcast to the scores) is False."""
    if mask is None:
        return scores.softmax(-1)
    return scores.masked_fill(~mask, -torch.inf).softmax(-1).masked_fill(~mask.any(-1, keepdim=True), 0.0)


def scaled_dot_product(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """q [..., U, D], k [..., T, D], v [..., T, E], mask [..., U, T] -> (y [..., U, E], map [..., U, T]).

    The twin of `torch.nn.functional.scaled_dot_product_attention`, which gives no map.
    """
    looked = weights(q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1]), mask)
    return looked @ v, looked


class Attention(nn.Module, ABC):
    """What the kinds share: scores to a map, the map to a mean of the keys."""

    @abstractmethod
    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        """queries [N, U, Q], keys [N, T, K] -> [N, U, T]."""

    def forward(self, queries: Tensor, keys: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """queries [N, U, Q], keys [N, T, K], mask [N, T] (True: a real key; None: all) -> (context [N, U, K], map [N, U, T])."""
        looked = weights(self.scores(queries, keys), None if mask is None else mask.unsqueeze(1))
        return looked @ keys, looked


class Bahdanau(Attention):
    """v . tanh(W query + U key) (Bahdanau et al. 2015, appendix A.1.2)."""

    def __init__(self, query_size: int, key_size: int, units: int) -> None:
        super().__init__()
        self.query = nn.Linear(query_size, units, bias=False)
        self.key = nn.Linear(key_size, units)
        self.score = nn.Linear(units, 1, bias=False)

    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        inside = torch.tanh(self.query(queries).unsqueeze(2) + self.key(keys).unsqueeze(1))
        return self.score(inside).squeeze(-1)


class Luong(Attention):
    """Luong et al. 2015, section 3.1. dot: query . key; general: query . W key; concat: v . tanh(W [query; key])."""

    def __init__(self, kind: str, query_size: int, key_size: int) -> None:
        """Raises UserError for an unknown kind, or for `dot` between sizes that differ."""
        if kind not in LUONG:
            raise unknown("attention", kind, LUONG)
        if kind == "dot" and query_size != key_size:
            raise UserError(f"attention dot needs queries and keys of one size, not {query_size} and {key_size}; take general")
        super().__init__()
        self.kind = kind
        if kind == "general":
            self.key = nn.Linear(key_size, query_size, bias=False)
        if kind == "concat":
            self.both = nn.Linear(query_size + key_size, query_size, bias=False)
            self.score = nn.Linear(query_size, 1, bias=False)

    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        if self.kind == "concat":
            shape = (len(queries), queries.shape[1], keys.shape[1], -1)
            pairs = torch.cat([queries.unsqueeze(2).expand(shape), keys.unsqueeze(1).expand(shape)], dim=3)
            return self.score(torch.tanh(self.both(pairs))).squeeze(-1)
        return queries @ (self.key(keys) if self.kind == "general" else keys).transpose(1, 2)


def make_attention(kind: str, query_size: int, key_size: int) -> Attention:
    """By name: bahdanau (as many units as a query has numbers), dot, general or concat. Raises UserError for another."""
    if kind == "bahdanau":
        return Bahdanau(query_size, key_size, query_size)
    if kind not in LUONG:
        raise unknown("attention", kind, ("bahdanau", *LUONG))
    return Luong(kind, query_size, key_size)
