"""FCN on VGG-16 (Long, Shelhamer and Darrell 2015, "Fully Convolutional Networks for Semantic Segmentation").

FCN-32s scores the map behind the last pooling; FCN-16s and FCN-8s add scores of the fourth and the third. Different from the
paper's files: the first linear layer of VGG, a 7x7 convolution here, is padded by 3, instead of the image by 100 points that are
cropped again, so that every map fits on the image; and sides are multiples of 32.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from ..checks import check_counts, check_images
from .bilinear import Upsampling
from .norms import Norm
from .vgg import pooled, vgg_features

STRIDE = 32  # points of the image a point of the last map
SKIPS = {32: (), 16: (4,), 8: (4, 3)}  # stride of the result: the poolings whose scores are added


class FCN(nn.Module):
    """Features of VGG, its classifier as convolutions, and scores added on the way back to the size of the image."""

    def __init__(self, stride: int, *, num_classes: int, channels: int, width: int, kind: Norm | None) -> None:
        super().__init__()
        self.name, self.stride, self.channels = f"fcn{stride}s", stride, channels
        self.features = vgg_features(channels=channels, width=width, norm=kind)
        hidden = 64 * width
        self.classifier = nn.Sequential(
            nn.Conv2d(8 * width, hidden, 7, padding=3),
            nn.ReLU(),
            nn.Dropout(),
            nn.Conv2d(hidden, hidden, 1),
            nn.ReLU(),
            nn.Dropout(),
        )
        self.score = nn.Conv2d(hidden, num_classes, 1)
        self.skips = nn.ModuleList(nn.Conv2d(width * 2 ** (pool - 1), num_classes, 1) for pool in SKIPS[stride])
        self.upsampling = nn.ModuleList(Upsampling(num_classes, 2) for _ in SKIPS[stride])
        for skip in self.skips:  # they begin by adding nothing (section 4.2)
            for parameter in skip.parameters():
                nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        """Images [N, channels, H, W], sides multiples of 32 -> logits [N, num_classes, H, W]. Raises UserError for another input.

        The doublings on the way are learned, the last step is interpolation (section 4.2).
        """
        check_images(self.name, self, x, channels=self.channels, multiple=STRIDE, least=STRIDE)
        maps = pooled(self.features, x)
        scores = self.score(self.classifier(maps[-1]))
        for pool, skip, upsampling in zip(SKIPS[self.stride], self.skips, self.upsampling, strict=True):
            scores = upsampling(scores) + skip(maps[pool - 1])
        return F.interpolate(scores, scale_factor=self.stride, mode="bilinear")


def fcn(*, stride: int, num_classes: int = 21, channels: int = 3, width: int = 64, norm: Norm | None = None) -> FCN:
    """FCN-32s, FCN-16s or FCN-8s by the stride of its scores, on a VGG-16 whose first stage has `width` channels.

    Raises UserError for an option that does not fit.
    """
    check_counts(f"fcn{stride}s", num_classes=num_classes, channels=channels, width=width)
    return FCN(stride, num_classes=num_classes, channels=channels, width=width, kind=norm)
