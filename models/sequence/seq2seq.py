"""An encoder reads a sentence, a decoder writes another (Cho et al. 2014; Sutskever et al. 2014), with or without attention.

Both are GRUs of one layer, the decoder's begin made of the encoder's end by a linear layer and tanh (Cho et al. 2014, appendix
A.1.1). Additive attention looks before the decoder's step and feeds what it saw into it (Bahdanau et al. 2015; there both
directions are read); the others look behind it (Luong et al. 2015, equation 5, without input feeding).
"""

from __future__ import annotations

import math
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from ...errors import UserError
from ..checks import check_counts, check_lengths, check_one_batch, check_share, check_step, check_tokens
from .attention import make_attention
from .decoding import State


class Seq2Seq(nn.Module):
    """Tokens to tokens. Decoding goes by `start` and `step`, as `decoding` wants it."""

    def __init__(self, source_vocabulary: int, target_vocabulary: int, embedding: int, units: int, attention: str) -> None:
        super().__init__()
        self.source_vocabulary, self.target_vocabulary = source_vocabulary, target_vocabulary
        self.source_embedding = nn.Embedding(source_vocabulary, embedding)
        self.target_embedding = nn.Embedding(target_vocabulary, embedding)
        self.encoder = nn.GRU(embedding, units, batch_first=True)
        self.bridge: nn.Module = nn.Sequential(nn.Linear(units, units), nn.Tanh())
        self.attention = None if attention == "none" else make_attention(attention, units, units)
        self.before = attention == "bahdanau"
        self.decoder = nn.GRUCell(embedding + units if self.before else embedding, units)
        self.combine = nn.Linear(2 * units, units) if self.attention is not None and not self.before else None
        self.output = nn.Linear(units, target_vocabulary)

    def encode(self, source: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """source [N, S] -> (what the encoder says of each token [N, S, H], its state behind the last [N, H]).

        With lengths [N] rows are packed, and padding changes nothing.
        """
        embedded = self.source_embedding(source)
        if lengths is None:
            keys, last = self.encoder(embedded)
        else:
            packed = pack_padded_sequence(embedded, lengths.cpu(), batch_first=True, enforce_sorted=False)
            read, last = self.encoder(packed)
            keys, _ = pad_packed_sequence(read, batch_first=True, total_length=source.shape[1])
        return keys, last.squeeze(0)

    def start(self, source: Tensor, lengths: Tensor | None = None) -> State:
        """What decoding begins from: source [N, S], lengths [N]; without lengths nothing is padding.

        Raises UserError for anything but token ids of the vocabulary, or lengths that do not fit.
        """
        check_tokens("seq2seq", source, vocabulary=self.source_vocabulary)
        check_lengths("seq2seq", lengths, source)
        keys, last = self.encode(source, lengths)
        state: State = {"hidden": self.bridge(last)}
        if self.attention is not None:
            steps = torch.arange(source.shape[1], device=source.device).expand(source.shape)
            mask = torch.ones_like(source, dtype=torch.bool) if lengths is None else steps < lengths.to(source.device).unsqueeze(1)
            state |= {"keys": keys, "mask": mask, "map": keys.new_zeros(source.shape)}
        return state

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """tokens [N] -> (log-probabilities of the next ones [N, V], state); "map" [N, S] of the state is where it looked.

        Raises UserError for anything but token ids, or a state of another number of rows.
        """
        check_step("seq2seq", tokens, state)
        check_tokens("seq2seq", tokens.unsqueeze(1), vocabulary=self.target_vocabulary)
        logits, state = self._logits(tokens, state)
        return logits.log_softmax(1), state

    def _logits(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        embedded, hidden = self.target_embedding(tokens), state["hidden"]
        if self.before:
            context, looked = self._look(hidden, state)
            hidden = self.decoder(torch.cat([embedded, context], dim=1), hidden)
            return self.output(hidden), state | {"hidden": hidden, "map": looked}
        hidden = self.decoder(embedded, hidden)
        if self.combine is None:
            return self.output(hidden), {"hidden": hidden}
        context, looked = self._look(hidden, state)
        said = torch.tanh(self.combine(torch.cat([context, hidden], dim=1)))
        return self.output(said), state | {"hidden": hidden, "map": looked}

    def _look(self, hidden: Tensor, state: State) -> tuple[Tensor, Tensor]:
        context, looked = cast(nn.Module, self.attention)(hidden.unsqueeze(1), state["keys"], state["mask"])
        return context.squeeze(1), looked.squeeze(1)

    def forward(
        self,
        source: Tensor,
        target: Tensor,
        lengths: Tensor | None = None,
        *,
        teacher: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """source [N, S], lengths [N], target [N, T] beginning with START -> logits of what follows each target token [N, T, V].

        At every step but the first each sentence is fed its target with probability `teacher`, and otherwise a token drawn from
        what the network itself just said (scheduled sampling, Bengio et al. 2015). Raises UserError as `start` does, for
        another number of targets than of sources, and for a `teacher` that is no share.
        """
        check_share("seq2seq", teacher=teacher)
        check_tokens("seq2seq", target, vocabulary=self.target_vocabulary)
        check_one_batch("seq2seq", source=source, target=target)
        state = self.start(source, lengths)
        logits: list[Tensor] = []
        for t in range(target.shape[1]):
            token = target[:, t]
            if t and teacher < 1:
                drawn = torch.multinomial(logits[-1].detach().softmax(1), 1, generator=generator).squeeze(1)
                told = torch.rand(len(token), generator=generator, device=token.device) < teacher
                token = torch.where(told, token, drawn)
            said, state = self._logits(token, state)
            logits.append(said)
        return torch.stack(logits, dim=1)


def teacher_probability(step: int, *, kind: Literal["linear", "exponential", "sigmoid"], pace: float, least: float = 0.0) -> float:
    """How often the teacher speaks at a learner's step (Bengio et al. 2015, section 2.4), never less than `least`.

    linear: 1 - step / pace; exponential: pace ** step, with a pace below 1; sigmoid: pace / (pace + exp(step / pace)), with a pace
    of 1 at least. Raises UserError for another kind, or a pace that does not fit.
    """
    fits = {"linear": pace > 0, "exponential": 0 < pace < 1, "sigmoid": pace >= 1}
    if not fits.get(kind):
        raise UserError(
            f"a {kind} schedule with a pace of {pace} does not exist; take linear (> 0), exponential (< 1) or sigmoid (>= 1)"
        )
    if kind == "linear":
        probability = 1 - step / pace
    elif kind == "exponential":
        probability = pace**step
    else:
        late = math.exp(-step / pace)  # the same fraction, multiplied through so that it cannot overflow
        probability = pace * late / (pace * late + 1)
    return max(least, probability)


def seq2seq(
    *,
    source_vocabulary: int = 10_000,
    target_vocabulary: int = 10_000,
    embedding: int = 256,
    units: int = 512,
    attention: str = "bahdanau",
) -> Seq2Seq:
    """An encoder-decoder; attention is none, bahdanau, dot, general or concat. Raises UserError for a size below 1."""
    sizes = {"source_vocabulary": source_vocabulary, "target_vocabulary": target_vocabulary, "embedding": embedding, "units": units}
    check_counts("seq2seq", **sizes)
    return Seq2Seq(source_vocabulary, target_vocabulary, embedding, units, attention)
