"""Smaller runs play, agree with their teacher, and go on; what cannot be made is refused in a line and leaves nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.agents.training_runs import CONFIG, train
from zerodojo.agents.alphazero.config import AlphaZeroConfig
from zerodojo.agents.compression.config import ImitationConfig
from zerodojo.agents.compression.making import Method, compress
from zerodojo.agents.compression.source import load_source, positions_of
from zerodojo.agents.players.network import network_engine
from zerodojo.agents.run_directory import RunDirectory
from zerodojo.agents.specs import player
from zerodojo.envs import make
from zerodojo.errors import UserError
from zerodojo.models import hardware
from zerodojo.models.config import NetworkConfig

FEW = ImitationConfig(steps=60, batch=64, positions=300)
NONE = replace(FEW, steps=0)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A run of a few steps."""
    path = tmp_path_factory.mktemp("runs") / "teacher"
    train(RunDirectory.create(path, CONFIG), steps=12)
    return str(path)


def made(teacher: str, tmp_path: Path, method: Method, config: ImitationConfig = FEW) -> RunDirectory[AlphaZeroConfig]:
    compress(load_source(teacher), method, config, out=str(tmp_path / "small"), seed=0, say=lambda doing: None)
    return RunDirectory.open(tmp_path / "small")


def disagreement(teacher: str, run: RunDirectory[AlphaZeroConfig]) -> float:
    """Of values, over positions that the teacher played."""
    source, small = load_source(teacher), load_source(str(run.path))
    planes = torch.from_numpy(positions_of(source, 200, lambda doing: None).calibration(200, np.random.default_rng(1)))
    with torch.no_grad():
        return float((source.network()(planes)[1] - small.network()(planes)[1]).abs().mean())


METHODS = {
    "distilled": Method(student=NetworkConfig(channels=4, blocks=1, value_hidden=8)),
    "pruned": Method(prune=0.5),
}


@pytest.mark.parametrize("name", METHODS)
def test_a_smaller_run_plays_says_what_its_teacher_says_and_goes_on(teacher: str, tmp_path: Path, name: str) -> None:
    run = made(teacher, tmp_path, METHODS[name])
    assert run.config.network.channels == 4
    assert run.config == replace(CONFIG, network=run.config.network)
    assert run.steps() == [12 + FEW.steps]
    untaught = made(teacher, tmp_path / "untaught", METHODS[name], replace(FEW, steps=1))
    assert disagreement(teacher, run) < disagreement(teacher, untaught) * 0.8
    game = make("tic_tac_toe")
    assert player(str(run.path), game, simulations=8).decide(game.start()).action in range(9)
    train(run, steps=run.steps()[-1] + 3)
    assert RunDirectory.open(run.path).steps()[-1] == 12 + FEW.steps + 3


@pytest.mark.skipif(not hardware.has_int8(), reason="the engine needs 8-bit instructions")
@pytest.mark.parametrize("config", [NONE, FEW], ids=["post-training", "trained for it"])
def test_a_run_in_8_bits_plays_in_8_bits(teacher: str, tmp_path: Path, config: ImitationConfig) -> None:
    run = made(teacher, tmp_path, Method(int8=True), config)
    step, weights = run.weights()
    before = load_source(teacher).weights
    assert step == 12 + config.steps
    same = all(np.array_equal(weights[name], before[name]) for name in before)
    assert same == (config.steps == 0)
    game = make("tic_tac_toe")
    engine = network_engine(game, run.config.network, weights, owner="it", calibration=run.calibration())
    assert engine.name == "openvino-int8"
    assert network_engine(game, run.config.network, before, owner="it").name != "openvino-int8"
    assert player(str(run.path), game, simulations=8).decide(game.start()).action in range(9)
    (run.path / "calibration.safetensors").write_bytes(b"torn")
    with pytest.raises(UserError, match=r"calibration.safetensors is broken .* remove it"):
        player(str(run.path), game)


def test_the_same_seed_makes_the_same_run(teacher: str, tmp_path: Path) -> None:
    runs = [made(teacher, tmp_path / str(i), METHODS["distilled"], replace(FEW, steps=5)) for i in range(2)]
    first, second = (run.weights()[1] for run in runs)
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_a_network_that_ships_plays_its_games_first(tmp_path: Path) -> None:
    said: list[str] = []
    method = Method(student=NetworkConfig(channels=4, blocks=0, value_hidden=8))
    compress(load_source("zoo:tic_tac_toe"), method, FEW, out=str(tmp_path / "x"), seed=0, say=said.append)
    assert any("zoo:tic_tac_toe plays against itself: " in words for words in said)
    assert RunDirectory.open(tmp_path / "x").config.network.channels == 4


def full(run: RunDirectory[AlphaZeroConfig], checkpoint: object) -> None:
    raise UserError("the disk is full")


def test_what_fails_leaves_nothing(teacher: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"loss is not finite at step .* lower --learning-rate"):
        made(teacher, tmp_path, METHODS["pruned"], replace(FEW, learning_rate=1e30))
    assert not (tmp_path / "small").exists()
    with monkeypatch.context() as patch:
        patch.setattr(RunDirectory, "save", full)
        with pytest.raises(UserError, match="the disk is full"):
            made(teacher, tmp_path, Method(int8=hardware.has_int8(), prune=None if hardware.has_int8() else 0.5), NONE)
    assert not (tmp_path / "small").exists()
    with pytest.raises(UserError, match="steps is -1"):
        made(teacher, tmp_path, METHODS["pruned"], replace(FEW, steps=-1))
    with pytest.raises(UserError, match="must be between 0 and 1"):
        made(teacher, tmp_path, Method(prune=1.0))
    assert not (tmp_path / "small").exists()
    (tmp_path / "small").mkdir()
    with pytest.raises(UserError, match="is there already, and nothing is overwritten; choose another --out"):
        made(teacher, tmp_path, METHODS["pruned"])
