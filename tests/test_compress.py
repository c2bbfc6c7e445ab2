"""`zerodojo compress`: a table and the same as JSON, and its refusals."""

from __future__ import annotations

import json

import pytest

from tests.agents.training_runs import CONFIG, train
from zerodojo.agents.gym.config import GymConfig
from zerodojo.agents.run_directory import RunDirectory
from zerodojo.agents.tabular.config import QLearningSettings
from zerodojo.cli.compress import Compress, _told
from zerodojo.cli.main import main
from zerodojo.evaluation.compared import Comparison, Measured


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "teacher"
    train(RunDirectory.create(path, CONFIG), steps=12)
    return str(path)


def test_it_tells_both_sides_and_the_match(run, tmp_path, capsys):
    words = ["compress", run, "--out", str(tmp_path / "half"), "--prune", "0.5", "--steps", "5", "--positions", "200"]
    assert main([*words, "--games", "4", "--simulations", "4", "--json", str(tmp_path / "x.json")]) == 0
    said = capsys.readouterr().out
    assert "before" in said and "positions/s" in said
    assert "4 games with 4 simulations a move" in said
    found = json.loads((tmp_path / "x.json").read_text())
    assert found["method"] == "prune" and found["imitation"]["steps"] == 5 and found["checkpoint"] == 12
    assert found["after"]["parameters"] < found["before"]["parameters"]
    assert found["after"]["multiply_adds"] < found["before"]["multiply_adds"]
    assert found["match"]["wins"] + found["match"]["draws"] + found["match"]["losses"] == 4
    assert main(["play", "tic_tac_toe", "--opponent", str(tmp_path / "half"), "--simulations", "-1"]) == 2  # it is opened
    assert "simulations" in capsys.readouterr().err


def test_json_takes_the_place_of_the_table(run, tmp_path, capsys):
    words = ["compress", run, "--out", str(tmp_path / "x"), "--distill", "resnet", "--channels", "4", "--blocks", "0"]
    assert main([*words, "--steps", "2", "--positions", "100", "--games", "0", "--json", "-"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["match"] is None and found["after"]["bare"] is None


ONE = "choose one of --int8, --distill BACKBONE and --prune SHARE"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], ONE),
        (["--int8", "--prune", "0.5"], ONE),
        (["--prune", "0"], "the share to prune is 0; it must be between 0 and 1"),
        (["--prune", "1.5"], "the share to prune is 1.5; it must be between 0 and 1"),
        (["--distill", "resnat"], "unknown backbone 'resnat'; did you mean resnet?"),
        (["--distill", "mlp"], "backbone mlp reads a vector, not a board; choose"),
        (["--distill", "resnet", "--channels", "0"], "channels of the network is 0; it must be a whole number above 0"),
        (["--prune", "0.5", "--channels", "3"], "--channels and --blocks are of the network that --distill makes"),
        (["--prune", "0.5", "--games", "3"], "a match of 3 games cannot give both sides every opening"),
        (["--prune", "0.5", "--temperature", "0"], "temperature is 0; it must be above 0"),
        (["--prune", "0.5", "--json", "/no/where.json"], "cannot write /no/where.json"),
        (["--prune", "0.5", "--simulations", "0"], "--simulations is 0; choose from 1"),
    ],
    ids=" ".join,
)
def test_refusals_are_one_line(run, tmp_path, words, line, capsys):
    assert main(["compress", run, "--out", str(tmp_path / "x"), *words]) == 2
    said = capsys.readouterr().err
    assert said.startswith("zerodojo: ") and line in said and said.count("\n") == 1
    assert not (tmp_path / "x").exists()


def test_runs_that_cannot_be_compressed(run, tmp_path, capsys):
    environment = tmp_path / "environment"
    RunDirectory.create(environment, GymConfig(task="CartPole-v1", settings=QLearningSettings()))
    for spec, line in (
        (str(environment), "learns in the environment CartPole-v1, not a game"),
        (str(tmp_path / "nowhere"), "there is no run at"),
        (f"{run}@7", "has no checkpoint of step 7"),
        ("zoo:go", "no network ships as zoo:go"),
    ):
        assert main(["compress", spec, "--out", str(tmp_path / "x"), "--int8"]) == 2
        assert line in capsys.readouterr().err
    assert main(["compress", run, "--out", run, "--int8"]) == 2
    assert "is there already, and nothing is overwritten; choose another --out" in capsys.readouterr().err


@pytest.mark.parametrize(("speed", "told"), [(90.0, True), (100.0, True), (110.0, False)])
def test_what_is_no_faster_is_called_that(speed, told):
    before = Measured(10, 20, "torch-fp32", 100.0, None, None)
    comparison = Comparison(before, before._replace(positions_per_second=speed), None)
    lines = _told(Compress(run="runs/x", out="runs/y", int8=True), "connect_four", comparison)
    assert ("It is no faster here: play on with runs/x." in lines) is told
