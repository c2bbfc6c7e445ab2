"""SegNet (Badrinarayanan, Kendall and Cipolla 2017, "SegNet: A Deep Convolutional Encoder-Decoder Architecture ...").

The encoder is VGG-16's features with their names; the decoder mirrors it, and puts each value back where its pooling found it.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

from ..checks import check_counts, check_images
from .norms import Norm
from .vgg import LEAST, conv_relu, vgg_features

DECODER = (
    (8, 8, 8, 8),
    (8, 8, 8, 4),
    (4, 4, 4, 2),
    (2, 2, 1),
    (1, 1),
)  # channels over `width` behind each unpooling, then of each layer


class SegNet(nn.Module):
    """An encoder, a decoder that unpools with the encoder's indices, and scores for every point."""

    def __init__(self, *, num_classes: int, channels: int, width: int, kind: Norm | None) -> None:
        super().__init__()
        self.channels = channels
        self.features = vgg_features(channels=channels, width=width, norm=kind)
        self.decoder = nn.ModuleList()
        for stage in DECODER:
            layers: list[nn.Module] = []
            for inputs, outputs in pairwise(stage):
                layers += conv_relu(inputs * width, outputs * width, kind)
            self.decoder.append(nn.Sequential(*layers))
        self.score = nn.Conv2d(width, num_classes, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Images [N, channels, H, W] -> logits [N, num_classes, H, W]. Raises UserError for another input."""
        check_images("segnet", self, x, channels=self.channels, least=LEAST)
        poolings = []
        for layer in self.features:
            if isinstance(layer, nn.MaxPool2d):
                size = x.shape[2:]
                x, indices = F.max_pool2d(x, 2, return_indices=True)
                poolings.append((indices, size))
            else:
                x = layer(x)
        for stage, (indices, size) in zip(self.decoder, reversed(poolings), strict=True):
            x = stage(F.max_unpool2d(x, indices, [2, 2], output_size=list(size)))
        out: Tensor = self.score(x)
        return out


def segnet(*, num_classes: int = 21, channels: int = 3, width: int = 64, norm: Norm | None = "batch") -> SegNet:
    """A SegNet on VGG-16 with `width` channels in its first stage. Raises UserError for an option that does not fit."""
    check_counts("segnet", num_classes=num_classes, channels=channels, width=width)
    return SegNet(num_classes=num_classes, channels=channels, width=width, kind=norm)
