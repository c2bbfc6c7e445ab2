"""One network made smaller in four ways: distilled, pruned in channels and in single weights, and in 8 bits.

A tower of the kind that judges boards learns scikit-learn's digits. Then a smaller network learns from its softened answers
(Hinton et al. 2015); half of its channels go, those whose filters weigh least (Li et al. 2017), or nine tenths of its single
weights (Han et al. 2015), and what is left learns a little more from the whole network; and its weights are rounded to 8 bits, as
`quantise` explains. The table says what each keeps of accuracy, size and speed. Reached with seeds 0 and 1: whole 99.4 and 98.4%;
distilled 98.4 and 96.8% (as large, by the labels, 98.4 and 97.8%: a teacher brings nothing here); half of the channels 98.6 and
97.8%, three times as fast; a tenth of the weights 98.0 and 98.2%; 8 bits 99.4 and 98.6%. Half a minute of one core.
"""

from __future__ import annotations

import copy
import time

import torch
from _digits import read
from torch import Tensor, nn
from torch.nn import functional as F

from zerodojo.cli.example import Example, main
from zerodojo.evaluation.metrics.speed import frames_per_second
from zerodojo.models.compression.distillation import soft_loss
from zerodojo.models.compression.pruning import SparseWeights, prune_channels
from zerodojo.models.config import NetworkConfig
from zerodojo.models.counting import parameters
from zerodojo.models.network import PolicyValueNetwork, build

HELD_BACK, TEMPERATURE, SHARE = 497, 4.0, 0.9


def quantise(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Weights [filters, ...] as whole numbers from -127 to 127, and what one of them is worth in each filter.

    Symmetric, so that 0 stays 0, and a scale for every filter, so that one large filter does not make the others coarse.
    """
    scale = weight.abs().amax(tuple(range(1, weight.dim())), keepdim=True).clamp(min=1e-12) / 127
    return (weight / scale).round().to(torch.int8), scale


def dequantise(q: Tensor, scale: Tensor) -> Tensor:
    """The numbers that are computed with: at most half a scale from the weights."""
    return q * scale


def in_8_bits(network: nn.Module) -> tuple[nn.Module, float]:
    """The network with rounded weights, and the greatest error in scales."""
    rounded, worst = copy.deepcopy(network), 0.0
    with torch.no_grad():
        for weight in (p for p in rounded.parameters() if p.dim() > 1):
            q, scale = quantise(weight)
            worst = max(worst, float(((weight - dequantise(q, scale)).abs() / scale).max()))
            weight.copy_(dequantise(q, scale))
    return rounded, worst


class Digits:
    """The digits, shuffled by a seed, and what is done with them."""

    def __init__(self, seed: int) -> None:
        digits, order = read(), torch.randperm(1797, generator=torch.Generator().manual_seed(seed))
        self.images, self.labels = digits.images[order], digits.labels[order]
        self.seed = seed

    def train(
        self, network: nn.Module, epochs: int, *, teacher: nn.Module | None = None, sparse: SparseWeights | None = None
    ) -> None:
        """By the labels, or by a teacher's logits."""
        images, labels = self.images[HELD_BACK:], self.labels[HELD_BACK:]
        generator = torch.Generator().manual_seed(self.seed)
        optimizer = torch.optim.AdamW(network.parameters(), 2e-3)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
        for _ in range(epochs):
            for rows in torch.split(torch.randperm(len(images), generator=generator), 100):
                network.train()
                logits = network(images[rows])[0]
                if teacher is None:
                    loss = F.cross_entropy(logits, labels[rows])
                else:
                    with torch.no_grad():
                        loss_of = teacher.eval()(images[rows])[0]
                    loss = soft_loss(logits, loss_of, temperature=TEMPERATURE)
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                if sparse is not None:
                    sparse.hold()
            schedule.step()
        network.eval()

    @torch.no_grad()
    def accuracy(self, network: nn.Module) -> float:
        """In percent, of the digits held back."""
        return 100 * float((network(self.images[:HELD_BACK])[0].argmax(1) == self.labels[:HELD_BACK]).float().mean())

    @torch.no_grad()
    def speed(self, network: nn.Module) -> float:
        """Digits a second on one core."""
        images = self.images[:256]
        return frames_per_second(lambda: network(images), frames=256, runs=5, warm_up=1, clock=time.process_time)


def tower(channels: int, seed: int) -> PolicyValueNetwork:
    """A residual tower of two blocks, its policy head the ten classes; its value head is not used."""
    config = NetworkConfig(channels=channels, blocks=2, policy_channels=4, value_hidden=1)
    return build(config, planes=1, board=(8, 8), actions=10, seed=seed)


def run(example: Example) -> None:
    """Makes all of them and tells the table."""
    digits, epochs, more = Digits(example.seed), example.choose(20, 1), example.choose(10, 1)
    teacher = tower(example.choose(32, 16), example.seed)
    digits.train(teacher, epochs)
    alone, student = (tower(example.choose(8, 4), example.seed) for _ in range(2))
    digits.train(alone, epochs)
    digits.train(student, epochs, teacher=teacher)
    narrow = prune_channels(teacher, 0.5)
    digits.train(narrow, more, teacher=teacher)
    thin = copy.deepcopy(teacher)
    sparse = SparseWeights(thin, SHARE)
    digits.train(thin, epochs, teacher=teacher, sparse=sparse)
    rounded, worst = in_8_bits(teacher)

    kept = parameters(teacher) * (1 - SHARE)
    rows = [
        ("whole network", teacher, 4 * parameters(teacher)),
        ("small, by labels", alone, 4 * parameters(alone)),
        ("small, distilled", student, 4 * parameters(student)),
        ("half of the channels", narrow, 4 * parameters(narrow)),
        ("a tenth of the weights", thin, 8 * kept),  # each with its place
        ("weights in 8 bits", rounded, parameters(teacher)),
    ]
    accuracy = [digits.accuracy(network) for _, network, _ in rows]
    sizes = [size / 1000 for _, _, size in rows]
    speeds = [digits.speed(network) for _, network, _ in rows]
    example.say(f"{'':24}{'accuracy':>10}{'size':>10}{'digits/s':>10}")
    for (name, _, _), right, size, speed in zip(rows, accuracy, sizes, speeds, strict=True):
        example.say(f"{name:24}{right:>9.1f}%{size:>7.0f} kB{speed:>10,.0f}")
    example.say()
    whole, _, distilled, pruned, thinned, eight = accuracy
    example.check("accuracy of the whole network", whole, at_least=97, unit="%", learned=True)
    for name, right in (("distilled", distilled), ("half of the channels", pruned), ("a tenth of the weights", thinned)):
        example.check(f"lost: {name}", whole - right, at_most=3, unit="%", learned=True)
    example.check("lost: weights in 8 bits", whole - eight, at_most=0.5, unit="%", learned=True)
    example.check("weights at zero", sparse.share, at_least=SHARE - 0.001)
    example.check("greatest error of rounding, in scales", worst, at_most=0.5001)

    def draw(figure) -> None:  # type: ignore[no-untyped-def]
        axes = figure.subplots()
        for (name, _, _), right, size, marker in zip(rows, accuracy, sizes, "osxDv^", strict=True):
            axes.plot(size, right, marker, markersize=9, fillstyle="none", label=name)
        axes.set(xlabel="size, kB", ylabel="digits held back that are right, %")
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)

    example.picture(draw)


if __name__ == "__main__":
    main(run, doc=__doc__, name="smaller_networks")
