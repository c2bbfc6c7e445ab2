"""Drawn shapes for the examples that find them: circles, squares and triangles, turned and coloured, on noisy backgrounds."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

CLASSES = ("background", "circle", "square", "triangle")
COLOURS = ("#000000", "#0072B2", "#E69F00", "#CC79A7")  # of each class in pictures; the background keeps its own
RADIUS = (0.15, 0.25)  # of the circle around a shape, in sides of the picture
CONTRAST = 0.35  # at least, in one of three colours
NOISE = 0.08  # standard deviation of every point


class Shapes(NamedTuple):
    """N pictures and what stands in them."""

    images: Tensor  # [N, 3, side, side] from 0 to 1
    masks: Tensor  # the class of every point [N, side, side]
    boxes: list[Tensor]  # of each picture: corners [G, 4] as fractions of the side
    labels: list[Tensor]  # of each picture: classes [G] from 1 on


def draw_shapes(count: int, *, side: int, seed: int, most: int = 3) -> Shapes:
    """`count` pictures with one to `most` shapes each, none over another."""
    rng = np.random.default_rng(seed)
    coarse = torch.from_numpy(rng.uniform(0.25, 0.75, (count, 3, 4, 4)).astype(np.float32))
    images = F.interpolate(coarse, (side, side), mode="bicubic").numpy()
    masks = np.zeros((count, side, side), np.int64)
    boxes, labels = [], []
    for image, mask in zip(images, masks, strict=True):
        drawn = [_draw(image, mask, label, rng) for label in rng.integers(1, len(CLASSES), rng.integers(1, most + 1))]
        found = [one for one in drawn if one is not None]
        boxes.append(torch.tensor([box for box, _ in found]))
        labels.append(torch.tensor([label for _, label in found]))
    images += rng.normal(0, NOISE, images.shape).astype(np.float32)
    return Shapes(torch.from_numpy(images.clip(0, 1)), torch.from_numpy(masks), boxes, labels)


def _draw(image: Any, mask: Any, label: int, rng: np.random.Generator) -> tuple[list[float], int] | None:
    """Draws a shape into a picture [3, side, side] and its mask [side, side] -> its box and class; None where no place was free."""
    side = len(mask)
    y, x = (np.mgrid[:side, :side] + 0.5) / side
    for _ in range(20):
        radius = rng.uniform(*RADIUS)
        across, down = rng.uniform(radius, 1 - radius, 2)
        inside = _inside(x - across, y - down, radius, int(label), rng.uniform(0, 2 * np.pi))
        if not mask[(x - across) ** 2 + (y - down) ** 2 <= (radius + 1 / side) ** 2].any():
            break
    else:
        return None
    behind = image[:, inside].mean(1)
    colour = rng.uniform(0, 1, 3)
    while np.abs(colour - behind).max() < CONTRAST:
        colour = rng.uniform(0, 1, 3)
    image[:, inside], mask[inside] = colour[:, None], label
    rows, columns = (np.flatnonzero(inside.any(axis)) for axis in (1, 0))
    return [float(edge) / side for edge in (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)], int(label)


def _inside(x: Any, y: Any, radius: float, label: int, angle: float) -> Any:
    """Which points lie in a shape around 0 that its circle of that radius encloses."""
    if CLASSES[label] == "circle":
        return x**2 + y**2 <= radius**2
    edges = {"square": 4, "triangle": 3}[CLASSES[label]]
    normals = angle + 2 * np.pi * np.arange(edges) / edges
    return np.all([np.cos(a) * x + np.sin(a) * y <= radius * np.cos(np.pi / edges) for a in normals], axis=0)
