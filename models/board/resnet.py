"""The residual tower of AlphaGo Zero (Silver et al. 2017, Methods, "Neural network architecture"): the blocks of ResNet-18 on a
board (He, Zhang, Ren and Sun 2016, figure 5, left)."""

from __future__ import annotations

from ..config import NetworkConfig
from ..vision.resnet import BasicBlock
from .tower import Tower


class ResidualTower(Tower):
    """`blocks` residual blocks of `channels`."""

    def __init__(self, input_shape: tuple[int, int, int], config: NetworkConfig) -> None:
        channels = config.channels
        super().__init__(input_shape, channels, (BasicBlock(channels, channels, 1, 1, "batch") for _ in range(config.blocks)))
