"""The network that remarks on a game's course: HRED (Sordoni et al. 2015) over what is told of its last moves and was said of them.

A stretch of a game is a dialogue. Of every move one side tells who moved, the chances, what was given away and whether the game is
over; the other side's answer is a remark, such as that a player errs again or that the lead changes hands. Trained by
`examples/remarks.py` on remarks of the grammar; its weights ship with the package. `play --comment` asks it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from ...models.sequence.decoding import greedy
from ...models.sequence.hred import HRED, hred
from ...models.sequence.tokens import END, SPECIAL
from ...models.weights_file import load_weights
from .commentator import FACTS, fact_ids
from .facts import Facts
from .grammar import QUIET, REMARKS, Sentence

WEIGHTS = Path(__file__).parent / "remarker.safetensors"
STRETCH = 10  # moves that are read at once: it is of these that a remark tells
LONGEST = 20  # words of a remark, its end included
HEARD = ("chances", "given", "ended")
_MOVERS = SPECIAL + len(FACTS)  # the ids of who moved: the same one as at the stretch's first move, or the other
_SPOKEN = _MOVERS + 2  # the ids of words of remarks
SIZES = {"vocabulary": _SPOKEN + len(REMARKS), "embedding": 16, "units": 48, "context": 64}


def dialogue(stretch: Sequence[Facts], said: Sequence[Sentence]) -> tuple[list[int], list[bool]]:
    """Moves and the remarks on them in turn, as one row of ids, and which of these ids are to be learned to say.

    `said` has a remark on every move, or on all but the last.
    """
    ids: list[int] = []
    speech: list[bool] = []
    for k, facts in enumerate(stretch):
        told = dict(zip(facts._fields, fact_ids(facts), strict=True))
        heard = [_MOVERS + k % 2, *(told[name] for name in HEARD), END]
        spoken = [*(_SPOKEN + REMARKS.index(word) for word in said[k]), END] if k < len(said) else []
        ids += heard + spoken
        speech += [False] * len(heard) + [True] * len(spoken)
    return ids, speech


def fresh() -> HRED:
    """A remarker that has learned nothing."""
    return hred(**SIZES)


class Remarker:
    """Remarks on the moves of a stretch of a game."""

    def __init__(self, network: HRED) -> None:
        self._network = network.eval()

    @classmethod
    def shipped(cls) -> Remarker:
        """The one whose weights ship. Raises UserError where they are missing or broken."""
        network = fresh()
        load_weights(network, WEIGHTS)
        return cls(network)

    @torch.no_grad()
    def remarks(self, stretch: Sequence[Facts]) -> list[Sentence]:
        """The likeliest remark on every move, each with its own earlier ones in mind, by greedy decoding."""
        said: list[Sentence] = []
        for k in range(len(stretch)):
            heard, _ = dialogue(stretch[: k + 1], said)
            start = self._network.start(torch.tensor([heard]))
            ids, _ = greedy(self._network.step, start, torch.full((1,), END), steps=LONGEST)
            said.append(tuple(REMARKS[i - _SPOKEN] for i in ids[0].tolist() if i >= _SPOKEN))
        return said

    def remark(self, game: Sequence[Facts]) -> Sentence | None:
        """What there is to remark on the last move of a game so far; None where its course goes on."""
        last = self.remarks(game[-STRETCH:])[-1]
        return None if " ".join(last).removesuffix(" .") in QUIET else last
