"""One network, one optimiser: what a step does, that going on is going on exactly, and that a number gone wrong changes nothing."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from zerodojo.agents.alphazero.config import LearnerConfig
from zerodojo.agents.alphazero.learner import Learner, NonFiniteLoss, learning_rate
from zerodojo.agents.alphazero.optimizer import Optimizer, filters_of
from zerodojo.agents.alphazero.replay import Areas, Batch
from zerodojo.models.config import NetworkConfig
from zerodojo.models.network import PolicyValueNetwork, build, build_areas, get_weights

CONFIG = LearnerConfig(batch=32, learning_rate=5e-3, warmup_steps=5, planned_steps=40, precision="fp32", weight_decay=0.1)
PRECISIONS = pytest.mark.parametrize("precision", ["fp32", "bf16"])


def network(seed: int = 0) -> PolicyValueNetwork:
    return build(NetworkConfig(channels=8, blocks=2, value_hidden=16), planes=2, board=(3, 3), actions=9, seed=seed)


def batch(seed: int, n: int = 32) -> Batch:
    """Made-up positions: some actions illegal, never the first."""
    rng = np.random.default_rng(seed)
    legal = rng.random((n, 9)) < 0.6
    legal[:, 0] = True
    policy = rng.dirichlet(np.full(9, 0.5), n).astype(np.float32) * legal
    policy[:, 0] += 1e-3
    return Batch(
        planes=(rng.random((n, 2, 3, 3)) < 0.3).astype(np.float32),
        policy=policy / policy.sum(1, keepdims=True),
        legal=legal,
        value=rng.uniform(-1, 1, n).astype(np.float32),
        version=np.zeros(n, np.int32),
    )


def everything(learner: Learner) -> dict[str, np.ndarray]:
    return learner.state() | {f"average/{name}": array for name, array in learner.weights().items()}


def assert_same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert one.keys() == other.keys()
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name], err_msg=name)


@PRECISIONS
def test_the_loss_falls_on_one_batch(precision: str) -> None:
    learner = Learner(network(), replace(CONFIG, precision=precision, weight_decay=0.0, planned_steps=0))
    losses = [learner.learn(batch(1)) for _ in range(150)]
    assert losses[0].policy_loss > 0 and losses[0].value_loss > 0
    assert losses[-1].policy_loss < 0.25 * losses[0].policy_loss
    assert losses[-1].value_loss < 0.25 * losses[0].value_loss
    assert min(loss.policy_loss for loss in losses) > -1e-3  # it is a divergence


@PRECISIONS
def test_going_on_from_a_state_is_going_on_exactly(precision: str) -> None:
    """N + M steps are N steps, a save, a load elsewhere, and M steps: bit for bit, moments and average included."""
    config = replace(CONFIG, precision=precision)
    one, first = Learner(network(), config), Learner(network(), config)
    for step in range(20):
        one.learn(batch(step))
    for step in range(7):
        first.learn(batch(step))
    second = Learner(network(seed=9), config)
    second.load(first.weights(), first.state())
    assert_same(everything(first), everything(second))
    for step in range(7, 20):
        second.learn(batch(step))
    assert second.steps == 20
    assert_same(everything(one), everything(second))


def test_a_state_goes_where_the_parameters_are() -> None:
    """Counters included, for a fused step refuses those of another device; "meta" is one that every machine has."""
    one, other = network(), network().to("meta")
    first = Learner(one, CONFIG)
    first.learn(batch(0))
    second = Optimizer(other, CONFIG, filters=filters_of(other))
    second.load(first.state())
    moments = [moment for _, optimizer, parameter in second._entries() for moment in optimizer.state[parameter].values()]
    assert len(moments) == sum(not name.startswith("weight/") and name != "steps" for name in first.state())
    assert {moment.device.type for moment in moments} == {"meta"}


def test_starting_from_weights_alone_starts_anew() -> None:
    first = Learner(network(), CONFIG)
    for step in range(5):
        first.learn(batch(step))
    second = Learner(network(seed=9), CONFIG)
    second.load(first.weights())
    assert second.steps == 0
    assert_same(second.weights(), first.weights())
    raw = {name[7:]: array for name, array in second.state().items() if name.startswith("weight/")}
    assert_same(raw, first.weights())
    assert not any(name.startswith("adam/") for name in second.state())


def test_the_average_is_that_of_its_definition() -> None:
    learner = Learner(network(), replace(CONFIG, ema=0.5))
    average = get_weights(network())
    for step in range(12):
        learner.learn(batch(step))
        keep = min(0.5, (2 + step) / (11 + step))
        now = {name[7:]: array for name, array in learner.state().items() if name.startswith("weight/")}
        average = {name: keep * average[name] + (1 - keep) * now[name] for name in average}
        for name, array in learner.weights().items():
            np.testing.assert_allclose(array, average[name], rtol=1e-4, atol=1e-6, err_msg=name)


def test_the_rate_warms_up_stays_or_falls_and_begins_again() -> None:
    flat = LearnerConfig(learning_rate=1.0, warmup_steps=4, planned_steps=0)
    assert [learning_rate(flat, step) for step in (0, 1, 3, 4, 1000)] == [0.25, 0.5, 1.0, 1.0, 1.0]
    plan = LearnerConfig(learning_rate=1.0, warmup_steps=4, planned_steps=100)
    assert learning_rate(plan, 50) == pytest.approx(0.05 + 0.95 * 0.5)
    assert learning_rate(plan, 0) == pytest.approx(0.25)
    assert learning_rate(plan, 25) == pytest.approx(0.05 + 0.95 * (0.5 + math.sqrt(0.125)))
    assert 0.05 < learning_rate(plan, 99) < 0.051
    assert [learning_rate(plan, 100 + step) for step in range(100)] == [learning_rate(plan, step) for step in range(100)]
    assert learning_rate(LearnerConfig(learning_rate=1.0, warmup_steps=0), 0) == 1.0
    learner = Learner(network(), CONFIG)
    assert [learner.learn(batch(step)).learning_rate for step in range(45)] == [learning_rate(CONFIG, step) for step in range(45)]


def test_decay_spares_biases_and_norms() -> None:
    """With a gradient of nothing (clipped away) and no momentum, only decay moves weights: those of kernels and matrices alone."""
    config = replace(CONFIG, gradient_clip=0.0, warmup_steps=0, planned_steps=0)
    learner = Learner(network(), config)
    before = learner.state()
    learner.learn(batch(0))
    parameters = dict(network().named_parameters())
    for name, array in learner.state().items():
        if name.startswith("weight/") and name[7:] in parameters:
            factor = 1 - config.learning_rate * config.weight_decay if parameters[name[7:]].ndim > 1 else 1.0
            np.testing.assert_allclose(array, factor * before[name], rtol=1e-6, err_msg=name)


@pytest.mark.parametrize("what", ["planes", "policy", "value"])
@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_a_loss_that_is_no_number_changes_nothing(what: str, number: float) -> None:
    learner = Learner(network(), CONFIG)
    for step in range(3):
        learner.learn(batch(step))
    before = everything(learner)
    buffers = [buffer.clone() for buffer in learner._network.buffers()]
    bad = batch(4)
    getattr(bad, what)[3, ...] = number
    with pytest.raises(NonFiniteLoss, match="step 3") as raised:
        learner.learn(bad)
    assert raised.value.batch is bad and raised.value.step == 3
    assert_same(everything(learner), before)
    assert all(torch.equal(one, other) for one, other in zip(buffers, learner._network.buffers(), strict=True))
    twin = Learner(network(), CONFIG)
    for step in range(4):
        twin.learn(batch(step))
    learner.learn(batch(3))  # it goes on as if nothing had been
    assert_same(everything(learner), everything(twin))


def test_illegal_moves_are_no_part_of_the_policy() -> None:
    """Whatever the network says of illegal moves, the loss, its gradient and the entropy are the same."""
    one, other = batch(0), batch(0)
    everywhere = replace(other, legal=np.ones_like(other.legal))
    masked = Learner(network(), CONFIG).learn(one)
    assert masked.policy_entropy <= math.log(9)
    assert masked.policy_loss < Learner(network(), CONFIG).learn(everywhere).policy_loss

    biased = network()
    last = [m for m in biased.policy.modules() if isinstance(m, torch.nn.Linear)][-1]
    only_first = replace(one, legal=np.eye(9, dtype=bool)[np.zeros(32, int)], policy=np.eye(9, dtype=np.float32)[np.zeros(32, int)])
    with torch.no_grad():
        last.bias[1:] += 50.0  # all belief on moves that are not legal
    loss = Learner(biased, CONFIG).learn(only_first)
    assert loss.policy_loss == 0.0 and loss.policy_entropy == 0.0


# Areas ---------------------------------------------------------------------------------------------------------------------------

AREAS = replace(CONFIG, ownership_weight=1.5, score_weight=0.02, weight_decay=0.0, planned_steps=0)


def with_areas(one: Batch, *, told: bool = True) -> Batch:
    """Whoever has most of the points of the first plane around them holds them, and is ahead by so many."""
    ownership = np.where(one.planes[:, 0] > 0, 1, -1).astype(np.float32)
    n = len(ownership)
    return replace(one, areas=Areas(ownership=ownership, score=ownership.sum((1, 2)) + 0.5, told=np.full(n, told)))


def area_learner(config: LearnerConfig = AREAS, seed: int = 0) -> Learner:
    judge = network(seed)
    return Learner(judge, config, areas=build_areas(judge, seed=seed))


def test_areas_are_learned_and_stay_with_the_learner() -> None:
    learner = area_learner()
    losses = [learner.learn(with_areas(batch(1))) for _ in range(150)]
    assert losses[0].ownership_loss == pytest.approx(math.log(2), abs=0.3)
    assert losses[-1].ownership_loss < 0.3 * losses[0].ownership_loss
    assert losses[-1].score_loss < 0.5 * losses[0].score_loss
    assert learner.weights().keys() == get_weights(network()).keys()  # what plays has no such heads
    assert Learner(network(), CONFIG).learn(batch(0)).ownership_loss is None


def test_weights_of_zero_and_games_that_do_not_tell_change_nothing_in_the_network() -> None:
    plain = Learner(network(), replace(CONFIG, gradient_clip=1e9))
    for other in (area_learner(replace(CONFIG, gradient_clip=1e9)), area_learner(replace(AREAS, gradient_clip=1e9))):
        told = other._config.ownership_weight == 0
        losses = other.learn(with_areas(batch(0), told=told))
        assert (losses.ownership_loss == 0 and losses.score_loss == 0) != told
    plain.learn(batch(0))
    silent = area_learner(replace(CONFIG, gradient_clip=1e9))
    silent.learn(with_areas(batch(0)))
    assert_same(plain.weights(), silent.weights())


def test_the_loss_of_scores_is_that_of_its_definition() -> None:
    learner = area_learner()
    radius = learner._areas.radius
    assert radius == 9 + 60
    logits = torch.randn(3, 2 * radius, generator=torch.Generator().manual_seed(0))
    score = np.array([4.5, -200.0, -0.5], np.float32)
    areas = Areas(ownership=np.zeros((3, 3, 3), np.float32), score=score, told=np.array([True, True, False]))
    ownership_loss, score_loss = learner._area_losses(torch.zeros(3, 3, 3), logits, areas, radius)
    assert float(ownership_loss) == pytest.approx(math.log(2))  # a point that nobody holds is even
    expected = 0.0
    for row, place in zip(logits[:2].double().softmax(1).tolist(), (radius + 4, 0), strict=True):
        sums = [sum(row[: i + 1]) - (i >= place) for i in range(len(row))]
        expected += (-math.log(row[place]) + sum(number**2 for number in sums)) / 2
    assert float(score_loss) == pytest.approx(expected, rel=1e-4)


def test_going_on_with_areas_is_going_on_exactly_and_they_may_begin_later() -> None:
    one, first = area_learner(), area_learner()
    for step in range(9):
        one.learn(with_areas(batch(step)))
    for step in range(4):
        first.learn(with_areas(batch(step)))
    second = area_learner(seed=9)
    second.load(first.weights(), first.state())
    for step in range(4, 9):
        second.learn(with_areas(batch(step)))
    assert_same(everything(one), everything(second))
    plain = Learner(network(), CONFIG)
    plain.learn(batch(0))
    late = area_learner()
    late.load(plain.weights(), plain.state())
    assert late.learn(with_areas(batch(1))).ownership_loss is not None
    back = Learner(network(), CONFIG)
    back.load(late.weights(), late.state())
    assert back.learn(batch(2)).ownership_loss is None


def test_a_loss_of_areas_that_is_no_number_changes_nothing() -> None:
    learner = area_learner()
    learner.learn(with_areas(batch(0)))
    before = everything(learner)
    bad = with_areas(batch(1))
    bad.areas.ownership[0, 0, 0] = np.nan
    with pytest.raises(NonFiniteLoss):
        learner.learn(bad)
    assert_same(everything(learner), before)
