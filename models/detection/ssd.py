"""SSD: Single Shot MultiBox Detector (Liu et al. 2016). One pass finds all objects, each as a default box that is moved and named.

Training: `augment.augment` the examples, `loss.multibox_loss` of what the network answers. Use: `decoding.find_objects` of it.
Differs from the paper: where ImageNet's weights are not loaded, all are drawn afresh; and sizes other than 300 and 512 follow the
same rules. Names of weights are torchvision's for SSD300.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...errors import UserError
from ..checks import check_counts, check_images, check_positive, check_width
from .default_boxes import box_layers, default_boxes
from .features import make_stages
from .pyramid import Pyramid, xavier

LEAST = 32  # points a side


class SSD(nn.Module):
    """Feature maps, and on each two convolutions: to the offsets of its default boxes, and to their classes."""

    default_boxes: Tensor  # centres [D, 4]

    def __init__(self, backbone: Pyramid, *, size: int, num_classes: int, scales: tuple[float, float]) -> None:
        super().__init__()
        self.size = size
        self.backbone = backbone
        layers = box_layers(backbone.sides, backbone.steps, scales)
        boxes = [layer.boxes for layer in layers]
        self.head = nn.ModuleDict(
            {
                "classification_head": Head(backbone.channels, boxes, num_classes),
                "regression_head": Head(backbone.channels, boxes, 4),
            }
        )
        self.register_buffer("default_boxes", default_boxes(layers), persistent=False)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Images [N, 3, size, size] -> offsets [N, D, 4] of the D default boxes, logits [N, D, num_classes], 0 the background.

        Raises UserError for other images.
        """
        check_images("ssd", self, images)
        if images.shape[2:] != (self.size, self.size):
            raise UserError(f"ssd was made for images of {self.size}x{self.size}, and got {images.shape[2]}x{images.shape[3]}")
        maps = self.backbone(images)
        return self.head["regression_head"](maps), self.head["classification_head"](maps)


class Head(nn.Module):
    """A 3x3 convolution on each map: `outputs` numbers for each of its default boxes."""

    def __init__(self, channels: list[int], boxes: list[int], outputs: int) -> None:
        super().__init__()
        self.outputs = outputs
        convolutions = (nn.Conv2d(inputs, outputs * each, 3, padding=1) for inputs, each in zip(channels, boxes, strict=True))
        self.module_list = nn.ModuleList(convolutions)
        self.apply(xavier)

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Maps [N, C, H, W] -> [N, D, outputs], in the order of the default boxes."""
        answers = (layer(x) for layer, x in zip(self.module_list, maps, strict=True))
        return torch.cat([x.permute(0, 2, 3, 1).flatten(1).unflatten(1, (-1, self.outputs)) for x in answers], dim=1)


def ssd(
    *,
    backbone: str = "vgg16",
    size: int = 300,
    num_classes: int = 21,
    width: float = 1.0,
    scales: tuple[float, float] = (0.1, 0.2),
) -> SSD:
    """SSD for square images of `size` points on a backbone by name, all channels `width` times the paper's.

    `num_classes` counts the background. `scales` are the sides of the smallest default boxes and of the next larger, in fractions
    of the image. Raises UserError: an unknown backbone, or a value that fits no network.
    """
    check_width("ssd", width)
    check_counts("ssd", least=LEAST, size=size)
    check_counts("ssd", least=2, num_classes=num_classes)
    if not isinstance(scales, (tuple, list)) or len(scales) != 2:
        raise UserError(f"scales of ssd is {scales!r}; it must be a pair of numbers, such as (0.1, 0.2)")
    check_positive("ssd", **{"the first scale": scales[0], "the second scale": scales[1]})
    if not scales[0] < scales[1] < 0.9:
        raise UserError(f"scales of ssd are {scales[0]} and {scales[1]}; they must rise, and stay below 0.9")
    pyramid = Pyramid(make_stages(backbone, width), size=size, width=width)
    return SSD(pyramid, size=size, num_classes=num_classes, scales=scales)


def ssd300(*, num_classes: int = 21, width: float = 1.0) -> SSD:
    """SSD300 on VGG16: 8,732 default boxes. Raises UserError as `ssd` does."""
    return ssd(size=300, num_classes=num_classes, width=width)


def ssd512(*, num_classes: int = 21, width: float = 1.0) -> SSD:
    """SSD512 on VGG16: 24,564 default boxes, the scales of its VOC models. Raises UserError as `ssd` does."""
    return ssd(size=512, num_classes=num_classes, width=width, scales=(0.07, 0.15))
