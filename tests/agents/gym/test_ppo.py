"""The loss of PPO by hand, its minibatches, and that masks and memories are learned from as they were acted with."""

import math

import numpy as np
import pytest
import torch

from zerodojo.agents.parts.judged import Judged, judge
from zerodojo.agents.policy_gradient.config import PPOSettings
from zerodojo.agents.policy_gradient.ppo import PPO

from .worlds import Echo, EchoAll, EchoMasked, EchoNumbers, EchoRememberedMasked, begin

RATIOS = [2.0, 0.5, 2.0, 0.5]  # of the probability now, a third, and then
ADVANTAGES = [1.0, -1.0, -1.0, 1.0]


def batch(*, valid=(True,) * 4, value=0.0, returns=0.0):
    """Four steps of Echo, whose actions were taken with such probabilities that the ratios are RATIOS."""

    def column(values):
        return torch.tensor(values, dtype=torch.float32).reshape(4, 1)

    return Judged(
        observation=torch.eye(3)[[0, 1, 2, 0]].reshape(4, 1, 3),
        mask=None,
        memory={},
        starts=torch.zeros(4, 1, dtype=torch.bool),
        action=torch.tensor([[0], [1], [2], [0]]),
        log_prob=column([math.log(1 / 3 / ratio) for ratio in RATIOS]),
        value=torch.full((4, 1), value),
        advantage=column(ADVANTAGES),
        returns=torch.full((4, 1), returns),
        valid=torch.tensor(valid).reshape(4, 1),
    )


def indifferent(**settings) -> PPO:
    """An agent that gives every action a third and every state 0."""
    made, _ = begin("ppo", PPOSettings(normalize_advantages=False, **settings), Echo)
    made.load({name: np.zeros_like(array) for name, array in made.weights().items()})
    return made


def test_the_clipped_objective():
    measured = indifferent(clip=0.2).learn(batch())
    # min(2, 1.2), min(-.5, -.8), min(-2, -1.2), min(.5, .8)
    assert measured["policy_loss"] == pytest.approx(-(1.2 - 0.8 - 2.0 + 0.5) / 4)
    assert measured["entropy"] == pytest.approx(math.log(3))
    assert measured["clip_fraction"] == 1.0
    assert measured["approximate_kl"] == pytest.approx(np.mean([r - 1 - math.log(r) for r in RATIOS]))


def test_only_steps_that_count_do():
    measured = indifferent(clip=0.2).learn(batch(valid=(True, False, True, False)))
    assert measured["policy_loss"] == pytest.approx(-(1.2 - 2.0) / 2)


def test_the_gradient_is_that_of_the_steps_that_were_not_clipped():
    """Where the clipped term is the smaller, nothing moves: of these four steps the third and the fourth are left."""
    made = indifferent(clip=0.2, learning_rate=0.1, final_learning_rate=0.1)
    made.learn(batch(valid=(True, True, False, False)))
    assert not made.weights()["policy.bias"].any()
    made.learn(batch(valid=(False, False, True, True)))
    assert made.weights()["policy.bias"][2] < 0 < made.weights()["policy.bias"][0]


@pytest.mark.parametrize(("value_clip", "error"), [(0.0, 4.0), (0.5, 6.25), (2.0, 4.0)])
def test_the_error_of_values(value_clip, error):
    # The value is 0, was -1, and should be 2: clipped to -.5 it lacks 2.5.
    measured = indifferent(value_clip=value_clip).learn(batch(value=-1.0, returns=2.0))
    assert measured["value_loss"] == pytest.approx(error)


def test_advantages_are_brought_to_mean_0_and_deviation_1():
    made = indifferent(clip=0.2)
    plain = made.learn(batch())["policy_loss"]
    scaled = batch()._replace(advantage=7 * batch().advantage + 3)
    normal, _ = begin("ppo", PPOSettings(clip=0.2), Echo)
    normal.load({name: np.zeros_like(array) for name, array in normal.weights().items()})
    assert normal.learn(scaled)["policy_loss"] == pytest.approx(plain, abs=1e-5)


def test_the_clip_narrows_with_the_planned_steps():
    made = indifferent(clip=0.2, final_clip=0.0)
    made.steps = 5_000  # half of them
    assert made.learn(batch())["policy_loss"] == pytest.approx(-(1.1 - 0.9 - 2.0 + 0.5) / 4)


