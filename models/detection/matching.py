"""Which default box answers for which object (Liu et al. 2016, section 2.2, "Matching strategy")."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
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
    own = torch.from_numpy(_boxes_of_their_own(overlap.cpu().numpy().copy())).to(default.device)
    matched[own] = torch.arange(len(truth), device=default.device)
    return matched


def _boxes_of_their_own(overlap: NDArray[np.floating]) -> NDArray[np.int64]:
    """Overlaps [G, D] of objects with default boxes, which are used up -> the default box of each object [G], the best pairs first.

    Each object's best box is known beforehand, and looked for again only when another object has taken it.
    """
    best, value = overlap.argmax(axis=1), overlap.max(axis=1)
    for _ in range(len(overlap)):
        which = int(value.argmax())
        value[which] = -2  # done
        overlap[:, best[which]] = -1
        for robbed in np.flatnonzero((best == best[which]) & (value > -2)):
            best[robbed], value[robbed] = overlap[robbed].argmax(), overlap[robbed].max()
    return best
