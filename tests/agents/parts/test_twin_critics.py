import numpy as np
import pytest
import torch
import torch.nn.functional as F

from zerodojo.agents.gym.agent import Spaces
from zerodojo.agents.parts.seeding import seeded
from zerodojo.agents.parts.targets import approach
from zerodojo.agents.parts.twin_critics import TwinCritics
from zerodojo.envs.gym.spaces import ActionSpace, ObservationSpace
from zerodojo.models.config import BodyConfig

SPACES = Spaces(ObservationSpace((3,), np.dtype(np.float32)), ActionSpace(low=(-1.0, -1.0), high=(1.0, 1.0)), 1)


def critics(*, layer_norm: bool = False) -> TwinCritics:
    with seeded(0):
        return TwinCritics(SPACES, BodyConfig(hidden=(8, 4), activation="relu", layer_norm=layer_norm))


def inputs():
    generator = torch.Generator().manual_seed(1)
    return torch.randn(6, 3, generator=generator), torch.randn(6, 2, generator=generator, requires_grad=True)


def test_each_twin_is_a_perceptron_of_its_own():
    twins, (observation, action) = critics(), inputs()
    values = twins(observation, action)
    for k in range(2):
        x = torch.cat([observation, action], 1)
        for layer in range(2):
            x = F.relu(F.linear(x, twins.weights[layer][k], twins.biases[layer][k, 0]))
        alone = F.linear(x, twins.weights[2][k], twins.biases[2][k, 0]).squeeze(-1)
        assert torch.allclose(values[k], alone, atol=1e-6)
    assert not torch.allclose(values[0], values[1], atol=1e-3)


def test_each_twin_normalises_its_layers_where_that_is_asked_for():
    twins, (observation, action) = critics(layer_norm=True), inputs()
    with torch.no_grad():
        for number in (*twins.gains, *twins.shifts):
            number.normal_()
    values = twins(observation, action)
    for k in range(2):
        x = torch.cat([observation, action], 1)
        for layer in range(2):
            x = F.linear(x, twins.weights[layer][k], twins.biases[layer][k, 0])
            x = F.relu(F.layer_norm(x, x.shape[-1:], twins.gains[layer][k, 0], twins.shifts[layer][k, 0]))
        alone = F.linear(x, twins.weights[2][k], twins.biases[2][k, 0]).squeeze(-1)
        assert torch.allclose(values[k], alone, atol=1e-6)


@pytest.mark.parametrize("layer_norm", [False, True])
def test_held_they_say_the_same_and_only_actions_feel_it(layer_norm):
    twins, (observation, action) = critics(layer_norm=layer_norm), inputs()
    twins(observation, action).sum().backward()
    felt = action.grad.clone()
    action.grad = None
    twins.zero_grad()
    held = twins.held(observation, action)
    assert torch.equal(held, twins(observation, action))
    held.sum().backward()
    assert torch.allclose(action.grad, felt)
    assert all(parameter.grad is None for parameter in twins.parameters())
    assert torch.equal(twins.held(observation, action, 1), held[:1])


def test_an_image_is_held_too():
    spaces = SPACES._replace(observation=ObservationSpace((1, 5, 5), np.dtype(np.uint8)))
    with seeded(0):
        twins = TwinCritics(spaces, BodyConfig(hidden=(8,)))
    image, (_, action) = torch.arange(150, dtype=torch.uint8).reshape(6, 1, 5, 5), inputs()
    assert torch.equal(twins.held(image, action), twins(image, action))
    twins.held(image, action).sum().backward()
    assert all(parameter.grad is None for parameter in twins.parameters())
    twins(image, action).sum().backward()
    assert all(parameter.grad is not None for parameter in twins.parameters())


def test_a_target_goes_its_share_of_the_way():
    target, source = torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)
    with torch.no_grad():
        for module, value in ((target, 1.0), (source, 3.0)):
            for parameter in module.parameters():
                parameter.fill_(value)
    approach(target, source, 0.25)
    assert (target.weight.item(), target.bias.item(), source.weight.item()) == (1.5, 1.5, 3.0)
