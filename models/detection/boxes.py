"""Boxes as corners and as centres, and how much two of them overlap."""

from __future__ import annotations

import torch
from torch import Tensor

from ...errors import UserError


def to_corners(boxes: Tensor) -> Tensor:
    """Centres (x, y, width, height) [..., 4] -> corners (left, top, right, bottom) [..., 4]."""
    centre, size = boxes[..., :2], boxes[..., 2:]
    return torch.cat([centre - size / 2, centre + size / 2], dim=-1)


def to_centres(boxes: Tensor) -> Tensor:
    """Corners (left, top, right, bottom) [..., 4] -> centres (x, y, width, height) [..., 4]."""
    low, high = boxes[..., :2], boxes[..., 2:]
    return torch.cat([(low + high) / 2, high - low], dim=-1)


def area(boxes: Tensor) -> Tensor:
    """Corners [..., 4] -> areas [...]; 0 where a box is turned inside out."""
    return (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(dim=-1)


def iou(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union (Jaccard 1901) of every pair, corners [A, 4] and [B, 4] -> [A, B]; 0 of two boxes without area."""
    low = torch.maximum(a[:, None, :2], b[None, :, :2])
    high = torch.minimum(a[:, None, 2:], b[None, :, 2:])
    both = area(torch.cat([low, high], dim=-1))
    union = area(a)[:, None] + area(b)[None] - both
    return torch.where(union > 0, both / union.clamp(min=torch.finfo(union.dtype).tiny), 0.0)


def check_objects(boxes: Tensor, labels: Tensor, *, num_classes: int) -> None:
    """Raises UserError unless boxes are corners [G, 4] with an area, and labels [G] are classes from 1 on."""
    if boxes.dim() != 2 or boxes.shape[1] != 4 or labels.shape != boxes.shape[:1]:
        raise UserError(f"objects are boxes [G, 4] with labels [G], and here came {list(boxes.shape)} with {list(labels.shape)}")
    if not bool((boxes[:, 2:] > boxes[:, :2]).all()):
        raise UserError(
            "the box of an object is (left, top, right, bottom) with right above left and bottom above top, and one is not"
        )
    if labels.numel() and not (int(labels.min()) >= 1 and int(labels.max()) < num_classes):
        came = f"{int(labels.min())} to {int(labels.max())}"
        raise UserError(f"labels of objects are 1 to {num_classes - 1} (0 is the background), and here came {came}")
