import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from zerodojo.agents.gym.agent import NonFiniteUpdate, Spaces
from zerodojo.agents.gym.config import GymConfig
from zerodojo.agents.parts.transitions import Transitions
from zerodojo.agents.policy_gradient.config import SACSettings, TD3Settings
from zerodojo.agents.registry import agent_class
from zerodojo.envs.gym.spaces import ActionSpace, ObservationSpace
from zerodojo.errors import UserError
from zerodojo.models.config import BodyConfig

from .aiming import HIGH, LOW, Aim, Skipping, begin, learn, mean_reward

SETTINGS = {
    "sac": SACSettings(learning_starts=40, batch=64, learning_rate=1e-2, gamma=0.5, tau=0.02, capacity=500, target_entropy=-2.0),
    "td3": TD3Settings(learning_starts=40, batch=64, learning_rate=1e-2, gamma=0.5, tau=0.02, capacity=500),
}
both = pytest.mark.parametrize("name", SETTINGS)


def level(agent, *, first: float, second: float) -> None:
    """All weights 0 but what the critics say everywhere."""
    weights = {key: np.zeros_like(array) for key, array in agent.weights().items()}
    last = max(key for key in weights if key.startswith("critics.biases"))
    weights[last][:, 0, 0] = first, second
    agent.load(weights)


def batch(*, draws: int, terminated: bool, reward: float = 1.0, noise: float = 0.0) -> Transitions:
    n = 3
    return Transitions(
        observation=torch.zeros(n, 2),
        action=torch.zeros(n, 2),
        reward=torch.full((n,), reward),
        terminated=torch.full((n,), terminated),
        following=torch.ones(n, 2),
        noise=torch.full((draws, n, 2), noise),
    )


def test_the_soft_critics_learn_the_lower_twin_and_the_entropy():
    agent, _ = begin("sac", SETTINGS["sac"])
    level(agent, first=5.0, second=3.0)  # the temperature is exp(0) = 1, the policy the tanh of standard normal numbers
    log_prob = 2 * -0.5 * math.log(2 * math.pi)  # at 0, where tanh has slope 1
    wanted = 1.0 + 0.5 * (3.0 - log_prob)
    measured = agent.learn(batch(draws=2, terminated=False))
    assert measured["critic_loss"] == pytest.approx(0.5 * ((5 - wanted) ** 2 + (3 - wanted) ** 2), rel=1e-5)
    assert measured["actor_loss"] == pytest.approx(log_prob - 3.0, rel=1e-5)
    assert measured["entropy"] == pytest.approx(-log_prob, rel=1e-5)


def test_the_temperature_rises_where_the_entropy_is_too_low_and_falls_where_it_is_too_high():
    for target, sign in ((5.0, 1), (-5.0, -1)):
        agent, _ = begin("sac", SACSettings(target_entropy=target, learning_rate=0.1))
        level(agent, first=0.0, second=0.0)
        agent.learn(batch(draws=2, terminated=False))
        assert agent.weights()["log_temperature"] == pytest.approx(sign * 0.1, rel=1e-3)  # Adam's first step is its rate


def test_a_temperature_that_is_not_learned_stays():
    agent, actor = begin("sac", SACSettings(learn_temperature=False, temperature=0.2, learning_starts=8, batch=16))
    measured = learn(agent, actor, rounds=20)
    assert [row["temperature"] for row in measured] == [pytest.approx(0.2)] * 13


def actor_of(agent) -> np.ndarray:
    """All its numbers, one behind the other."""
    return np.concatenate([array.ravel() for name, array in agent.weights().items() if name.startswith("actor.")])


def test_an_actor_rests_where_it_does_not_learn_though_it_learned_before():
    agent, actor = begin("td3", SETTINGS["td3"])
    learn(agent, actor, rounds=60)
    learned, moved = actor_of(agent), []
    for _ in range(4):
        metrics = agent.learn(next(agent.batches(agent.collect(actor))))
        moved.append((bool((actor_of(agent) != learned).any()), "actor_loss" in metrics))
        learned = actor_of(agent)
    assert sorted(moved) == [(False, False), (False, False), (True, True), (True, True)]


def test_td3_learns_the_lower_twin_and_its_actor_later():
    agent, _ = begin("td3", SETTINGS["td3"])
    level(agent, first=5.0, second=3.0)
    wanted = 1.0 + 0.5 * 3.0
    first = agent.learn(batch(draws=1, terminated=False))
    assert first["critic_loss"] == pytest.approx((5 - wanted) ** 2 + (3 - wanted) ** 2, rel=1e-5)
    assert "actor_loss" not in first
    assert not actor_of(agent).any()
    second = agent.learn(batch(draws=1, terminated=False))
    assert second["actor_loss"] == pytest.approx(-second["value"], abs=1.1)  # the first twin's alone, not the mean of both
    assert second["actor_loss"] < -4.5


