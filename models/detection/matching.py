"""Which default box answers for which object (Liu et al. 2016, section 2.2, "Matching strategy")."""

from __future__ import annotations

import torch
from torch import Tensor

from ...errors import UserError
from .boxes import iou, to_corners

BACKGROUND = -1


def match(truth: Tensor, default: Tensor, *, threshold: float = 0.5) -> Tensor:
    """Objects as corners [G, 4], default boxes as centres [D, 4] -> the index of each default box's object [D], or BACKGROUND.

    Every object gets a default box of its own, the pairs of the largest overlap first; then each default box that is left goes to
    the object it overlaps most, if by `threshold` at least. Raises UserError for more objects than default boxes.
    """
    matched = torch.full((len(default),), BACKGROUND, device=default.device)
    if len(truth) == 0:
        return matched
    if len(truth) > len(default):
        raise UserError(f"there are {len(default)} default boxes for {len(truth)} objects; take a larger image size")
    overlap = iou(truth, to_corners(default))
    most, owner = overlap.max(dim=0)
    matched[most >= threshold] = owner[most >= threshold]
    for _ in range(len(truth)):
        pair = int(overlap.argmax())
        which, box = pair // len(default), pair % len(default)
        matched[box] = which
        overlap[which], overlap[:, box] = -1, -1
    return matched
