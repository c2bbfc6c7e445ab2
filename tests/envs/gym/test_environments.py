"""However environments are run and reset, agents see one thing: checked on the same episodes in every way there is."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv

from zerodojo.envs.gym.environments import BadEnvironment, Environments, Step
from zerodojo.envs.gym.guarded import Guarded
from zerodojo.envs.gym.listed import EnvironmentList
from zerodojo.envs.gym.vectorized import VectorEnvironments


class Corridor(gymnasium.Env[Any, Any]):
    """Walks to the right from a place that the generator chooses: 3 is the end of the world, 5 steps are the limit. Action 0 stays.

    Observed are the place and the steps taken; moving on pays 1 and is forbidden at place 1 on the first step.
    """

    observation_space = spaces.Box(0, 10, (2,), np.float32)
    action_space = spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.place, self.steps = int(self.np_random.integers(3)), 0
        return self._shown(), self._info()

    def step(self, action: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.steps += 1
        self.place += int(action)
        return self._shown(), float(action), self.place == 3, self.steps == 5, self._info()

    def _shown(self) -> np.ndarray:
        return np.array([self.place, self.steps], np.float32)

    def _info(self) -> dict[str, Any]:
        return {"action_mask": np.array([1, not (self.place == 1 and self.steps == 0)], np.int8)}


def vector(mode: AutoresetMode, kind: Any = SyncVectorEnv) -> Environments:
    return VectorEnvironments("corridor", lambda: kind([Corridor] * 4, autoreset_mode=mode))


MODES = {"next step": AutoresetMode.NEXT_STEP, "same step": AutoresetMode.SAME_STEP, "disabled": AutoresetMode.DISABLED}
WAYS = {
    "listed": lambda: EnvironmentList("corridor", Corridor, 4),
    "next step": lambda: vector(AutoresetMode.NEXT_STEP),
    "same step": lambda: vector(AutoresetMode.SAME_STEP),
    "disabled": lambda: vector(AutoresetMode.DISABLED),
    "in processes": lambda: vector(AutoresetMode.SAME_STEP, AsyncVectorEnv),
}


def episodes(environments: Environments, rounds: int = 60) -> list[list[list[Any]]]:
    """What each environment showed, as whole episodes of (observation, mask, action, reward, final, terminated, truncated)."""
    seen = environments.reset(seed=7)
    observation, mask = seen.observation, seen.mask
    assert mask is not None
    told: list[list[list[Any]]] = [[[]] for _ in range(environments.n)]
    for _ in range(rounds):
        # a fixed way to act that depends on what is seen alone, so that every way of resetting meets the same episodes
        action = ((2 * observation[:, 0] + observation[:, 1]) % 5 < 2).astype(np.int64) & mask[:, 1]
        step: Step = environments.step(action)
        for i in np.flatnonzero(step.valid):
            told[i][-1].append(
                [observation[i].tolist(), mask[i].tolist(), int(action[i]), float(step.reward[i]), step.final[i].tolist()]
            )
            if step.ended[i]:
                told[i][-1].append([bool(step.terminated[i]), bool(step.truncated[i])])
                told[i].append([])
        observation, mask = step.observation, step.mask
        assert mask is not None
    environments.close()
    return told


@pytest.mark.parametrize("way", list(WAYS)[1:])
def test_every_way_of_resetting_shows_the_same_episodes(way: str) -> None:
    expected, got = episodes(WAYS["listed"]()), episodes(WAYS[way]())
    for ours, theirs in zip(expected, got, strict=True):
        count = min(len(ours), len(theirs)) - 1  # the last one is under way; rows that only reset take rounds
        assert count >= 8
        assert ours[:count] == theirs[:count]


@pytest.mark.parametrize("way", WAYS)
def test_episodes_are_counted_once_with_all_that_they_paid(way: str) -> None:
    environments = WAYS[way]()
    told = episodes(environments)
    whole = [episode for one in told for episode in one[:-1]]
    finished = environments.finished()
    assert sorted(finished) == sorted((sum(row[3] for row in episode[:-1]), len(episode) - 1) for episode in whole)
    assert environments.finished() == []
    assert {tuple(episode[-1]) for episode in whole} == {(True, False), (False, True)}  # both kinds of end were met


@pytest.mark.parametrize("way", WAYS)
def test_what_ended_is_followed_by_the_beginning_of_an_episode(way: str) -> None:
    for one in episodes(WAYS[way]()):
        for episode in filter(None, one):
            assert episode[0][0][1] == 0  # no step taken
            for before, after in pairwise(episode[:-1]):
                assert before[4] == after[0]  # within an episode, what a step led to is what is acted on next


def test_a_list_goes_on_from_its_state_as_if_it_had_not_stopped() -> None:
    one, other = EnvironmentList("corridor", Corridor, 4), EnvironmentList("corridor", Corridor, 4)
    one.reset(seed=3)
    generator = np.random.default_rng(0)
    for _ in range(13):
        one.step(generator.integers(2, size=4))
    one.finished()
    seen, fresh = other.load(one.state())
    assert other.notices() == []
    assert not fresh.any()
    assert seen.mask is not None
    for _ in range(20):
        action = generator.integers(2, size=4)
        for a, b in zip(one.step(action), other.step(action), strict=True):
            np.testing.assert_array_equal(a, b)
    assert one.finished() == other.finished()


class Wilful(Corridor):
    """Does not replay: it asks a generator that nobody can set."""

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.place = int(np.random.default_rng().integers(3)) + 100
        return self._shown(), self._info()


def test_what_does_not_replay_begins_anew_and_says_so() -> None:
    one, other = EnvironmentList("wilful", Wilful, 60), EnvironmentList("wilful", Wilful, 60)
    one.reset(seed=3)
    one.step(np.zeros(60, np.int64))
    seen, fresh = other.load(one.state())
    (notice,) = other.notices()
    assert notice == f"wilful does not replay: {fresh.sum()} of 60 episodes under way begin anew"
    assert 0 < fresh.sum() < 60  # some begin where they did before, by chance
    np.testing.assert_array_equal(seen.observation[:, 1], ~fresh)
    vectorized = vector(AutoresetMode.NEXT_STEP)
    assert vectorized.load({})[1].all()
    (notice,) = vectorized.notices()
    assert "cannot be replayed" in notice


class Broken(Corridor):
    """Fails at the third step of its life in this process."""

    lives = 0

    def __init__(self) -> None:
        self.taken = 0

    def step(self, action: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.taken += 1
        if self.taken == 3:
            raise RuntimeError("out of oil")
        return super().step(action)


def test_an_environment_that_fails_is_named_and_started_again_once() -> None:
    environments = EnvironmentList("broken", Broken, 1)
    environments.reset(seed=0)
    steps = [environments.step(np.zeros(1, np.int64)) for _ in range(5)]
    failed = "environment 0 of broken failed in a step (RuntimeError: out of oil)"
    assert environments.notices() == [f"{failed}; it was started again, once"]
    assert [bool(step.truncated[0]) for step in steps] == [False, False, True, False, False]
    with pytest.raises(BadEnvironment, match=re.escape(f"{failed}, the second time")):
        environments.step(np.zeros(1, np.int64))


class Nonsense(Corridor):
    """Pays or shows what is no number."""

    def __init__(self, reward: float, place: float) -> None:
        self._reward, self._place = reward, place

    def step(self, action: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        _, _, terminated, truncated, info = super().step(action)
        return np.array([self._place, self.steps], np.float32), self._reward, terminated, truncated, info


@pytest.mark.parametrize(("reward", "place", "complaint"), [(np.nan, 1.0, "paid nan"), (1.0, np.inf, "showed what is no number")])
def test_what_is_no_number_is_refused_with_the_environment_and_the_step(reward: float, place: float, complaint: str) -> None:
    environments = EnvironmentList("nonsense", lambda: Nonsense(reward, place), 2)
    environments.reset(seed=0)
    with pytest.raises(BadEnvironment, match=f"environment 0 of nonsense {complaint} at step 1 of its episode"):
        environments.step(np.zeros(2, np.int64))
    vectorized = VectorEnvironments("nonsense", lambda: SyncVectorEnv([lambda: Nonsense(reward, place)] * 2))
    vectorized.reset(seed=0)
    with pytest.raises(BadEnvironment, match=f"environment 0 of nonsense {complaint} at step 1 of its episode"):
        vectorized.step(np.zeros(2, np.int64))


class Faulty(Corridor):
    """Does what it is told to at the n-th reset of all that are made of one plan."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        self.plan["resets"] = self.plan.get("resets", 0) + 1
        shown, info = super().reset(seed=seed)
        if self.plan["resets"] in self.plan.get("fails", ()):
            raise RuntimeError("no fuel")
        return shown * np.nan if self.plan["resets"] in self.plan.get("nothing", ()) else shown, info


