"""HRED, the hierarchical recurrent encoder-decoder for dialogues (Sordoni et al. 2015; Serban et al. 2016).

One GRU reads the words of an utterance, a second one the utterances of the dialogue, a third writes the next utterance from what
the second one holds. A dialogue is one row of tokens in which END closes every utterance, padded behind the last; END is also what
the decoder begins an utterance from. Embeddings are shared by both sides, and the decoder's output is linear (the paper adds the
word and the state before a maxout).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..checks import check_counts, check_tokens
from ..memory import Memory
from .decoding import State
from .tokens import END, PAD


class HRED(nn.Module):
    """Dialogues to the probability of each token given all before it. Decoding goes by `start` and `step`."""

    def __init__(self, vocabulary: int, embedding: int, units: int, context: int, *, extra: int = 0) -> None:
        """`extra` more numbers beside the context begin an utterance."""
        super().__init__()
        self.vocabulary = vocabulary
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.encoder = Memory("gru", embedding, units)
        self.context = nn.GRUCell(units, context)
        self.begin = nn.Sequential(nn.Linear(context + extra, units), nn.Tanh())
        self.decoder = nn.GRUCell(embedding, units)
        self.output = nn.Linear(units, vocabulary)

    def read(self, dialogue: Tensor) -> tuple[Tensor, Tensor]:
        """dialogue [N, T] -> (what the encoder says of the utterance so far [N, T, H], the context behind each token [N, T, C]).

        The encoder begins anew with every utterance; the context changes only where one ends.
        """
        said, _ = self.encoder(self.embedding(dialogue), self.encoder.initial_state(len(dialogue)), starts_of(dialogue))
        context = said.new_zeros(len(dialogue), self.context.hidden_size)
        contexts = []
        for t in range(dialogue.shape[1]):
            ends = (dialogue[:, t] == END).unsqueeze(1)
            context = torch.where(ends, self.context(said[:, t], context), context)
            contexts.append(context)
        return said, torch.stack(contexts, dim=1)

    def write(self, dialogue: Tensor, begins: Tensor, dropped: Tensor | None = None) -> Tensor:
        """The decoder told the truth: dialogue [N, T], begins [N, T, H] (heeded where an utterance starts) -> logits [N, T, V].

        Where `dropped` [N, T] is True the word before is not shown.
        """
        starts, embedded = starts_of(dialogue), self.embedding(before(dialogue))
        if dropped is not None:
            embedded = embedded.masked_fill(dropped.unsqueeze(2), 0.0)
        hidden, held = begins[:, 0], []
        for t in range(dialogue.shape[1]):
            hidden = torch.where(starts[:, t, None], begins[:, t], hidden)
            hidden = self.decoder(embedded[:, t], hidden)
            held.append(hidden)
        return self.output(torch.stack(held, dim=1))

    def forward(self, dialogue: Tensor) -> Tensor:
        """dialogue [N, T] -> logits of each token given all before it [N, T, V]. Raises UserError for anything but token ids."""
        check_tokens("hred", dialogue, vocabulary=self.vocabulary)
        _, contexts = self.read(dialogue)
        return self.write(dialogue, self.begin(shifted(contexts)))

    def start(self, dialogue: Tensor) -> State:
        """What the next utterance begins from, behind a dialogue [N, T] of whole utterances; decode from END on."""
        check_tokens("hred", dialogue, vocabulary=self.vocabulary)
        _, contexts = self.read(dialogue)
        return {"hidden": self.begin(contexts[:, -1])}

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """tokens [N] -> (log-probabilities of the next ones [N, V], state)."""
        hidden = self.decoder(self.embedding(tokens), state["hidden"])
        return self.output(hidden).log_softmax(1), {"hidden": hidden}


def before(dialogue: Tensor) -> Tensor:
    """The token before each one, [N, T]: END before the first."""
    return torch.cat([torch.full_like(dialogue[:, :1], END), dialogue[:, :-1]], dim=1)


def starts_of(dialogue: Tensor) -> Tensor:
    """Where an utterance starts, [N, T] -> [N, T]: behind END. The padding behind the last one looks like one more."""
    return before(dialogue) == END


def spoken_starts(dialogue: Tensor) -> Tensor:
    """Where a real utterance starts, [N, T] -> [N, T]."""
    return starts_of(dialogue) & (dialogue != PAD)


def shifted(contexts: Tensor) -> Tensor:
    """What was held before each token rather than behind it, [N, T, C] -> [N, T, C]: nothing before the first."""
    return torch.cat([torch.zeros_like(contexts[:, :1]), contexts[:, :-1]], dim=1)


def hred(*, vocabulary: int = 10_000, embedding: int = 300, units: int = 500, context: int = 1000) -> HRED:
    """Sizes of Serban et al. 2016, section 5 (MovieTriples). Raises UserError for a size below 1."""
    check_counts("hred", vocabulary=vocabulary, embedding=embedding, units=units, context=context)
    return HRED(vocabulary, embedding, units, context)
