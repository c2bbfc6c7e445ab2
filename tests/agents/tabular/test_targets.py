"""What one step of each algorithm does to the table, worked out by hand. Two actions; epsilon is 0.5, gamma 0.5, the step 1."""

import numpy as np
import pytest

from zerodojo.agents.gym.agent import Spaces
from zerodojo.agents.gym.config import GymConfig
from zerodojo.agents.registry import agent_class, settings_class
from zerodojo.agents.tabular.base import Transitions
from zerodojo.agents.tabular.monte_carlo import Finished, first_visits
from zerodojo.envs.gym.spaces import FLOAT, ActionSpace, ObservationSpace


def agent_of(name, environments=3, **settings):
    given = {"step_size": 1.0, "final_step_size": 1.0, "gamma": 0.5, "epsilon": 0.5, "final_epsilon": 0.5, **settings}
    spaces = Spaces(ObservationSpace((4,), FLOAT, (4,)), ActionSpace((2,), single=True), environments)
    agent = agent_class(name)(GymConfig(settings=settings_class(name)(**given)), spaces)
    agent.table.q[3] = [4.0, 8.0]
    return agent


def steps(state, action, reward, following, *, terminated=False, truncated=False, valid=True, mask=None):
    n = len(state)
    spread = [np.broadcast_to(np.asarray(flag, bool), n) for flag in (terminated, truncated, valid)]
    return Transitions(np.array(state), np.array(action), np.array(reward), np.array(following), mask, *spread)


def test_q_learning_goes_by_the_greatest_value_that_is_open():
    agent = agent_of("q_learning")
    mask = np.array([[True, True], [True, False], [True, True]])
    agent.learn(steps([0, 1, 2], [0, 1, 0], [1.0, 1.0, 1.0], [3, 3, 3], terminated=[False, False, True], mask=mask))
    np.testing.assert_array_equal(agent.table.q[:3], [[1 + 0.5 * 8, 0], [0, 1 + 0.5 * 4], [1, 0]])


def test_q_learning_goes_on_behind_a_cut():
    agent = agent_of("q_learning")
    agent.learn(steps([0, 1, 2], [0, 0, 0], [1.0, 1.0, 1.0], [3, 3, 3], truncated=True, valid=[True, True, False]))
    np.testing.assert_array_equal(agent.table.q[:3, 0], [5, 5, 0])  # the last row was only reset


def test_expected_sarsa_goes_by_the_mean_under_the_policy():
    agent = agent_of("expected_sarsa")
    mask = np.array([[True, True], [True, False], [True, True]])
    agent.learn(steps([0, 1, 2], [0, 0, 0], [1.0, 1.0, 1.0], [3, 3, 3], terminated=[False, False, True], mask=mask))
    np.testing.assert_allclose(agent.table.q[:3, 0], [1 + 0.5 * (0.25 * 4 + 0.75 * 8), 1 + 0.5 * 4, 1])


def test_sarsa_goes_by_what_is_done_next_and_behind_a_cut_by_the_mean():
    agent = agent_of("sarsa")
    batch = steps([0, 1, 2], [0, 0, 0], [1.0, 1.0, 1.0], [3, 3, 3], terminated=[False, False, True], truncated=[False, True, False])
    agent.learn((batch, np.array([0, 0, 0])))
    np.testing.assert_allclose(agent.table.q[:3, 0], [1 + 0.5 * 4, 1 + 0.5 * 7, 1])


def test_n_step_sarsa_waits_n_steps_and_empties_at_the_end():
    agent = agent_of("n_step_sarsa", environments=1, lookahead=2)
    chosen = np.array([1])
    agent.learn((steps([0], [0], [1.0], [1]), chosen))
    assert not agent.table.q[:3].any()
    agent.learn((steps([1], [1], [2.0], [3]), chosen))
    np.testing.assert_allclose(agent.table.q[:3], [[1 + 0.5 * 2 + 0.25 * 8, 0], [0, 0], [0, 0]])
    agent.learn((steps([2], [0], [4.0], [0], terminated=True), chosen))
    np.testing.assert_allclose(agent.table.q[:3], [[4, 0], [0, 2 + 0.5 * 4], [4, 0]])
    agent.learn((steps([0], [1], [1.0], [3]), chosen))  # of the next episode: nothing waits from the last
    np.testing.assert_allclose(agent.table.q[:3], [[4, 0], [0, 4], [4, 0]])


def test_n_step_sarsa_goes_on_behind_a_cut_by_the_mean():
    agent = agent_of("n_step_sarsa", environments=1, lookahead=3)
    agent.learn((steps([0], [0], [1.0], [1]), np.array([0])))
    agent.learn((steps([1], [0], [2.0], [3], truncated=True), np.array([0])))
    np.testing.assert_allclose(agent.table.q[:3, 0], [1 + 0.5 * 2 + 0.25 * 7, 2 + 0.5 * 7, 0])


def test_n_step_sarsa_of_one_step_is_sarsa():
    generator = np.random.default_rng(0)
    one, sarsa = agent_of("n_step_sarsa", lookahead=1), agent_of("sarsa")
    for _ in range(50):
        state, following, action, chosen = generator.integers((4, 4, 2, 2), size=(3, 4)).T
        ends = generator.integers(4, size=3)
        batch = steps(state, action, generator.random(3), following, terminated=ends == 0, truncated=ends == 1)
        for agent in (one, sarsa):
            agent.learn((batch, chosen))
    np.testing.assert_array_equal(one.table.q, sarsa.table.q)


def test_dyna_q_plans_back_along_what_it_remembers():
    learner, planner = (agent_of("dyna_q", environments=1, planning=planning) for planning in (0, 50))
    for agent in (learner, planner):
        agent.learn(steps([0], [0], [0.0], [1]))
        agent.learn(steps([1], [0], [0.0], [2]))
        agent.learn(steps([2], [0], [8.0], [3], terminated=True))
    np.testing.assert_array_equal(learner.table.q[:3, 0], [0, 0, 8])
    np.testing.assert_array_equal(planner.table.q[:3], [[2, 0], [4, 0], [8, 0]])


def test_dyna_q_remembers_what_was_open():
    agent = agent_of("dyna_q", environments=1, planning=20)
    agent.learn(steps([0], [0], [0.0], [3], mask=np.array([[True, False]])))
    assert agent.table.q[0, 0] == 0.5 * 4


def test_monte_carlo_takes_the_return_behind_the_first_visit():
    episode = Finished(np.array([0, 1, 0, 2]), np.array([1, 0, 1, 0]), np.array([1.0, 2.0, 4.0, 8.0]), 16.0)
    states, actions, returns = first_visits(episode, 0.5)
    assert list(zip(states.tolist(), actions.tolist(), returns.tolist(), strict=True)) == [(0, 1, 5.0), (1, 0, 8.0), (2, 0, 16.0)]
    agent = agent_of("monte_carlo", step_size_power=1.0)
    agent.learn([episode, Finished(np.array([0]), np.array([1]), np.array([3.0]), 0.0)])
    assert agent.table.q[0, 1] == pytest.approx((5 + 3) / 2)