@pytest.mark.parametrize(("memory", "shapes"), [("none", [(40, 1)] * 3 + [(8, 1)]), ("gru", [(2, 16)] * 4)])
def test_an_epoch_sees_every_step_once(memory, shapes):
    made, actor = begin("ppo", PPOSettings(rollout=16, minibatch=40, epochs=2), Echo, memory=memory)
    rollout = made.collect(actor)
    rollout.reward[:] = np.arange(128).reshape(16, 8)  # told apart by what they were paid
    judged = judge(made._network, rollout, gamma=0.99, lam=0.95)
    batches = list(made.batches(rollout))
    assert [tuple(part.starts.shape) for part in batches] == shapes * 2
    for epoch in (batches[: len(shapes)], batches[len(shapes) :]):
        seen = torch.cat([part.returns.flatten() for part in epoch])
        assert torch.equal(seen.sort().values, judged.returns.flatten().sort().values)
    first, second = (torch.cat([part.returns.flatten() for part in epoch]) for epoch in (batches[:4], batches[4:]))
    assert not torch.equal(first, second)


def test_epochs_end_where_the_policy_has_moved_too_far():
    made, actor = begin("ppo", PPOSettings(rollout=16, minibatch=128, epochs=50, learning_rate=0.05, target_kl=0.02), Echo)
    measured = [made.learn(part) for part in made.batches(made.collect(actor))]
    assert 1 < len(measured) < 50
    assert measured[-1]["approximate_kl"] < 0.02 * 1.5


@pytest.mark.parametrize(("world", "memory"), [(EchoMasked, "none"), (EchoMasked, "gru"), (EchoRememberedMasked, "lstm")])
def test_masks_hold_in_acting_and_in_learning(world, memory):
    """The world raises for a closed action. What was open is learned from as it was acted with."""
    made, actor = begin("ppo", PPOSettings(rollout=16, minibatch=64), world, memory=memory)
    rollout = made.collect(actor)
    assert rollout.mask is not None and not rollout.mask.all()
    assert np.take_along_axis(rollout.mask, rollout.action[..., None], axis=2).all()
    open_ = rollout.mask.sum(axis=2)
    judged = judge(made._network, rollout, gamma=0.99, lam=0.95)
    assert judged.mask.sum(-1).flatten().tolist() == open_.T.flatten().tolist()
    chances = judged.log_prob.exp().flatten().numpy()
    assert np.abs(chances - 1 / open_.T.flatten()).max() < 0.1  # at first every open action is about as likely
    measured = [made.learn(part) for part in made.batches(rollout)]
    assert measured[0]["approximate_kl"] < 1e-6  # nothing has moved: the masks of learning are those of acting
    assert measured[0]["entropy"] == pytest.approx(math.log(2), abs=0.02)
    actor.advance(deterministic=True)


@pytest.mark.parametrize("world", [EchoAll, EchoNumbers, EchoRememberedMasked])
def test_the_first_step_of_learning_sees_what_acting_did(world):
    made, actor = begin("ppo", PPOSettings(rollout=16, minibatch=64), world, memory="gru")
    first = next(iter(made.batches(made.collect(actor))))
    measured = made.learn(first)
    assert abs(measured["approximate_kl"]) < 1e-6 and measured["clip_fraction"] == 0.0


def test_numbers_are_drawn_as_they_are_judged():
    """The log-probability is that of the number drawn, which the environment then cuts to its bounds."""
    made, actor = begin("ppo", PPOSettings(rollout=64, log_std=0.5), EchoNumbers)
    rollout = made.collect(actor)
    assert (np.abs(rollout.action) > 1).any()
    assert rollout.action.std() == pytest.approx(math.exp(0.5), rel=0.1)
    judged = judge(made._network, rollout, gamma=0.99, lam=0.95)
    expected = -0.5 * (rollout.action[..., 0] / math.exp(0.5)) ** 2 - 0.5 - 0.5 * math.log(2 * math.pi)
    np.testing.assert_allclose(judged.log_prob.reshape(8, 64), expected.T, atol=0.1)  # means begin near 0
