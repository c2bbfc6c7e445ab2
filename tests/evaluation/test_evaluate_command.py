import io
import json

import pytest

from zerodojo.agents import model_zoo
from zerodojo.agents.alphazero.config import AlphaZeroConfig
from zerodojo.agents.checkpoint import Checkpoint
from zerodojo.agents.run_directory import RunDirectory
from zerodojo.cli.main import main
from zerodojo.envs import make
from zerodojo.envs.notation.sgf_games import read_game
from zerodojo.models import network
from zerodojo.models.config import NetworkConfig

SMALL = NetworkConfig(channels=8, blocks=1, value_hidden=8)
KEYS = [
    *("kind", "task", "agent", "checkpoint", "opponent", "simulations", "seed", "games", "wins", "draws", "losses"),
    *("score", "score_interval", "as_first", "as_second", "versions"),
]


def small_weights(game, seed):
    spec = make(game).spec
    net = network.build(SMALL, planes=spec.num_planes, board=spec.board, actions=spec.num_actions, seed=seed)
    return network.get_weights(net)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "x"
    directory = RunDirectory.create(path, AlphaZeroConfig(game="tic_tac_toe", network=SMALL))
    with directory.locked():
        for step in (5, 10):
            directory.save(Checkpoint(step=step, weights=small_weights("tic_tac_toe", step), learner={}, state={}))
    return str(path)


def evaluate(*words):
    return main(["evaluate", *words])


def test_json_has_the_keys_of_the_contract(run, capsys):
    assert evaluate(run, "--opponent", "random", "--games", "20", "--simulations", "30", "--seed", "3", "--json", "-") == 0
    result = json.loads(capsys.readouterr().out)
    assert list(result) == KEYS
    assert (result["kind"], result["task"], result["agent"], result["opponent"]) == ("match", "tic_tac_toe", run, "random")
    assert (result["checkpoint"], result["simulations"], result["seed"], result["games"]) == (10, 30, 3, 20)
    assert result["wins"] + result["draws"] + result["losses"] == 20
    for part in ("wins", "draws", "losses"):
        assert result["as_first"][part] + result["as_second"][part] == result[part]
    assert result["score_interval"][0] <= result["score"] <= result["score_interval"][1]
    assert {"zerodojo", "torch", "python"} <= set(result["versions"])


def test_the_same_seed_gives_the_same_match(run, tmp_path, capsys):
    words = [f"{run}@5", "--opponent", "mcts:20", "--games", "10", "--simulations", "20", "--json"]
    for name in ("a", "b"):
        assert evaluate(*words, str(tmp_path / name)) == 0
    assert (tmp_path / "a").read_text() == (tmp_path / "b").read_text()
    assert json.loads((tmp_path / "a").read_text())["checkpoint"] == 5
    assert f"{run}@5" in capsys.readouterr().out


def test_the_table_for_people(run, capsys):
    assert evaluate(run, "--opponent", run, "--games", "4", "--simulations", "0") == 0
    out = capsys.readouterr().out
    assert f"Tic-tac-toe: {run} (step 10, 0 simulations) against {run}" in out
    assert "cannot be told apart from" in out
    rows = {line.split("  ")[0]: line.split()[-5:] for line in out.splitlines() if line.startswith(("as ", "together"))}
    assert {name: row[0] for name, row in rows.items()} == {"as first": "2", "as second": "2", "together": "4"}


