"""Convolutions that read an image, and layers behind them. Made by `body.Body`."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..errors import UserError
from .checks import check_made_for
from .config import BodyConfig
from .mlp import layers

SMALLEST = 36  # points a side that the strides of DQN's convolutions leave something of


class _Convolutions(nn.Module):
    """Convolutions, then linear layers of `hidden` units; rectified, normalised before that if the configuration asks for it."""

    output_size: int  # D

    def __init__(self, convolutions: nn.Sequential, input_shape: tuple[int, ...], config: BodyConfig) -> None:
        super().__init__()
        self.input_shape = input_shape
        if config.layer_norm:
            convolutions = nn.Sequential(*(part for layer in convolutions for part in _normalized(layer)))
        self.convolutions = convolutions
        with torch.no_grad():
            size = convolutions(torch.zeros(1, *input_shape)).numel()
        self.layers = layers(size, config.hidden, nn.ReLU, norm=config.layer_norm)
        self.output_size = config.hidden[-1] if config.hidden else size

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, H, W] -> [N, D]. Raises UserError for another shape than it was made for."""
        check_made_for(self.input_shape, x)
        out: Tensor = self.layers(self.convolutions(x).flatten(1))
        return out


def _normalized(layer: nn.Module) -> list[nn.Module]:
    """A convolution with a normalisation over its whole image behind it; any other layer alone."""
    return [layer, nn.GroupNorm(1, layer.out_channels)] if isinstance(layer, nn.Conv2d) else [layer]


class NatureCNN(_Convolutions):
    """Filters of 8x8, 4x4 and 3x3 with strides of 4, 2 and 1 (Mnih et al. 2015, Methods; there with one layer of 512 behind them).

    Raises UserError for an image that is too small.
    """

    def __init__(self, input_shape: tuple[int, ...], config: BodyConfig) -> None:
        channels, height, width = input_shape
        if min(height, width) < SMALLEST:
            raise UserError(f"backbone nature needs images of {SMALLEST}x{SMALLEST} at least, not {height}x{width}; take convnet")
        convolutions = nn.Sequential(
            nn.Conv2d(channels, 32, 8, stride=4),
            nn.ReLU(),
            nn.Conv2d(32, 64, 4, stride=2),
            nn.ReLU(),
            nn.Conv2d(64, 64, 3),
            nn.ReLU(),
        )
        super().__init__(convolutions, input_shape, config)


class ConvNet(_Convolutions):
    """16 filters of 3x3 (Young and Tian 2019, MinAtar; there with one layer of 128 behind them)."""

    def __init__(self, input_shape: tuple[int, ...], config: BodyConfig) -> None:
        super().__init__(nn.Sequential(nn.Conv2d(input_shape[0], 16, 3, padding=1), nn.ReLU()), input_shape, config)
