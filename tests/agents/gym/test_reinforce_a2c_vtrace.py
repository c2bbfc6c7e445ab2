"""What REINFORCE, A2C and V-trace step along, by hand, and what of the past V-trace learns from."""

import math
from functools import partial

import numpy as np
import pytest

from zerodojo.agents.policy_gradient.config import A2CSettings, ReinforceSettings, VTraceSettings
from zerodojo.agents.policy_gradient.vtrace import Behaviour

from .worlds import Echo, EchoMasked, EchoRemembered, Line, begin, learn

ENDED, CUT = partial(Line, 3, cut=False), partial(Line, 3, cut=True)


def indifferent(agent, settings, *kinds, value=0.0, n=1):
    """An agent that gives every action the same chance and every state one value, and its actor."""
    made, actor = begin(agent, settings, *kinds, n=n)
    weights = {name: np.zeros_like(array) for name, array in made.weights().items()}
    weights["value.bias"][:] = value
    made.load(weights)
    return made, actor


def first_measured(made, actor):
    (batch,) = made.batches(made.collect(actor))
    return made.learn(batch)


@pytest.mark.parametrize(
    ("kind", "baseline", "returns"),
    [
        (ENDED, False, [2.75, 3.5, 3.0]),  # 1 + 2 / 2 + 3 / 4, and so on
        (ENDED, True, [2.75, 3.5, 3.0]),
        (CUT, False, [2.75, 3.5, 3.0]),  # nothing says what would have come
        (CUT, True, [3.0, 4.0, 4.0]),  # and here it is worth 2
    ],
)
def test_reinforce(kind, baseline, returns):
    made, actor = indifferent("reinforce", ReinforceSettings(gamma=0.5, baseline=baseline), kind, value=2.0)
    measured = first_measured(made, actor)
    paid = np.array(returns)
    assert measured["policy_loss"] == pytest.approx(math.log(2) * np.mean(paid - 2.0 * baseline))
    assert ("value_loss" in measured) == baseline
    if baseline:
        assert measured["value_loss"] == pytest.approx(np.mean((paid - 2.0) ** 2))
    assert made.steps == 3
    assert (made.weights()["value.bias"][0] != 2.0) == baseline


def test_reinforce_takes_equally_many_episodes_of_each_environment():
    made, actor = indifferent("reinforce", ReinforceSettings(gamma=1.0, baseline=False), lambda: Line(1, cut=False), ENDED, n=2)
    measured = first_measured(made, actor)
    assert measured["policy_loss"] == pytest.approx(math.log(2) * np.mean([1, 6, 5, 3]))  # not those of the short one that follow
    assert made.steps == 6  # which were taken all the same


@pytest.mark.parametrize(
    ("kind", "targets"),
    [
        (ENDED, [1 + 1 + 0.75, 2 + 1.5, 3.0, 1 + 1.0]),  # the last step sees the value of what follows, 2
        (CUT, [1 + 1 + 1.0, 2 + 2.0, 3 + 1.0, 1 + 1.0]),
    ],
)
def test_a2c_and_vtrace_of_ones_own_experience(kind, targets):
    both = []
    for agent, settings in (
        ("a2c", A2CSettings(rollout=4, gamma=0.5)),
        ("vtrace", VTraceSettings(rollout=4, gamma=0.5, lag=0, value_weight=0.5)),
    ):
        measured = first_measured(*indifferent(agent, settings, kind, value=2.0))
        lacking = np.array(targets) - 2.0
        assert measured["policy_loss"] == pytest.approx(math.log(2) * lacking.mean(), rel=1e-5)
        assert measured["value_loss"] == pytest.approx((lacking**2).mean(), rel=1e-5)
        assert measured["entropy"] == pytest.approx(math.log(2))
        both.append(measured["gradient_norm"])
    assert both[0] == pytest.approx(both[1], rel=1e-5)


def test_vtrace_of_what_was_less_likely_and_more_likely_then():
    made, actor = indifferent("vtrace", VTraceSettings(rollout=3, gamma=0.5, rho=2.0, c=1.0), ENDED)
    rollout = made.collect(actor).rollout
    then = np.log(np.array([[1.0], [1 / 6], [1 / 4]], np.float32))  # ratios 1/2, 3 and 2
    measured = made.learn(Behaviour(rollout, then))
    targets = [0.5 * 1 + 0.5 * 0.5 * (2 * 2 + 0.5 * 1 * 6), 2 * 2 + 0.5 * 1 * 6, 2 * 3.0]
    advantages = [0.5 * (1 + 0.5 * targets[1]), 2 * (2 + 0.5 * targets[2]), 2 * 3.0]
    assert measured["policy_loss"] == pytest.approx(math.log(2) * np.mean(advantages), rel=1e-5)
    assert measured["value_loss"] == pytest.approx(np.mean(np.square(targets)), rel=1e-5)
    assert measured["cut_fraction"] == pytest.approx(1 / 3)


def test_vtrace_learns_from_what_older_weights_did():
    made, actor = begin("vtrace", VTraceSettings(rollout=4, lag=2, learning_rate=1e-2), Echo)
    collected, learned, cut = [], [], []
    for _ in range(5):
        collected.append(made.collect(actor))
        for batch in made.batches(collected[-1]):
            learned.append(batch)
            cut.append(made.learn(batch)["cut_fraction"])
    assert len(learned) == 3 and all(ours is theirs for ours, theirs in zip(learned, collected, strict=False))
    assert cut[0] < 0.5 and max(cut[1:]) > 0  # the first was collected by the weights that learn from it


@pytest.mark.parametrize(("world", "memory"), [(EchoMasked, "none"), (EchoRemembered, "lstm")])
def test_what_vtrace_recorded_is_how_likely_it_was(world, memory):
    """Learned from at once, nothing is corrected."""
    made, actor = begin("vtrace", VTraceSettings(rollout=8, lag=0, learning_rate=1e-2), world, memory=memory)
    learn(made, actor, steps=512)
    behaviour = made.collect(actor)
    before = made.weights()
    plain = made.learn(behaviour)
    made.load(before)
    uncut, _ = begin("vtrace", VTraceSettings(rollout=8, lag=0, rho=1e9, c=1e9), world, memory=memory)
    uncut.load(before)
    measured = uncut.learn(behaviour)
    assert measured["policy_loss"] == pytest.approx(plain["policy_loss"], rel=1e-4)
    assert measured["value_loss"] == pytest.approx(plain["value_loss"], rel=1e-4)


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
def test_a2c_steps_as_its_optimizer_does(optimizer):
    rate = {"learning_rate": 0.1, "final_learning_rate": 0.1}
    settings = A2CSettings(rollout=3, gamma=0.5, optimizer=optimizer, gradient_clip=1e9, value_weight=0.5, **rate)
    made, actor = indifferent("a2c", settings, ENDED)
    first_measured(made, actor)
    gradient = -np.mean([2.75, 3.5, 3.0])
    root = abs(gradient) if optimizer == "adam" else math.sqrt(0.99 + 0.01 * gradient**2)
    assert made.weights()["value.bias"][0] == pytest.approx(-0.1 * gradient / root, rel=1e-4)
