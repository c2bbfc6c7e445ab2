"""Rollouts: what stands where, how episodes begin and end in them, and what a memory held at each place."""

import numpy as np
import pytest
import torch

from zerodojo.agents.gym.agent import Spaces
from zerodojo.agents.parts.acting import Actor
from zerodojo.agents.parts.actor_critic import ActorCritic, ActorCriticPolicy
from zerodojo.agents.parts.judged import judge, stretches, values_after, values_of_cuts
from zerodojo.agents.parts.returns import generalized_advantages
from zerodojo.agents.parts.rollout import Rollout, collect_episodes, collect_rollout
from zerodojo.models.config import BodyConfig

from ..gym.worlds import Line, environments


class Sum:
    """A policy that remembers the sum of what it saw in the episode, and always takes action 1."""

    def initial_state(self, n):
        return {"sum": np.zeros((n, 1), np.float32)}

    def act(self, observation, state, *, starts, mask, deterministic, generator):
        summed = np.where(starts[:, None], 0, state["sum"]) + observation
        return np.ones(len(observation), np.int64), {"sum": summed.astype(np.float32)}, {}


def actor_of(policy, *kinds, n):
    return Actor(environments(*kinds, n=n), policy, generator=np.random.default_rng(0), seed=0)


def ended_and_cut(policy):
    """Episodes of 3 steps that the world ends, and of 4 that are cut short."""
    return actor_of(policy, lambda: Line(3, cut=False), lambda: Line(4, cut=True), n=2)


def test_what_stands_where():
    actor = ended_and_cut(Sum())
    rollout = collect_rollout(actor, 6)
    assert rollout.observation[..., 0].T.tolist() == [[0, 1, 2, 0, 1, 2], [0, 1, 2, 3, 0, 1]]
    assert rollout.starts.T.tolist() == [[True, False, False] * 2, [True, False, False, False, True, False]]
    assert rollout.reward.T.tolist() == [[1, 2, 3, 1, 2, 3], [1, 2, 3, 4, 1, 2]]
    assert rollout.ended.T.tolist() == [[False, False, True] * 2, [False, False, False, True, False, False]]
    assert rollout.valid.all() and rollout.steps == 12
    assert (rollout.action == 1).all() and rollout.mask is None
    assert rollout.last[:, 0].tolist() == [0, 2]
    assert rollout.last_starts.tolist() == [True, False]


def test_what_was_cut_short_goes_on_from_where_it_stood():
    (cut,) = collect_rollout(ended_and_cut(Sum()), 6).cuts
    assert (cut.t, cut.n) == (3, 1)
    assert cut.observation.tolist() == [4]
    assert cut.memory["sum"].tolist() == [0 + 1 + 2 + 3]


def test_memory_at_both_ends_of_a_rollout():
    actor = ended_and_cut(Sum())
    first, second = collect_rollout(actor, 6), collect_rollout(actor, 3)
    assert first.memory["sum"].T.tolist() == [[0, 0]]
    assert first.last_memory["sum"].T.tolist() == [[3, 1]]  # the first episode ended, and whoever reads it heeds `last_starts`
    assert second.memory["sum"].T.tolist() == [[3, 1]]
    assert second.starts[0].tolist() == [True, False]
    assert [(cut.t, cut.n, cut.memory["sum"].tolist()) for cut in second.cuts] == [(1, 1, [6])]


def test_whole_episodes_of_each_environment():
    actor = actor_of(Sum(), lambda: Line(2, cut=False), lambda: Line(5, cut=True), n=2)
    for _ in range(2):
        rollout = collect_episodes(actor, 2)
        assert rollout.starts[0].all()
        assert rollout.valid.T.tolist() == [[True] * 4 + [False] * 6, [True] * 10]
        assert rollout.steps == 20
        actor.advance()  # in the middle of episodes: the next round leaves them


def test_a_single_environment_plays_its_episodes_one_after_the_other():
    actor = actor_of(Sum(), lambda: Line(3, cut=False), n=1)
    for _ in range(3):
        rollout = collect_episodes(actor, 1)
        assert rollout.steps == 3 and rollout.valid.all()
    assert len(actor.environments.finished()) == 3


@pytest.mark.parametrize("policy", [Sum(), None])
def test_a_rollout_can_be_written_down(policy):
    rollout = collect_rollout(ended_and_cut(policy or policy_of(network("none"))), 6)
    again = Rollout.of(rollout.arrays())
    assert again.cuts and len(again.cuts) == len(rollout.cuts)
    for ours, theirs in zip(again.cuts, rollout.cuts, strict=True):
        assert (ours.t, ours.n, ours.observation.tolist()) == (theirs.t, theirs.n, theirs.observation.tolist())
        assert {name: part.tolist() for name, part in ours.memory.items()} == {
            name: part.tolist() for name, part in theirs.memory.items()
        }
    assert again.arrays().keys() == rollout.arrays().keys()
    assert all(np.array_equal(array, again.arrays()[name]) for name, array in rollout.arrays().items())
    assert (again.mask is None) and again.steps == rollout.steps


def network(memory):
    """An actor-critic whose values are far from zero."""
    envs = environments(lambda: Line(3, cut=False), n=1)
    torch.manual_seed(1)
    made = ActorCritic(
        Spaces(envs.observation_space, envs.action_space, 2), BodyConfig(hidden=(8,), memory=memory, memory_size=8), shared=False
    )
    with torch.no_grad():
        made.policy.weight.mul_(100)
    return made


