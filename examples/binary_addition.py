"""An RNN adds binary numbers: it reads both bit by bit, the lowest first, and says the sum's bits; its state is the carry.

    python examples/binary_addition.py

Elman 1990, Finding Structure in Time. Half of all pairs of 8-bit numbers are learned, the other half is held back; then
come numbers eight times as long. Reached: every held-back sum exact after some 60 steps, and every sum of 16, 32 and 64 bits (5 s).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from zerodojo.cli.example import Example, main
from zerodojo.cli.study_picture import COLOURS

LEARNED, LONGER = 8, (16, 32, 64)  # bits of each number
UNITS, BATCH, RATE = 16, 256, 0.01

Bits = NDArray[np.int64]  # [N, T], the lowest first


class Adder(nn.Module):
    """Two bits a step to the sum's bit of that step."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.RNN(2, UNITS, batch_first=True)
        self.output = nn.Linear(UNITS, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x [N, T, 2] -> (logits of the sum's bits [N, T], what the network holds [N, T, H])."""
        held, _ = self.rnn(x)
        return self.output(held).squeeze(2), held


def added(first: Bits, second: Bits) -> tuple[Bits, Bits]:
    """The sum as it is done on paper: (its bits [N, T], the carry behind each step [N, T])."""
    sums, carries, carry = np.empty_like(first), np.empty_like(first), np.zeros(len(first), np.int64)
    for t in range(first.shape[1]):
        total = first[:, t] + second[:, t] + carry
        sums[:, t], carry = total % 2, total // 2
        carries[:, t] = carry
    return sums, carries


def read(first: Bits, second: Bits) -> Tensor:
    """[N, T, 2] as the network reads it: -1 and 1."""
    return torch.from_numpy(np.stack([first, second], axis=2) * 2 - 1).float()


def exact(adder: Adder, first: Bits, second: Bits) -> float:
    """The share of sums of which every bit is right."""
    with torch.no_grad():
        said = adder(read(first, second))[0].numpy() > 0
    return float((said == added(first, second)[0]).all(1).mean())


def bits_of(numbers: NDArray[np.int64], width: int) -> Bits:
    """numbers [N] -> [N, width], the lowest bit first."""
    return numbers[:, None] >> np.arange(width) & 1


def run(example: Example) -> None:
    """Learns to add, counts exact sums, and looks into the network for the carry."""
    torch.manual_seed(example.seed)
    generator = np.random.default_rng(example.seed)
    pairs = generator.permutation(4**LEARNED)
    first, second = (bits_of(part, LEARNED + 1) for part in np.divmod(pairs, 2**LEARNED))  # one more step, for the last carry
    half = len(pairs) // 2
    adder = Adder()
    optimizer = torch.optim.Adam(adder.parameters(), lr=RATE)
    curve = []
    for step in range(1, example.choose(500, 100) + 1):
        rows = generator.integers(0, half, BATCH)
        logits, _ = adder(read(first[rows], second[rows]))
        loss = F.binary_cross_entropy_with_logits(logits, torch.from_numpy(added(first[rows], second[rows])[0]).float())
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(adder.parameters(), 1.0)
        optimizer.step()
        if step % 5 == 0:
            curve.append((step, exact(adder, first[half : half + 1000], second[half : half + 1000])))

    example.say(f"{half:,} sums of {LEARNED} bits were learned from, {len(pairs) - half:,} others held back.")
    example.check("exact sums, held back", exact(adder, first[half:], second[half:]), at_least=example.choose(1.0, 0.9))
    for width in LONGER:
        longer = [np.pad(generator.integers(0, 2, (1000, width)), ((0, 0), (0, 1))) for _ in range(2)]
        example.check(f"exact sums of {width} bits", exact(adder, *longer))
    show = slice(half, half + 200)
    held = adder(read(first[show], second[show]))[1].detach().flatten(0, 1)
    carries = added(first[show], second[show])[1].reshape(-1)
    example.picture(lambda figure: draw(figure, curve, held, carries))


def draw(figure: Any, curve: list[tuple[int, float]], held: Tensor, carries: NDArray[np.int64]) -> None:
    """How it learned, and what it holds: states on their two principal axes, coloured by the carry."""
    learned, states = figure.subplots(1, 2)
    learned.plot(*zip(*curve, strict=True), color=COLOURS[0])
    learned.set(xlabel="steps", ylabel="exact sums, held back", ylim=(-0.03, 1.03), title="Learning to add")
    centred = held - held.mean(0)
    places = (centred @ torch.linalg.svd(centred, full_matrices=False).Vh[:2].T).numpy()
    for carry in (0, 1):
        at = places[carries == carry]
        states.scatter(at[:, 0], at[:, 1], s=6, alpha=0.5, color=COLOURS[carry], label=f"carry {carry}")
    states.set(xlabel="first principal axis", ylabel="second", title="What the network holds")
    states.legend(markerscale=2)


if __name__ == "__main__":
    main(run, doc=__doc__, name="binary_addition")
