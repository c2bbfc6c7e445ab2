"""A network split over two processes, passed through in micro-batches, trains as the unsplit one does.

The first process holds the first layers, the second one the rest; while the second works on one micro-batch, the first works on the
next (Huang et al. 2019, "GPipe"; here `torch.distributed.pipelining`). Gradients are added up over the micro-batches before a step,
so that norms which look at one example at a time give the same. Drawn stripes, in float64. It is for networks that do
not fit one device. Differences stay below 1e-14; starting takes 10 seconds of processor.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zerodojo.cli.example import Example, main
from zerodojo.models.parallel import Pipeline, in_processes, split

PROCESSES, BATCH, MICRO_BATCHES, HELD_BACK = 2, 100, 4, 497


def stripes(seed: int) -> tuple[Tensor, Tensor]:
    """Images [N, 1, 8, 8] of stripes under noise, and which of four ways they run, [N]."""
    generator = torch.Generator().manual_seed(seed)
    ways = torch.randint(4, (1797,), generator=generator)
    phases = 6.3 * torch.rand(1797, generator=generator, dtype=torch.float64)
    y, x = torch.meshgrid(torch.arange(8.0), torch.arange(8.0), indexing="ij")
    angles = ways[:, None, None] * torch.pi / 4
    waves = torch.sin(1.5 * (x * angles.cos() + y * angles.sin()) + phases[:, None, None])
    return (waves + torch.randn(1797, 8, 8, generator=generator, dtype=torch.float64))[:, None], ways


def layers(seed: int) -> list[nn.Module]:
    """A small convolutional network, layer by layer."""
    torch.manual_seed(seed)
    first = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.GroupNorm(4, 16), nn.ReLU())
    second = nn.Sequential(nn.Conv2d(16, 16, 3, stride=2, padding=1), nn.GroupNorm(4, 16), nn.ReLU())
    return [layer.double() for layer in (first, second, nn.Flatten(), nn.Linear(256, 4))]


def optimizer_of(part: nn.Module) -> torch.optim.Optimizer:
    """The same for the whole and for each part."""
    return torch.optim.SGD(part.parameters(), 0.1, momentum=0.9)


def train_part(rank: int, processes: int, batches: list[tuple[Tensor, Tensor]], seed: int) -> tuple[list[float], dict[str, Tensor]]:
    """What one process does: it trains its part. Losses where it is the last, and its weights at the end."""
    part, losses = split(layers(seed), processes)[rank], []
    pipeline = Pipeline(part, rank, processes, micro_batches=MICRO_BATCHES, loss=F.cross_entropy)
    optimizer = optimizer_of(part)
    for images, labels in batches:
        optimizer.zero_grad()
        if (got := pipeline.step(images, labels)) is not None:
            losses.append(got[1])
        optimizer.step()
    return losses, part.state_dict()


def train_whole(network: nn.Module, batches: list[tuple[Tensor, Tensor]]) -> list[float]:
    """One process with whole batches; its losses."""
    optimizer, losses = optimizer_of(network), []
    for images, labels in batches:
        loss = F.cross_entropy(network(images), labels)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    return losses


def run(example: Example) -> None:
    """Trains both and compares."""
    images, labels = stripes(example.seed)
    generator = torch.Generator().manual_seed(example.seed)
    drawn = [torch.randint(HELD_BACK, len(images), (BATCH,), generator=generator) for _ in range(example.choose(60, 5))]
    batches = [(images[rows], labels[rows]) for rows in drawn]
    network = nn.Sequential(*layers(example.seed))
    losses = train_whole(network, batches)
    got = in_processes(train_part, PROCESSES, batches, example.seed)
    example.check("greatest difference of a loss", max(abs(a - b) for a, b in zip(losses, got[-1][0], strict=True)), at_most=1e-10)
    parts = split(layers(example.seed), PROCESSES)
    for part, (_, weights) in zip(parts, got, strict=True):
        part.load_state_dict(weights)
    together = nn.Sequential(*parts)
    pairs = zip(together.state_dict().values(), network.state_dict().values(), strict=True)
    example.check("greatest difference of a weight", max(float((a - b).abs().max()) for a, b in pairs), at_most=1e-10)
    right = (together(images[:HELD_BACK]).argmax(1) == labels[:HELD_BACK]).double().mean()
    example.check("accuracy", 100 * float(right), at_least=example.choose(80, 20), unit="%")

    def draw(figure) -> None:  # type: ignore[no-untyped-def]
        axes = figure.subplots()
        axes.plot(losses, linewidth=5, alpha=0.3, label="one process")
        axes.plot(got[-1][0], linewidth=1.5, label="split over two")
        axes.set(xlabel="step", ylabel="loss")
        axes.legend(frameon=False)

    example.picture(draw)


if __name__ == "__main__":
    main(run, doc=__doc__, name="model_parallel")
