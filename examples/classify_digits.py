"""ResNet, DenseNet, MobileNet and VGG read handwritten digits: how well, how large they are, and how fast.

    python examples/classify_digits.py

He et al. 2016 (ResNet), Huang et al. 2017 (DenseNet), Howard et al. 2017 (MobileNets), Simonyan and Zisserman 2015 (VGG); the
library's networks at small width, trained as long on scikit-learn's digits made 32x32, each at its own rate.
"""

from __future__ import annotations

from time import process_time
from typing import Any, NamedTuple

import torch
from _digits import Digits, load
from torch import nn
from torch.nn import functional as F

from zerodojo.cli.example import Example, main
from zerodojo.cli.study_picture import COLOURS
from zerodojo.evaluation.metrics.speed import frames_per_second
from zerodojo.models import create
from zerodojo.models.counting import multiply_adds, parameters

SCALE = 4  # images of 32x32, the least that VGG reads
BATCH = 32
NETWORKS: dict[str, dict[str, Any]] = {  # the paper's width is 64, and 1 of MobileNet
    "resnet18": {"width": 16},
    "densenet121": {"width": 16},
    "mobilenet_v1": {"width": 0.25},
    "vgg16": {"width": 8, "norm": "batch"},
}
RATES = {"resnet18": 5e-3, "densenet121": 5e-3, "mobilenet_v1": 1e-2, "vgg16": 2e-3}  # of learning, at their highest


class Row(NamedTuple):
    """One network of the table."""

    name: str
    accuracy: float  # on digits held back
    parameters: int
    multiply_adds: int  # for one picture
    speed: float  # pictures a second of one core, in batches of BATCH


def run(example: Example) -> None:
    """Trains each, and prints the table."""
    training, held_back = load(seed=example.seed, scale=SCALE)
    steps = example.choose(500, 1)
    example.say(f"Learning from {len(training.images)} digits, {steps} batches of {BATCH}")
    rows = [row(example, name, training, held_back, steps) for name in NETWORKS]
    example.say(f"  {'network':<14}{'accuracy':>10}{'parameters':>12}{'multiply-adds':>15}{'pictures/s':>12}")
    for one in rows:
        example.say(f"  {one.name:<14}{one.accuracy:>10.1%}{one.parameters:>12,}{one.multiply_adds:>15,}{one.speed:>12,.0f}")
    for one in rows:
        example.check(f"{one.name}: held-back digits read rightly", one.accuracy, at_least=0.95, learned=True)
    example.picture(lambda figure: picture(figure, rows), size=(8, 3.2))


def row(example: Example, name: str, training: Digits, held_back: Digits, steps: int) -> Row:
    """Trains a network and measures it."""
    torch.manual_seed(example.seed)
    network = create(name, num_classes=10, channels=1, **NETWORKS[name])
    train(network, training, steps, RATES[name])
    some = held_back.images[:BATCH]
    with torch.no_grad():
        told = network.eval()(held_back.images).argmax(1)
        runs = example.choose(20, 1)
        speed = frames_per_second(lambda: network(some), frames=len(some), runs=runs, warm_up=min(3, runs), clock=process_time)
    right = float((told == held_back.labels).float().mean())
    return Row(name, right, parameters(network), multiply_adds(network, some[:1]), speed)


def train(network: nn.Module, digits: Digits, steps: int, rate: float) -> None:
    """AdamW on random batches; the rate of learning rises to `rate` and falls (Smith 2018, one cycle)."""
    optimizer = torch.optim.AdamW(network.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    for _ in range(steps):
        batch = torch.randint(len(digits.images), (BATCH,))
        optimizer.zero_grad()
        F.cross_entropy(network(digits.images[batch]), digits.labels[batch]).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()


def picture(figure: Any, rows: list[Row]) -> None:
    """Accuracy over multiply-adds and over pictures a second."""
    columns = {
        "multiply-adds of a picture": [float(one.multiply_adds) for one in rows],
        "pictures a second": [one.speed for one in rows],
    }
    for axis, (what, numbers) in zip(figure.subplots(1, 2, sharey=True), columns.items(), strict=True):
        for one, number, colour in zip(rows, numbers, COLOURS, strict=False):
            axis.plot(number, 100 * one.accuracy, "o", color=colour, label=one.name)
        axis.set(xlabel=what, xscale="log", xlim=(min(numbers) / 2, max(numbers) * 2))
    figure.axes[0].set_ylabel("held-back digits read rightly, %")
    figure.axes[1].legend(fontsize=8)


if __name__ == "__main__":
    main(run, doc=__doc__, name="classify_digits")
