"""Global pooling (Wu 2019, "Accelerating Self-Play Learning in Go", section 3.3): some blocks know of the whole board.

Mean and maximum are pooled; KataGo's third number, the mean times the board's width, tells nothing new where all boards are of
one size.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from ..config import NetworkConfig
from ..vision.norms import norm
from ..vision.resnet import BasicBlock, conv3x3
from .tower import Tower, conv_norm

EVERY = 3  # of so many blocks the second pools; KataGo's b6c96: the same
SHARE = 4  # of so many channels one is pooled; KataGo: one of 3 to 6


class GlobalPoolingBlock(nn.Module):
    """A residual block in which some channels are pooled over the board and shift the others everywhere."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        pooled = max(1, channels // SHARE)
        self.conv1, self.bn1 = conv3x3(channels, channels, 1, 1), norm("batch", channels)
        self.pooled = conv_norm(channels, pooled, 3)
        self.shift = nn.Conv2d(2 * pooled, channels, 1)
        self.conv2, self.bn2 = conv3x3(channels, channels, 1, 1), norm("batch", channels)

    def forward(self, x: Tensor) -> Tensor:
        """[N, channels, H, W] -> [N, channels, H, W]."""
        whole = nn.functional.relu(self.pooled(x))
        whole = torch.cat((whole.mean((2, 3), keepdim=True), whole.amax((2, 3), keepdim=True)), 1)
        inside = nn.functional.relu(self.bn1(self.conv1(x)) + self.shift(whole))
        return nn.functional.relu(x + self.bn2(self.conv2(inside)))


class GlobalPoolingTower(Tower):
    """`blocks` residual blocks, of every three the second with global pooling."""

    def __init__(self, input_shape: tuple[int, int, int], config: NetworkConfig) -> None:
        channels = config.channels
        plain = partial(BasicBlock, channels, channels, 1, 1, "batch")
        blocks = (GlobalPoolingBlock(channels) if i % EVERY == 1 else plain() for i in range(config.blocks))
        super().__init__(input_shape, channels, blocks)
