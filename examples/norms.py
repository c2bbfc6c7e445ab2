"""The four normalisations at batches of 2 and of 32: as it learns, batch norm sees an image in its company, the others alone.

    python examples/norms.py

Ioffe and Szegedy 2015 (batch), Ba, Kiros and Hinton 2016 (layer), Ulyanov, Vedaldi and Lempitsky 2016 (instance), Wu and He 2018,
"Group Normalization", whose figure 1 this repeats in small: ResNet-18 an eighth as wide reads scikit-learn's digits, with each norm
as often through them, and with a rate of learning in proportion to the batch. Digits are so easy that batch norm learns to read
them at batches of 2 as well; but there it reads one in ten of them otherwise when it stands beside another one.
"""

from __future__ import annotations

from typing import Any

import torch
from _digits import Digits, load
from torch import Tensor, nn
from torch.nn import functional as F

from zerodojo.cli.example import Example, main
from zerodojo.cli.study_picture import COLOURS
from zerodojo.models import create
from zerodojo.models.vision.norms import NORMS, Norm

BATCHES = (2, 32)
RATE = 0.05  # of learning at a batch of 32, at its highest
EPOCHS = 2
Shares = dict[tuple[Norm, int], float]  # by norm and batch
SCALE = 5  # images of 40x40, of which the last stage sees 2x2 points, the fewest that instance norm can read


def run(example: Example) -> None:
    """Trains every norm at both batches, and compares what they read and how their company sways them, on digits held back."""
    training, held_back = load(seed=example.seed, scale=SCALE)
    reached, swayed = {}, {}
    for batch in BATCHES:
        example.say(f"Batches of {batch}: share of digits held back that are read rightly")
        for kind in NORMS:
            network = trained(example, kind, batch, training)
            told = read(network.eval(), held_back.images, len(held_back.images))
            reached[kind, batch] = share(told == held_back.labels)
            example.check(f"{kind} norm", reached[kind, batch], at_least=0.9, learned=True)
            one, other = (read(network.train(), held_back.images, batch) for _ in range(2))
            swayed[kind, batch] = share(one != other)
    for batch in BATCHES:
        example.say(f"Read otherwise in other company, in batches of {batch} as in learning")
        for kind in NORMS:
            least = 0.02 if (kind, batch) == ("batch", 2) else None
            most = 0.0 if kind != "batch" else None
            example.check(f"{kind} norm", swayed[kind, batch], at_least=least, at_most=most, learned=kind == "batch")
    example.picture(lambda figure: picture(figure, reached, swayed), size=(9, 3.2))


def trained(example: Example, kind: Norm, batch: int, training: Digits) -> nn.Module:
    """A network with that norm, after SGD with momentum on batches of that size."""
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
    return network


@torch.no_grad()
def read(network: nn.Module, images: Tensor, batch: int) -> Tensor:
    """The digits that it reads in images [N, 1, H, W] that come in batches, who with whom by lot: [N]."""
    told = torch.empty(len(images), dtype=torch.long)
    for some in torch.randperm(len(images)).split(batch):  # type: ignore[no-untyped-call]
        told[some] = network(images[some]).argmax(1)
    return told


def share(which: Tensor) -> float:
    """How many of them, from 0 to 1."""
    return float(which.float().mean())


def picture(figure: Any, reached: Shares, swayed: Shares) -> None:
    """Both batches of each norm side by side."""
    axes = figure.subplots(1, 2)
    titles = ("held-back digits read rightly, %", "read otherwise in other company, %")
    for axis, shares, title in zip(axes, (reached, swayed), titles, strict=True):
        for place, batch in enumerate(BATCHES):
            heights = [100 * shares[kind, batch] for kind in NORMS]
            bars = axis.bar([k + 0.4 * place - 0.2 for k in range(len(NORMS))], heights, 0.36, color=COLOURS[1 - place])
            axis.bar_label(bars, fmt="%.1f", fontsize=8)
            bars.set_label(f"batches of {batch}")
        axis.set_xticks(range(len(NORMS)), NORMS)
        axis.set_title(title, fontsize=10)
        axis.set_ylim(0, 1.2 * axis.get_ylim()[1])
        axis.grid(False, axis="x")
        axis.legend(loc="upper right", ncols=2, frameon=False, fontsize=8)


if __name__ == "__main__":
    main(run, doc=__doc__, name="norms")
