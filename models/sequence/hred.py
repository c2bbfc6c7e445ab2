"""HRED, the hierarchical recurrent encoder-decoder for dialogues (Sordoni et al. 2015; Serban et al. 2016).

One GRU reads the words of an utterance, a second one the utterances of the dialogue, a third writes the next utterance from what
the second one holds. A dialogue is one row of tokens in which END closes every utterance, padded behind the last; END is also what
the decoder begins an utterance from. Embeddings are shared by both sides, and the decoder's output is linear (the paper adds the
word and the state before a maxout).

Utterances are read and written side by side, since none waits for another one's words: only the context goes from one to the next.

Shapes: N dialogues of T tokens, U utterances of at most L tokens; H units, C numbers of context, V words.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..checks import check_counts, check_step, check_tokens
from .decoding import State
from .tokens import END, PAD


class Utterances(NamedTuple):
    """Dialogues [N, T] cut into utterances, and where in them each token went."""

    words: Tensor  # [N, U, L], padded
    number: Tensor  # [N, T], which utterance a token is in; any for padding
    place: Tensor  # [N, T], which of its tokens it is; any for padding

    @property
    def spoken(self) -> Tensor:
        """Which utterances there are, [N, U]: the shorter dialogues have fewer."""
        return self.words[:, :, 0] != PAD

    @property
    def ended(self) -> Tensor:
        """Which of them are closed, [N, U]: all but perhaps the last."""
        return (self.words == END).any(2)

    def at_tokens(self, x: Tensor) -> Tensor:
        """What is known of `words`, [N, U, L, ...], of the tokens: [N, T, ...]."""
        rows = torch.arange(len(x), device=x.device).unsqueeze(1)
        return x[rows, self.number, self.place]


def utterances_of(dialogue: Tensor) -> Utterances:
    """The utterances of dialogues [N, T]."""
    steps = torch.arange(dialogue.shape[1], device=dialogue.device).expand(dialogue.shape)
    if dialogue.is_meta or not len(dialogue):  # what is said is not known, or nothing: one utterance
        return Utterances(dialogue.unsqueeze(1), torch.zeros_like(steps), steps)
    starts = torch.cat([torch.ones_like(dialogue[:, :1]), dialogue[:, :-1]], dim=1) == END
    starts[:, 0] = True
    number, place = starts.cumsum(1) - 1, steps - torch.where(starts, steps, 0).cummax(1).values
    spoken = dialogue != PAD
    count, longest = (int(torch.where(spoken, x, 0).max()) + 1 for x in (number, place))
    number, place = number.clamp(max=count - 1), place.clamp(max=longest - 1)
    words = dialogue.new_full((len(dialogue), count, longest), PAD)
    rows = torch.arange(len(dialogue), device=dialogue.device).unsqueeze(1).expand(dialogue.shape)
    words[rows[spoken], number[spoken], place[spoken]] = dialogue[spoken]
    return Utterances(words, number, place)


class HRED(nn.Module):
    """Dialogues to the probability of each token given all before it. Decoding goes by `start` and `step`."""

    def __init__(self, vocabulary: int, embedding: int, units: int, context: int, *, extra: int = 0) -> None:
        """`extra` more numbers beside the context begin an utterance."""
        super().__init__()
        self.vocabulary = vocabulary
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.encoder = nn.GRU(embedding, units, batch_first=True)
        self.context = nn.GRUCell(units, context)
        self.begin = nn.Sequential(nn.Linear(context + extra, units), nn.Tanh())
        self.decoder = nn.GRU(embedding, units, batch_first=True)
        self.output = nn.Linear(units, vocabulary)

    def read(self, said: Utterances) -> tuple[Tensor, Tensor]:
        """What the encoder says of each whole utterance, [N, U, H], and the context before each and behind all, [N, U + 1, C]."""
        read, _ = self.encoder(self.embedding(said.words.flatten(0, 1)))
        last = ((said.words != PAD).sum(2) - 1).clamp(min=0).flatten()
        whole = read[torch.arange(len(read), device=last.device), last].unflatten(0, said.words.shape[:2])
        context = whole.new_zeros(len(whole), self.context.hidden_size)
        contexts = [context]
        for u in range(whole.shape[1]):
            context = torch.where(said.ended[:, u, None], self.context(whole[:, u], context), context)
            contexts.append(context)
        return whole, torch.stack(contexts, dim=1)

    def write(self, said: Utterances, begins: Tensor, dropped: Tensor | None = None) -> Tensor:
        """The decoder told the truth: what utterances begin from, [N, U, H] -> logits of the tokens [N, T, V].

        Where `dropped` [N, U, L] is True the word before is not shown.
        """
        words = said.words
        embedded = self.embedding(torch.cat([torch.full_like(words[:, :, :1], END), words[:, :, :-1]], dim=2))
        if dropped is not None:
            embedded = embedded.masked_fill(dropped.unsqueeze(3), 0.0)
        held, _ = self.decoder(embedded.flatten(0, 1), begins.flatten(0, 1).unsqueeze(0))
        logits: Tensor = self.output(said.at_tokens(held.unflatten(0, words.shape[:2])))
        return logits

    def forward(self, dialogue: Tensor) -> Tensor:
        """dialogue [N, T] -> logits of each token given all before it [N, T, V]. Raises UserError for anything but token ids."""
        check_tokens("hred", dialogue, vocabulary=self.vocabulary)
        said = utterances_of(dialogue)
        _, contexts = self.read(said)
        return self.write(said, self.begin(contexts[:, :-1]))

    def start(self, dialogue: Tensor) -> State:
        """What the next utterance begins from, behind a dialogue [N, T] of whole utterances; decode from END on."""
        check_tokens("hred", dialogue, vocabulary=self.vocabulary)
        _, contexts = self.read(utterances_of(dialogue))
        return {"hidden": self.begin(contexts[:, -1])}

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """tokens [N] -> (log-probabilities of the next ones [N, V], state).

        Raises UserError for anything but token ids, or a state of another number of rows.
        """
        check_step("hred", tokens, state)
        check_tokens("hred", tokens.unsqueeze(1), vocabulary=self.vocabulary)
        held, last = self.decoder(self.embedding(tokens).unsqueeze(1), state["hidden"].unsqueeze(0))
        return self.output(held[:, 0]).log_softmax(1), {"hidden": last[0]}


def hred(*, vocabulary: int = 10_000, embedding: int = 300, units: int = 500, context: int = 1000) -> HRED:
    """Sizes of Serban et al. 2016, section 5 (MovieTriples). Raises UserError for a size below 1."""
    check_counts("hred", vocabulary=vocabulary, embedding=embedding, units=units, context=context)
    return HRED(vocabulary, embedding, units, context)
