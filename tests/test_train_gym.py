"""`zerodojo train`, `zerodojo evaluate` and `zerodojo.train_agent` with environments: what a person types, and what they read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from zerodojo.agents.gym.config import GymRunConfig
from zerodojo.agents.gym.presets import PRESETS
from zerodojo.agents.gym.training import GymProgress
from zerodojo.agents.run_directory import RunDirectory
from zerodojo.cli.gym_display import numbers, summary
from zerodojo.cli.main import main
from zerodojo.distributed.gym_training import train_agent
from zerodojo.envs.gym.making import UNLIMITED
from zerodojo.evaluation.final import measure_final

QUICK = ["--steps", "2048", "--rollout", "64", "--epochs", "2", "--evaluation-episodes", "2", "--evaluations", "2"]


def weights(run: Path) -> dict[str, np.ndarray]:
    return RunDirectory.open_any(run).weights()[1]


def test_train_go_on_and_evaluate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    assert main(["train", "CartPole-v1", "--run", str(run), *QUICK]) == 0
    said = capsys.readouterr().out
    assert "CartPole-v1 is learned by ppo: preset cartpole-ppo, of this environment." in said
    assert "2,048 steps" in said
    assert f"evaluate {run} --episodes 3 --render" in said
    go_on = said.splitlines()[-1].removeprefix("Go on:       zerodojo ")
    assert go_on.endswith("--steps 4096 --resume")
    assert main(["train", "CartPole-v1", "--run", str(run), *QUICK, "--resume"]) == 0
    assert f"has 2,048 steps already, and 2,048 were planned. To go on give it more:\nzerodojo {go_on}" in capsys.readouterr().out
    assert main(go_on.split()) == 0
    assert "4,096 steps" in capsys.readouterr().out
    assert {row["env_steps"] for row in RunDirectory.open_any(run).read_metrics()} >= {2048, 4096}

    target = tmp_path / "result.json"
    torch.set_num_threads(2)
    assert main(["evaluate", str(run), "--episodes", "7", "--json", str(target)]) == 0
    assert torch.get_num_threads() == 1  # as many as the run has
    told = capsys.readouterr().out
    assert "7 episodes, likeliest actions" in told
    assert "counts as solved from" in told
    result = json.loads(target.read_text())
    assert result["kind"] == "episodes"
    assert (result["task"], result["agent"], result["checkpoint"]) == ("CartPole-v1", "ppo", 4096)
    assert result["episodes"] == len(result["returns"]) == 7
    assert result["return_mean"] == pytest.approx(np.mean(result["returns"]))
    assert result["return_std"] == pytest.approx(np.std(result["returns"]))
    low, high = result["return_interval"]
    assert low <= result["return_mean"] <= high
    assert result["deterministic"] is True
    assert result["environment_version"].startswith("gymnasium ")
    assert {"python", "torch", "gymnasium"} <= set(result["versions"])

    for spec in (f"{run}@best", f"{run}@4096", f"{run}@latest"):
        assert main(["evaluate", spec, "--episodes", "1", "--stochastic"]) == 0
    assert "actions sampled" in capsys.readouterr().out


def test_steps_beyond_those_planned_are_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "CartPole-v1", "--run", str(tmp_path / "run"), *QUICK, "--steps=2000"]) == 0
    said = capsys.readouterr().out
    assert "2,048 steps (2,000 were planned, and the last round went to its end), " in said
    assert said.splitlines()[-1].endswith("--steps 4000 --resume")


def test_what_is_saved_is_said_to_be(tmp_path: Path) -> None:
    """The best weights are on disk long before the first checkpoint."""
    reports: list[GymProgress] = []
    config = replace(PRESETS["cartpole-ppo"], steps=1024, run=GymRunConfig(evaluations=4, evaluation_episodes=1))
    train_agent("CartPole-v1", run=tmp_path / "run", config=config, report=reports.append)
    measured = [report for report in reports if report.best is not None]
    assert len(measured) > 1
    assert all("nothing saved" not in summary(report) for report in measured)
    assert "nothing saved yet" in summary(reports[0])
    assert [report.step + report.steps_left for report in reports] == [1024] * len(reports)
    halfway = replace(reports[-1], step=512, steps_left=512, steps_per_second=4.0)
    assert summary(halfway).startswith("2:08 left; ")
    assert summary(replace(halfway, seconds_left=100.0)).startswith("1:40 left; ")
    assert "about 2:08 more" in dict(numbers(halfway))["acting"]


def test_options_of_the_environment_and_flags_of_the_agent_are_kept(tmp_path: Path) -> None:
    run = tmp_path / "run"
    words = ["--env", "is_slippery=False", "--agent", "ppo", "--envs", "3", "--seed", "5", "--body.hidden", "8"]
    assert (
        main(["train", "FrozenLake-v1", "--run", str(run), *words, "--steps", "200", "--rollout", "20", "--evaluations", "0"]) == 0
    )
    config = RunDirectory.open_any(run).config
    assert config.options == {"is_slippery": False}
    assert (config.environments, config.seed, config.body.hidden, config.settings.rollout) == (3, 5, (8,), 20)


def test_measures_end_where_neither_the_world_nor_the_policy_ends_an_episode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "zerodojo.agents.tabular.policy.open_values", lambda q, mask: np.eye(4)[np.zeros(len(q), int)]
    )  # up for ever
    words = ["--agent", "q_learning", "--steps", "40", "--evaluations", "1", "--evaluation-episodes", "2"]
    assert main(["train", "CliffWalking-v1", "--run", str(tmp_path / "run"), *words]) == 0
    scores = [row["score"] for row in RunDirectory.open_any(tmp_path / "run").read_metrics() if "score" in row]
    assert scores == [-UNLIMITED]


def test_evaluation_ends_where_measures_do_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "zerodojo.agents.tabular.policy.EpsilonGreedy.act", lambda self, seen, state, **rest: (np.zeros(len(seen), int), state, {})
    )  # up for ever
    run, target = str(tmp_path / "run"), tmp_path / "result.json"
    words = ["--agent", "q_learning", "--steps", "40", "--evaluations", "0"]
    assert main(["train", "CliffWalking-v1", "--run", run, *words]) == 0
    assert main(["evaluate", run, "--episodes", "2", "--json", str(target)]) == 0
    assert f"steps at most                  {UNLIMITED:,}   (2 of 2 episodes came so far)" in capsys.readouterr().out
    result = json.loads(target.read_text())
    assert result["return_mean"] == result["return_expected"] == -UNLIMITED
    assert result["environment"]["view"]["max_episode_steps"] == UNLIMITED
    assert main(["evaluate", run, "--episodes", "2", "--max-episode-steps", "30", "--json", str(target)]) == 0
    result = json.loads(target.read_text())
    assert result["return_mean"] == result["return_expected"] == -30


def test_a_limit_among_the_options_of_the_environment_holds_in_measures_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "zerodojo.agents.tabular.policy.EpsilonGreedy.act", lambda self, seen, state, **rest: (np.zeros(len(seen), int), state, {})
    )  # up for ever
    run, target = str(tmp_path / "run"), tmp_path / "result.json"
    words = ["--agent", "q_learning", "--steps", "40", "--evaluations", "1", "--evaluation-episodes", "2"]
    assert main(["train", "CliffWalking-v1", "--run", run, "--env", "max_episode_steps=30", *words]) == 0
    assert [row["score"] for row in RunDirectory.open_any(run).read_metrics() if "score" in row] == [-30]
    assert main(["evaluate", run, "--episodes", "2", "--json", str(target)]) == 0
    result = json.loads(target.read_text())
    assert result["return_mean"] == result["return_expected"] == -30


def test_the_same_seed_gives_the_same_weights_and_another_gives_others(tmp_path: Path) -> None:
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert main(["train", "CartPole-v1", "--run", str(tmp_path / name), *QUICK, "--seed", seed]) == 0
    a, b, c = (weights(tmp_path / name) for name in "abc")
    assert all(np.array_equal(a[name], b[name]) for name in a)
    assert any(not np.array_equal(a[name], c[name]) for name in a)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("CartPol-v1 --run x", "unknown environment 'CartPol-v1'; did you mean CartPole-v1"),
        ("CartPole-v1 --run x --agent pp0", "unknown agent 'pp0'; did you mean ppo?"),
        ("CartPole-v1 --run x --agent alphazero", "CartPole-v1 is an environment, and alphazero learns games"),
        (
            "CartPole-v1 --run x --preset connect_four",
            "preset connect_four is of self-play in games, and CartPole-v1 is an environment",
        ),
        ("CartPole-v1 --run x --preset cartpol-ppo", "unknown preset 'cartpol-ppo'; did you mean cartpole-ppo"),
        ("CartPole-v1 --run x --learningrate 1", "unknown flag --learningrate; did you mean --learning-rate"),
        ("CartPole-v1 --run x --env gravity", "--env takes KEY=VALUE"),
        (
            "CartPole-v1 --run x --env gravit=1",
            "CartPole-v1 does not take gravit=1; it takes max_episode_steps, sutton_barto_reward",
        ),
        ("CartPole-v1 --run x --steps 0", "--steps is 0; it must be at least 1"),
        ("CartPole-v1 --run x --minutes 0", "--minutes is 0; it must be above 0"),
        ("CartPole-v1 --run x --envs 0", "--envs is 0; it must be at least 1"),
        ("CartPole-v1 --run x --gamma 1.5", "--gamma is 1.5; it must be from 0 to 1"),
        ("CartPole-v1 --run x --agent dqn --n-step 0", "--n-step is 0; it must be at least 1"),
        ("CartPole-v1 --run x --view.frame-stack 0", "--view.frame-stack is 0; it must be at least 1"),
        ("CartPole-v1 --run x --body.hidden 64 0", "--body.hidden is 0; it must be at least 1"),
        ("CartPole-v1 --run x --threads 0", "--threads is 0; it must be at least 1"),
        ("FrozenLake-v1 --run x --device cuda", "--device is cuda, and q_learning keeps a table on the processor; set it to cpu"),
        ("CartPole-v1 --run x --device gpu", "--device takes one of 'cpu', 'cuda', not 'gpu'"),
        ("CartPole-v1", "--run is empty; name a directory such as runs/CartPole-v1"),
        ("LunarLander-v3 --run x", "LunarLander-v3 needs "),
        ("CartPole-v1 --run x --import no_such_package", "there is no module no_such_package; install it"),
    ],
)
def test_refused_in_one_line_with_nothing_written(
    words: str, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["train", *words.split()]) == 2
    said = capsys.readouterr().err
    assert complaint in said
    assert said.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_gpu_is_refused_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert main(["train", "CartPole-v1", "--run", str(tmp_path / "run"), "--device", "cuda"]) == 2
    complaint = "--device is cuda, and torch finds no GPU here; set it to cpu, or install a torch with CUDA"
    assert capsys.readouterr().err == f"zerodojo: {complaint}\n"
    assert not list(tmp_path.iterdir())


def test_what_learned_on_a_gpu_is_evaluated_where_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tmp_path / "run"
    assert main(["train", "CartPole-v1", "--run", str(run), *QUICK]) == 0
    config = (run / "config.json").read_text()
    (run / "config.json").write_text(config.replace('"device": "cpu"', '"device": "cuda"'))
    assert RunDirectory.open_any(run).config.run.device == "cuda"
    assert main(["evaluate", str(run), "--episodes", "1"]) == 0


def test_a_run_refuses_what_would_not_fit_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["train", "CartPole-v1", "--run", "run", *QUICK]) == 0
    for words, complaint in [
        ("train CartPole-v1 --run run", "run already holds a run; go on with it by --resume"),
        ("train Acrobot-v1 --run run --agent ppo", "run is a run of CartPole-v1, not of Acrobot-v1"),
        ("train Acrobot-v1 --run run --agent ppo --resume", "run is a run of CartPole-v1, not of Acrobot-v1"),
        ("train CartPole-v1 --run run --agent alphazero --resume", "CartPole-v1 is an environment, and alphazero learns games"),
        ("train CartPole-v1 --run run --resume --envs 3 --steps 9999", "--envs is 8 in this run and cannot become 3"),
        (
            "train CartPole-v1 --run run --resume --shared-body --steps 9999",
            "--shared-body is False in this run and cannot become True",
        ),
        ("train tic_tac_toe --run run --resume", "run learns in the environment CartPole-v1, not a game"),
        ("evaluate run --episodes 0", "--episodes is 0"),
        ("evaluate run@7 --episodes 1", "has no checkpoint of step 7"),
        ("evaluate run@bst --episodes 1", "after the @ comes"),
        ("evaluate run --episodes 1 --render", "--render needs a terminal or a screen"),
        (
            "play tic_tac_toe --opponent run",
            "run learns in the environment CartPole-v1, not a game; choose the run of a game, or mcts:1000",
        ),
    ]:
        capsys.readouterr()
        assert main(words.split()) == 2, words
        assert complaint in capsys.readouterr().err


def test_cartpole_is_learned_for_real(tmp_path: Path) -> None:
    """To its threshold, by the settings that reach it soonest; some ten seconds."""
    config = replace(PRESETS["cartpole-ppo-quick"], run=GymRunConfig(evaluations=0))
    train_agent("CartPole-v1", run=tmp_path / "run", config=config)
    assert measure_final(RunDirectory.open_any(tmp_path / "run"), 50).mean >= 475


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["CartPole"], "did you mean the environment CartPole-v1?"),
        (["Catrpole"], "did you mean the environment CartPole-v1?"),
        (["othelo"], "did you mean othello?"),
        (["CartPole-v1", "--agent", "sac"], "choose dqn, rainbow"),
        (["CartPole-v1", "--body.backbone", "gru"], "gru is a memory behind a backbone; ask for it by --body.memory gru"),
    ],
)
def test_what_was_meant_is_told(words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", *words, "--run", str(tmp_path / "run")]) == 2
    assert said in capsys.readouterr().err
