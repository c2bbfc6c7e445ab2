"""Global pooling (Wu 2019, "Accelerating Self-Play Learning in Go", section 3.3): some blocks know of the whole board.

Mean and maximum are pooled; KataGo's third number, the mean times the board's width, tells nothing new where all boards are of
one size.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..config import NetworkConfig
from .resnet import ResidualBlock
from .tower import Tower, conv_norm

EVERY = 3  # of so many blocks the second pools; KataGo's b6c96: the same
SHARE = 4  # of so many channels one is pooled; KataGo: one of 3 to 6


class GlobalPoolingBlock(nn.Module):
    """A residual block in which some channels are pooled over the board and shift the others everywhere."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        pooled = max(1, channels // SHARE)
        self.first = conv_norm(channels, channels, 3)
        self.pooled = conv_norm(channels, pooled, 3)
        self.shift = nn.Conv2d(2 * pooled, channels, 1)
        self.second = conv_norm(channels, channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        """[N, channels, H, W] -> [N, channels, H, W]."""
        whole = nn.functional.relu(self.pooled(x))
        whole = torch.cat((whole.mean((2, 3), keepdim=True), whole.amax((2, 3), keepdim=True)), 1)
        return nn.functional.relu(x + self.second(nn.functional.relu(self.first(x) + self.shift(whole))))


class GlobalPoolingTower(Tower):
    """`blocks` residual blocks, of every three the second with global pooling."""

    def __init__(self, input_shape: tuple[int, int, int], config: NetworkConfig) -> None:
        channels = config.channels
        blocks = (GlobalPoolingBlock(channels) if i % EVERY == 1 else ResidualBlock(channels) for i in range(config.blocks))
        super().__init__(input_shape, channels, blocks)
