"""What holds for every tabular agent: it learns, goes on from where it was, heeds masks and cuts, and refuses what has no table."""

import json
import subprocess
import sys

import gymnasium
import numpy as np
import pytest

from zerodojo.agents.gym.agent import AgentState, Spaces
from zerodojo.agents.gym.config import GymConfig
from zerodojo.agents.parts.acting import Actor
from zerodojo.agents.registry import agent_class, settings_class
from zerodojo.envs.gym.spaces import Reader, Writer
from zerodojo.errors import UserError

from .worlds import AGENTS, actor_of, corridor, make, rounds, world

every_agent = pytest.mark.parametrize("agent", AGENTS)


def steady(agent, step_size=0.5):
    return {} if agent == "monte_carlo" else {"step_size": step_size, "final_step_size": step_size}


@every_agent
def test_it_finds_the_way(agent):
    environments = world(corridor(), n=4)
    learner = make(agent, environments, steps=4_000, gamma=0.9, **steady(agent, 0.2))
    actor = actor_of(learner, environments)
    rounds(learner, actor, 1_000)
    assert learner.steps == 4_000
    assert learner.policy.epsilon == pytest.approx(0.1)
    np.testing.assert_array_equal(learner.table.q[:4].argmax(axis=1), 1)
    if agent in {"q_learning", "dyna_q"}:
        np.testing.assert_allclose(learner.table.q[:4, 1], [0.9**3, 0.9**2, 0.9, 1.0], atol=1e-3)


@every_agent
def test_a_cut_is_no_end(agent):
    environments = world({(0, 0): (0, 1.0, False)}, limit=3)
    learner = make(agent, environments, gamma=0.5, **steady(agent))
    rounds(learner, actor_of(learner, environments), 400)
    assert learner.table.q[0, 0] == pytest.approx(2.0, abs=0.02)


@every_agent
def test_what_is_not_open_is_neither_done_nor_counted_on(agent):
    rules = {(0, 0): (1, 0.0, False), (0, 1): (0, 0.0, False), (1, 0): (0, 0.0, False), (1, 1): (1, 0.0, False)}
    environments = world(rules, n=2, limit=7, closed=((0, 1), (1, 0)))
    learner = make(agent, environments, gamma=0.5, initial_value=9.0, **steady(agent))
    rounds(learner, actor_of(learner, environments), 300)
    assert environments.notices() == []  # to do what is closed fails in that world
    np.testing.assert_allclose(learner.table.q, [[0.0, 9.0], [9.0, 0.0]], atol=0.15)


@every_agent
def test_behind_a_cut_the_mask_is_that_of_the_state_it_led_to(agent):
    rules = {(0, 0): (1, 0.0, False), (0, 1): (1, 0.0, False), (1, 0): (0, 0.0, False), (1, 1): (0, 0.0, False)}
    environments = world(rules, limit=1, closed=((1, 1),))
    learner = make(agent, environments, gamma=0.5, **steady(agent, 1.0))
    learner.table.q[1] = [1.0, 9.0]
    rounds(learner, actor_of(learner, environments), 50)
    np.testing.assert_allclose(learner.table.q[0], 0.5)


@every_agent
def test_it_goes_on_number_for_number(agent):
    rules = corridor(6)
    environments = world(rules, n=3, limit=20)
    first = make(agent, environments)
    actor = actor_of(first, environments)
    rounds(first, actor, 40)
    weights, state = first.weights(), first.state()
    acting = json.loads(json.dumps(actor.state()))
    rounds(first, actor, 60)

    others = world(rules, n=3, limit=20)
    second = make(agent, others, seed=5)
    second.load(weights, AgentState(arrays=state.arrays, values=json.loads(json.dumps(state.values))))
    resumed = Actor(others, second.policy, generator=np.random.default_rng(9), seed=None)
    resumed.load(acting)
    rounds(second, resumed, 60)
    np.testing.assert_array_equal(second.table.q, first.table.q)
    np.testing.assert_array_equal(second.table.visits, first.table.visits)
    assert (second.steps, second.updates) == (first.steps, first.updates)
    assert second.state().values == first.state().values
    assert environments.finished()[-1:] == others.finished()[-1:]


@every_agent
def test_from_weights_alone_it_begins_anew(agent):
    environments = world(corridor(), n=2)
    first, second = make(agent, environments), make(agent, environments)
    rounds(first, actor_of(first, environments), 60)
    rounds(second, actor_of(second, environments, seed=3), 30)
    second.load(first.weights())
    np.testing.assert_array_equal(second.table.q, first.table.q)
    assert second.steps == second.updates == 0
    fresh = make(agent, environments)
    left, right = second.state().arrays, fresh.state().arrays
    assert left.keys() == right.keys()
    assert all(np.array_equal(left[name], right[name]) for name in left if name not in {"window", "rewards"})


def test_what_was_chosen_for_another_state_is_chosen_again():
    environments = world(
        {(0, 0): (1, 0.0, False), (1, 1): (0, 0.0, False), (0, 1): (0, 0.0, False), (1, 0): (1, 0.0, False)},
        closed=((0, 1), (1, 0)),
    )
    learner = make("sarsa", environments)
    actor = actor_of(learner, environments)
    rounds(learner, actor, 1)
    actor = actor_of(learner, environments)  # begins again in state 0, while the action at hand was chosen for state 1
    rounds(learner, actor, 1)
    assert environments.notices() == []


@every_agent
@pytest.mark.parametrize(
    ("observations", "actions", "words"),
    [
        (gymnasium.spaces.Box(0, 1, (4,)), gymnasium.spaces.Discrete(2), "shows no finite number of them; take .*ppo"),
        (gymnasium.spaces.MultiDiscrete([5000, 5000]), gymnasium.spaces.Discrete(2), "has 25,000,000 states; take .*ppo"),
        (gymnasium.spaces.Discrete(10_000_000), gymnasium.spaces.Discrete(2), "20,000,000 pairs of states and actions; take .*ppo"),
        (gymnasium.spaces.Discrete(4), gymnasium.spaces.Box(-1, 1, (2,)), "those of World-v0 are 2 numbers; take .*ppo"),
        (gymnasium.spaces.Discrete(4), gymnasium.spaces.MultiDiscrete([2, 3]), "those of World-v0 are 2 choices; take .*ppo"),
    ],
)
def test_what_has_no_table_is_refused(agent, observations, actions, words):
    spaces = Spaces(Reader(observations).space, Writer(actions).space, 1)
    with pytest.raises(UserError, match=rf"^{agent} .*{words}") as refusal:
        agent_class(agent)(GymConfig(settings=settings_class(agent)(), task="World-v0"), spaces)
    assert "q_learning" not in str(refusal.value).partition("take")[2]


def test_tables_need_no_torch():
    names = ", ".join(f"zerodojo.agents.tabular.{name}" for name in (*AGENTS, "model", "value_iteration", "policy_iteration"))
    code = f"import sys, {names}, zerodojo.evaluation.exact_model; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("agent", ["sarsa", "n_step_sarsa"])
def test_the_first_action_of_an_episode_knows_what_the_last_one_taught(agent):
    environments = world({(0, 0): (0, -1.0, True), (0, 1): (0, -1.0, True)})
    learner = make(agent, environments, epsilon=0.0, final_epsilon=0.0, **steady(agent, step_size=1.0))
    actor = actor_of(learner, environments)
    rounds(learner, actor, 2)
    np.testing.assert_array_equal(learner.table.q, [[-1.0, -1.0]])  # whoever did not know would do the same again
