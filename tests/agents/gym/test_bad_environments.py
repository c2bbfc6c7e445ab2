"""What a person reads where an environment fails or gives what is no number, and what is left of the run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from safetensors.numpy import load_file

from zerodojo.agents.run_directory import RunDirectory
from zerodojo.cli.main import main
from zerodojo.envs.gym.making import UNLIMITED
from zerodojo.errors import UserError
from zerodojo.evaluation.episodes import Returns
from zerodojo.evaluation.final import measure_final

WORDS = ["train", "Faulty-v0", "--evaluations", "0", "--envs", "2", "--body.hidden", "4"]
PPO = [*WORDS, "--agent", "ppo", "--rollout", "8", "--minibatch", "8", "--epochs", "1", "--steps", "64"]


class Plan:
    """What the environments of this file do at the steps that all of them together take."""

    fails: range | tuple[int, ...] = ()
    nan = 0
    nan_at_reset = False
    endless = False
    steps = 0


class Faulty(gymnasium.Env[Any, Any]):
    """Episodes of 5 steps, unless they are endless."""

    observation_space, action_space = spaces.Box(-9, 9, (1,), np.float32), spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.t = 0
        return np.full(1, np.nan if Plan.nan_at_reset else 0.0, np.float32), {}

    def step(self, action: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.t += 1
        Plan.steps += 1
        if Plan.steps in Plan.fails:
            raise RuntimeError("out of oil")
        reward = np.nan if Plan.steps == Plan.nan else 1.0
        return np.ones(1, np.float32), reward, self.t == 5 and not Plan.endless, False, {}


class Countable(Faulty):
    """The same with a single state, for tables."""

    observation_space = spaces.Discrete(1)

    def reset(self, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
        return 0, super().reset(**kwargs)[1]

    def step(self, action: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        return (0, *super().step(action)[1:])


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    gymnasium.register("Faulty-v0", Faulty)
    gymnasium.register("Countable-v0", Countable)
    for name in ("fails", "nan", "nan_at_reset", "endless", "steps"):
        monkeypatch.setattr(Plan, name, getattr(Plan, name))
    monkeypatch.chdir(tmp_path)
    yield
    del gymnasium.registry["Faulty-v0"], gymnasium.registry["Countable-v0"]


def test_no_number_stops_with_the_step_of_the_run_and_what_led_there(capsys: pytest.CaptureFixture[str]) -> None:
    Plan.nan = 38  # of the second environment, its step 19
    assert main([*PPO, "--run", "run"]) == 2
    assert capsys.readouterr().err == (
        "zerodojo: after 36 steps of the run environment 1 of Faulty-v0 paid nan at step 4 of its episode; mend the environment "
        "and go on with --resume: what was learned is saved, and what led there is in run/environment-36.safetensors\n"
    )
    assert RunDirectory.open_any("run").steps() == [32]
    saved = load_file("run/environment-36.safetensors")
    assert saved.keys() == {"observation", "action", "reward", "shown"}
    np.testing.assert_array_equal(saved["reward"], [1, np.nan])
    assert saved["observation"].tolist() == saved["shown"].tolist() == [[1], [1]]
    assert saved["action"].shape == (2,)
    assert main([*PPO, "--run", "run", "--resume"]) == 0


def test_before_the_first_round_nothing_is_said_to_be_saved(capsys: pytest.CaptureFixture[str]) -> None:
    Plan.fails = (3, 5)
    assert main([*PPO, "--run", "run"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert (
        "after 4 steps of the run environment 0 of Faulty-v0 failed in a step (RuntimeError: out of oil), the second time" in said
    )
    assert "go on with --resume: nothing was learned yet, and what led there is in run/environment-4.safetensors" in said
    assert main([*PPO, "--run", "run", "--resume"]) == 0


def test_no_number_as_the_first_episode_begins_is_kept_too(capsys: pytest.CaptureFixture[str]) -> None:
    Plan.nan_at_reset = True
    assert main([*PPO, "--run", "run"]) == 2
    assert capsys.readouterr().err == (
        "zerodojo: after 0 steps of the run environment 0 of Faulty-v0 showed what is no number as an episode began; mend the "
        "environment and go on with --resume: nothing was learned yet, and what led there is in run/environment-0.safetensors\n"
    )
    assert np.isnan(load_file("run/environment-0.safetensors")["shown"]).all()
    Plan.nan_at_reset = False
    assert main([*PPO, "--run", "run", "--resume"]) == 0


@pytest.mark.parametrize("way", ["fails", "nan"])
def test_evaluation_tells_it_in_one_line(way: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*PPO, "--run", "run"]) == 0
    capsys.readouterr()
    setattr(Plan, way, range(10_000) if way == "fails" else Plan.steps + 1)
    assert main(["evaluate", "run", "--episodes", "2"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("zerodojo: environment ")
    assert said.endswith("; mend the environment\n")
    assert said.count("\n") == 1
    Plan.nan = Plan.steps + 1
    with pytest.raises(UserError, match=r"environment . of Faulty-v0"):
        measure_final(RunDirectory.open_any("run"), 2)


def test_evaluation_says_that_one_was_started_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*PPO, "--run", "run"]) == 0
    capsys.readouterr()
    Plan.fails = (Plan.steps + 3,)
    assert main(["evaluate", "run", "--episodes", "4", "--json", "-"]) == 0
    told = capsys.readouterr()
    assert "failed in a step (RuntimeError: out of oil); it was started again, once\n" in told.err
    assert json.loads(told.out)["returns"] == [5.0] * 4  # and none of the episode that it cut short
    Plan.fails = (Plan.steps + 3,)
    final = measure_final(RunDirectory.open_any("run"), 4)
    assert isinstance(final, Returns)
    assert final.returns.tolist() == [5.0] * 4
    assert "it was started again, once" in final.notices[0]


def test_training_says_so_of_where_it_measures(capsys: pytest.CaptureFixture[str]) -> None:
    Plan.fails = (32 + 3,)  # the first measure comes behind the first half
    assert main([*PPO, "--run", "run", "--evaluations", "2", "--evaluation-episodes", "4"]) == 0
    told = capsys.readouterr().out
    assert "(RuntimeError: out of oil); it was started again, once" in told
    assert "mean return 5.0 over 4 episodes" in told


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("agent", "task"), [("reinforce", "Faulty-v0"), ("monte_carlo", "Countable-v0")])
def test_who_learns_whole_episodes_meets_a_limit_where_there_is_none(agent: str, task: str) -> None:
    Plan.endless = True
    words = ["train", task, "--agent", agent, "--evaluations", "0", "--steps", str(UNLIMITED), "--run", "run"]
    assert main([*words, *(["--episodes", "1"] if agent == "reinforce" else [])]) == 0
    rows = RunDirectory.open_any("run").read_metrics()
    assert rows[-1]["length"] == UNLIMITED
