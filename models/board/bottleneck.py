"""Bottlenecks (He, Zhang, Ren and Sun 2016, figure 5, right): the blocks of ResNet-50 on a board.

KataGo found them "substantially worse" than plain residual blocks of the same cost (KataGoMethods.md); its answer is
`nested_bottleneck`.
"""

from __future__ import annotations

from ..config import NetworkConfig
from ..vision.resnet import Bottleneck
from .tower import Tower, check_multiple


class BottleneckTower(Tower):
    """`blocks` of a 1x1 convolution to a quarter of `channels`, a 3x3 there, and a 1x1 back."""

    def __init__(self, input_shape: tuple[int, int, int], config: NetworkConfig) -> None:
        """Raises UserError for channels that have no quarter."""
        channels = config.channels
        check_multiple("bottleneck", channels, Bottleneck.expansion, "a quarter of which its 3x3 convolutions have")
        inner = channels // Bottleneck.expansion
        super().__init__(input_shape, channels, (Bottleneck(channels, inner, 1, 1, "batch") for _ in range(config.blocks)))
