"""The MultiBox loss (Liu et al. 2016, equation 1): where the objects are, and what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ...errors import UserError
from .boxes import check_objects
from .matching import BACKGROUND, match
from .mining import hard_negatives
from .offsets import encode


class MultiBoxLoss(NamedTuple):
    """Two means over the matched boxes of a batch; the paper minimises their sum."""

    location: Tensor  # smooth L1 of the offsets
    classification: Tensor  # cross-entropy, with the hard negatives


def multibox_loss(
    offsets: Tensor, logits: Tensor, default: Tensor, boxes: Sequence[Tensor], labels: Sequence[Tensor]
) -> MultiBoxLoss:
    """Predictions [N, D, 4] and [N, D, C], default boxes as centres [D, 4], and of each image its objects, [G, 4] and [G].

    A batch without any object has losses of 0. Raises UserError: objects that are not boxes with labels from 1 to C - 1, or not of
    N images.
    """
    if not len(offsets) == len(boxes) == len(labels):
        raise UserError(
            f"predictions are of {len(offsets)} images, and here came boxes of {len(boxes)} and labels of {len(labels)}"
        )
    wanted, targets = [], []
    for truth, classes in zip(boxes, labels, strict=True):
        check_objects(truth, classes, num_classes=logits.shape[-1])
        owner = match(truth, default)
        positive = owner != BACKGROUND
        wanted.append(encode(truth[owner[positive]], default[positive]))
        targets.append(torch.zeros_like(owner).masked_scatter(positive, classes[owner[positive]].to(owner.dtype)))
    target = torch.stack(targets)
    positive = target > 0
    matched = positive.sum().clamp(min=1)
    each = nn.functional.cross_entropy(logits.transpose(1, 2), target, reduction="none")
    counted = positive | hard_negatives(each.detach(), positive)
    location = nn.functional.smooth_l1_loss(offsets[positive], torch.cat(wanted), reduction="sum")
    return MultiBoxLoss(location / matched, each[counted].sum() / matched)
