"""U-Net (Ronneberger, Fischer and Brox 2015, "U-Net: Convolutional Networks for Biomedical Image Segmentation").

As there, convolutions are not padded, images of 572x572 give maps of 388x388, and images have one channel by default. For small
boards `padding="same"` keeps any size: its poolings round up, and what comes back is cropped to what it is laid beside.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...errors import UserError, unknown
from ..checks import check_counts, check_dropout, check_images
from .norms import Norm, norm

Padding = Literal["valid", "same"]
PADDINGS = ("valid", "same")
LEVELS = 4  # poolings, and as many ways back (figure 1)
LEAST, STEP, OFFSET = 188, 16, 12  # points a side without padding: at least so many, and 12 more than a multiple of 16


class DoubleConv(nn.Sequential):
    """Two 3x3 convolutions, rectified: [N, inputs, H, W] -> [N, outputs, H, W], or H - 4 and W - 4 without padding."""

    def __init__(self, inputs: int, outputs: int, padding: Padding, kind: Norm | None) -> None:
        layers: list[nn.Module] = []
        for channels in (inputs, outputs):
            conv = nn.Conv2d(channels, outputs, 3, padding=1 if padding == "same" else 0)
            nn.init.normal_(conv.weight, 0, math.sqrt(2 / (9 * channels)))  # section 3
            layers += [conv, *([] if kind is None else [norm(kind, outputs)]), nn.ReLU()]
        super().__init__(*layers)


class UNet(nn.Module):
    """A contracting path, and an expansive one that gets the contracting one's maps laid beside its own."""

    def __init__(self, *, num_classes: int, channels: int, width: int, padding: Padding, kind: Norm | None, dropout: float) -> None:
        super().__init__()
        self.channels, self.padding = channels, padding
        widths = [width * 2**level for level in range(LEVELS + 1)]
        self.down = nn.ModuleList(DoubleConv(i, o, padding, kind) for i, o in zip([channels, *widths], widths, strict=False))
        self.dropout = nn.Dropout(dropout)
        back = widths[::-1]
        self.up = nn.ModuleList(nn.ConvTranspose2d(i, o, 2, stride=2) for i, o in pairwise(back))
        self.merge = nn.ModuleList(DoubleConv(2 * o, o, padding, kind) for o in back[1:])
        self.score = nn.Conv2d(width, num_classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Images [N, channels, H, W] -> logits [N, num_classes, H - 184, W - 184], or H and W with padding.

        Raises UserError for another input.
        """
        self._check(x)
        skips = []
        for level, convolutions in enumerate(self.down):
            if level:
                x = F.max_pool2d(x, 2, ceil_mode=True)
            x = convolutions(x)
            if level >= LEVELS - 1:
                x = self.dropout(x)  # at the end of the contracting path (section 3.1)
            skips.append(x)
        for skip, up, convolutions in zip(skips[-2::-1], self.up, self.merge, strict=True):
            x = up(x)
            height, width = (min(sides) for sides in zip(skip.shape[2:], x.shape[2:], strict=True))
            x = convolutions(torch.cat((_cropped(skip, height, width), x[:, :, :height, :width]), 1))
        out: Tensor = self.score(x)
        return out

    def _check(self, x: Tensor) -> None:
        check_images("unet", self, x, channels=self.channels, least=1 if self.padding == "same" else LEAST)
        if self.padding == "valid" and any(side % STEP != OFFSET for side in x.shape[2:]):
            raise UserError(
                "unet without padding reads images with sides 12 above a multiple of 16, such as 572, "
                f"and got {x.shape[2]}x{x.shape[3]}; crop them, or take padding='same'"
            )


def unet(
    *,
    num_classes: int = 2,
    channels: int = 1,
    width: int = 64,
    padding: Padding = "valid",
    norm: Norm | None = None,
    dropout: float = 0.5,
) -> UNet:
    """A U-Net with `width` channels at the size of the image, twice as many behind each of its four poolings.

    Raises UserError for an option that does not fit.
    """
    check_counts("unet", num_classes=num_classes, channels=channels, width=width)
    if padding not in PADDINGS:
        raise unknown("padding", str(padding), PADDINGS)
    check_dropout("unet", dropout)
    return UNet(num_classes=num_classes, channels=channels, width=width, padding=padding, kind=norm, dropout=dropout)


def _cropped(x: Tensor, height: int, width: int) -> Tensor:
    """The middle of a map."""
    top, left = (x.shape[2] - height) // 2, (x.shape[3] - width) // 2
    return x[:, :, top : top + height, left : left + width]
