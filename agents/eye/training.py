"""Teaches the eye: SSD on drawn boards, each seen again and again as drawn and mirrored. Called by `examples/eye.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ...envs.connect_four import ConnectFour
from ...models.detection.augment import Example, flip
from ...models.detection.loss import multibox_loss
from .boards import played, scattered
from .drawing import Drawing, draw
from .network import SIZE


@dataclass(frozen=True)
class TrainingConfig:
    """How long, and how. A round draws anew, begins again with a high rate (Loshchilov and Hutter 2017, SGDR), and is half as long
    as the one before."""

    rounds: int = 2
    drawings: int = 2500  # of the first round
    scattered: float = 0.3  # share of them whose stones no play has put there
    steps: int = 1400  # of the first round
    batch: int = 16
    learning_rate: float = 4e-3  # the highest, of AdamW, reached after a twentieth of the steps
    weight_decay: float = 1e-4


def train(network: nn.Module, config: TrainingConfig, *, seed: int, report: Callable[[int, float], None]) -> None:
    """Trains in place; `report` is told the number of each step and its loss. All chances come from `seed`."""
    step = 0
    for number in range(config.rounds):
        generator = np.random.default_rng([seed, number])
        shown = drawings(config.drawings >> number, generator, scattered_share=config.scattered)
        for loss in _one_round(network, shown, config.steps >> number, config, generator):
            step += 1
            report(step, loss)
    network.eval()


def drawings(count: int, generator: np.random.Generator, *, scattered_share: float = 0.0) -> list[Drawing]:
    """Pictures of boards from random play, and that share of them with stones anywhere."""
    game = ConnectFour()
    makers = (scattered if generator.random() < scattered_share else played for _ in range(count))
    return [draw(make(game, generator), generator, size=SIZE) for make in makers]


def _one_round(
    network: nn.Module, shown: Sequence[Drawing], steps: int, config: TrainingConfig, generator: np.random.Generator
) -> Iterator[float]:
    """Gives the loss of each step."""
    examples = [as_example(drawing) for drawing in shown]
    optimizer = torch.optim.AdamW(network.parameters(), config.learning_rate, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, config.learning_rate, total_steps=steps, pct_start=0.05)
    network.train()
    for _ in range(steps):
        chosen = [examples[k] for k in generator.integers(len(examples), size=config.batch)]
        seen = [flip(example) if generator.random() < 0.5 else example for example in chosen]
        images = torch.stack([example.image for example in seen]).contiguous(memory_format=torch.channels_last)
        offsets, logits = network(images)
        boxes, labels = [example.boxes for example in seen], [example.labels for example in seen]
        parts = multibox_loss(offsets, logits, network.get_buffer("default_boxes"), boxes, labels)
        loss = parts.location + parts.classification
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        yield loss.item()


def as_example(drawing: Drawing) -> Example:
    """As the library's detection takes it."""
    image: Tensor = torch.from_numpy(drawing.image.copy()).permute(2, 0, 1) / 255
    return Example(image, torch.from_numpy(drawing.boxes).float(), torch.from_numpy(drawing.labels))
