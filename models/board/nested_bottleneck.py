"""Nested bottlenecks (Danihelka et al. 2022, "Policy improvement by planning with Gumbel", appendix; KataGo's b18c384nbt)."""

from __future__ import annotations

from torch import Tensor, nn

from ..config import NetworkConfig
from ..vision.resnet import BasicBlock
from .tower import Tower, check_multiple, conv_norm

INNER = 2  # residual blocks within one (KataGo)


class NestedBottleneck(nn.Module):
    """A 1x1 convolution to half the channels, two residual blocks there, a 1x1 back, and the way around all of it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.down = conv_norm(channels, half, 1)
        self.inner = nn.Sequential(*(BasicBlock(half, half, 1, 1, "batch") for _ in range(INNER)))
        self.up = conv_norm(half, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """[N, channels, H, W] -> [N, channels, H, W]."""
        return nn.functional.relu(x + self.up(self.inner(nn.functional.relu(self.down(x)))))


class NestedBottleneckTower(Tower):
    """`blocks` nested bottlenecks of `channels`: four 3x3 convolutions each."""

    def __init__(self, input_shape: tuple[int, int, int], config: NetworkConfig) -> None:
        """Raises UserError for channels that have no half."""
        check_multiple("nested_bottleneck", config.channels, 2, "half of which its 3x3 convolutions have")
        super().__init__(input_shape, config.channels, (NestedBottleneck(config.channels) for _ in range(config.blocks)))
