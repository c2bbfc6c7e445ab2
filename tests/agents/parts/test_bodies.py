"""What an actor and a critic look with: computed as one or apart, shared or not, it is the same arithmetic."""

import numpy as np
import pytest
import torch

from zerodojo.agents.parts.bodies import ACTOR, CRITIC, SharedBody, TwoBodies, TwoPerceptrons, bodies
from zerodojo.agents.parts.seeding import seeded
from zerodojo.models.config import BodyConfig

CASES = {
    "perceptrons": ((3,), BodyConfig(hidden=(8, 4)), False, TwoPerceptrons),
    "normalised": ((3,), BodyConfig(hidden=(8, 4), layer_norm=True), False, TwoBodies),
    "no layers": ((3,), BodyConfig(hidden=()), False, TwoPerceptrons),
    "images": ((2, 6, 6), BodyConfig(hidden=(8,)), False, TwoBodies),
    "shared": ((3,), BodyConfig(hidden=(8, 4)), True, SharedBody),
    "memory": ((3,), BodyConfig(hidden=(8,), memory="gru", memory_size=4), False, SharedBody),
}


@pytest.fixture(params=CASES)
def case(request):
    shape, config, shared, kind = CASES[request.param]
    with seeded(0):
        made = bodies(shape, config, shared=shared)
    assert type(made) is kind
    seen = torch.from_numpy(np.random.default_rng(0).standard_normal((5, 2, *shape), np.float32))
    return made, seen, made.initial_state(5), torch.zeros(5, 2, dtype=torch.bool)


def test_acting_sees_what_learning_sees(case):
    made, seen, state, starts = case
    actor, critic, after = made(seen, state, starts)
    alone, same = made.act(seen, state, starts)
    assert actor.shape == critic.shape == (10, made.output_size)
    torch.testing.assert_close(alone, actor)
    assert after.keys() == same.keys()
    for name in after:
        torch.testing.assert_close(after[name], same[name])


def test_features_come_in_the_order_of_the_steps(case):
    made, seen, state, starts = case
    whole, _, _ = made(seen, state, starts)
    first, _, _ = made(seen[:, :1], state, starts[:, :1])
    torch.testing.assert_close(whole.unflatten(0, (5, 2))[:, 0], first)


def test_each_of_two_perceptrons_is_one_of_its_own():
    with seeded(0):
        made = TwoPerceptrons(3, BodyConfig(hidden=(8, 4)))
    seen = torch.from_numpy(np.random.default_rng(0).standard_normal((6, 1, 3), np.float32))
    both = made(seen, {}, torch.zeros(6, 1))
    for which in (ACTOR, CRITIC):
        x = seen.squeeze(1)
        for weight, bias in zip(made.weights, made.biases, strict=True):
            x = torch.tanh(x @ weight[which] + bias[which])
        torch.testing.assert_close(both[which], x)
        for weight in made.weights:  # orthogonal, times the root of two
            short = min(weight.shape[1:])
            square = weight[which] @ weight[which].T if short == weight.shape[1] else weight[which].T @ weight[which]
            torch.testing.assert_close(square, 2 * torch.eye(short), atol=1e-5, rtol=0)
    assert not torch.allclose(both[ACTOR], both[CRITIC], atol=1e-2)
