"""The parallelised Q-network: its returns by hand, what it solves, and that it goes on number for number."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from zerodojo.agents.gym.agent import NonFiniteUpdate, Spaces
from zerodojo.agents.gym.config import GymConfig
from zerodojo.agents.parts.rollout import Cut, Rollout
from zerodojo.agents.value.config import PQNSettings
from zerodojo.agents.value.pqn import PQN
from zerodojo.envs.gym.spaces import ActionSpace, ObservationSpace
from zerodojo.errors import UserError
from zerodojo.models.config import BodyConfig

from .worlds import Closed, Remember, Signal, assert_goes_on, go_round, mean_return, start

QUICK = PQNSettings(rollout=8, minibatch=16, epochs=2, learning_rate=5e-3, gamma=0.5, epsilon_share=0.5)
LSTM = BodyConfig(hidden=(16,), memory="lstm", memory_size=16)


def test_it_learns_to_follow_a_signal():
    agent, actor = start(PQN, QUICK, Signal, environments=8, steps=4000)
    while agent.steps < 4000:
        metrics = go_round(agent, actor)
    assert mean_return(agent, Signal) == 10.0
    assert metrics["value"] == pytest.approx(1.9, abs=0.15)  # 1 / (1 - gamma), though every fortieth action is wrong


def test_with_a_memory_it_remembers():
    settings = replace(QUICK, rollout=12, minibatch=96, gamma=0.9, learning_rate=1e-2, final_epsilon=0.1)
    agent, actor = start(PQN, settings, Remember, environments=16, steps=8000, body=LSTM)
    while agent.steps < 8000:
        go_round(agent, actor)
    assert mean_return(agent, Remember) == 1.0


@pytest.mark.parametrize("body", [None, LSTM], ids=["plain", "lstm"])
def test_a_run_goes_on_number_for_number(body):
    assert_goes_on(PQN, QUICK, Signal, rounds=3, after=3, body=body)


def test_closed_actions_are_never_taken_nor_bootstrapped_from():
    agent, actor = start(PQN, replace(QUICK, epsilon=0.3), Closed, environments=4)
    with torch.no_grad():
        agent._network.actions[0].bias[2] = 1e4  # whoever looked at the closed action would see a fortune
    for _ in range(20):
        for batch in agent.batches(agent.collect(actor)):
            assert batch.returns.max() < 10
            agent.learn(batch)


def test_returns_by_hand():
    """One environment, three steps, the second of which is cut short; max Q is 4 everywhere, gamma and lambda are 1/2."""
    agent, _ = start(PQN, replace(QUICK, q_lambda=0.5), Signal)
    with torch.no_grad():
        for parameter in agent._network.actions.parameters():
            parameter.zero_()
        agent._network.actions[0].bias[:] = torch.tensor([4.0, 1.0])
    no, yes = np.zeros((3, 1), np.bool_), np.ones((3, 1), np.bool_)
    ended = np.array([[False], [True], [False]])
    seen = np.eye(2, dtype=np.float32)
    rollout = Rollout(
        observation=seen[[0, 1, 0]][:, None],
        mask=None,
        starts=no,
        action=np.zeros((3, 1), np.int64),
        reward=np.array([[1.0], [2.0], [3.0]], np.float32),
        ended=ended,
        valid=yes,
        cuts=[Cut(1, 0, seen[0], {})],
        memory={},
        last=seen[[0]],
        last_starts=no[0],
        last_memory={},
        steps=3,
    )
    # last: 3 + 4/2 = 5; cut: 2 + 4/2 = 4; first: 1 + (4/2 + 4/2)/2 = 3
    np.testing.assert_allclose(agent._whole(rollout).returns[:, 0], [3.0, 4.0, 5.0])
    ends = rollout._replace(cuts=[])  # by the world: 2; first: 1 + (4/2 + 2/2)/2 = 2.5
    np.testing.assert_allclose(agent._whole(ends).returns[:, 0], [2.5, 2.0, 5.0])
    closed = rollout._replace(last_mask=np.array([[False, True]]))  # only the action worth 1: 3 + 1/2
    np.testing.assert_allclose(agent._whole(closed).returns[:, 0], [3.0, 4.0, 3.5])
    cut = rollout._replace(cuts=[Cut(1, 0, seen[0], {}, np.array([False, True]))])  # 2 + 1/2; first: 1 + (2 + 1.25)/2
    np.testing.assert_allclose(agent._whole(cut).returns[:, 0], [2.625, 2.5, 5.0])


def test_a_loss_that_is_no_number_changes_nothing():
    agent, actor = start(PQN, QUICK, Signal)
    batch = next(iter(agent.batches(agent.collect(actor))))
    before = agent.weights()
    with pytest.raises(NonFiniteUpdate):
        agent.learn(batch._replace(returns=batch.returns * torch.nan))
    assert all((before[name] == array).all() for name, array in agent.weights().items())


def test_it_refuses_numbers():
    spaces = Spaces(ObservationSpace((2,), np.dtype(np.float32)), ActionSpace(low=(-1.0,), high=(1.0,)), 1)
    with pytest.raises(UserError, match=r"pqn takes one choice at a time, and here an action is 1 numbers; take .*ppo"):
        PQN(GymConfig(settings=QUICK), spaces)
