"""Noisy layers: quiet until noise is drawn, factorised noise by hand, and the same noise from the same generator."""

import numpy as np
import torch
from torch import nn

from zerodojo.models.network import get_weights
from zerodojo.models.noisy import SIGMA, NoisyLinear, draw_noise, quiet


def test_a_layer_is_its_means_until_noise_is_drawn():
    layer = NoisyLinear(4, 2)
    x = torch.randn(3, 4)
    plain = nn.functional.linear(x, layer.weight, layer.bias)
    torch.testing.assert_close(layer(x), plain)
    draw_noise(layer, np.random.default_rng(0))
    assert not torch.allclose(layer(x), plain)
    quiet(layer)
    torch.testing.assert_close(layer(x), plain)


def test_noise_is_the_product_of_scaled_roots():
    layer = NoisyLinear(4, 2)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    layer.set_noise(np.array([4.0, -4.0, 0.0, 1.0], np.float32), np.array([9.0, -1.0], np.float32))
    # f(x) = sign(x) sqrt |x|: inward 2, -2, 0, 1; outward 3, -1; deviations .5 / sqrt 4
    expected = SIGMA / 2 * np.array([[6 - 6 + 0 + 3 + 3], [-2 + 2 - 0 - 1 - 1]])
    np.testing.assert_allclose(layer(torch.ones(1, 4)).detach().numpy(), expected.T)


def test_noise_comes_from_the_generator_alone_and_is_no_weight():
    layers = [NoisyLinear(4, 2) for _ in range(2)]
    layers[1].load_state_dict(layers[0].state_dict())
    for layer in layers:
        draw_noise(layer, np.random.default_rng(5))
    x = torch.randn(3, 4)
    assert torch.equal(layers[0](x), layers[1](x))
    assert set(get_weights(layers[0])) == {"weight", "bias", "weight_deviation", "bias_deviation"}
