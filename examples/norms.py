"""The four normalisations at batches of 2 and of 32: batch norm needs the company of other examples, the others do not.

    python examples/norms.py

Ioffe and Szegedy 2015 (batch), Ba, Kiros and Hinton 2016 (layer), Ulyanov, Vedaldi and Lempitsky 2016 (instance), Wu and He 2018,
"Group Normalization", whose figure 1 this repeats in small: ResNet-18 an eighth as wide reads scikit-learn's digits, with each norm
as often through them, and with a rate of learning in proportion to the batch.
"""

from __future__ import annotations

from typing import Any

import torch
from _digits import Digits, load
from torch.nn import functional as F

from zerodojo.cli.example import Example, main
from zerodojo.cli.study_picture import COLOURS
from zerodojo.models import create
from zerodojo.models.vision.norms import NORMS

BATCHES = (2, 32)
RATE = 0.05  # of learning at a batch of 32, at its highest
EPOCHS = 2
SCALE = 5  # images of 40x40, of which the last stage sees 2x2 points, the fewest that instance norm can read


def run(example: Example) -> None:
    """Trains every norm at both batches, and compares their accuracy on digits held back."""
    training, held_back = load(seed=example.seed, scale=SCALE)
    reached = {}
    for batch in BATCHES:
        example.say(f"Batches of {batch}: share of digits held back that are read rightly")
        for kind in NORMS:
            reached[kind, batch] = accuracy(example, kind, batch, training, held_back)
            least = example.choose(0.9 if (kind, batch) != ("batch", 2) else None, None)
            example.check(f"{kind} norm", reached[kind, batch], at_least=least)
    lost = {kind: reached[kind, 32] - reached[kind, 2] for kind in NORMS}
    example.say("Lost at batches of 2:")
    example.check("batch norm", lost["batch"], at_least=example.choose(0.02, -1.0))
    for kind in NORMS[1:]:
        example.check(f"{kind} norm", lost[kind], at_most=example.choose(0.02, 1.0))
    example.picture(lambda figure: picture(figure, reached), size=(6, 3.2))


def accuracy(example: Example, kind: str, batch: int, training: Digits, held_back: Digits) -> float:
    """Of a network with that norm, after SGD with momentum on batches of that size."""
    torch.manual_seed(example.seed)
    network = create("resnet18", num_classes=10, channels=1, width=8, norm=kind)
    rate = RATE * batch / BATCHES[-1]
    steps = example.choose(EPOCHS * len(training.images) // batch, 3)
    optimizer = torch.optim.SGD(network.parameters(), rate, momentum=0.9)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    epochs = -(-steps * batch // len(training.images))
    order = torch.cat([torch.randperm(len(training.images)) for _ in range(epochs)])
    for some in order.split(batch)[:steps]:  # type: ignore[no-untyped-call]
        optimizer.zero_grad()
        F.cross_entropy(network(training.images[some]), training.labels[some]).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        told = network.eval()(held_back.images).argmax(1)
    return float((told == held_back.labels).float().mean())


def picture(figure: Any, reached: dict[tuple[str, int], float]) -> None:
    """Both batches of each norm side by side."""
    axis = figure.subplots()
    for place, batch in enumerate(BATCHES):
        heights = [100 * reached[kind, batch] for kind in NORMS]
        bars = axis.bar([k + 0.4 * place - 0.2 for k in range(len(NORMS))], heights, 0.36, color=COLOURS[1 - place])
        axis.bar_label(bars, fmt="%.1f", fontsize=8)
        bars.set_label(f"batches of {batch}")
    axis.set_xticks(range(len(NORMS)), [f"{kind} norm" for kind in NORMS])
    axis.set(ylabel="held-back digits read rightly, %", ylim=(0, 115))
    axis.grid(False, axis="x")
    axis.legend(loc="upper center", ncols=2, frameon=False)


if __name__ == "__main__":
    main(run, doc=__doc__, name="norms")
