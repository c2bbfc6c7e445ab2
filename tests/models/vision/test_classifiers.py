"""Classifiers: boards keep their size, widths scale, blocks are what the papers draw, dilation is a kernel with zeros between."""

import pytest
import torch
from torch.nn import functional as F

from zerodojo.errors import UserError
from zerodojo.models import create
from zerodojo.models.vision.resnet import conv3x3
from zerodojo.models.vision.vgg import pooled, vgg_features

SMALL = {"resnet18": 4, "resnet50": 4, "densenet121": 4, "mobilenet_v1": 0.125}


@pytest.mark.parametrize("board", [(3, 3), (6, 7), (9, 9)])
@pytest.mark.parametrize("name", SMALL)
def test_the_stem_of_boards_keeps_height_and_width(name, board):
    network = create(name, width=SMALL[name], stem="board", channels=5, num_classes=7, norm="group")
    planes = torch.rand(2, 5, *board)
    assert network.features(planes).shape == (2, network.output_channels, *board)
    assert network(planes).shape == (2, 7)


@pytest.mark.parametrize("name", SMALL)
def test_the_stem_of_images_divides_them_by_32(name):
    network = create(name, width=SMALL[name])
    assert network.features(torch.rand(2, 3, 64, 96)).shape == (2, network.output_channels, 2, 3)


def test_a_dense_layer_adds_its_growth():
    """Layer l of a block reads k0 + k (l - 1) channels."""
    network = create("densenet121", width=8)
    block = network.features.denseblock1
    assert [layer.conv1.in_channels for layer in block] == [8 + 4 * index for index in range(6)]
    x = torch.rand(2, 8, 5, 5)
    assert torch.equal(block(x)[:, :8], x)


def test_a_residual_block_with_nothing_inside_is_the_way_around():
    block = create("resnet50", width=4).layer1[1].eval()
    torch.nn.init.zeros_(block.bn3.weight)
    x = torch.rand(2, 16, 6, 6)
    assert torch.equal(block(x), x)


@pytest.mark.parametrize("dilation", [1, 2, 3])
def test_a_dilated_convolution_is_one_with_zeros_in_its_kernel(dilation):
    conv = conv3x3(2, 3, 1, dilation).double()
    side = 2 * dilation + 1
    stuffed = torch.zeros(3, 2, side, side, dtype=torch.float64)
    stuffed[:, :, ::dilation, ::dilation] = conv.weight.detach()
    x = torch.rand(1, 2, 9, 8, dtype=torch.float64)
    torch.testing.assert_close(conv(x), F.conv2d(x, stuffed, padding=dilation), atol=1e-12, rtol=0)


def test_a_dilated_stage_reaches_further_and_keeps_its_size():
    network = create("resnet18", width=4, dilations=(1, 1, 2, 4)).double().eval()
    assert network.features(torch.rand(1, 3, 64, 64, dtype=torch.float64)).shape[2:] == (8, 8)
    plain, reaching = (
        create("resnet18", width=4, stem="board", dilations=dilations).double().eval() for dilations in ((1,) * 4, (1, 1, 2, 4))
    )
    for net, reach in ((plain, 17), (reaching, 33)):  # 1 + four 3x3 convolutions a stage, each of its dilation
        for conv in (module for module in net.modules() if isinstance(module, torch.nn.Conv2d)):
            torch.nn.init.constant_(conv.weight, 0.1)  # so that no rectifier hides anything
        x = torch.ones(1, 3, 91, 3, dtype=torch.float64, requires_grad=True)
        net.features(x)[0, :, 45, 1].sum().backward()
        seen = x.grad.abs().sum((0, 1, 3)).nonzero().flatten()
        assert (45 - seen.min(), seen.max() - 45) == (reach, reach)


def test_the_maps_of_vgg_are_those_behind_its_poolings():
    features = vgg_features(width=2)
    x = torch.rand(1, 3, 64, 32)
    maps = pooled(features, x)
    assert [tuple(m.shape[1:]) for m in maps] == [(2, 32, 16), (4, 16, 8), (8, 8, 4), (16, 4, 2), (16, 2, 1)]
    assert torch.equal(maps[-1], features(x))


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("resnet18", {"stem": "bord"}, "did you mean board"),
        ("resnet18", {"norm": "bach"}, "did you mean batch"),
        ("resnet18", {"dilations": (1, 2)}, "must be a tuple of 4 whole numbers above 0"),
        ("resnet18", {"dilations": (1, 1, 1, 0)}, "whole number"),
        ("mobilenet_v1", {"width": 0}, "above 0"),
        ("mobilenet_v1", {"width": "1"}, "a number above 0"),
        ("densenet121", {"stem": None}, "imagenet"),
    ],
)
def test_options_that_do_not_fit_are_refused(name, options, said):
    with pytest.raises(UserError, match=said) as refused:
        create(name, **options)
    assert "\n" not in str(refused.value)
