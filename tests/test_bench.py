"""`zerodojo bench`: what it measures adds up, and JSON has the keys that programs count on."""

import argparse
import json
import sys
from dataclasses import replace

import pytest

from zerodojo.cli import bench_games
from zerodojo.cli.bench import BENCHMARKS
from zerodojo.cli.bench_games import Rates as GameRates
from zerodojo.cli.bench_selfplay import Rates
from zerodojo.cli.main import main
from zerodojo.cli.output import add_target
from zerodojo.envs import GAMES, make

KEYS = {
    "positions_per_s",
    "evaluations_per_s",
    "network_limit_per_s",
    "efficiency",
    "remembered",
    "search_only_simulations_per_s",
    "engine",
    "threads",
    "batch",
}
RATES = Rates(
    positions=1000.0,
    evaluations=26_000.0,
    asked=52_000.0,
    network_limit=29_000.0,
    search_only=1_000_000.0,
    simulations=31.5,
    batch=248.4,
    preparing=0.6,
    preparing_share=0.028,
    engine="openvino-int8",
    threads=1,
)


def test_selfplay_as_json(capsys):
    assert main(["bench", "selfplay", "--game", "tic_tac_toe", "--seconds", "1", "--engine", "torch-fp32", "--json", "-"]) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert found.keys() == KEYS
    assert (found["engine"], found["threads"]) == ("torch-fp32", 1)
    assert 0 < found["batch"] <= 64
    assert found["efficiency"] == pytest.approx(found["evaluations_per_s"] / found["network_limit_per_s"])
    assert 0 < found["remembered"] < 1
    assert 0 < found["efficiency"] < 1.5  # a busy machine can lift it over 1
    assert found["evaluations_per_s"] > found["positions_per_s"] > 0
    assert found["search_only_simulations_per_s"] > 0
    assert "\x1b" not in said.err


def test_the_table_says_what_limits():
    assert "What limits is the network." in RATES.told("connect_four")
    assert "the network 89.7%, the search 3.1%, preparing new versions of it 2.8%, everything else 4.4%." in RATES.told(
        "connect_four"
    )
    assert "What limits is the search." in replace(RATES, search_only=50_000.0, network_limit=90_000.0).told("connect_four")


def test_the_result_in_a_file_and_as_a_table(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("zerodojo.cli.bench_selfplay.SelfPlayBench", lambda config, game: Fake())
    assert main(["bench", "selfplay", "--json", str(tmp_path / "bench.json")]) == 0
    assert json.loads((tmp_path / "bench.json").read_text()).keys() == KEYS
    assert capsys.readouterr().out == RATES.told("connect_four") + "\n"


class Fake:
    def measure(self, seconds):
        return RATES


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("selfpaly", "unknown benchmark 'selfpaly'; did you mean selfplay"),
        ("selfplay --seconds 0", "--seconds is 0; it must be above 0"),
        ("selfplay --game conect_four", "unknown game 'conect_four'; did you mean connect_four"),
        ("selfplay --engine openvin", "unknown engine 'openvin'; did you mean openvino-"),
        ("selfplay --json /no/such/folder/x.json", "cannot write /no/such/folder/x.json"),
    ],
)
def test_refusals(words, line, capsys):
    assert main(["bench", *words.split()]) == 2
    said = capsys.readouterr()
    assert line in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_help_names_every_benchmark(capsys):
    with pytest.raises(SystemExit):
        main(["bench", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    for name, entry in BENCHMARKS.items():
        assert f"{name}, {entry.summary}" in said


def test_a_benchmark_refuses_at_once_what_it_could_not_write(capsys):
    parser = argparse.ArgumentParser(prog="benchmark")
    add_target(parser)
    assert parser.parse_args(["--json", "-"]).json == "-"
    with pytest.raises(SystemExit, match="2"):
        parser.parse_args(["--json", "/no/such/folder/x.json"])
    assert "cannot write /no/such/folder/x.json" in capsys.readouterr().err


def test_a_game_whose_library_is_missing_is_left_out_by_name(capsys, monkeypatch):
    """python-chess is an extra: on a plain installation the other games are measured all the same."""
    monkeypatch.delitem(sys.modules, "zerodojo.envs.chess", raising=False)
    monkeypatch.setitem(sys.modules, "chess", None)
    rates = {"playouts": 3e6, "contract": 1e6, "openspiel": None, "pettingzoo": 5e5, "search": 1e5, "openspiel_search": None}
    monkeypatch.setattr(bench_games, "rates_of", lambda game, seconds, seed: GameRates(game.spec.name, **rates))
    assert main(["bench", "games"]) == 0
    said = capsys.readouterr().out
    assert all(f"\n  {name} " in said for name in GAMES if name != "chess") and "\n  chess " not in said
    assert said.endswith('\nchess is left out: chess needs python-chess; pip install "zerodojo[chess]"\n')
    assert main(["bench", "games", "--json", "-"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (len(found["games"]), list(found["left_out"])) == (len(GAMES) - 1, ["chess"])
    assert main(["bench", "games", "--game", "chess"]) == 2
    assert 'pip install "zerodojo[chess]"' in capsys.readouterr().err


def test_every_rate_of_a_game_is_measured_beside_its_peers():
    rates = bench_games.rates_of(make("tic_tac_toe"), 0.01, seed=0)
    found = rates.numbers()
    assert all(value > 0 for key, value in found.items() if key != "game")
    assert found["search_over_openspiel"] == rates.search / rates.openspiel_search
    chess = bench_games.told([bench_games.Rates("chess", 2e4, 1e4, 4e4, 5e3, None, None)], {})
    assert "chess               20,000        40,000    0.5x        10,000         5,000    2.0x\n" in chess
    assert "chess                    -             -\n" in chess
