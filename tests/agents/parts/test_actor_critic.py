"""How an actor-critic acts: in NumPy or in PyTorch it says the same, to a rounding error, and with the weights of now."""

import gymnasium
import numpy as np
import pytest
import torch

from zerodojo.agents.gym.agent import Spaces
from zerodojo.agents.parts.actor_critic import ActorCritic, ActorCriticPolicy
from zerodojo.agents.parts.seeding import seeded
from zerodojo.envs.gym.spaces import Reader, Writer
from zerodojo.models.config import BodyConfig
from zerodojo.models.mlp import Tanh

CHOICES, NUMBERS = gymnasium.spaces.Discrete(3), gymnasium.spaces.Box(-1, 1, (2,))


def made(space, **body):
    spaces = Spaces(Reader(gymnasium.spaces.Box(-1, 1, (4,))).space, Writer(space).space, 5)
    with seeded(0):
        return ActorCritic(spaces, BodyConfig(**body), shared=False)


@pytest.mark.parametrize("space", [CHOICES, NUMBERS])
@pytest.mark.parametrize("body", [{"hidden": (8, 6)}, {"hidden": (8,), "activation": "relu"}, {"hidden": ()}])
def test_numpy_says_what_learning_sees(space, body):
    network = made(space, **body)
    seen = np.random.default_rng(0).standard_normal((5, 4), np.float32)
    with torch.no_grad():
        network.policy.weight.add_(1.0)  # of now, and large enough to be seen
        wanted, _, _ = network(torch.from_numpy(seen).unsqueeze(1), {}, torch.zeros(5, 1))
    numbers, value, _, memory = network.act_in_numpy(seen)
    np.testing.assert_allclose(numbers, wanted.squeeze(1)[:, : numbers.shape[1]], rtol=1e-5, atol=1e-6)
    assert value is None
    assert memory == {}
    action, _, _ = ActorCriticPolicy(network).act(
        seen, {}, starts=np.zeros(5, bool), mask=None, deterministic=True, generator=np.random.default_rng(0)
    )
    np.testing.assert_array_equal(action, numbers.argmax(1) if space is CHOICES else numbers)


def test_convolutions_without_a_bias_begin_too():
    spaces = Spaces(Reader(gymnasium.spaces.Box(0, 255, (12, 12, 3), np.uint8)).space, Writer(CHOICES).space, 2)
    network = ActorCritic(spaces, BodyConfig(backbone="mobilenet_v1", hidden=(8,)), shared=True)
    policy, value, _ = network(torch.zeros(2, 1, 3, 12, 12, dtype=torch.uint8), {}, torch.zeros(2, 1))
    assert policy.shape == (2, 1, 3) and value.isfinite().all()


def test_wide_layers_and_those_that_normalise_stay_with_pytorch():
    seen = np.zeros((5, 4), np.float32)
    assert made(CHOICES, hidden=(512, 512)).act_in_numpy(seen) is None
    assert made(CHOICES, hidden=(8,), layer_norm=True).act_in_numpy(seen) is None


def test_the_hyperbolic_tangent_is_one():
    x = torch.linspace(-30, 30, 100_001, requires_grad=True)
    ours, theirs = Tanh()(x), torch.tanh(x)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=2e-7)
    slopes = [torch.autograd.grad(y.sum(), x)[0] for y in (ours, theirs)]
    torch.testing.assert_close(*slopes, rtol=0, atol=4e-7)
