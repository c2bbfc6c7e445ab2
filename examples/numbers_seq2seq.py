"""English number words to Japanese numerals by an encoder and a decoder, without attention: three hundred and twelve is 三百十二.

    python examples/numbers_seq2seq.py

Sutskever et al. 2014; Cho et al. 2014. Whatever the decoder knows of the number has to pass through one vector. The decoder is told
the truth at first and hears itself more and more (scheduled sampling, Bengio et al. 2015).
"""

from __future__ import annotations

from typing import Any, cast

import torch
from _numbers import SIGNS, WORDS, Numbers, learn, one_cycle, report
from torch import Tensor

from zerodojo.cli.example import Example, main
from zerodojo.cli.study_picture import COLOURS
from zerodojo.models import create
from zerodojo.models.sequence.seq2seq import Seq2Seq, teacher_probability
from zerodojo.models.sequence.tokens import SPECIAL, lengths_of


def run(example: Example) -> None:
    """Learns to translate, counts exact numbers, and draws what the encoder's vectors of numbers have in common."""
    torch.manual_seed(example.seed)
    numbers, steps = Numbers(example.choose(100_000, 1000), example.seed), example.choose(2500, 20)
    network = cast(
        Seq2Seq,
        create(
            "seq2seq",
            source_vocabulary=SPECIAL + len(WORDS),
            target_vocabulary=SPECIAL + len(SIGNS),
            embedding=32,
            units=example.choose(192, 32),
            attention="none",
        ),
    )

    def teacher(step: int) -> float:
        return teacher_probability(step, kind="linear", pace=steps, least=0.5)

    def logits(source: Tensor, target: Tensor, step: int) -> Tensor:
        return network(source, target, lengths_of(source), teacher=teacher(step))

    learn(network, numbers, logits, one_cycle(network, rate=5e-3, steps=steps), steps=steps)
    report(example, numbers, lambda source: network.start(source, lengths_of(source)), network.step)

    shown = torch.arange(100, 1000)
    with torch.no_grad():
        held = network.start(numbers.sources[shown], lengths_of(numbers.sources[shown]))["hidden"]
    example.picture(lambda figure: draw(figure, held, shown, [teacher(step) for step in range(steps)]))


def draw(figure: Any, held: Tensor, shown: Tensor, teachers: list[float]) -> None:
    """The one vector of each number on its two principal axes, coloured by the number's first digit, and the teacher's schedule."""
    vectors, schedule = figure.subplots(1, 2)
    centred = held - held.mean(0)
    places = (centred @ torch.linalg.svd(centred, full_matrices=False).Vh[:2].T).numpy()
    dots = vectors.scatter(places[:, 0], places[:, 1], s=5, c=shown // 100, cmap="viridis")
    figure.colorbar(dots, ax=vectors, label="first digit")
    vectors.set(xlabel="first principal axis", ylabel="second", title="Vectors of 100 to 999")
    schedule.plot(teachers, color=COLOURS[0])
    schedule.set(xlabel="steps", ylabel="how often the truth is told", ylim=(0, 1.05), title="Teacher forcing")


if __name__ == "__main__":
    main(run, doc=__doc__, name="numbers_seq2seq")