@pytest.mark.parametrize(("noise", "drawn"), [(1.0, 0.2), (9.0, 0.5), (-9.0, -0.5)])
def test_the_targets_of_td3_are_smoothed_by_bounded_noise(noise, drawn):
    agent, _ = begin("td3", SETTINGS["td3"])
    weights = {key: np.zeros_like(array) for key, array in agent.weights().items()}
    weights["critics.weights.0"][:, 0, 2:] = 1.0  # the sum of both numbers of the action, where it is positive
    weights["critics.biases.0"][:, :, 0] = 1.5
    weights["critics.weights.1"][:, 0, 0] = 1.0
    agent.load(weights)
    wanted = 1.0 + 0.5 * (1.5 + 2 * drawn)
    measured = agent.learn(batch(draws=1, terminated=False, noise=noise))
    assert measured["critic_loss"] == pytest.approx(2 * (1.5 - wanted) ** 2, rel=1e-4)


@both
def test_what_the_world_ended_has_no_future(name):
    agent, _ = begin(name, SETTINGS[name])
    level(agent, first=5.0, second=3.0)
    measured = agent.learn(batch(draws=2, terminated=True))
    half = 0.5 if name == "sac" else 1.0
    assert measured["critic_loss"] == pytest.approx(half * (16 + 4), rel=1e-5)


@both
@pytest.mark.parametrize("cut", [False, True])
def test_what_was_cut_short_is_not_remembered_as_ended(name, cut):
    agent, actor = begin(name, SETTINGS[name], n=2, make=lambda: Aim(cut=cut))
    for _ in range(8):
        assert not list(agent.batches(agent.collect(actor)))
    ends = agent.replay["terminated"][:16].reshape(8, 2)
    assert ends.sum() == (0 if cut else 4)
    shown, following = (agent.replay[column][:16].reshape(8, 2, 2) for column in ("observation", "following"))
    same = (shown[1:] == following[:-1]).all(-1)
    assert not same[3].any() and same[[0, 1, 2, 4, 5, 6]].all()  # behind an end stands what the step led to, not the next episode


@both
def test_rows_that_do_not_count_are_neither_stored_nor_counted(name):
    agent, actor = begin(name, SETTINGS[name], n=3, environments=Skipping)
    for _ in range(2):
        rows = agent.collect(actor)
        assert len(rows["reward"]) == 2
        assert not list(agent.batches(rows))
    assert (agent.steps, agent.replay.total) == (4, 4)


@both
def test_the_first_steps_are_uniform_within_the_bounds(name):
    worlds: list[Aim] = []

    def make() -> Aim:
        worlds.append(Aim())
        return worlds[-1]

    agent, actor = begin(name, SACSettings(learning_starts=2_000) if name == "sac" else TD3Settings(), make=make)
    for _ in range(2_000):
        assert not list(agent.batches(agent.collect(actor))) or agent.steps >= 2_000
    taken = np.array(worlds[0].taken)
    assert (taken >= LOW).all() and (taken <= HIGH).all()
    share = (taken - LOW) / (HIGH - LOW)
    assert np.allclose(np.quantile(share, [0.1, 0.5, 0.9], axis=0).T, [0.1, 0.5, 0.9], atol=0.05)
    assert np.allclose(agent.replay["action"][:2_000], share * 2 - 1, atol=1e-5)


@both
def test_evaluation_acts_by_the_middle_in_the_bounds_of_the_environment(name):
    agent, _ = begin(name, SETTINGS[name])
    weights = agent.weights()
    weights["actor.head.weight"][:] = 0.0
    weights["actor.head.bias"][:2] = math.atanh(0.5), -math.atanh(0.5)
    agent.load(weights)

    def act(deterministic, seed):
        action, state, _ = agent.policy.act(
            np.zeros((1, 2), np.float32), {}, starts=np.ones(1, np.bool_), mask=None, deterministic=deterministic,
            generator=np.random.default_rng(seed),
        )  # fmt: skip
        assert action.dtype == np.float32 and not state
        return action[0]

    assert act(True, 0) == pytest.approx([2.0, 2.5]) == act(True, 1)
    explored = np.array([act(False, seed) for seed in range(50)])
    assert explored.std(axis=0).min() > 0.05
    assert (explored >= LOW).all() and (explored <= HIGH).all()


