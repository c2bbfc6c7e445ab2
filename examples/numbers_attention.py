"""English number words to Japanese numerals with attention, which says for every sign the word that it came from.

    python examples/numbers_attention.py [--attention luong]

Bahdanau et al. 2015; Luong et al. 2015 (a product in the place of a small network). The decoder looks at all words before it writes
a sign; the picture is where it looked.
Reached, seed 0: all of 2,000 held-back numbers exact, greedy and by a beam, BLEU 100 (67 s); with Luong's .992, BLEU 99.7 (58 s).
"""

from __future__ import annotations

from typing import Any, cast

import torch
from _numbers import SIGNS, WORDS, Numbers, draw_map, learn, one_cycle, report
from torch import Tensor

from zerodojo.cli.example import Example, main
from zerodojo.errors import unknown
from zerodojo.models import create
from zerodojo.models.sequence.seq2seq import Seq2Seq
from zerodojo.models.sequence.tokens import SPECIAL, lengths_of

ATTENTIONS = {"bahdanau": "bahdanau", "luong": "general"}  # by what is typed: kinds of the library
SHOWN = (312, 40_075, 86_409)  # numbers in the picture


@torch.no_grad()
def maps(network: Seq2Seq, source: Tensor, target: Tensor) -> Tensor:
    """Where the decoder looks as it writes: source [1, S], target [1, T] -> [T, S]."""
    state, rows = network.start(source, lengths_of(source)), []
    for token in target.T:
        _, state = network.step(token, state)
        rows.append(state["map"][0])
    return torch.stack(rows)


def run(example: Example) -> None:
    """Learns to translate, counts exact numbers, and draws where it looked."""
    attention = example.given["attention"] or "bahdanau"
    if attention not in ATTENTIONS:
        raise unknown("attention", attention, ATTENTIONS)
    torch.manual_seed(example.seed)
    numbers, steps = Numbers(example.choose(100_000, 1000), example.seed), example.choose(1500, 20)
    network = cast(
        Seq2Seq,
        create(
            "seq2seq",
            source_vocabulary=SPECIAL + len(WORDS),
            target_vocabulary=SPECIAL + len(SIGNS),
            embedding=32,
            units=example.choose(96, 32),
            attention=ATTENTIONS[attention],
        ),
    )

    def logits(source: Tensor, target: Tensor, _step: int) -> Tensor:
        return network(source, target, lengths_of(source))

    learn(network, numbers, logits, one_cycle(network, rate=5e-3, steps=steps), steps=steps)
    report(example, numbers, lambda source: network.start(source, lengths_of(source)), network.step)
    example.picture(lambda figure: draw(figure, network, numbers), size=(11, 3.6))


def draw(figure: Any, network: Seq2Seq, numbers: Numbers) -> None:
    """A map for each of a few numbers."""
    shown = [number for number in SHOWN if number < len(numbers.sources)]
    for axis, number in zip(figure.subplots(1, len(shown), squeeze=False)[0], shown, strict=True):
        draw_map(axis, maps(network, numbers.sources[[number]], numbers.targets[[number], :-1]), number)


if __name__ == "__main__":
    main(run, doc=__doc__, name="numbers_attention", more={"attention": f"{' or '.join(ATTENTIONS)}; bahdanau without it"})
