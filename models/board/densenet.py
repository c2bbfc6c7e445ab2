"""Dense connectivity (Huang, Liu, van der Maaten and Weinberger 2017): the layers of DenseNet-BC on a board, in one dense block."""

from __future__ import annotations

from torch import nn

from ..config import NetworkConfig
from ..vision.densenet import DenseLayer
from ..vision.norms import norm
from .tower import Tower


class DenseTower(Tower):
    """`blocks` layers, each reading all maps before it and adding half as many channels as the stem has; then normalised."""

    def __init__(self, input_shape: tuple[int, int, int], config: NetworkConfig) -> None:
        growth = max(1, config.channels // 2)  # of 64 channels 32, as in DenseNet-121
        outputs = config.channels + config.blocks * growth
        layers = (DenseLayer(config.channels + i * growth, growth, "batch") for i in range(config.blocks))
        super().__init__(input_shape, config.channels, layers, outputs=outputs)
        self.blocks.append(norm("batch", outputs)).append(nn.ReLU())
