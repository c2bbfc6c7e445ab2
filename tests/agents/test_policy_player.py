"""What an agent has learned in a game's environment, as a player: it sees and acts as it learned to, wherever specs go."""

from __future__ import annotations

import inspect
import io
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zerodojo.agents import player
from zerodojo.agents.gym.config import GymConfig, GymRunConfig
from zerodojo.agents.gym.loading import load_policy, set_moments
from zerodojo.agents.gym.tasks import OF_THE_FACE, env_id, game_of, game_options
from zerodojo.agents.gym.training import GymTraining
from zerodojo.agents.gymnasium_ids import SpecGameEnv
from zerodojo.agents.parts.acting import Actor
from zerodojo.agents.policy_gradient.config import PPOSettings
from zerodojo.agents.run_directory import RunDirectory
from zerodojo.cli.main import main
from zerodojo.envs import GAMES, Position, make
from zerodojo.envs.gym.config import ViewConfig
from zerodojo.envs.gym.making import make_environments
from zerodojo.errors import UserError
from zerodojo.evaluation.episodes import evaluate
from zerodojo.evaluation.match import play_match
from zerodojo.models.config import BodyConfig

CONFIG: GymConfig[Any] = GymConfig(
    settings=PPOSettings(rollout=16, minibatch=32, epochs=1),
    task="zerodojo/ConnectFour-v0",
    options={"opponent": "random", "width": 5, "height": 4, "agent_seat": "random"},
    environments=2,
    steps=128,
    body=BodyConfig(hidden=(8,)),
    run=GymRunConfig(evaluations=2, evaluation_episodes=2),
)
VIEWS = {
    "plain": CONFIG,
    "normalised": replace(CONFIG, view=ViewConfig(normalize_observation=True)),
    "frames": replace(CONFIG, view=ViewConfig(frame_stack=3)),
    "memory": replace(CONFIG, body=BodyConfig(hidden=(8,), memory="gru", memory_size=8)),
    "memory of frames": replace(CONFIG, view=ViewConfig(frame_stack=2), body=BodyConfig(hidden=(8,), memory="lstm", memory_size=8)),
}


def trained(path: Path, config: GymConfig[Any]) -> RunDirectory[Any]:
    run = RunDirectory.create(path, config)
    with run.locked():
        GymTraining(run, measure=evaluate).run()
    return run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunDirectory[Any]]:
    folder = tmp_path_factory.mktemp("runs")
    return {name: trained(folder / name.replace(" ", "_"), config) for name, config in VIEWS.items()}


@pytest.fixture(scope="module")
def run(runs: dict[str, RunDirectory[Any]]) -> Path:
    return runs["plain"].path


@pytest.mark.parametrize("view", VIEWS)
def test_it_does_in_a_game_what_it_does_in_the_environment(view: str, runs: dict[str, RunDirectory[Any]]) -> None:
    directory = runs[view]
    config, learned = directory.config, load_policy(directory)
    environments = make_environments(config.task, config.options, config.view, n=1, learning=False)
    set_moments(environments, learned.moments)
    env = environments._envs[0].unwrapped if hasattr(environments, "_envs") else environments._inner._envs[0].unwrapped  # type: ignore[attr-defined]
    actor = Actor(environments, learned.policy, generator=np.random.default_rng(0), seed=5)
    one = player(str(directory.path), env.game)
    asked: list[Position] = []
    done: list[int] = []
    for _ in range(40):
        asked.append(env.position)
        done.append(int(actor.advance(deterministic=True).action[0]))
    assert [one.decide(position).action for position in asked] == done
    assert [decision.action for decision in one.decide_many(asked)] == done  # side by side, whatever the length of each game
    assert len(set(done)) > 1 and len({position.to_play for position in asked}) == 2


def test_it_takes_legal_actions_only_and_says_nothing_it_does_not_know(run: Path) -> None:
    game = make("connect_four", width=5, height=4)
    position = game.start().play([2, 2, 2, 2])
    decision = player(str(run), game).decide(position)
    assert decision.action != 2 and decision.prior[2] == 0
    assert np.isnan(decision.value) and not decision.visits.any()
    assert play_match(player(str(run), game), player("random", game), game, games=20, seed=0).forfeits == ()


def test_a_step_and_the_best_are_players_too(run: Path) -> None:
    game = make("connect_four", width=5, height=4)
    steps = RunDirectory.open_any(run).steps()
    for at in (f"@{steps[-1]}", "@latest", "@best"):
        made = player(f"{run}{at}", game)
        assert made.name == f"{run}{at}"
        made.decide(game.start())
    with pytest.raises(UserError, match="no checkpoint of step 7"):
        player(f"{run}@7", game)


