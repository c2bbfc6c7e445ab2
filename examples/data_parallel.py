"""Two processes, each with half of every batch, train the network that one process trains with the whole of it.

Every process holds the whole network and averages its gradients with the others' while it computes them (Li et al. 2020, "PyTorch
Distributed"). Drawn stripes, in float64, so that what is left of a difference is rounding. On one machine whose cores are
busy it is no faster; it is for several, or for several devices. Differences stay below 1e-14, and 10 seconds of processor go
into starting Python.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zerodojo.cli.example import Example, main
from zerodojo.models.parallel import data_parallel, in_processes, share

PROCESSES, BATCH, HELD_BACK = 2, 100, 497


def stripes(seed: int) -> tuple[Tensor, Tensor]:
    """Images [N, 1, 8, 8] of stripes under noise, and which of four ways they run, [N]."""
    generator = torch.Generator().manual_seed(seed)
    ways = torch.randint(4, (1797,), generator=generator)
    phases = 6.3 * torch.rand(1797, generator=generator, dtype=torch.float64)
    y, x = torch.meshgrid(torch.arange(8.0), torch.arange(8.0), indexing="ij")
    angles = ways[:, None, None] * torch.pi / 4
    waves = torch.sin(1.5 * (x * angles.cos() + y * angles.sin()) + phases[:, None, None])
    return (waves + torch.randn(1797, 8, 8, generator=generator, dtype=torch.float64))[:, None], ways


def perceptron(seed: int) -> nn.Module:
    """A network without batch norm, whose statistics would differ."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 128), nn.LayerNorm(128), nn.ReLU(), nn.Linear(128, 4)).double()


def train(
    rank: int, processes: int, images: Tensor, labels: Tensor, steps: int, seed: int
) -> tuple[list[float], dict[str, Tensor]]:
    """What one process does with its share of every batch; alone it is given all of it. Its losses, and the weights at the end."""
    plain = perceptron(seed)
    network = plain if processes == 1 else data_parallel(plain)
    optimizer, losses = torch.optim.SGD(network.parameters(), 0.2, momentum=0.9), []
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        rows = share(torch.randint(len(images), (BATCH,), generator=generator), rank, processes)
        loss = F.cross_entropy(network(images[rows]), labels[rows])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    return losses, plain.state_dict()


def run(example: Example) -> None:
    """Trains twice and compares."""
    images, labels = stripes(example.seed)
    given = (images[HELD_BACK:], labels[HELD_BACK:], example.choose(60, 5), example.seed)
    losses, weights = train(0, 1, *given)
    shares = in_processes(train, PROCESSES, *given)
    mean = [sum(of) / PROCESSES for of in zip(*(got[0] for got in shares), strict=True)]
    example.check("greatest difference of a loss", max(abs(a - b) for a, b in zip(losses, mean, strict=True)), at_most=1e-10)
    for rank, (_, theirs) in enumerate(shares):
        difference = max(float((theirs[name] - weight).abs().max()) for name, weight in weights.items())
        example.check(f"greatest difference of a weight, process {rank}", difference, at_most=1e-10)
    network = perceptron(example.seed)
    network.load_state_dict(shares[0][1])
    right = (network(images[:HELD_BACK]).argmax(1) == labels[:HELD_BACK]).double().mean()
    example.check("accuracy", 100 * float(right), at_least=example.choose(80, 20), unit="%")

    def draw(figure) -> None:  # type: ignore[no-untyped-def]
        axes = figure.subplots()
        axes.plot(losses, linewidth=5, alpha=0.3, label="one process")
        axes.plot(mean, linewidth=1.5, label="two processes, mean")
        axes.plot(shares[0][0], ":", linewidth=1, label="the first one's share")
        axes.set(xlabel="step", ylabel="loss")
        axes.legend(frameon=False)

    example.picture(draw)


if __name__ == "__main__":
    main(run, doc=__doc__, name="data_parallel")