def faulty(way: str, n: int = 1, **plan: Any) -> Environments:
    if way == "listed":
        return EnvironmentList("faulty", lambda: Faulty(plan), n)
    return VectorEnvironments("faulty", lambda: SyncVectorEnv([lambda: Faulty(plan)] * n, autoreset_mode=MODES[way]))


def stay(environments: Environments, steps: int) -> list[Step]:
    return [environments.step(np.zeros(environments.n, np.int64)) for _ in range(steps)]


@pytest.mark.parametrize("way", list(WAYS)[:4])
@pytest.mark.parametrize("at", [1, 2])
def test_a_reset_that_fails_is_named_and_tried_again_once(way: str, at: int) -> None:
    environments = faulty(way, fails=(at, at + 2))
    environments.reset(seed=0)
    who = "environment 0" if way == "listed" else "the environments"
    with pytest.raises(BadEnvironment, match=f"{who} of faulty failed in a .* no fuel.*, the second time; mend the environment"):
        stay(environments, 25)
    (notice,) = environments.notices()
    assert f"{who} of faulty failed in a " in notice
    assert "RuntimeError: no fuel" in notice
    assert "started again, once" in notice
    environments.close()


@pytest.mark.parametrize("way", list(WAYS)[:4])
def test_no_number_as_an_episode_begins_is_refused(way: str) -> None:
    environments = faulty(way, n=2, nothing=(2,))
    with pytest.raises(BadEnvironment, match="environment 1 of faulty showed what is no number as an episode began"):
        environments.reset(seed=0)
    environments = faulty(way, n=2, nothing=(4,))
    environments.reset(seed=0)
    with pytest.raises(BadEnvironment, match="environment 1 of faulty showed what is no number as an episode began") as refused:
        stay(environments, 10)
    assert np.isnan(refused.value.arrays["shown"]).all(1).tolist() == [False, True]


