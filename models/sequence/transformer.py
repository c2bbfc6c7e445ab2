"""The Transformer (Vaswani et al. 2017), encoder and decoder, and the decoder alone (Radford et al. 2018).

Base has 44,138,496 parameters beside its embeddings. Decoding keeps keys and values of earlier steps; one step at a time equals the
whole sentence at once. As in the paper no normalisation stands behind the last layer; with `norm_first` there is one.
"""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn

from ..checks import check_counts, check_dropout, check_mask, check_one_batch, check_step, check_tokens, check_truth
from .decoding import State
from .transformer_blocks import Cache, DecoderLayer, EncoderLayer, causal_mask, sinusoids


class Embedding(nn.Embedding):
    """Tokens to vectors times the root of their size, with their places (sections 3.4 and 3.5)."""

    def __init__(self, vocabulary: int, size: int) -> None:
        super().__init__(vocabulary, size)
        nn.init.normal_(self.weight, std=size**-0.5)

    def forward(self, tokens: Tensor, past: int = 0) -> Tensor:
        """tokens [N, T], how many stood before them -> [N, T, D]."""
        places = torch.arange(past, past + tokens.shape[1], device=tokens.device, dtype=self.weight.dtype)
        return super().forward(tokens) * math.sqrt(self.embedding_dim) + sinusoids(places, self.embedding_dim)


class CausalTransformer(nn.Module):
    """Layers that look back only, over vectors: [N, T, D] -> [N, T, D], with a cache that goes on from earlier steps."""

    def __init__(self, size: int, heads: int, hidden: int, layers: int, dropout: float = 0.0, *, norm_first: bool = True) -> None:
        super().__init__()
        self.layers = nn.ModuleList(EncoderLayer(size, heads, hidden, dropout, norm_first=norm_first) for _ in range(layers))
        self.norm = nn.LayerNorm(size) if norm_first else nn.Identity()

    def forward(self, x: Tensor, state: State | None = None, mask: Tensor | None = None) -> tuple[Tensor, State]:
        """x [N, T, D], the state of P earlier steps (None: none), mask [N, P + T] (True: a real step) or [N or 1, T, P + T] (what
        each step may look at of those before it) -> (y [N, T, D], state)."""
        state = state or {}
        looking = causal_mask(x.shape[1], past_of(state), device=x.device)
        if mask is not None:
            looking = looking & (mask[:, None, None] if mask.dim() == 2 else mask[:, None])
        after: State = {}
        for i, layer in enumerate(self.layers):
            x, cache = layer(x, looking, _cache(state, "", i))
            after |= _named("", i, cache)
        return self.norm(x), after


