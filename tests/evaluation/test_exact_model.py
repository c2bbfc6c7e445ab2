"""Expected returns without playing: the known optima, and play itself."""

from dataclasses import replace

import gymnasium
import numpy as np
import pytest

from zerodojo.agents.gym.presets import PRESETS
from zerodojo.agents.tabular.model import model_of
from zerodojo.agents.tabular.policy import EpsilonGreedy
from zerodojo.agents.tabular.states import StateNumbers
from zerodojo.agents.tabular.table import Table
from zerodojo.agents.tabular.value_iteration import value_iteration
from zerodojo.envs.gym.config import ViewConfig
from zerodojo.envs.gym.making import UNLIMITED
from zerodojo.errors import UserError
from zerodojo.evaluation.exact_model import best_return, expected, expected_return, greedy_actions

ROADS = {  # the greedy ways over the cliff (0 up, 1 right, 2 down): along the edge, and along the far wall
    -13.0: {36: 0, **{24 + column: 1 for column in range(11)}, 35: 2},
    -17.0: {36: 0, 24: 0, 12: 0, **dict.fromkeys(range(11), 1), 11: 2, 23: 2, 35: 2},
}


@pytest.mark.parametrize(("task", "best"), [("FrozenLake-v1", 0.744190), ("FrozenLake8x8-v1", 0.913220), ("Taxi-v4", 7.93)])
def test_the_best_within_the_limit(task, best):
    assert best_return(model_of(gymnasium.make(task))) == pytest.approx(best, abs=1e-6)


def test_the_best_policy_without_a_limit_loses_a_little_within_one():
    model = model_of(gymnasium.make("FrozenLake-v1"))
    assert expected_return(model, value_iteration(model).argmax(axis=1)) == pytest.approx(0.740165, abs=1e-6)
    assert expected_return(model, value_iteration(model).argmax(axis=1), steps=10_000) == pytest.approx(14 / 17)


@pytest.mark.parametrize("total", ROADS)
def test_a_way_over_the_cliff_costs_its_steps(total):
    model = model_of(gymnasium.make("CliffWalking-v1"))
    actions = np.zeros(48, np.int64)
    for state, action in ROADS[total].items():
        actions[state] = action
    assert expected_return(model, actions, steps=100) == total
    assert expected_return(model, np.zeros(48, np.int64), steps=100) == -100  # a way that never arrives is cut short
    assert expected_return(model, np.ones(48, np.int64), steps=3) == -300


def test_it_is_the_mean_of_play():
    env = gymnasium.make("FrozenLake-v1")
    model = model_of(env)
    actions = value_iteration(model).argmax(axis=1)
    totals = []
    for episode in range(1_000):
        state, _ = env.reset(seed=0 if episode == 0 else None)
        over = False
        while not over:
            state, reward, terminated, truncated, _ = env.step(int(actions[state]))
            over = terminated or truncated
        totals.append(reward)
    assert np.mean(totals) == pytest.approx(expected_return(model, actions), abs=0.042)  # three standard errors


def test_a_policy_is_asked_in_every_state_with_what_is_open_there():
    model = model_of(gymnasium.make("Taxi-v4"))
    q = value_iteration(model)
    table = Table(500, 6)
    table.q[:] = np.where(model.open, q, 1e6)  # who forgets the mask does what is closed
    policy = EpsilonGreedy(table, StateNumbers((500,)), epsilon=1.0)
    assert expected_return(model, greedy_actions(policy, model)) == pytest.approx(7.93)


def test_without_any_limit_it_is_asked_for():
    model = model_of(gymnasium.make("CliffWalking-v1"))
    with pytest.raises(UserError, match="no limit of steps"):
        best_return(model)
    assert best_return(model, steps=100) == -13


def best_of(task, **kind):
    model = model_of(gymnasium.make(task))
    table = Table(*model.reward.shape)
    table.q[:] = value_iteration(model, gamma=0.999)
    return kind.get("policy", EpsilonGreedy)(table, StateNumbers((len(table.q),)), epsilon=1.0)


def test_a_run_is_measured_by_the_model_with_the_limit_that_holds():
    lake, cliff = PRESETS["frozenlake-q"], PRESETS["cliffwalking-q"]
    found = expected(best_of("FrozenLake-v1"), lake)
    assert (found.mean, found.best) == (pytest.approx(0.740165, abs=1e-3), pytest.approx(0.744190, abs=1e-6))
    cut = replace(lake, view=ViewConfig(max_episode_steps=5))
    assert expected(best_of("FrozenLake-v1"), cut).mean == 0  # six steps away
    assert expected(best_of("FrozenLake-v1"), lake, steps=5).mean == 0
    certain = replace(lake, options={"is_slippery": False})
    assert expected(best_of("FrozenLake-v1"), certain).mean in (0, 1)  # options make another world
    assert expected(best_of("CliffWalking-v1"), cliff).mean == -13
    stuck = best_of("CliffWalking-v1")
    stuck._table.q[:] = [1.0, 0.0, 0.0, 0.0]  # up for ever
    assert expected(stuck, cliff).mean == -UNLIMITED


class Remembering(EpsilonGreedy):
    def initial_state(self, n):
        return {"h": np.zeros((n, 1), np.float32)}


def test_who_sees_or_remembers_more_than_the_state_is_not_measured_so():
    lake = PRESETS["frozenlake-q"]
    assert expected(best_of("FrozenLake-v1", policy=Remembering), lake) is None
    assert expected(best_of("FrozenLake-v1"), replace(lake, view=ViewConfig(frame_stack=2))) is None
    assert expected(best_of("FrozenLake-v1"), PRESETS["cartpole-ppo"]) is None
    fickle = replace(PRESETS["taxi-q"], options={"fickle_passenger": True})
    assert expected(best_of("Taxi-v4"), fickle) is None
