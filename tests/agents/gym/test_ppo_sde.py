import numpy as np
import pytest
import torch

from zerodojo.agents.gym.agent import Spaces
from zerodojo.agents.gym.config import GymConfig
from zerodojo.agents.parts.actor_critic import ActorCritic
from zerodojo.agents.parts.seeding import seeded
from zerodojo.agents.policy_gradient.config import PPOSettings
from zerodojo.agents.policy_gradient.ppo import PPO
from zerodojo.envs.gym.spaces import ActionSpace, ObservationSpace
from zerodojo.errors import UserError
from zerodojo.models.config import BodyConfig

from .aiming import HIGH, LOW, Aim, begin, learn

SEEN = ObservationSpace((2,), np.dtype(np.float32))
SETTINGS = PPOSettings(rollout=6, minibatch=6, epochs=2, sde=True, sde_frequency=4)


def test_its_log_probability_has_the_variance_of_the_state():
    with seeded(0):
        network = ActorCritic(
            Spaces(SEEN, ActionSpace(low=(-1.0,), high=(1.0,)), 1), BodyConfig(hidden=(4,)), shared=False, sde=True
        )
    seen, action, starts = torch.tensor([[[0.3, -0.7]], [[2.0, 1.0]]]), torch.tensor([[[0.5]], [[-0.2]]]), torch.zeros(2, 1)
    policy, _, _ = network(seen, {}, starts)
    mean, _, features, _ = network.act(seen, {}, starts)
    deviation = (features.square().sum(-1, keepdim=True) + 1e-6).sqrt()  # every number of the matrix has deviation 1
    by_hand = torch.distributions.Normal(mean, deviation).log_prob(action).sum(-1)
    assert torch.allclose(network.distribution(policy, None).log_prob(action), by_hand, atol=1e-5)
    assert not torch.allclose(deviation[0], deviation[1], atol=0.1)


def test_it_explores_as_its_log_probability_says_and_evaluates_by_the_mean():
    agent, _ = begin("ppo", SETTINGS)
    seen = np.repeat(np.array([[0.5, -0.5]], np.float32), 5_000, axis=0)

    def act(deterministic):
        starts, generator = np.ones(len(seen), np.bool_), np.random.default_rng(3)
        return agent.policy.act(seen, {}, starts=starts, mask=None, deterministic=deterministic, generator=generator)[0]

    assert np.ptp(act(True), axis=0).max() == 0
    explored = act(False)
    network = agent._network
    with torch.no_grad():
        _, _, features, _ = network.act(torch.from_numpy(seen[:1, None]), {}, torch.zeros(1, 1))
    assert explored.std(axis=0) == pytest.approx([float(features.norm())] * 2, rel=0.05)
    assert explored.mean(axis=0) == pytest.approx(act(True)[0], abs=0.1)


def test_it_goes_on_number_for_number_though_a_rollout_ends_within_the_life_of_a_matrix():
    first, actor = begin("ppo", SETTINGS, n=2)
    learn(first, actor, rounds=3)
    second, other = begin("ppo", SETTINGS, n=2, seed=5)
    other.load(actor.state())
    second.load(first.weights(), first.state())
    first.policy.act(  # somebody looks on meanwhile
        np.zeros((3, 2), np.float32), {}, starts=np.ones(3, np.bool_), mask=None, deterministic=False,
        generator=np.random.default_rng(0),
    )  # fmt: skip
    assert learn(first, actor, rounds=3) == learn(second, other, rounds=3)
    for name, array in first.weights().items():
        assert np.array_equal(array, second.weights()[name]), name


def test_an_action_outside_the_bounds_is_cut_by_the_environment_and_learned_as_it_was_chosen():
    worlds: list[Aim] = []

    def make() -> Aim:
        worlds.append(Aim())
        return worlds[-1]

    agent, actor = begin("ppo", SETTINGS, make=make)
    weights = agent.weights()
    weights["policy.weight"][:] = 0.0
    weights["policy.bias"][:] = 100.0, -100.0
    agent.load(weights)
    moment = actor.advance(deterministic=True)
    assert worlds[0].taken[0].tolist() == [HIGH[0], LOW[1]]
    assert moment.action[0].tolist() == [100.0, -100.0]


def test_among_choices_it_is_refused():
    with pytest.raises(UserError, match="here an action is one of 2; leave it off"):
        PPO(GymConfig(settings=SETTINGS), Spaces(SEEN, ActionSpace(sizes=(2,), single=True), 1))
