"""Layers are normalised where the configuration asks for it, and nowhere else."""

import pytest
import torch
from torch import nn

from zerodojo.models.body import Body
from zerodojo.models.config import BodyConfig


@pytest.mark.parametrize(("shape", "expected"), [((5,), [nn.LayerNorm] * 2), ((3, 8, 8), [nn.GroupNorm] + [nn.LayerNorm] * 2)])
def test_every_layer_is_normalised(shape, expected):
    kinds = (nn.LayerNorm, nn.GroupNorm)
    plain, normed = (Body(shape, BodyConfig(layer_norm=norm)) for norm in (False, True))
    assert [type(module) for module in normed.modules() if isinstance(module, kinds)] == expected
    assert not [module for module in plain.modules() if isinstance(module, kinds)]
    small = torch.rand(4, 1, *shape)
    starts = torch.ones(4, 1, dtype=torch.bool)
    assert normed(small, {}, starts)[0].shape == (4, 1, 64)