def test_what_it_has_not_learned_it_does_not_play(run: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"plays connect_four\(width=5, height=4\), not connect_four\(width=7, height=6\)"):
        player(str(run), make("connect_four"))
    with pytest.raises(UserError, match="plays connect_four, not tic_tac_toe"):
        player(str(run), make("tic_tac_toe"))


def test_names_of_games_and_of_their_environments() -> None:
    for name in GAMES:
        assert game_of(env_id(name)) == game_of(name) == name
    assert game_of("CartPole-v1") == game_of("zerodojo/Recall-v0") == ""
    keywords = inspect.signature(SpecGameEnv).parameters.values()
    assert set(OF_THE_FACE) == {word.name for word in keywords if word.kind is word.KEYWORD_ONLY}
    assert game_options({"opponent": "random", "size": 5}) == {"size": 5}


# What a person types ---------------------------------------------------------------------------------------------------------


def test_evaluate_plays_a_match_against_an_opponent_and_episodes_without(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "result.json"
    step = RunDirectory.open_any(run).steps()[-1]
    assert main(["evaluate", str(run), "--opponent", "random", "--games", "10", "--json", str(target)]) == 0
    assert f"Connect Four: {run} (step {step}) against random" in capsys.readouterr().out
    result = json.loads(target.read_text())
    assert (result["kind"], result["task"], result["checkpoint"]) == ("match", "connect_four", step)
    assert main(["evaluate", f"{run}@best", f"--opponent={run}", "--games", "2"]) == 0
    assert main(["evaluate", "random", "--game", "connect_four", "--opponent", str(run), "--games", "2"]) == 2
    assert "plays connect_four(width=5" in capsys.readouterr().err
    assert main(["evaluate", str(run), "--episodes", "3"]) == 0
    said = capsys.readouterr().out
    assert "zerodojo/ConnectFour-v0(opponent=random, width=5, height=4, agent_seat=random)" in said
    assert "3 episodes" in said


def test_play_and_gtp_take_it_for_its_own_game(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("1\nquit\n"))
    assert main(["play", "connect_four", "--opponent", str(run)]) == 0
    assert "Moves: 1, 2, 3, 4, 5." in capsys.readouterr().out  # of the board that it has learned on
    commands = tmp_path / "commands"
    commands.write_text("genmove b\nquit\n")
    with commands.open() as lines:
        monkeypatch.setattr(sys, "stdin", lines)
        assert main(["gtp", str(run)]) == 0
    answer = capsys.readouterr().out.split()
    assert answer[0] == "=" and answer[1] != "="


def test_it_teaches_another(run: Path, tmp_path: Path) -> None:
    """As the opponent of an environment."""
    config = replace(CONFIG, options={**CONFIG.options, "opponent": str(run)}, steps=64)
    trained(tmp_path / "pupil", config)


def test_who_learns_from_a_league_is_measured_by_somebody_who_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, target = tmp_path / "run", tmp_path / "result.json"
    words = ["train", "tic_tac_toe", "--agent", "ppo", "--env", "opponent=league", "--run", str(run), "--steps", "512"]
    quick = ["--rollout", "32", "--envs", "4", "--league.every", "200", "--league.measured-against", "minimax:1"]
    assert main([*words, *quick, "--evaluations", "2", "--evaluation-episodes", "2"]) == 0
    said = capsys.readouterr().out
    assert "512 steps" in said and "against minimax:1" in said
    assert f"play tic_tac_toe --opponent {run}" in said
    assert RunDirectory.open_any(run).config.options == {"opponent": "league"}
    assert len(list((run / "league").iterdir())) == 2
    assert main(["evaluate", str(run), "--episodes", "4", "--json", str(target)]) == 0
    assert "zerodojo/TicTacToe-v0(opponent=minimax:1)" in capsys.readouterr().out
    assert json.loads(target.read_text())["environment"]["options"] == {"opponent": "minimax:1"}
    assert main(["evaluate", str(run), "--opponent", "random", "--games", "4"]) == 0
    assert main([*words, "--resume", "--league.every", "300", "--steps", "600"]) == 2
    assert "league.every is 200 in this run and cannot become 300" in capsys.readouterr().err
    assert main(["train", "CartPole-v1", "--env", "opponent=league", "--run", str(tmp_path / "x")]) == 2
    assert "CartPole-v1 does not take opponent=league" in capsys.readouterr().err
