"""Dilated convolutions (Yu, Koltun and Funkhouser 2017, "Dilated Residual Networks"): residual blocks that reach further."""

from __future__ import annotations

from ..config import NetworkConfig
from ..vision.resnet import BasicBlock
from .tower import Tower

DILATIONS = (1, 2, 4)  # of one block after the other, over and over


class DilatedTower(Tower):
    """`blocks` residual blocks whose kernels are 3, 5 and 9 points wide in turn, as far as the board has so many."""

    def __init__(self, input_shape: tuple[int, int, int], config: NetworkConfig) -> None:
        channels, side = config.channels, min(input_shape[1:])
        fitting = [dilation for dilation in DILATIONS if dilation < side] or [1]
        blocks = (BasicBlock(channels, channels, 1, fitting[i % len(fitting)], "batch") for i in range(config.blocks))
        super().__init__(input_shape, channels, blocks)
