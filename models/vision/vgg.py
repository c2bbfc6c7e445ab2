"""VGG-16 (Simonyan and Zisserman 2015, "Very Deep Convolutional Networks for Large-Scale Image Recognition"), configuration D.

Names and shapes of the weights are torchvision's, with `norm="batch"` those of its `vgg16_bn`. FCN and SegNet stand on
the same `vgg_features`.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from ..checks import check_counts, check_images
from .norms import Norm, norm

STAGES = ((1, 2), (2, 2), (4, 3), (8, 3), (8, 3))  # channels over `width`, and convolutions before the pooling (table 1, D)
LEAST = 32  # points a side, of which one is left behind five poolings


def vgg_features(*, channels: int = 3, width: int = 64, norm: Norm | None = None) -> nn.Sequential:
    """Thirteen 3x3 convolutions, rectified, with five poolings: [N, channels, H, W] -> [N, 8 * width, H / 32, W / 32].

    The pooling behind a stage is the last layer of it: `pooled` gives the maps there.
    """
    layers: list[nn.Module] = []
    for factor, count in STAGES:
        for _ in range(count):
            layers += conv_relu(channels, factor * width, norm)
            channels = factor * width
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


def conv_relu(inputs: int, outputs: int, kind: Norm | None) -> list[nn.Module]:
    """A 3x3 convolution with a bias, a normalisation if there is one, and a rectifier, as layers of a sequence."""
    conv = nn.Conv2d(inputs, outputs, 3, padding=1)
    nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
    nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
    return [conv, *([] if kind is None else [norm(kind, outputs)]), nn.ReLU()]


def pooled(features: nn.Sequential, x: Tensor) -> list[Tensor]:
    """The maps behind each pooling of `vgg_features`, of 1/2 to 1/32 of the size."""
    maps = []
    for layer in features:
        x = layer(x)
        if isinstance(layer, nn.MaxPool2d):
            maps.append(x)
    return maps


class VGG(nn.Module):
    """The features, and three linear layers with dropout between them."""

    def __init__(self, *, num_classes: int, channels: int, width: int, kind: Norm | None) -> None:
        super().__init__()
        self.channels = channels
        self.features = vgg_features(channels=channels, width=width, norm=kind)
        hidden = 64 * width
        self.classifier = nn.Sequential(
            nn.Linear(8 * width * 7 * 7, hidden),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(hidden, num_classes),
        )
        for layer in self.classifier:
            if isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight, 0, 0.01)
                nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Images [N, channels, H, W] -> logits [N, num_classes]; maps that are not 7x7 are averaged to it.

        Raises UserError for another input.
        """
        check_images("vgg16", self, x, channels=self.channels, least=LEAST)
        out: Tensor = self.classifier(F.adaptive_avg_pool2d(self.features(x), 7).flatten(1))
        return out


def vgg16(*, num_classes: int = 1000, channels: int = 3, width: int = 64, norm: Norm | None = None) -> VGG:
    """VGG-16 with `width` channels in its first stage, up to 8 times as many later, and 64 times as many hidden units.

    Raises UserError for an option that does not fit.
    """
    check_counts("vgg16", num_classes=num_classes, channels=channels, width=width)
    return VGG(num_classes=num_classes, channels=channels, width=width, kind=norm)
