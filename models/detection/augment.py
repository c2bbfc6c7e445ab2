"""The augmentations of SSD (Liu et al. 2016, sections 2.2 and 3.6): light, expansion, crop, mirror. Boxes move with objects."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from .boxes import iou
from .photometric import distort

LARGEST = 4.0  # sides of an expanded image, in those of the image
OVERLAPS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)  # least IoU of a crop with an object: 0 asks for none, 1 for the whole image
SIDES = (0.3, 1.0)  # of a crop, as fractions of the image's
SHAPES = (0.5, 2.0)  # width to height of a crop, both as such fractions
TRIALS = 50  # crops that are tried for one overlap


class Example(NamedTuple):
    """An image and the objects in it."""

    image: Tensor  # [3, H, W] from 0 to 1
    boxes: Tensor  # corners [G, 4], as fractions of the image
    labels: Tensor  # [G]


def augment(example: Example, generator: np.random.Generator, *, size: int) -> Example:
    """The whole recipe, for training: another look at the example, of size x size points. All chances come from `generator`."""
    example = example._replace(image=distort(example.image, generator))
    if generator.random() < 0.5:
        example = expand(example, generator)
    example = crop(example, generator)
    if generator.random() < 0.5:
        example = flip(example)
    image = nn.functional.interpolate(example.image[None], (size, size), mode="bilinear", antialias=True)[0]
    return example._replace(image=image.clamp(0, 1))


def expand(example: Example, generator: np.random.Generator) -> Example:
    """The image somewhere on a larger canvas of its mean colour, so that objects become small."""
    image, boxes, labels = example
    _, height, width = image.shape
    factor = generator.uniform(1, LARGEST)
    tall, wide = int(height * factor), int(width * factor)
    top, left = int(generator.integers(tall - height + 1)), int(generator.integers(wide - width + 1))
    canvas = image.mean(dim=(1, 2), keepdim=True).repeat(1, tall, wide)
    canvas[:, top : top + height, left : left + width] = image
    return Example(canvas, _moved(boxes, (width, height), (-left, -top, wide, tall)), labels)


def crop(example: Example, generator: np.random.Generator) -> Example:
    """A part of the image that overlaps some object as much as was drawn; objects stay whose centre lies in it, cut at its edges.

    Without objects, or where no crop was found, the whole image.
    """
    image, boxes, labels = example
    least = OVERLAPS[generator.integers(len(OVERLAPS))]
    if least == 1 or not len(boxes):
        return example
    _, height, width = image.shape
    for _ in range(TRIALS):
        across, down = generator.uniform(*SIDES, size=2)
        if not SHAPES[0] <= across / down <= SHAPES[1]:
            continue
        wide, tall = max(1, int(across * width)), max(1, int(down * height))
        left, top = int(generator.integers(width - wide + 1)), int(generator.integers(height - tall + 1))
        patch = boxes.new_tensor([left / width, top / height, (left + wide) / width, (top + tall) / height])
        centre = (boxes[:, :2] + boxes[:, 2:]) / 2
        inside = ((centre > patch[:2]) & (centre < patch[2:])).all(dim=1)
        if bool(inside.any()) and float(iou(patch[None], boxes).max()) >= least:
            moved = _moved(boxes[inside], (width, height), (left, top, wide, tall)).clamp(0, 1)
            return Example(image[:, top : top + tall, left : left + wide], moved, labels[inside])
    return example


def flip(example: Example) -> Example:
    """Left and right exchanged."""
    left, top, right, bottom = example.boxes.unbind(dim=1)
    return Example(example.image.flip(2), torch.stack([1 - right, top, 1 - left, bottom], dim=1), example.labels)


def _moved(boxes: Tensor, size: tuple[int, int], window: tuple[int, int, int, int]) -> Tensor:
    """Boxes of an image of that width and height, seen from a window (left, top, width, height), all in points."""
    left, top, wide, tall = window
    points = boxes * boxes.new_tensor([*size, *size])
    return (points - boxes.new_tensor([left, top, left, top])) / boxes.new_tensor([wide, tall, wide, tall])