policy_of = ActorCriticPolicy


def value_in_the_end(made, numbers):
    """What a network says of the last of these numbers, seen one by one from the beginning of an episode."""
    state = made.bodies.initial_state(1)
    for i, number in enumerate(numbers):
        _, value, state = made(torch.tensor([[[float(number)]]]), state, torch.tensor([[i == 0]]))
    return value.item()


@pytest.mark.parametrize("memory", ["none", "gru", "lstm"])
def test_values_beyond_a_rollout_are_those_of_its_episodes(memory):
    made = network(memory)
    rollout = collect_rollout(ended_and_cut(policy_of(made)), 6)
    beyond = values_of_cuts(made, rollout)
    assert beyond[3, 1] == pytest.approx(value_in_the_end(made, range(5)), abs=1e-6)
    assert np.count_nonzero(beyond) == 1
    assert values_after(made, rollout) == pytest.approx([value_in_the_end(made, [0]), value_in_the_end(made, range(3))], abs=1e-6)


@pytest.mark.parametrize("memory", ["none", "gru", "lstm"])
def test_a_rollout_is_judged_as_it_was_acted(memory):
    made = network(memory)
    actor = ended_and_cut(policy_of(made))
    collect_rollout(actor, 2)  # so that the next one begins within episodes
    rollout = collect_rollout(actor, 7)
    judged = judge(made, rollout, gamma=0.9, lam=0.8)
    N, T = 2, 7
    episodes = [[2, 0, 1, 2, 0, 1, 2], [2, 3, 0, 1, 2, 3, 0]]
    assert judged.observation.reshape(N, T).tolist() == episodes
    values = np.array([[value_in_the_end(made, range(number + 1)) for number in row] for row in episodes], np.float32)
    np.testing.assert_allclose(judged.value.reshape(N, T), values, atol=1e-6)
    last = np.array([value_in_the_end(made, [0]), value_in_the_end(made, [0, 1])], np.float32)
    beyond = np.zeros((T, N), np.float32)
    beyond[[1, 5], 1] = value_in_the_end(made, range(5))
    advantages = generalized_advantages(rollout.reward, values.T, last, rollout.ended, beyond, gamma=0.9, lam=0.8)
    np.testing.assert_allclose(judged.advantage.reshape(N, T), advantages.T, atol=1e-5)
    torch.testing.assert_close(judged.returns, judged.advantage + judged.value)


@pytest.mark.parametrize("memory", ["none", "gru", "lstm"])
def test_all_steps_at_once_give_what_acting_gave_step_by_step(memory):
    made = network(memory)
    actor = ended_and_cut(policy_of(made))
    seen, state, starts = [], actor.memory, actor.starts
    rollout = collect_rollout(actor, 9)
    for observation, begins in zip(rollout.observation, rollout.starts, strict=True):
        with torch.no_grad():
            policy, *_, after = made.act(
                torch.from_numpy(observation)[:, None],
                {name: torch.from_numpy(part) for name, part in state.items()},
                torch.from_numpy(begins)[:, None],
            )
        seen.append(made.distribution(policy[:, 0], None))
        state = {name: part.numpy() for name, part in after.items()}
    assert starts.all()
    stepwise = torch.stack([d.log_prob(torch.from_numpy(a)) for d, a in zip(seen, rollout.action, strict=True)], dim=1)
    judged = judge(made, untold(rollout), gamma=0.9, lam=0.8)
    torch.testing.assert_close(judged.log_prob.reshape(2, 9), stepwise, atol=1e-6, rtol=0)
    assert judged.log_prob.std() > 0.01
    assert {name: part.tolist() for name, part in state.items()} == {
        name: part.tolist() for name, part in rollout.last_memory.items()
    }


def untold(rollout):
    """As of a policy that does not tell what it knew."""
    return rollout._replace(policy=None, value=None)


@pytest.mark.parametrize("memory", ["gru", "lstm"])
def test_what_acting_told_is_not_computed_again(memory):
    made = network(memory)
    rollout = collect_rollout(ended_and_cut(policy_of(made)), 9)
    assert rollout.policy.shape == (9, 2, 2) and rollout.value.shape == (9, 2)
    told, computed = (judge(made, each, gamma=0.9, lam=0.8) for each in (rollout, untold(rollout)))
    for ours, theirs in zip(told[5:9], computed[5:9], strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)
    assert collect_rollout(ended_and_cut(policy_of(network("none"))), 9).value is None  # a critic of its own is asked later


def test_without_a_memory_every_step_stands_for_itself():
    rollout = collect_rollout(ended_and_cut(policy_of(network("none"))), 6)
    judged = judge(network("none"), rollout, gamma=0.9, lam=0.8)
    assert judged.starts.shape == (12, 1) and judged.rows(torch.tensor([3, 0])).observation.shape == (2, 1, 1)
    assert judged.observation[:, 0, 0].tolist() == stretches(rollout, torch.device("cpu")).observation.flatten().tolist()


def test_with_a_memory_an_environment_is_a_stretch():
    made = network("gru")
    judged = judge(made, collect_rollout(ended_and_cut(policy_of(made)), 6), gamma=0.9, lam=0.8)
    one = judged.rows(torch.tensor([1]))
    assert judged.starts.shape == (2, 6) and one.observation.shape == (1, 6, 1) and one.memory["hidden"].shape == (1, 8)
