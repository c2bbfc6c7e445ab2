"""Networks that judge every point: bilinear starts, sizes that fit, and values put back where they were found."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from zerodojo.errors import UserError
from zerodojo.models import create
from zerodojo.models.vision.bilinear import Upsampling, bilinear_kernel

DOUBLE = torch.float64


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_upsampling_begins_as_interpolation(factor):
    x = torch.rand(2, 3, 4, 5, dtype=DOUBLE)
    expected = F.interpolate(x, scale_factor=factor, mode="bilinear")
    torch.testing.assert_close(Upsampling(3, factor).double()(x), expected, atol=1e-12, rtol=0)


def test_the_bilinear_kernel_by_hand():
    row = torch.tensor([0.25, 0.75, 0.75, 0.25])
    assert torch.equal(bilinear_kernel(2), torch.outer(row, row))


def test_an_fcn_begins_with_skips_that_add_nothing():
    coarse, fine = create("fcn32s", width=2).double().eval(), create("fcn8s", width=2).double().eval()
    fine.load_state_dict(coarse.state_dict(), strict=False)
    x = torch.rand(1, 3, 64, 64, dtype=DOUBLE)
    scores = coarse.score(coarse.classifier(coarse.features(x)))
    for _ in range(2):
        scores = F.interpolate(scores, scale_factor=2, mode="bilinear")
    torch.testing.assert_close(fine(x), F.interpolate(scores, scale_factor=8, mode="bilinear"), atol=1e-12, rtol=0)
    nn.init.ones_(fine.skips[1].bias)
    torch.testing.assert_close(fine(x), F.interpolate(scores + 1, scale_factor=8, mode="bilinear"), atol=1e-12, rtol=0)


@pytest.mark.parametrize("name", ["fcn32s", "fcn16s", "fcn8s"])
def test_an_fcn_judges_every_point_of_a_multiple_of_32(name):
    assert create(name, width=2)(torch.rand(1, 3, 32, 96)).shape == (1, 21, 32, 96)
    with pytest.raises(UserError, match="multiples of 32"):
        create(name, width=2)(torch.rand(1, 3, 32, 100))


def test_unet_turns_572_into_388():
    with torch.device("meta"):
        assert create("unet")(torch.zeros(1, 1, 572, 572)).shape == (1, 2, 388, 388)
    assert create("unet", width=2)(torch.rand(1, 1, 188, 204)).shape == (1, 2, 4, 20)


@pytest.mark.parametrize("side", [172, 187, 190, 576])
def test_unet_refuses_sizes_that_do_not_come_back(side):
    with pytest.raises(UserError, match=r"unet.*and got"):
        create("unet", width=2)(torch.rand(1, 1, side, 188))


def test_unet_without_padding_sees_only_what_is_there():
    """A point of the middle is the same whatever lies around the image that made it, so that large images can be cut in tiles."""
    network = create("unet", width=2).double().eval()
    x = torch.rand(1, 1, 220, 220, dtype=DOUBLE)
    torch.testing.assert_close(network(x)[:, :, 16:20, 16:20], network(x[:, :, 16:204, 16:204]), atol=1e-12, rtol=0)


@pytest.mark.parametrize("board", [(1, 1), (6, 7), (9, 9), (19, 19), (16, 32)])
def test_unet_with_padding_keeps_the_size_of_any_board(board):
    network = create("unet", width=2, padding="same", channels=5, num_classes=3)
    assert network(torch.rand(2, 5, *board)).shape == (2, 3, *board)


def test_segnet_puts_values_back_where_they_were_found():
    """With convolutions that change nothing, a network of one channel keeps each largest value of 32x32 at its place."""
    network = create("segnet", width=1, channels=1, num_classes=1, norm=None).double()
    for conv in (module for module in network.modules() if isinstance(module, nn.Conv2d)):
        nn.init.zeros_(conv.weight)
        nn.init.zeros_(conv.bias)
        conv.weight.data[0, 0, 1, 1] = 1  # the first channel alone goes through
    x = torch.rand(1, 1, 64, 64, dtype=DOUBLE)
    largest, places = F.max_pool2d(x, 32, return_indices=True)
    torch.testing.assert_close(network(x), F.max_unpool2d(largest, places, 32), atol=0, rtol=0)


@pytest.mark.parametrize("size", [(32, 32), (45, 67)])
def test_segnet_keeps_any_size(size):
    assert create("segnet", width=2)(torch.rand(2, 3, *size)).shape == (2, 21, *size)


@pytest.mark.parametrize("options", [{"padding": "vald"}, {"dropout": 1.0}, {"norm": "bach"}])
def test_options_that_do_not_fit_are_refused(options):
    with pytest.raises(UserError, match=r"did you mean|dropout"):
        create("unet", **options)
