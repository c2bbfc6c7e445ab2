"""The residual tower of AlphaGo Zero, a board backbone: planes to a map of the same height and width. Made by `network.build`."""

from __future__ import annotations

from torch import Tensor, nn

from .config import NetworkConfig


def conv_norm(inputs: int, outputs: int, size: int) -> nn.Sequential:
    """A convolution that keeps height and width, without bias because the normalisation behind it has one."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=False), nn.BatchNorm2d(outputs))


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and the way around them (He et al. 2015; Silver et al. 2017, Methods, "Neural network architecture")."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = conv_norm(channels, channels, 3)
        self.second = conv_norm(channels, channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        """[N, channels, H, W] -> [N, channels, H, W]."""
        return nn.functional.relu(x + self.second(nn.functional.relu(self.first(x))))


class ResidualTower(nn.Module):
    """A 3x3 convolution to `channels`, then `blocks` residual blocks (Silver et al. 2017, Methods)."""

    output_shape: tuple[int, int, int]  # channels, H, W: what the heads are made for

    def __init__(self, input_shape: tuple[int, int, int], config: NetworkConfig) -> None:
        super().__init__()
        planes, height, width = input_shape
        self.output_shape = (config.channels, height, width)
        self.stem = conv_norm(planes, config.channels, 3)
        self.blocks = nn.Sequential(*(ResidualBlock(config.channels) for _ in range(config.blocks)))

    def forward(self, planes: Tensor) -> Tensor:
        """[N, C, H, W] -> [N, channels, H, W]."""
        out: Tensor = self.blocks(nn.functional.relu(self.stem(planes)))
        return out
