"""What SSD predicts of a box: where it lies from a default box, and how much larger it is (Liu et al. 2016, equation 2).

Divided by the variances of the paper's code, so that the numbers to be learned have about the same spread.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .boxes import to_centres, to_corners

CENTRE_VARIANCE, SIZE_VARIANCE = 0.1, 0.2


def encode(corners: Tensor, default: Tensor) -> Tensor:
    """Boxes with an area as corners [..., D, 4], default boxes as centres [D, 4] -> offsets [..., D, 4]."""
    boxes = to_centres(corners)
    centre = (boxes[..., :2] - default[:, :2]) / default[:, 2:] / CENTRE_VARIANCE
    size = torch.log(boxes[..., 2:] / default[:, 2:]) / SIZE_VARIANCE
    return torch.cat([centre, size], dim=-1)


def decode(offsets: Tensor, default: Tensor) -> Tensor:
    """The inverse: offsets [..., D, 4], default boxes as centres [D, 4] -> corners [..., D, 4]."""
    centre = default[:, :2] + offsets[..., :2] * CENTRE_VARIANCE * default[:, 2:]
    size = default[:, 2:] * torch.exp(offsets[..., 2:] * SIZE_VARIANCE)
    return to_corners(torch.cat([centre, size], dim=-1))
