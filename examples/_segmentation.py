"""What the examples of U-Net, FCN and SegNet share: learning the class of every point of drawn shapes, and its measure."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from _shapes import CLASSES, COLOURS, Shapes, draw_shapes
from torch import Tensor, nn
from torch.nn import functional as F

from zerodojo.cli.example import Example
from zerodojo.evaluation.metrics.classification import confusion_matrix
from zerodojo.evaluation.metrics.segmentation import iou, mean_iou

BATCH = 8
SHOWN = 8  # pictures in the picture


def drawings(example: Example, *, side: int = 64, count: int = 1500) -> tuple[Shapes, Shapes]:
    """Pictures of `side` points to learn from, and others held back."""
    training = draw_shapes(example.choose(count, 16), side=side, seed=example.seed)
    return training, draw_shapes(example.choose(200, 10), side=side, seed=example.seed + 1_000_000)


def balancing(masks: Tensor) -> Tensor:
    """What a point of each class counts, so that the background is not all that counts: [classes].

    The root of median frequency balancing (Eigen and Fergus 2015).
    """
    frequency = torch.bincount(masks.flatten(), minlength=len(CLASSES)) / masks.numel()
    return (frequency.median() / frequency).sqrt()


def train(network: nn.Module, shapes: Shapes, *, steps: int, rate: float = 5e-3, weights: Tensor | None = None) -> None:
    """AdamW on random batches by the cross-entropy of every point, each class counted as `weights` [classes] says.

    The rate of learning rises to `rate` and falls to nothing (Smith 2018, one cycle).
    """
    network.train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(network.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    for _ in range(steps):
        batch = torch.randint(len(shapes.images), (BATCH,))
        logits = network(shapes.images[batch].contiguous(memory_format=torch.channels_last))
        optimizer.zero_grad()
        F.cross_entropy(logits, shapes.masks[batch], weight=weights).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()


@torch.no_grad()
def predict(network: nn.Module, images: Tensor) -> Tensor:
    """Pictures [N, 3, side, side] -> the class of every point [N, side, side]."""
    network.eval()
    parts = images.split(50)  # type: ignore[no-untyped-call]
    return torch.cat([network(some).argmax(1) for some in parts])


def measure(example: Example, name: str, network: nn.Module, held_back: Shapes, *, at_least: float | None = None) -> Tensor:
    """Prints the IoU of each class, checks their mean, and gives the predictions."""
    predicted = predict(network, held_back.images)
    confusion = confusion_matrix(held_back.masks.numpy(), predicted.numpy(), num_classes=len(CLASSES))
    classes = ", ".join(f"{one} {score:.2f}" for one, score in zip(CLASSES, iou(confusion), strict=True))
    example.check(f"{name}: mean IoU of held-back pictures", mean_iou(confusion), at_least=at_least, learned=True)
    example.say(f"    {classes}")
    return predicted


def picture(figure: Any, shapes: Shapes, predictions: dict[str, Tensor]) -> None:
    """Pictures, what is in them, and below what each network says; classes have colours."""
    from matplotlib.colors import to_rgb

    colours = np.array([to_rgb(colour) for colour in COLOURS])
    rows = {"picture": shapes.images[:SHOWN].permute(0, 2, 3, 1).numpy(), "truth": colours[shapes.masks[:SHOWN].numpy()]}
    rows |= {name: colours[predicted[:SHOWN].numpy()] for name, predicted in predictions.items()}
    for axes, (name, images) in zip(figure.subplots(len(rows), SHOWN), rows.items(), strict=True):
        axes[0].set_ylabel(name)
        for axis, image in zip(axes, images, strict=True):
            axis.imshow(image)
            axis.set(xticks=[], yticks=[])
    for name, colour in zip(CLASSES[1:], COLOURS[1:], strict=True):
        figure.axes[0].plot([], [], "s", color=colour, label=name)
    figure.legend(loc="outside lower center", ncols=len(CLASSES), frameon=False)
