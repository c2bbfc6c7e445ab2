"""The network that comments on moves: attention seq2seq from facts to a sentence (Bahdanau et al. 2015). `play --comment` asks it.

Trained by `examples/commentary.py` on sentences of the grammar; its weights ship with the package.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from ...models.sequence.decoding import greedy
from ...models.sequence.seq2seq import Seq2Seq, seq2seq
from ...models.sequence.tokens import END, SPECIAL, START
from ...models.weights_file import load_weights
from .facts import LARGEST, Facts
from .grammar import WORDS, Sentence

WEIGHTS = Path(__file__).parent / "commentator.safetensors"
LONGEST = 40  # words of a sentence, its end included
EMBEDDING, UNITS = 24, 48
FACTS = tuple((name, number) for name, largest in LARGEST._asdict().items() for number in range(largest + 1))  # the source's words
_FACT_IDS = {fact: i for i, fact in enumerate(FACTS, SPECIAL)}
_WORD_IDS = {word: i for i, word in enumerate(WORDS, SPECIAL)}


def fact_ids(facts: Facts) -> list[int]:
    """The facts of a move as token ids, always as many."""
    return [_FACT_IDS[fact] for fact in facts._asdict().items()]


def word_ids(sentence: Sentence) -> list[int]:
    """A sentence as token ids, its end included."""
    return [*(_WORD_IDS[word] for word in sentence), END]


def words(ids: Sequence[int]) -> Sentence:
    """The words of token ids up to their end."""
    ids = list(ids)
    return tuple(WORDS[i - SPECIAL] for i in ids[: ids.index(END) if END in ids else len(ids)] if i >= SPECIAL)


def fresh() -> Seq2Seq:
    """A commentator that has learned nothing."""
    return seq2seq(source_vocabulary=SPECIAL + len(FACTS), target_vocabulary=SPECIAL + len(WORDS), embedding=EMBEDDING, units=UNITS)


class Commentator:
    """Says a sentence about a move."""

    def __init__(self, network: Seq2Seq) -> None:
        self._network = network.eval()

    @classmethod
    def shipped(cls) -> Commentator:
        """The one whose weights ship. Raises UserError where they are missing or broken."""
        network = fresh()
        load_weights(network, WEIGHTS)
        return cls(network)

    @torch.no_grad()
    def sentences(self, facts: Sequence[Facts]) -> list[Sentence]:
        """The likeliest sentence about each move, by greedy decoding."""
        source = torch.tensor([fact_ids(one) for one in facts])
        start: Tensor = torch.full((len(facts),), START)
        told, _ = greedy(self._network.step, self._network.start(source), start, steps=LONGEST)
        return [words(row) for row in told.tolist()]

    def comment(self, facts: Facts, names: Mapping[str, str]) -> str:
        """A sentence for people; `names` are those of MOVE, BEST, PLAYER and OTHER."""
        return spoken(self.sentences([facts])[0], names)


def spoken(sentence: Sentence, names: Mapping[str, str]) -> str:
    """Words as they are written: names put in, no space before a stop, sentences beginning with a capital unless a move does."""
    text, begins = "", True
    for word in sentence:
        named = names.get(word, word)
        if word in ".,;:?":
            text += named
        else:
            capital = begins and word not in ("MOVE", "BEST")
            text += f" {named[:1].upper() + named[1:] if capital else named}"
        begins = word in ".?"
    return text.replace(" percent", "%").strip()
