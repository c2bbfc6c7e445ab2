"""The league of an agent's own past: who is in it, who plays, that members stay as they were, and that a run with one can go on."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zerodojo.agents import player
from zerodojo.agents.gym.choice import choose
from zerodojo.agents.gym.config import GymConfig, GymRunConfig, LeagueConfig
from zerodojo.agents.gym.league import League, league_of, members
from zerodojo.agents.gym.training import GymTraining
from zerodojo.agents.policy_gradient.config import PPOSettings
from zerodojo.agents.registry import settings_class
from zerodojo.agents.run_directory import RunDirectory
from zerodojo.envs import make
from zerodojo.envs.gym.config import ViewConfig
from zerodojo.errors import UserError
from zerodojo.evaluation.episodes import evaluate
from zerodojo.evaluation.match import play_match
from zerodojo.models.config import BodyConfig

SMALL = {"rollout": 8, "minibatch": 16, "batch": 16, "epochs": 2, "learning_starts": 40, "capacity": 150, "train_every": 4}


def config_of(agent: str = "ppo", *, memory: str = "none", **changes: Any) -> GymConfig[Any]:
    """A small run of tic-tac-toe against its own past."""
    settings = settings_class(agent)()
    known = {field.name for field in fields(settings)}
    settings = replace(settings, **{name: value for name, value in SMALL.items() if name in known})
    config: GymConfig[Any] = GymConfig(
        settings=settings,
        task="zerodojo/TicTacToe-v0",
        options={"opponent": "league"},
        environments=4,
        steps=400,
        seed=3,
        body=BodyConfig(hidden=(8,), memory=memory, memory_size=8),  # type: ignore[arg-type]
        league=LeagueConfig(every=50, members=3, measured_against="random"),
        run=GymRunConfig(evaluations=2, evaluation_episodes=2),
    )
    return replace(config, **changes)


def trained(path: Path, config: GymConfig[Any], *, until: int | None = None) -> GymTraining:
    """A run at a path, begun or gone on with, until so many steps are done or all."""
    run = RunDirectory.open_any(path) if RunDirectory.exists(path) else RunDirectory.create(path, config)
    with run.locked():
        training = GymTraining(run, measure=evaluate, stopped=lambda: until is not None and training.agent.steps >= until)
        training.run()
    return training


def league(path: Path, config: GymConfig[Any]) -> League:
    return league_of(config, path)[1]


def test_who_is_in_it() -> None:
    assert [members(count, 4) for count in range(6)] == [[0], [0, 1], [0, 1, 2], [0, 1, 2, 3], [0, 2, 4], [0, 2, 4, 5]]
    assert members(13, 4) == [0, 8, 13]
    assert members(1000, 32) == [*range(0, 1000, 64), 1000]
    for count in range(300):
        for most in (2, 3, 7, 32):
            found = members(count, most)
            assert len(found) <= most
            assert found == sorted(set(found)) and found[-1] == count and found[0] == 0


def test_half_of_the_games_are_against_the_newest_and_the_rest_against_all_the_past_alike(tmp_path: Path) -> None:
    config = config_of(environments=4000, league=LeagueConfig(every=50, members=8))
    drawn = []
    for _ in range(2):  # the same generator draws the same
        some = league(tmp_path, config)
        some.load({**some.state(), "count": 4})
        some.begin(np.arange(4000), np.random.default_rng(1))
        drawn.append(some.state()["playing"])
    assert drawn[0] == drawn[1]
    counts = Counter(drawn[0])
    assert sorted(counts) == [0, 1, 2, 3, 4]
    assert 1900 < counts[4] < 2100
    assert all(430 < counts[number] < 570 for number in range(4))


def test_a_member_stays_as_it_was_while_the_agent_learns_on(tmp_path: Path) -> None:
    training = trained(tmp_path / "run", config_of(), until=60)
    assert training._league is not None
    seen = np.random.default_rng(0).random((64, 3, 3, 3), np.float32)
    games, mask = np.arange(64) % 4, np.ones((64, 9), np.bool_)

    def moves() -> list[int]:
        return list(training._league._moves(1, games, seen, mask, np.random.default_rng(2)))  # type: ignore[union-attr]

    before, file = moves(), (tmp_path / "run/league/000001.safetensors").read_bytes()
    weights = training.agent.weights()
    for _ in range(8):
        training._round()
    assert any(not np.array_equal(weights[name], array) for name, array in training.agent.weights().items())
    assert moves() == before
    training._league._policies.clear()  # and so it is read
    assert moves() == before
    assert (tmp_path / "run/league/000001.safetensors").read_bytes() == file


WHO = [("none", "ppo"), ("none", "a2c"), ("none", "dqn"), ("none", "rainbow"), ("none", "pqn"), ("gru", "ppo"), ("lstm", "r2d2")]


@pytest.mark.parametrize(("memory", "agent"), WHO)
def test_a_run_that_was_stopped_twice_equals_the_one_that_never_was(memory: str, agent: str, tmp_path: Path) -> None:
    config = config_of(agent, memory=memory)
    if agent == "ppo":
        config = replace(config, view=ViewConfig(normalize_observation=True, normalize_reward=True))
    whole = trained(tmp_path / "whole", config)
    trained(tmp_path / "parts", config, until=130)
    trained(tmp_path / "parts", config, until=260)
    parts = trained(tmp_path / "parts", config)
    for name, array in whole.agent.weights().items():
        np.testing.assert_array_equal(array, parts.agent.weights()[name], err_msg=name)
    assert whole.agent.state().values == parts.agent.state().values
    one, other = (json.dumps(training._actor.state()) for training in (whole, parts))
    assert one == other
    assert whole._league is not None
    assert set(whole._league.state()["playing"]) - {0}  # somebody who has learned plays


def test_a_run_goes_back_to_the_checkpoint_before_if_the_newest_is_broken(tmp_path: Path) -> None:
    """Those whom it needs are still there, and those who joined later join again."""
    config = config_of(steps=600)
    whole = trained(tmp_path / "whole", config)
    for until in (130, 260, 500):
        trained(tmp_path / "parts", config, until=until)
    newest = RunDirectory.open_any(tmp_path / "parts").steps()[-1]
    (tmp_path / "parts/checkpoints" / str(newest) / "state.json").write_text("{}")
    parts = trained(tmp_path / "parts", config)
    for name, array in whole.agent.weights().items():
        np.testing.assert_array_equal(array, parts.agent.weights()[name], err_msg=name)


def test_disk_and_memory_are_bounded(tmp_path: Path) -> None:
    config = config_of(steps=2400)
    training = trained(tmp_path / "run", config)
    assert training._league is not None
    count = training._league.state()["count"]
    assert count == 2400 // 50
    kept = {int(path.stem) for path in (tmp_path / "run/league").iterdir()}
    needed = {*members(count, 3), *training._league.state()["playing"]} - {0}
    assert needed <= kept
    assert len(kept) <= 2 * (3 + 4)
    assert len(training._league._policies) <= 3 + 4


def test_a_member_that_is_gone_is_named(tmp_path: Path) -> None:
    config = config_of(league=LeagueConfig(every=50, members=3, newest=1.0, measured_against="random"))
    trained(tmp_path / "run", config, until=200)
    for path in (tmp_path / "run/league").iterdir():
        path.unlink()
    with pytest.raises(UserError, match=r"league/00000\d\.safetensors, an earlier self that a game is against, cannot be read"):
        trained(tmp_path / "run", config)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"league": LeagueConfig(measured_against="mtcs:5")}, "unknown player 'mtcs:5'"),
        ({"league": LeagueConfig(measured_against="league")}, "unknown player 'league'"),
        ({"view": ViewConfig(frame_stack=2)}, "seen as they are"),
        ({"view": ViewConfig(side_by_side="processes")}, "in one batch"),
        ({"options": {"opponent": "league", "agent_seat": "third"}}, "unknown seat"),
        ({"options": {"opponent": "league", "size": 4}}, "unknown option of tic_tac_toe"),
    ],
)
def test_what_cannot_be_is_refused_at_once(changes: dict[str, Any], complaint: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=complaint):
        league_of(config_of(**changes), tmp_path)


def test_presets_of_games_are_against_the_league_unless_somebody_else_is_named() -> None:
    assert choose("tic_tac_toe", {}, agent="ppo")[1].options == {"opponent": "league"}
    assert choose("connect_four", {"opponent": "random", "width": 5})[1].options == {"opponent": "random", "width": 5}
    assert choose("CartPole-v1", {}, preset="connect_four-ppo")[1].options == {}  # they are of another environment


def test_tic_tac_toe_is_learned_from_its_own_past(tmp_path: Path) -> None:
    config = config_of(
        settings=PPOSettings(rollout=32, minibatch=512, learning_rate=5e-3, entropy_weight=0.05),
        environments=64,
        steps=40_000,
        body=BodyConfig(hidden=(64,)),
        league=LeagueConfig(every=4_000, measured_against="random"),
        run=GymRunConfig(evaluations=1, evaluation_episodes=10),
    )
    trained(tmp_path / "run", config)
    game = make("tic_tac_toe")
    match = play_match(player(str(tmp_path / "run"), game), player("random", game, seed=1), game, games=200, seed=0)
    assert match.score > 0.75  # perfect play scores .89: some of the openings are lost