def test_positions_are_graded_on_request(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(model_zoo, "ZOO", tmp_path)
    model_zoo.write("small", model_zoo.Card(game="connect_four", network=SMALL, step=3), small_weights("connect_four", 0))
    words = ["zoo:small", "--opponent", "random", "--games", "2", "--simulations", "0", "--positions"]
    assert evaluate(*words, "--json", "-") == 0
    result = json.loads(capsys.readouterr().out)
    assert list(result) == [*KEYS, "positions", "outcomes"]
    assert "watch" not in result["positions"]
    critical = result["positions"]["critical"]
    assert critical["share"] == critical["kept"] / critical["positions"]
    assert critical["interval"][0] < critical["share"] < critical["interval"][1]
    stages = [found["positions"] for name, found in result["positions"].items() if name != "critical"]
    assert [len(row) for row in result["outcomes"]] == [3, 3, 3] and sum(map(sum, result["outcomes"])) == sum(stages)
    assert evaluate(*words) == 0
    out = capsys.readouterr().out
    assert "begin-medium" in out and "as lost" in out
    assert evaluate("random", "--game", "connect_four", "--opponent", "random", "--games", "2", "--positions", "--json", "-") == 0
    assert "outcomes" not in json.loads(capsys.readouterr().out)  # who has no network has no value


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["RUN"], "missing: --opponent"),
        (["RUN", "--opponent", "random", "--games", "3"], "even number"),
        (["RUN", "--opponent", "randm"], "did you mean random"),
        (["RUN", "--opponent", "random", "--simulations", "-1"], "must not be negative"),
        (["RUN", "--opponent", "random", "--positions"], "leave --positions out"),
        (["RUN", "--opponent", "random", "--json", "/nowhere/at/all.json"], "cannot write"),
        (["RUN@7", "--opponent", "random"], "no checkpoint of step 7"),
        (["RUNx", "--opponent", "random"], "there is no run at"),
        (["random", "--opponent", "random"], "has learned nothing; add --game GAME"),
        (["random", "--opponent", "random", "--game", "tictactoe"], "did you mean tic_tac_toe"),
        (["RUN", "--opponent", "random", "--game", "tic_tac_toe"], "plays the game that it has learned"),
        (["RUN", "--opponent", "random", "--option", "size=3"], "plays the game that it has learned"),
        (["RUN", "--opponent", "random", "--sgf", "games"], "SGF is written for go"),
        (["zoo:nobody", "--opponent", "random"], "no network ships as zoo:nobody"),
    ],
)
def test_mistakes_are_told_in_a_line(run, words, said, capsys):
    assert evaluate(*(word.replace("RUN", run) for word in words)) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_any_player_once_the_game_is_named(capsys):
    words = ["mcts:20", "--game", "connect_four", "--option", "width=5", "--opponent", "random", "--games", "4"]
    assert evaluate(*words, "--json", "-") == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["task"], result["agent"], result["checkpoint"], result["simulations"]) == ("connect_four", "mcts:20", None, 20)
    assert evaluate(*words) == 0
    assert "Connect Four: mcts:20 (20 simulations) against random" in capsys.readouterr().out


def test_a_person_sees_the_board_of_play(monkeypatch, capsys):
    points = "".join(f"{column}{row}\n" for row in (1, 2, 3) for column in "abc")
    monkeypatch.setattr("sys.stdin", io.StringIO(points * 3))
    assert main(["evaluate", "human", "--game", "tic_tac_toe", "--opponent", "random", "--games", "2"]) == 0
    out = capsys.readouterr().out
    assert "\n    a  b  c\n 1 " in out and "(O)" in out  # the last move in brackets
    assert "\x1b" not in out


def test_the_games_are_written(tmp_path, capsys):
    words = ["random", "--game", "othello", "--option", "size=6", "--opponent", "minimax:1", "--games", "4"]
    assert evaluate(*words, "--sgf", str(tmp_path / "games"), "--json", "-") == 0
    result = json.loads(capsys.readouterr().out)
    games = [read_game((tmp_path / "games" / f"game-{i}.sgf").read_bytes()) for i in range(1, 5)]
    assert all(game.position.terminal and game.game.spec.board == (6, 6) for game in games)
    assert [game.players for game in games] == [("random", "minimax:1")] * 2 + [("minimax:1", "random")] * 2
    won = [(game.result.returns[0] if i < 2 else game.result.returns[1]) > 0 for i, game in enumerate(games)]
    assert sum(won) == result["wins"]
