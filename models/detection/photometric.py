"""Changes of light and colour that leave objects where they are (Howard 2013, as in SSD's code)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

BRIGHTNESS = 32 / 255  # added or taken, at most
FACTORS = (0.5, 1.5)  # of contrast and of saturation
HUE = 18 / 360  # turned either way, at most


def distort(image: Tensor, generator: np.random.Generator) -> Tensor:
    """[3, H, W] from 0 to 1 -> the same, each of four changes taken with probability 1/2; contrast first or last."""
    early = generator.random() < 0.5
    if generator.random() < 0.5:
        image = image + generator.uniform(-BRIGHTNESS, BRIGHTNESS)
    contrast = generator.uniform(*FACTORS) if generator.random() < 0.5 else 1.0
    if early:
        image = image * contrast
    hue, saturation, value = to_hsv(image.clamp(0, 1))
    if generator.random() < 0.5:
        saturation = saturation * generator.uniform(*FACTORS)
    if generator.random() < 0.5:
        hue = hue + generator.uniform(-HUE, HUE)
    image = to_rgb(torch.stack([hue % 1, saturation.clamp(0, 1), value]))
    return image if early else (image * contrast).clamp(0, 1)


def to_hsv(image: Tensor) -> Tensor:
    """Red, green, blue [3, ...] from 0 to 1 -> hue, saturation, value [3, ...] from 0 to 1; the hue of grey is 0."""
    red, green, blue = image
    value, low = image.amax(dim=0), image.amin(dim=0)
    chroma = value - low
    divisor = torch.where(chroma > 0, chroma, 1.0)
    sector = torch.where(value == red, (green - blue) / divisor % 6, (red - green) / divisor + 4)
    sector = torch.where((value == green) & (value != red), (blue - red) / divisor + 2, sector)
    return torch.stack([sector / 6, chroma / torch.where(value > 0, value, 1.0), value])


def to_rgb(image: Tensor) -> Tensor:
    """The inverse of `to_hsv`."""
    hue, saturation, value = image
    channels = []
    for shift in (5, 3, 1):
        along = (shift + hue * 6) % 6
        channels.append(value * (1 - saturation * torch.minimum(along, 4 - along).clamp(0, 1)))
    return torch.stack(channels)
