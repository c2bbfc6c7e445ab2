"""The residual tower of AlphaGo Zero (Silver et al. 2017, Methods, "Neural network architecture"; blocks of He et al. 2016)."""

from __future__ import annotations

from torch import Tensor, nn

from ..config import NetworkConfig
from .tower import Tower, conv_norm


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and the way around them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = conv_norm(channels, channels, 3)
        self.second = conv_norm(channels, channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        """[N, channels, H, W] -> [N, channels, H, W]."""
        return nn.functional.relu(x + self.second(nn.functional.relu(self.first(x))))


class ResidualTower(Tower):
    """`blocks` residual blocks of `channels`."""

    def __init__(self, input_shape: tuple[int, int, int], config: NetworkConfig) -> None:
        super().__init__(input_shape, config.channels, (ResidualBlock(config.channels) for _ in range(config.blocks)))
