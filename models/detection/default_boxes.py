"""The boxes that SSD guesses from (Liu et al. 2016, section 2.2): at each point of each feature map, several sizes and shapes.

Order and steps are those of the paper's code: maps from fine to coarse, rows, columns, then shapes. Clipping is that of its PyTorch
translation (ssd.pytorch): centres and sizes, not corners, are cut to the image.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, sqrt
from typing import NamedTuple

import torch
from torch import Tensor


class BoxLayer(NamedTuple):
    """What stands at each point of one feature map; lengths are fractions of the image's side."""

    side: int  # points a side of the map
    step: float  # from a point to the next
    small: float  # side of the square of this map's scale
    large: float  # that of the next map; one square more has the geometric mean of the two
    ratios: tuple[int, ...]  # width to height of the other boxes, which stand upright as well

    @property
    def boxes(self) -> int:
        """How many at each point: 4 or 6 in the paper."""
        return 2 + 2 * len(self.ratios)


def box_layers(sides: Sequence[int], steps: Sequence[float], scales: tuple[float, float]) -> list[BoxLayer]:
    """The paper's rule: the first map has the first scale, the others go evenly from the second to .9, in whole hundredths.

    The ratio 3 is left out on the first map and on the last two.
    """
    count = len(sides)
    first, second = (round(100 * scale) for scale in scales)
    stride = floor((90 - second) / (count - 2))
    edges = [first / 100, *((second + stride * k) / 100 for k in range(count))]
    middle = range(1, count - 2)
    return [
        BoxLayer(side, step, edges[k], edges[k + 1], (2, 3) if k in middle else (2,))
        for k, (side, step) in enumerate(zip(sides, steps, strict=True))
    ]


def default_boxes(layers: Sequence[BoxLayer], *, clip: bool = True) -> Tensor:
    """All of them as centres [D, 4]: 8,732 for SSD300, 24,564 for SSD512."""
    boxes = []
    for side, step, small, large, ratios in layers:
        shapes = [(small, small), (sqrt(small * large),) * 2]
        for ratio in ratios:
            long, short = small * sqrt(ratio), small / sqrt(ratio)
            shapes += [(long, short), (short, long)]
        points = [(k + 0.5) * step for k in range(side)]
        boxes += [(x, y, width, height) for y in points for x in points for width, height in shapes]
    made = torch.tensor(boxes)
    return made.clamp(0, 1) if clip else made