@pytest.mark.parametrize(("name", "updates"), [("sac", 1), ("td3", 2)])
def test_targets_follow_slowly(name, updates):
    agent, _ = begin(name, SETTINGS[name])
    before = agent.weights()["critics.biases.0"]

    def target():
        arrays = agent.state().arrays
        return next(array for key, array in arrays.items() if key.startswith("target/") and key.endswith("biases.0"))

    for _ in range(updates):
        assert np.array_equal(target(), before)
        agent.learn(batch(draws=2, terminated=False))
    assert np.allclose(target() - before, 0.02 * (agent.weights()["critics.biases.0"] - before), atol=1e-7)
    assert not np.array_equal(target(), before)


@both
def test_it_goes_on_number_for_number(name):
    first, actor = begin(name, SETTINGS[name], n=2)
    learn(first, actor, rounds=60)
    second, other = begin(name, SETTINGS[name], n=2, seed=5)
    _, rows = first.replay.since(0)
    second.replay.restore(first.replay.total - len(first.replay), rows, first.replay.total)
    other.load(actor.state())
    second.load(first.weights(), first.state())
    assert (second.steps, second.updates) == (first.steps, first.updates) and first.updates > 0
    assert learn(first, actor, rounds=15) == learn(second, other, rounds=15)
    for key, array in first.weights().items():
        assert np.array_equal(array, second.weights()[key]), key
    for key, array in first.state().arrays.items():
        assert np.array_equal(array, second.state().arrays[key]), key


@both
def test_weights_alone_begin_anew(name):
    first, actor = begin(name, SETTINGS[name])
    learn(first, actor, rounds=50)
    second, _ = begin(name, SETTINGS[name], seed=5)
    second.load(first.weights())
    assert second.steps == second.updates == 0
    target = {key.removeprefix("target/"): a for key, a in second.state().arrays.items() if key.startswith("target/")}
    weights = first.weights()
    assert target and all(np.array_equal(a, weights[key if key in weights else f"critics.{key}"]) for key, a in target.items())


@both
def test_what_is_not_finite_changes_nothing(name):
    agent, actor = begin(name, SETTINGS[name])
    learn(agent, actor, rounds=50)
    weights, state = agent.weights(), agent.state()
    with pytest.raises(NonFiniteUpdate) as caught:
        agent.learn(batch(draws=2, terminated=False, reward=math.inf))
    assert np.isinf(caught.value.arrays["reward"]).all()
    assert all(np.array_equal(array, weights[key]) for key, array in agent.weights().items())
    assert all(np.array_equal(array, state.arrays[key]) for key, array in agent.state().arrays.items())
    assert agent.state().values == state.values


@both
def test_a_round_has_as_many_batches_as_the_settings_say(name):
    kind = type(SETTINGS[name])
    agent, actor = begin(name, kind(learning_starts=0, rollout=3), n=2)
    assert len(list(agent.batches(agent.collect(actor)))) == 6
    agent, actor = begin(name, kind(learning_starts=0, rollout=3, gradient_steps=2), n=2)
    assert len(list(agent.batches(agent.collect(actor)))) == 2


@both
@pytest.mark.parametrize(
    ("space", "body", "words"),
    [
        (ActionSpace(sizes=(3,), single=True), BodyConfig(), "one of 3; choose ppo or dqn"),
        (ActionSpace(low=(0.0,), high=(1.0,)), BodyConfig(memory="gru"), "choose ppo, or body.memory none"),
    ],
)
def test_what_it_cannot_do_is_refused(name, space, body, words):
    config = GymConfig(settings=SETTINGS[name], body=body)
    with pytest.raises(UserError, match=words):
        agent_class(name)(config, Spaces(ObservationSpace((2,), np.dtype(np.float32)), space, 1))


@both
def test_it_learns_from_images(name):
    space = ObservationSpace((1, 6, 6), np.dtype(np.uint8))
    config = GymConfig(settings=SETTINGS[name], body=BodyConfig(hidden=(16,)))
    agent = agent_class(name)(config, Spaces(space, ActionSpace(low=(0.0, 0.0), high=(1.0, 1.0)), 1))
    seen = torch.zeros(3, 1, 6, 6, dtype=torch.uint8)
    images = batch(draws=2, terminated=False)._replace(observation=seen, following=seen + 255)
    before = agent.weights()
    agent.learn(images)
    agent.learn(images)
    moved = {key.split(".")[0] for key, array in agent.weights().items() if not np.array_equal(array, before[key])}
    assert {"actor", "critics"} <= moved


@both
def test_it_learns(name):
    agent, actor = begin(name, replace(SETTINGS[name], gradient_steps=2), n=4)
    before = mean_reward(agent)
    learn(agent, actor, rounds=150)
    assert before < -0.35
    assert mean_reward(agent) > -0.12
