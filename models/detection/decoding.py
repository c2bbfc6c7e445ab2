"""From predictions to objects (Liu et al. 2016, section 3.1; thresholds and limits are those of its code)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from .nms import nms
from .offsets import decode

MIN_SCORE = 0.01
MAX_OVERLAP = 0.45
CANDIDATES = 400  # of each class, before suppression
OBJECTS = 200  # of an image, after it


class Objects(NamedTuple):
    """What was found in one image, the surest first."""

    boxes: Tensor  # corners [K, 4], within the image
    labels: Tensor  # [K], from 1 on
    scores: Tensor  # [K], probabilities


def find_objects(
    offsets: Tensor,
    logits: Tensor,
    default: Tensor,
    *,
    min_score: float = MIN_SCORE,
    max_overlap: float = MAX_OVERLAP,
    candidates: int = CANDIDATES,
    limit: int = OBJECTS,
) -> list[Objects]:
    """Predictions [N, D, 4] and [N, D, C], default boxes as centres [D, 4] -> the objects of each of the N images.

    One default box may be taken for several classes. Suppression is within a class.
    """
    corners = decode(offsets.detach(), default).clamp(0, 1)
    scores = logits.detach().softmax(dim=-1)[..., 1:].transpose(1, 2)  # [N, C - 1, D]
    found = []
    for boxes, of_classes in zip(corners, scores, strict=True):
        best, which = of_classes.topk(min(candidates, of_classes.shape[1]), dim=1)
        classes = torch.arange(1, len(best) + 1, device=best.device)[:, None].expand_as(best)
        sure = best >= min_score
        box, label, score = boxes[which[sure]], classes[sure], best[sure]
        kept = nms(box, score, threshold=max_overlap, labels=label, limit=limit)
        found.append(Objects(box[kept], label[kept], score[kept]))
    return found
