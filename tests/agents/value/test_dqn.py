"""Deep Q-learning: what it learns from, what it solves, and that it goes on number for number."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from zerodojo.agents.gym.agent import NonFiniteUpdate, Spaces
from zerodojo.agents.gym.config import GymConfig
from zerodojo.agents.value.config import DQNSettings, HeadSettings, PrioritySettings, RainbowSettings
from zerodojo.agents.value.dqn import DQN
from zerodojo.envs.gym.spaces import ActionSpace, ObservationSpace
from zerodojo.errors import UserError
from zerodojo.models.config import BodyConfig

from .worlds import Closed, Signal, assert_goes_on, go_round, mean_return, start

QUICK = DQNSettings(
    capacity=500, learning_starts=50, train_every=8, gradient_steps=8, batch=32, learning_rate=3e-3, gamma=0.5, target_every=40
)
RAINBOW = RainbowSettings(
    capacity=500,
    learning_starts=50,
    train_every=8,
    gradient_steps=8,
    learning_rate=5e-3,
    gamma=0.5,
    target_every=40,
    n_step=2,
    head=HeadSettings(kind="c51", low=0.0, high=2.5, atoms=11),
)
PARTS = {
    "plain": QUICK,
    "double": replace(QUICK, double=True),
    "dueling": replace(QUICK, dueling=True, head_hidden=16),
    "prioritized": replace(QUICK, priority=PrioritySettings(enabled=True)),
    "n-step": replace(QUICK, n_step=3),
    "c51": replace(QUICK, head=HeadSettings(kind="c51", low=0.0, high=2.5, atoms=11)),
    "qr": replace(QUICK, head=HeadSettings(kind="qr", quantiles=8)),
    "polyak": replace(QUICK, target_every=1, target_share=0.02),
    "rainbow": RAINBOW,
}


@pytest.mark.parametrize("part", PARTS)
def test_every_part_learns_to_follow_a_signal(part):
    agent, actor = start(DQN, PARTS[part], Signal, steps=480)
    while agent.steps < 480:
        go_round(agent, actor)
    assert mean_return(agent, Signal) == 10.0


@pytest.mark.parametrize("settings", [replace(QUICK, n_step=3, double=True), RAINBOW], ids=["double", "rainbow"])
def test_a_run_goes_on_number_for_number(settings):
    assert_goes_on(DQN, settings, Signal, rounds=9, after=4)


def test_values_of_cut_episodes_go_on():
    """Every step pays 1 for the right action and no episode ends by the world, so that values are 1 / (1 - gamma)."""
    agent, actor = start(DQN, replace(QUICK, epsilon_share=0.5), Signal, steps=1000)
    while agent.steps < 1000:
        metrics = go_round(agent, actor)
    values, _ = agent.policy._values(np.eye(2, dtype=np.float32), {}, np.ones(2, np.bool_))
    np.testing.assert_allclose(np.diag(values), 2.0, atol=0.15)
    assert metrics["epsilon"] == pytest.approx(QUICK.final_epsilon)


def test_closed_actions_are_never_taken_nor_bootstrapped_from():
    agent, actor = start(DQN, replace(QUICK, double=True), Closed, steps=800)
    with torch.no_grad():
        agent._network.actions[0].bias[2] = 1e4  # whoever looked at the closed action would see a fortune
        agent._target.network.actions[0].bias[2] = 1e4
    for _ in range(60):
        metrics = go_round(agent, actor)
    assert agent.replay["mask"][: len(agent.replay)].tolist() == [[True, True, False]] * len(agent.replay)
    assert metrics["value"] < 3.0
    assert mean_return(agent, Closed) > 2.0


def test_double_judges_by_the_target_what_the_network_chooses():
    agent, actor = start(DQN, replace(QUICK, double=True, batch=1), Signal)
    while not (batches := list(agent.batches(agent.collect(actor)))):
        pass
    batch = batches[0]._replace(reward=torch.zeros(1), discount=torch.ones(1))
    with torch.no_grad():
        own, other = agent._network.of_steps(batch.following)[0, :, 0], agent._target.network.actions[0]
        other.weight.zero_()
        other.bias.copy_(torch.tensor([5.0, 7.0]))
        value = agent._network.of_steps(batch.observation)[0, batch.action[0], 0]
    expected = abs(float(value) - [5.0, 7.0][int(own.argmax())]) - 0.5  # the Huber loss far away
    assert agent.learn(batch)["loss"] == pytest.approx(expected, rel=1e-5)


def test_the_target_moves_every_so_many_steps():
    agent, actor = start(DQN, replace(QUICK, target_every=24, train_every=16, gradient_steps=1), Signal)
    moved = []
    for _ in range(9):
        before = agent._target.network.actions[0].weight.clone()
        go_round(agent, actor)
        moved.append(not torch.equal(before, agent._target.network.actions[0].weight))
    # learning begins after round 4 (64 steps); 24 and 48 lie before it; 72 in round 5, 96 in 6, 120 in 8, 144 in 9
    assert moved == [False, False, False, False, True, True, False, True, True]


@pytest.mark.parametrize(("gradient_steps", "expected"), [(3, 3), (-1, 16)])
def test_a_round_learns_as_often_as_it_should(gradient_steps, expected):
    agent, actor = start(DQN, replace(QUICK, gradient_steps=gradient_steps, learning_starts=0), Signal, environments=2)
    go_round(agent, actor)
    assert (agent.steps, agent.updates) == (16, expected)


def test_random_actions_fall_over_their_share_of_the_steps():
    settings = replace(QUICK, learning_starts=100, epsilon_share=0.5, final_epsilon=0.1)
    agent, _ = start(DQN, settings, Signal, steps=1000)
    shown = {}
    for steps in (0, 99, 100, 250, 500, 900):
        agent.steps = steps
        shown[steps] = pytest.approx(agent._epsilon())
    assert shown == {0: 1.0, 99: 1.0, 100: 0.82, 250: 0.55, 500: 0.1, 900: 0.1}


def test_the_learning_rate_can_fall_to_nothing():
    agent, actor = start(DQN, replace(QUICK, decay_learning_rate=True), Signal, steps=128)
    rates = [metrics["learning_rate"] for _ in range(16) if (metrics := go_round(agent, actor))]
    assert rates[0] == pytest.approx(QUICK.learning_rate * (1 - 56 / 128))
    assert rates[-1] == 0.0


def test_a_loss_that_is_no_number_changes_nothing():
    agent, actor = start(DQN, replace(QUICK, learning_starts=0), Signal)
    batch = next(iter(agent.batches(agent.collect(actor))))
    before = agent.weights()
    with pytest.raises(NonFiniteUpdate) as caught:
        agent.learn(batch._replace(reward=batch.reward * torch.nan))
    assert np.isnan(caught.value.arrays["reward"]).all()
    assert all((before[name] == array).all() for name, array in agent.weights().items())
    assert agent.updates == 0


def test_it_refuses_what_it_cannot_do():
    seen = ObservationSpace((2,), np.dtype(np.float32))
    with pytest.raises(UserError, match=r"dqn takes one choice at a time, and here an action is 1 numbers; take .*ppo"):
        DQN(GymConfig(settings=QUICK), Spaces(seen, ActionSpace(low=(-1.0,), high=(1.0,)), 1))
    with pytest.raises(UserError, match="cannot have a memory; take r2d2"):
        DQN(GymConfig(settings=QUICK, body=BodyConfig(memory="gru")), Spaces(seen, ActionSpace(sizes=(2,), single=True), 1))