def test_an_episode_that_fails_as_it_is_played_again_begins_anew() -> None:
    one, other = EnvironmentList("corridor", Corridor, 1), EnvironmentList("broken", Broken, 1)
    one.reset(seed=3)
    stay(one, 4)
    seen, lost = other.load(one.state())
    assert lost.all()
    assert seen.observation[0, 1] == 0
    failed, anew = other.notices()
    assert failed == "environment 0 of broken failed in a step (RuntimeError: out of oil); it was started again, once"
    assert anew == "broken does not replay: 1 of 1 episodes under way begin anew"


def test_what_cannot_be_made_again_is_said() -> None:
    made: list[Broken] = []

    def make() -> Broken:
        if made:
            raise OSError("the port is taken")
        made.append(Broken())
        return made[0]

    environments = EnvironmentList("broken", make, 1)
    environments.reset(seed=0)
    with pytest.raises(BadEnvironment, match=r"out of oil.*, and cannot be made again .the port is taken"):
        stay(environments, 3)


def test_all_side_by_side_are_made_anew_where_one_fails() -> None:
    environments = VectorEnvironments("broken", lambda: AsyncVectorEnv([lambda: Guarded(Broken())] * 2))
    environments.reset(seed=0)
    steps = stay(environments, 5)
    failed = "environment 0 of broken failed in a step (RuntimeError: out of oil)"
    assert environments.notices() == [f"{failed}; all 2 side by side were started again, once"]
    assert [step.truncated.tolist() for step in steps] == [[False] * 2, [False] * 2, [True] * 2, [False] * 2, [False] * 2]
    assert steps[2].reward.tolist() == [0, 0]
    assert steps[2].final.tolist() == steps[1].observation.tolist()
    assert steps[2].observation[:, 1].tolist() == [0, 0]
    assert [episode.length for episode in environments.finished()] == [3, 3]
    with pytest.raises(BadEnvironment, match=re.escape(f"{failed}, the second time")):
        stay(environments, 1)
    environments.close()


def test_a_process_that_was_killed_is_started_again() -> None:
    environments = VectorEnvironments("corridor", lambda: AsyncVectorEnv([lambda: Guarded(Corridor())] * 2))
    environments.reset(seed=0)
    first = environments._env
    assert isinstance(first, AsyncVectorEnv)
    first.processes[1].kill()
    first.processes[1].join()
    assert stay(environments, 2)[0].truncated.all()
    (notice,) = environments.notices()
    assert notice.startswith("the environments of corridor failed in a step (")
    assert not any(process.is_alive() for process in first.processes)
    environments.close()


class HalfMasked(Corridor):
    """Says what is open at resets only, at steps only, or everywhere but at ends."""

    def __init__(self, when: str) -> None:
        self.when = when

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        shown, info = super().reset(seed=seed)
        return shown, {} if self.when == "steps" else info

    def step(self, action: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        *outcome, info = super().step(action)
        return *outcome, {} if self.when == "resets" or (self.when == "going" and any(outcome[2:])) else info  # type: ignore[return-value]


@pytest.mark.parametrize("way", list(WAYS)[:4])
@pytest.mark.parametrize("when", ["resets", "steps"])
def test_masks_at_times_only_are_refused(way: str, when: str) -> None:
    environments = half_masked(way, when)
    environments.reset(seed=0)
    with pytest.raises(BadEnvironment, match=r"environment 0 of masked gives info\['action_mask'\] at times only"):
        stay(environments, 1)


@pytest.mark.parametrize("way", ["listed", "same step"])
def test_an_end_without_a_mask_leaves_all_open(way: str) -> None:
    environments = half_masked(way, "going")
    environments.reset(seed=0)
    step = stay(environments, 5)[-1]
    assert step.truncated.all()
    assert step.final_mask is not None
    assert step.final_mask.all()


def half_masked(way: str, when: str) -> Environments:
    if way == "listed":
        return EnvironmentList("masked", lambda: HalfMasked(when), 2)
    return VectorEnvironments("masked", lambda: SyncVectorEnv([lambda: HalfMasked(when)] * 2, autoreset_mode=MODES[way]))
