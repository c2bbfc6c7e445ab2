"""Hard negative mining (Liu et al. 2016, section 2.2): of the many boxes of background, learn from those that are wrong most."""

from __future__ import annotations

import torch
from torch import Tensor

RATIO = 3  # boxes of background for each box of an object


def hard_negatives(loss: Tensor, positive: Tensor, *, ratio: int = RATIO) -> Tensor:
    """Losses of classification [N, D] and which boxes are of objects [N, D] -> which of the others count, [N, D] of truths.

    In each image those of the highest loss, at most `ratio` for each positive; an image without objects has none.
    """
    order = loss.masked_fill(positive, -torch.inf).argsort(dim=1, descending=True, stable=True)
    rank = torch.empty_like(order).scatter_(1, order, torch.arange(loss.shape[1], device=loss.device).expand_as(order))
    return (rank < ratio * positive.sum(dim=1, keepdim=True)) & ~positive
