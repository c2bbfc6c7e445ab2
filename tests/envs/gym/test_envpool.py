"""EnvPool's environments are seen as all others are. What needs it is skipped where it is missing."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

import gymnasium
import numpy as np
import pytest

from zerodojo.agents.gym.presets import PRESETS
from zerodojo.envs.gym.config import ViewConfig
from zerodojo.envs.gym.environments import Environments
from zerodojo.envs.gym.making import make_environments, make_one
from zerodojo.errors import UserError

VIEW = ViewConfig(side_by_side="envpool")
ATARI = ViewConfig(side_by_side="envpool", atari=True, frame_stack=4)
PONG = "ALE/Pong-v5"
STEADY: dict[str, Any] = {"repeat_action_probability": 0.0}


def needs(*modules: str) -> pytest.MarkDecorator:
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    return pytest.mark.skipif(bool(missing), reason=f"{' and '.join(missing)} not installed: pip install 'zerodojo[atari,envpool]'")


def pooled(task: str, view: ViewConfig = VIEW, n: int = 4, learning: bool = True, **options: Any) -> Environments:
    return make_environments(task, options, view, n=n, learning=learning)


def test_without_envpool_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "envpool", None)
    with pytest.raises(UserError, match=r"^CartPole-v1 needs envpool, which is not installed; pip install 'zerodojo\[envpool\]'$"):
        pooled("CartPole-v1")


def test_frames_are_stacked_of_atari_games_only() -> None:
    with pytest.raises(UserError, match=r"EnvPool prepares and stacks frames of Atari games only; take --view.side-by-side list"):
        pooled("CartPole-v1", ATARI)


@needs("envpool")
def test_an_id_that_envpool_lacks() -> None:
    with pytest.raises(UserError, match=r"^EnvPool has no Taxi-v4; take --view.side-by-side list or processes$"):
        pooled("Taxi-v4")


@needs("envpool")
def test_an_option_that_envpool_does_not_take() -> None:
    with pytest.raises(UserError, match="CartPole-v1 does not take gravity=3"):
        pooled("CartPole-v1", gravity=3)


@needs("envpool")
def test_cartpole_is_gymnasiums() -> None:
    environments, twin = pooled("CartPole-v1", n=1), gymnasium.make("CartPole-v1").unwrapped
    seen = environments.reset(0).observation
    twin.reset(seed=0)
    generator, episodes = np.random.default_rng(0), 0
    while episodes < 5:
        twin.state = seen[0].astype(np.float64)
        twin.steps_beyond_terminated = None
        action = generator.integers(2, size=1)
        step = environments.step(action)
        seen = step.observation
        if not step.valid[0]:
            assert np.abs(seen).max() <= 0.05  # where an episode begins
            continue
        expected, reward, terminated, _, _ = twin.step(int(action[0]))
        np.testing.assert_allclose(step.final[0], expected, rtol=1e-4, atol=1e-5)
        assert (step.reward[0], step.terminated[0], step.truncated[0]) == (reward, terminated, False)
        episodes += terminated
    assert len(environments.finished()) == 5


@needs("envpool")
def test_rows_that_only_reset_do_not_count_and_a_limit_is_no_end_of_the_world() -> None:
    environments = pooled("Pendulum-v1", ViewConfig(side_by_side="envpool", max_episode_steps=7))
    environments.reset(0)
    generator, paid = np.random.default_rng(0), np.zeros(4)
    for t in range(1, 17):
        step = environments.step(generator.uniform(-2, 2, (4, 1)).astype(np.float32))
        assert not step.terminated.any()
        assert step.truncated.all() if t in (7, 15) else not step.truncated.any()
        assert step.valid.all() if t not in (8, 16) else not step.valid.any()
        paid += step.reward
        if t == 7:
            np.testing.assert_allclose([episode.total for episode in environments.finished()], paid, rtol=1e-5)
        if t == 8:
            assert not step.reward.any()
    assert [episode.length for episode in environments.finished()] == [7] * 4


@needs("envpool")
def test_a_seed_decides_and_each_environment_has_its_own() -> None:
    def played(seed: int) -> np.ndarray:
        environments = pooled("CartPole-v1")
        shown = [environments.reset(seed).observation]
        shown += [environments.step(np.ones(4, np.int64)).observation for _ in range(30)]
        environments.close()
        return np.stack(shown)

    first = played(3)
    np.testing.assert_array_equal(first, played(3))
    assert not np.array_equal(first, played(4))
    assert len(np.unique(first[0], axis=0)) == 4
    again = pooled("CartPole-v1")
    again.reset(3)
    again.step(np.ones(4, np.int64))
    np.testing.assert_array_equal(again.reset(3).observation, first[0])


@needs("envpool")
def test_a_run_that_goes_on_begins_fresh_episodes_and_says_so() -> None:
    environments = pooled("CartPole-v1")
    seen, fresh = environments.load({})
    assert fresh.all()
    assert np.abs(seen.observation).max() <= 0.05
    assert "begin anew" in environments.notices()[0]
    assert not np.array_equal(seen.observation, pooled("CartPole-v1").load({})[0].observation)


@needs("envpool", "ale_py")
def test_atari_games_are_prepared() -> None:
    with pytest.raises(UserError, match=r"add --view.atari"):
        pooled(PONG)


@needs("envpool", "ale_py")
def test_pong_is_prepared_as_in_a_list() -> None:
    """Byte for byte, for as many idle frames at the beginning as EnvPool drew."""
    environments = pooled(PONG, ATARI, n=1, **STEADY)
    shown = environments.reset(0).observation[0]
    actions = np.random.default_rng(0).integers(6, size=300).tolist()
    steps = [environments.step(np.array([action])) for action in actions]

    def is_the_same(idle: int) -> bool:
        env = make_one(PONG, STEADY, ATARI)
        env.reset(seed=0)
        env.unwrapped.np_random = Fixed(idle)  # type: ignore[assignment]
        if not np.array_equal(env.reset()[0], shown):
            return False
        for step, action in zip(steps, actions, strict=True):
            observation, *outcome, _ = env.step(action)
            if not np.array_equal(observation, step.final[0]):
                return False
            assert outcome == [step.reward[0], step.terminated[0], step.truncated[0]]
        return True

    assert sum(is_the_same(idle) for idle in range(1, 31)) == 1
    assert sum(step.reward[0] for step in steps) < 0  # points were lost meanwhile


class Fixed:
    """A generator that always draws this."""

    def __init__(self, drawn: int) -> None:
        self.drawn = drawn

    def integers(self, low: int, high: int) -> int:
        assert low <= self.drawn < high
        return self.drawn


@needs("envpool", "ale_py")
def test_lost_lives_end_episodes_while_learning_only() -> None:
    def lengths(learning: bool) -> list[int]:
        environments = pooled("ALE/Breakout-v5", ATARI, n=1, learning=learning)
        environments.reset(0)
        for t in range(1500):
            environments.step(np.array([t % 2]))  # fires, and never moves
        return [episode.length for episode in environments.finished()]

    assert np.mean(lengths(True)) < np.mean(lengths(False)) / 3  # of five lives


@needs("ale_py")
@pytest.mark.parametrize("way", ["list", pytest.param("envpool", marks=needs("envpool"))])
def test_a_limit_counts_steps_of_the_agent_and_not_frames(way: Any) -> None:
    environments = pooled(PONG, ViewConfig(side_by_side=way, atari=True, frame_stack=4, max_episode_steps=9), n=2)
    environments.reset(0)
    ends = [environments.step(np.zeros(2, np.int64)).truncated.all() for _ in range(9)]
    assert ends == [False] * 8 + [True]


@needs("envpool", "ale_py")
def test_the_preset_of_pong_runs_in_it() -> None:
    config = PRESETS["pong-ppo"]
    listed = make_environments(config.task, {}, config.view, n=1)
    environments = pooled(config.task, ATARI, n=1)
    assert (environments.observation_space, environments.action_space) == (listed.observation_space, listed.action_space)
