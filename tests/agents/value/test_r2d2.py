"""Deep Q-learning with a memory: its returns by hand, that it remembers, and that it goes on number for number."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from zerodojo.agents.gym.agent import NonFiniteUpdate, Spaces
from zerodojo.agents.gym.config import GymConfig
from zerodojo.agents.value.config import PrioritySettings, R2D2Settings
from zerodojo.agents.value.r2d2 import R2D2, n_step_returns, rescaled, restored
from zerodojo.envs.gym.spaces import ActionSpace, ObservationSpace
from zerodojo.errors import UserError
from zerodojo.models.config import BodyConfig

from .worlds import Closed, Remember, Signal, assert_goes_on, go_round, mean_return, start

QUICK = R2D2Settings(
    capacity=500,
    learning_starts=50,
    train_every=4,
    gradient_steps=1,
    burn_in=2,
    length=6,
    period=4,
    learning_rate=1e-2,
    gamma=0.9,
    n_step=2,
    target_every=100,
    epsilon_share=0.5,
)
UNIFORM = replace(QUICK, priority=PrioritySettings(), rescale=True)
BODY = BodyConfig(hidden=(16,), memory="gru", memory_size=16)


@pytest.mark.parametrize("settings", [QUICK, UNIFORM], ids=["prioritized", "uniform"])
def test_it_remembers(settings):
    agent, actor = start(R2D2, settings, Remember, environments=4, steps=4000, body=BODY)
    while agent.steps < 4000:
        go_round(agent, actor)
    assert mean_return(agent, Remember) == 1.0


@pytest.mark.parametrize("settings", [QUICK, UNIFORM], ids=["prioritized", "uniform"])
def test_a_run_goes_on_number_for_number(settings):
    assert_goes_on(R2D2, settings, Signal, rounds=10, after=5, body=BodyConfig(hidden=(8,), memory_size=8))


def test_returns_by_hand():
    reward, discount = torch.tensor([[1.0, 2.0, 4.0]]), torch.full((1, 3), 0.5)
    value, none = torch.tensor([[9.0, 10.0, 20.0, 40.0]]), torch.zeros(1, 4, dtype=torch.bool)

    def returns(n, discount=discount, extra=none):
        return n_step_returns(reward, discount, value, extra, n=n)[0].tolist()

    assert returns(1) == [6.0, 12.0, 24.0]  # 1 + 10/2, 2 + 20/2, 4 + 40/2
    assert returns(2) == [7.0, 14.0, 24.0]  # 1 + 2/2 + 20/4, 2 + 4/2 + 40/4, and there is no more
    assert returns(9) == [8.0, 14.0, 24.0]  # 1 + 2/2 + 4/4 + 40/8
    ends = torch.tensor([[0.5, 0.0, 0.5]])
    assert returns(2, discount=ends) == [2.0, 2.0, 24.0]
    cut = torch.tensor([[False, False, True, False]])  # the second step was cut short, the third is what it led to
    assert returns(3, extra=cut) == [7.0, 12.0, 20.0]  # 1 + 2/2 + 20/4, 2 + 20/2


def test_rescaling_can_be_undone():
    x = torch.linspace(-300, 300, 61, dtype=torch.float64)
    torch.testing.assert_close(restored(rescaled(x)), x)
    assert rescaled(torch.tensor(3.0)).item() == pytest.approx(1.003)


def test_an_extra_step_is_not_learned_from():
    agent, actor = start(R2D2, replace(QUICK, learning_starts=0), Signal, body=BODY)
    while not (batches := list(agent.batches(agent.collect(actor)))):
        pass
    batch = batches[0]
    extra = torch.zeros_like(batch.extra)
    extra[:, 4] = True
    other = batch.action.clone()
    other[:, 4] = 1 - other[:, 4]
    weights, state = agent.weights(), agent.state()
    first = agent.learn(batch._replace(extra=extra))
    agent.load(weights, state)
    assert agent.learn(batch._replace(extra=extra, action=other))["loss"] == first["loss"]


def test_closed_actions_are_never_taken_nor_bootstrapped_from():
    agent, actor = start(R2D2, replace(QUICK, dueling=False), Closed, environments=4, body=BODY)
    with torch.no_grad():
        for network in (agent._network, agent._target.network):
            network.actions[0].bias[2] = 1e4  # whoever looked at the closed action would see a fortune
    for _ in range(40):
        metrics = go_round(agent, actor)
    assert metrics["value"] < 10


def test_a_loss_that_is_no_number_changes_nothing():
    agent, actor = start(R2D2, replace(QUICK, learning_starts=0), Signal, body=BODY)
    while not (batches := list(agent.batches(agent.collect(actor)))):
        pass
    before = agent.weights()
    with pytest.raises(NonFiniteUpdate):
        agent.learn(batches[0]._replace(reward=batches[0].reward * torch.nan))
    assert all((before[name] == array).all() for name, array in agent.weights().items())


def test_it_refuses_numbers():
    spaces = Spaces(ObservationSpace((2,), np.dtype(np.float32)), ActionSpace(low=(-1.0,), high=(1.0,)), 1)
    with pytest.raises(UserError, match=r"r2d2 takes one choice at a time, and here an action is 1 numbers; take .*ppo"):
        R2D2(GymConfig(settings=QUICK), spaces)


def test_it_refuses_to_leave_steps_out():
    with pytest.raises(UserError, match="take a period of 1 to 6"):
        start(R2D2, replace(QUICK, period=7), Signal)