class TransformerLanguageModel(nn.Module):
    """The decoder alone: tokens to the logits of the ones that follow, the embeddings also the output's weights."""

    def __init__(self, vocabulary: int, size: int, heads: int, hidden: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.embedding = Embedding(vocabulary, size)
        self.dropout = nn.Dropout(dropout)
        self.body = CausalTransformer(size, heads, hidden, layers, dropout)

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """tokens [N, T], the state of earlier ones -> (logits [N, T, V], the state). Raises UserError for other than token ids."""
        check_tokens("causal_transformer", tokens, vocabulary=self.embedding.num_embeddings)
        y, state = self.body(self.dropout(self.embedding(tokens, past_of(state or {}))), state)
        return y @ self.embedding.weight.T, state

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """tokens [N], the state ({} at the beginning) -> (log-probabilities [N, V], state), as `decoding` wants it."""
        check_step("causal_transformer", tokens, state)
        logits, state = self(tokens.unsqueeze(1), state)
        return logits.squeeze(1).log_softmax(1), state


class Transformer(nn.Module):
    """Tokens to tokens. One matrix is both embeddings and the output's weights where there is one vocabulary (section 3.4)."""

    def __init__(
        self,
        vocabularies: tuple[int, int],
        size: int,
        heads: int,
        hidden: int,
        layers: int,
        dropout: float,
        *,
        norm_first: bool,
        tied: bool,
    ) -> None:
        super().__init__()
        self.source_embedding = Embedding(vocabularies[0], size)
        self.target_embedding = self.source_embedding if tied else Embedding(vocabularies[1], size)
        self.dropout = nn.Dropout(dropout)
        options = (size, heads, hidden, dropout)
        self.encoder = nn.ModuleList(EncoderLayer(*options, norm_first=norm_first) for _ in range(layers))
        self.decoder = nn.ModuleList(DecoderLayer(*options, norm_first=norm_first) for _ in range(layers))
        self.encoder_norm = nn.LayerNorm(size) if norm_first else nn.Identity()
        self.decoder_norm = nn.LayerNorm(size) if norm_first else nn.Identity()

    def encode(self, source: Tensor, mask: Tensor | None = None) -> Tensor:
        """source [N, S], mask [N, S] (True: a real token; None: all) -> [N, S, D]."""
        x = self.dropout(self.source_embedding(source))
        for layer in self.encoder:
            x, _ = layer(x, None if mask is None else mask[:, None, None])
        return self.encoder_norm(x)

    def start(self, source: Tensor, mask: Tensor | None = None) -> State:
        """What decoding begins from: what each layer of the decoder looks at in the source.

        Raises UserError for anything but token ids, or a mask of another size.
        """
        check_tokens("transformer", source, vocabulary=self.source_embedding.num_embeddings)
        check_mask("transformer", mask, source)
        encoded = self.encode(source, mask)
        state: State = {"mask": torch.ones_like(source, dtype=torch.bool) if mask is None else mask}
        for i, layer in enumerate(self.decoder):
            state |= _named("source_", i, cast(DecoderLayer, layer).multihead_attn.keys_and_values(encoded))
        return state

    def decode(self, target: Tensor, state: State) -> tuple[Tensor, State]:
        """target [N, T], going on from a state -> (logits of what follows each token [N, T, V], the state with their cache)."""
        past = past_of(state)
        x, looking = self.dropout(self.target_embedding(target, past)), causal_mask(target.shape[1], past, device=target.device)
        for i, layer in enumerate(self.decoder):
            source = (state[f"source_keys_{i}"], state[f"source_values_{i}"])
            x, cache = layer(x, source, looking, state["mask"][:, None, None], _cache(state, "", i))
            state = state | _named("", i, cache)
        return self.decoder_norm(x) @ self.target_embedding.weight.T, state

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """tokens [N] -> (log-probabilities of the next ones [N, V], state), as `decoding` wants it."""
        check_step("transformer", tokens, state)
        check_tokens("transformer", tokens.unsqueeze(1), vocabulary=self.target_embedding.num_embeddings)
        logits, state = self.decode(tokens.unsqueeze(1), state)
        return logits.squeeze(1).log_softmax(1), state

    def forward(self, source: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
        """source [N, S], its mask [N, S], target [N, T] beginning with START -> logits of what follows each token [N, T, V].

        Raises UserError for anything but token ids, a mask that is not the source's, or another number of targets than of sources.
        """
        check_tokens("transformer", target, vocabulary=self.target_embedding.num_embeddings)
        check_one_batch("transformer", source=source, target=target)
        return self.decode(target, self.start(source, mask))[0]


def past_of(state: State) -> int:
    """How many steps a state has behind it."""
    return state["keys_0"].shape[2] if "keys_0" in state else 0


def _cache(state: State, what: str, layer: int) -> Cache | None:
    return (state[f"{what}keys_{layer}"], state[f"{what}values_{layer}"]) if f"{what}keys_{layer}" in state else None


def _named(what: str, layer: int, cache: Cache) -> State:
    return {f"{what}keys_{layer}": cache[0], f"{what}values_{layer}": cache[1]}


def warm_up(step: int, *, size: int, steps: int = 4000) -> float:
    """The learning rate at a step counted from 1: up in a line, then down with the root of the steps (section 5.3, equation 3)."""
    return size**-0.5 * min(step**-0.5, step * steps**-1.5)


def transformer(
    *,
    vocabulary: int = 37_000,
    target_vocabulary: int | None = None,
    size: int = 512,
    heads: int = 8,
    hidden: int = 2048,
    layers: int = 6,
    dropout: float = 0.1,
    norm_first: bool = False,
) -> Transformer:
    """The base model of table 3, layers on each side. Without `target_vocabulary` there is one vocabulary, and one matrix of it.

    Learn with `tokens.token_loss(smoothing=0.1)` and `warm_up`. Raises UserError for a size below 1 or not a multiple of the heads,
    or a dropout that is no share.
    """
    tied = target_vocabulary is None
    vocabularies = (vocabulary, vocabulary if target_vocabulary is None else target_vocabulary)
    check_counts("transformer", vocabulary=vocabulary, target_vocabulary=vocabularies[1])
    check_counts("transformer", size=size, heads=heads, hidden=hidden, layers=layers)
    check_dropout("transformer", dropout)
    check_truth("transformer", norm_first=norm_first)
    return Transformer(vocabularies, size, heads, hidden, layers, dropout, norm_first=norm_first, tied=tied)


def causal_transformer(
    *, vocabulary: int = 10_000, size: int = 512, heads: int = 8, hidden: int = 2048, layers: int = 6, dropout: float = 0.1
) -> TransformerLanguageModel:
    """A language model of the base model's sizes. Raises UserError for a size below 1 or one that heads do not divide, or a dropout
    that is no share."""
    check_counts("causal_transformer", vocabulary=vocabulary, size=size, heads=heads, hidden=hidden, layers=layers)
    check_dropout("causal_transformer", dropout)
    return TransformerLanguageModel(vocabulary, size, heads, hidden, layers, dropout)
