"""Squeeze and excitation (Hu, Shen and Sun 2018), as Leela Chess Zero has it: what the whole board shows scales each channel."""

from __future__ import annotations

from torch import Tensor, nn

from ..config import NetworkConfig
from ..vision.resnet import BasicBlock
from .tower import Tower

REDUCTION = 8  # of channels between the two layers; the paper: 16, of wider networks
LEAST = 8  # channels there: a single one, once rectified away, never comes back


class SqueezeExciteBlock(BasicBlock):
    """A residual block whose channels are scaled before the sum (figure 3, right)."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, 1, 1, "batch")
        squeezed = min(channels, max(LEAST, channels // REDUCTION))
        self.squeeze = nn.Conv2d(channels, squeezed, 1)
        self.excite = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """[N, channels, H, W] -> [N, channels, H, W]."""
        out = self.bn2(self.conv2(nn.functional.relu(self.bn1(self.conv1(x)))))
        scale = self.excite(nn.functional.relu(self.squeeze(out.mean((2, 3), keepdim=True)))).sigmoid()
        return nn.functional.relu(x + out * scale)


class SqueezeExciteTower(Tower):
    """`blocks` residual blocks with squeeze and excitation."""

    def __init__(self, input_shape: tuple[int, int, int], config: NetworkConfig) -> None:
        super().__init__(input_shape, config.channels, (SqueezeExciteBlock(config.channels) for _ in range(config.blocks)))
