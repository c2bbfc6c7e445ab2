"""Depthwise separable convolutions (Howard et al. 2017): the blocks of MobileNet V1 on a board (Cazenave 2020, "Mobile Networks for
Computer Go", takes their successors)."""

from __future__ import annotations

from ..config import NetworkConfig
from ..vision.mobilenet import SeparableBlock
from .tower import Tower


class MobileTower(Tower):
    """`blocks` of a 3x3 convolution of every channel for itself and a 1x1 over all of them, without a way around."""

    def __init__(self, input_shape: tuple[int, int, int], config: NetworkConfig) -> None:
        channels = config.channels
        super().__init__(input_shape, channels, (SeparableBlock(channels, channels, 1, "batch") for _ in range(config.blocks)))
