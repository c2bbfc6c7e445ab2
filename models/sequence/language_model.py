"""A next-word language model: embeddings, a recurrent memory, and one logit a word (Mikolov et al. 2010; Zaremba et al. 2014).

Dropout stands around the memory and never within it, as Zaremba et al. have it; with `tied` the embeddings are also the output's
weights (Press and Wolf 2017).
"""

from __future__ import annotations

from torch import Tensor, nn

from ...errors import UserError
from ..checks import check_counts, check_dropout, check_step, check_tokens, check_truth
from ..memory import Memory, State


class LanguageModel(nn.Module):
    """Tokens to the logits of the ones that follow. Keeps the contract of sequence backbones, with tokens for x."""

    def __init__(self, vocabulary: int, embedding: int, units: int, memory: str, dropout: float, *, tied: bool) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.memory = Memory(memory, embedding, units)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(units, vocabulary)
        if tied:
            self.output.weight = self.embedding.weight

    def initial_state(self, n: int) -> State:
        """That of n texts that begin."""
        return self.memory.initial_state(n)

    def forward(self, tokens: Tensor, state: State | None = None, starts: Tensor | None = None) -> tuple[Tensor, State]:
        """tokens [N, T], the state before them (None: a text begins), starts [N, T] (None: none) -> (logits [N, T, V], the state).

        To learn from stretches of a long text, hand on the state with its tensors detached: truncated backpropagation through time.
        Raises UserError for anything but token ids.
        """
        check_tokens("language_model", tokens, vocabulary=self.vocabulary)
        state = self.initial_state(len(tokens)) if state is None else state
        starts = tokens.new_zeros(tokens.shape).bool() if starts is None else starts
        y, state = self.memory(self.dropout(self.embedding(tokens)), state, starts)
        return self.output(self.dropout(y)), state

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """tokens [N] -> (log-probabilities of the next ones [N, V], state), as `decoding` wants it."""
        check_step("language_model", tokens, state)
        logits, state = self(tokens.unsqueeze(1), state)
        return logits.squeeze(1).log_softmax(1), state


def language_model(
    *,
    vocabulary: int = 10_000,
    embedding: int = 650,
    units: int = 650,
    memory: str = "lstm",
    dropout: float = 0.5,
    tied: bool = False,
) -> LanguageModel:
    """The medium sizes of Zaremba et al. 2014, with one layer in place of two; memory is gru or lstm.

    Raises UserError for a size below 1, a dropout that is no share, another memory, or tied weights of two sizes.
    """
    check_counts("language_model", vocabulary=vocabulary, embedding=embedding, units=units)
    check_dropout("language_model", dropout)
    check_truth("language_model", tied=tied)
    if memory not in ("gru", "lstm"):
        raise UserError(f"memory of language_model is {memory!r}; choose gru or lstm")
    if tied and embedding != units:
        raise UserError(f"tied weights need an embedding of {units} numbers, not {embedding}: as many as the memory has units")
    return LanguageModel(vocabulary, embedding, units, memory, dropout, tied=tied)
