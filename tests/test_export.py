"""`zerodojo export`: a run's newest games as files, complete and readable, also while it trains; and refusals in a line."""

from __future__ import annotations

import numpy as np
import pytest

from zerodojo.agents.alphazero.config import AlphaZeroConfig
from zerodojo.agents.alphazero.records import End, GameRecords
from zerodojo.agents.alphazero.store import GameStore
from zerodojo.agents.run_directory import RunDirectory
from zerodojo.cli.main import main
from zerodojo.envs import make
from zerodojo.envs.notation.sgf_games import SGF_GAMES, read_game

OPENING = 3
OPTIONS = {"go": {"size": 5}, "othello": {"size": 6}, "gomoku": {"size": 7, "swap": True}, "hex": {"size": 5}}


def records(game, number: int, *, end: End = End.RULES) -> GameRecords:
    """A game of random moves, the first three of which count as not searched; SOLVED leaves out the last."""
    generator = np.random.default_rng(number)
    position, movers = game.start(), []
    while not position.terminal:
        movers.append(position.to_play)
        position = position.after(int(generator.choice(position.legal_actions())))
    n = len(movers) - (end == End.SOLVED)
    searched = np.arange(n) >= OPENING
    return GameRecords(
        number=np.array([number], np.int64),
        length=np.array([n], np.int32),
        returns=np.array([position.returns], np.float32),
        end=np.array([end], np.uint8),
        action=np.array(position.history[:n], np.int32),
        mover=np.array(movers[:n], np.int8),
        reward=np.zeros((n, 2), np.float32),
        simulations=np.where(searched, 32, 0).astype(np.int32),
        version=np.where(searched, 7, -1).astype(np.int32),
        root_value=np.zeros(n, np.float32),
        solved=np.zeros(n, np.bool_),
        policy_size=np.zeros(n, np.int32),
        policy_action=np.empty(0, np.int32),
        policy=np.empty(0, np.float16),
    )


def a_run(path, name: str, parts: list[list[GameRecords]], **options) -> RunDirectory:
    run = RunDirectory.create(path, AlphaZeroConfig(game=name, options=dict(make(name, **options).spec.options)))
    store = GameStore(run.games, make(name, **options))
    for part in parts:
        store.append(GameRecords.concatenate(part))
        store.flush()
    return run


def moves(game, part: GameRecords) -> tuple[int, ...]:
    return tuple(part.action.tolist())


@pytest.mark.parametrize("name", SGF_GAMES)
def test_the_newest_games_are_what_was_played(name, tmp_path, capsys):
    game = make(name, **OPTIONS[name])
    parts = [[records(game, 3 * i + j) for j in range(3)] for i in range(4)]
    a_run(tmp_path / "x", name, parts, **OPTIONS[name])
    assert main(["export", str(tmp_path / "x"), "--out", str(tmp_path / "games"), "--games", "5"]) == 0
    assert capsys.readouterr().out == f"5 games of {tmp_path / 'x'} in {tmp_path / 'games'}, x-NUMBER.sgf\n"
    files = sorted((tmp_path / "games").iterdir())
    assert [file.name for file in files] == [f"x-{number:08d}.sgf" for number in range(7, 12)]
    for file, (part,) in zip(files, [[part] for row in parts for part in row][-5:], strict=True):
        read = read_game(file.read_bytes())
        assert read.game.spec == game.spec
        assert read.position.history == moves(game, part)
        assert read.position.returns == tuple(part.returns[0].tolist())
        assert read.result.returns == read.position.returns
        assert read.players == ("x", "x")
        line = list(read.root.main_line())
        assert "version 7 of its network" in line[0].text("C")
        assert "The 3 moves up to here were random" in line[OPENING].text("C")
        assert [node.text("C") for node in line[OPENING + 1 :]] == [""] * (len(line) - OPENING - 1)


def test_chess_is_exported_as_pgn(tmp_path):
    from zerodojo.envs.notation import pgn

    game = make("chess", max_plies=30)
    part = records(game, 4)
    a_run(tmp_path / "x", "chess", [[part]], max_plies=30)
    assert main(["export", str(tmp_path / "x"), "--out", str(tmp_path / "games")]) == 0
    read = pgn.read_game((tmp_path / "games" / "x-00000004.pgn").read_text(encoding="utf-8"))
    assert read.position.history == moves(game, part)
    assert read.result == {1.0: "1-0", -1.0: "0-1", 0.0: "1/2-1/2"}[part.returns[0][0]]
    assert read.headers["Event"] == "self-play of x, game 4, its first 3 moves random"


def test_a_game_that_ended_early_has_its_result(tmp_path):
    game = make("hex", size=5)
    part = records(game, 0, end=End.SOLVED)
    a_run(tmp_path / "x", "hex", [[part]], size=5)
    assert main(["export", str(tmp_path / "x"), "--out", str(tmp_path / "games"), "--format", "sgf"]) == 0
    read = read_game((tmp_path / "games" / "x-00000000.sgf").read_bytes())
    assert not read.position.terminal
    assert read.result.returns == tuple(part.returns[0].tolist())
    assert list(read.root.main_line())[-1].text("C").endswith("The search had proven the outcome, and the rest was not played.")


def test_the_run_may_be_training(tmp_path):
    game = make("hex", size=5)
    run = a_run(tmp_path / "x", "hex", [[records(game, 0)]], size=5)
    words = ["export", str(tmp_path / "x"), "--out", str(tmp_path / "games")]
    with run.locked():
        store = GameStore(run.games, game)
        for number in range(1, 4):
            assert main(words) == 0
            assert len(list((tmp_path / "games").iterdir())) == number
            store.append(records(game, number))
            store.flush()
            (run.games / ".tmp-00000099.safetensors").write_bytes(b"half a segment")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["hex"], "missing: --out"),
        (["hex", "--out", "OUT", "--games", "0"], "--games is 0; choose from 1"),
        (["hex", "--out", "OUT", "--format", "sfg"], "unknown format 'sfg'; did you mean sgf?"),
        (["hex", "--out", "OUT", "--format", "pgn"], "PGN is for chess, and this is a run of hex; leave --format out"),
        (["tic", "--out", "OUT"], "neither SGF nor PGN knows tic_tac_toe; exported are go, othello, gomoku, hex, chess"),
        (["tic", "--out", "OUT", "--format", "sgf"], "neither SGF nor PGN knows tic_tac_toe"),
        (["none", "--out", "OUT"], "holds no finished game yet"),
        (["nowhere", "--out", "OUT"], "there is no run at"),
        (["hex", "--out", "FILE"], "is a file; name a directory for --out"),
        (["hex", "--out", "FILE/x"], "not a directory; name a directory"),
    ],
)
def test_mistakes_are_told_in_a_line(words, said, tmp_path, capsys):
    a_run(tmp_path / "hex", "hex", [[records(make("hex", size=5), 0)]], size=5)
    a_run(tmp_path / "tic", "tic_tac_toe", [[records(make("tic_tac_toe"), 0)]])
    a_run(tmp_path / "none", "hex", [])
    (tmp_path / "file").write_text("mine")
    places = {"OUT": tmp_path / "out", "FILE": tmp_path / "file", "FILE/x": tmp_path / "file" / "x"}
    found = [str(places.get(word, tmp_path / word if i == 0 else word)) for i, word in enumerate(words)]
    assert main(["export", *found]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()
