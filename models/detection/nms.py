"""Non-maximum suppression: of boxes that overlap, the one with the highest score stays."""

from __future__ import annotations

import torch
from torch import Tensor

from .boxes import iou


def nms(boxes: Tensor, scores: Tensor, *, threshold: float, labels: Tensor | None = None, limit: int | None = None) -> Tensor:
    """Corners [K, 4] and scores [K] -> the indices of those that stay, at most `limit`, the highest score first.

    Greedy: a box falls if it overlaps one that stays by more than `threshold`; with `labels` [K], only one of the same label.
    """
    order = scores.argsort(descending=True, stable=True)
    kept: list[Tensor] = []
    while len(order) and (limit is None or len(kept) < limit):
        first, order = order[0], order[1:]
        kept.append(first)
        stays = iou(boxes[first][None], boxes[order])[0] <= threshold
        if labels is not None:
            stays |= labels[order] != labels[first]
        order = order[stays]
    return torch.stack(kept) if kept else order
