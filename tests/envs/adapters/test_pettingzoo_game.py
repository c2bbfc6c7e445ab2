"""PettingZoo's classics behind the Game contract: the kit, the same games as ours and as a replay, and what is refused."""

import sys

import numpy as np
import pytest
from pettingzoo.classic.chess.chess import raw_env as chess
from pettingzoo.classic.go.go import raw_env as go

from zerodojo.envs import make
from zerodojo.envs.adapters.pettingzoo_game import PettingZooGame
from zerodojo.envs.testing import check_game
from zerodojo.errors import UserError


@pytest.mark.parametrize("name", ["tictactoe_v3", "connect_four_v3"])
def test_keeps_the_contract(name):
    check_game(PettingZooGame(name), games=1)


@pytest.mark.full
@pytest.mark.parametrize(
    ("name", "options"), [("connect_four_v3", {}), ("go_v5", {"board_size": 3}), ("chess_v6", {"max_plies": 9})], ids=str
)
def test_keeps_the_contract_for_longer(name, options):
    check_game(make(f"pettingzoo:{name}", **options), games=2)


@pytest.mark.full
@pytest.mark.parametrize(("name", "options"), [("go_v5", {"board_size": 9}), ("chess_v6", {"max_plies": 60})], ids=str)
def test_keeps_the_contract_over_a_game_as_people_play_it(name, options):
    """One game: a copy of an environment takes up to two milliseconds, and the kit plays on from every position of the game."""
    check_game(make(f"pettingzoo:{name}", **options), games=1)


def test_a_game_that_is_cut_is_a_draw():
    game = make("pettingzoo:go_v5", board_size=3, max_plies=2)
    assert game.spec.options == {"board_size": 3, "komi": 7.5, "max_plies": 2}
    position = game.start().play([0, 1])
    assert position.terminal
    assert position.returns == (0.0, 0.0)


@pytest.mark.parametrize(("theirs", "ours"), [("connect_four_v3", "connect_four"), ("tictactoe_v3", "tic_tac_toe")])
def test_the_same_game_as_ours(theirs, ours):
    theirs, ours = PettingZooGame(theirs), make(ours)
    generator = np.random.default_rng(1)
    for _ in range(20):
        a, b = theirs.start(), ours.start()
        while not b.terminal:
            assert a.legal_actions() == b.legal_actions()
            assert a.to_play == b.to_play
            assert (a.observation() == b.observation()[:2]).all()
            assert (theirs.picture(a.row).owners == ours.picture(b.row).owners).all()
            action = int(generator.choice(b.legal_actions()))
            a, b = a.after(action), b.after(action)
        assert a.terminal
        assert a.returns == b.returns


@pytest.mark.parametrize(("name", "options", "raw_env"), [("go_v5", {"board_size": 5}, go), ("chess_v6", {}, chess)])
def test_the_same_as_playing_the_environment_itself(name, options, raw_env):
    """Copies of environments, made on the way and out of order, are what one environment is that plays straight on."""
    game = PettingZooGame(name, **options)
    game.remembered = 8  # so that most positions are made again
    generator = np.random.default_rng(2)
    env = raw_env(**options)
    env.reset(seed=0)
    rows, seen = [], []
    position = game.start()
    while not position.terminal and len(rows) < 60:
        other = position.after(int(generator.choice(position.legal_actions())))  # a sister position
        PettingZooGame("go_v5", board_size=3).start().after(0)  # a board of another size in between
        assert other.history[:-1] == position.history
        observed = env.observe(env.agent_selection)
        assert tuple(np.flatnonzero(observed["action_mask"])) == position.legal_actions()
        assert (observed["observation"].transpose(2, 0, 1) == position.observation()).all()
        rows.append(position.row)
        seen.append(position.observation())
        action = int(generator.choice(position.legal_actions()))
        position = position.after(action)
        if name == "go_v5":
            env._overwrite_go_global_variables(5)
        env.step(action)
    for i in generator.permutation(len(rows)):
        planes = np.empty_like(seen[i][None])
        game.observe(rows[i][None], planes)
        assert (planes[0] == seen[i]).all()


def test_boards_for_people():
    go = PettingZooGame("go_v5", board_size=5)
    position = go.start().play([go.parse_action(name) for name in ("A5", "E1", "pass", "d1")])
    assert str(position) == "X . . . .\n. . . . .\n. . . . .\n. . . . .\n. . . O O"
    assert go.picture(position.row).owners[4].tolist() == [-1, -1, -1, 1, 1]
    chess = PettingZooGame("chess_v6")
    assert str(chess.start()).splitlines()[0] == "r n b q k b n r"
    assert (chess.picture(chess.start().row).owners[6:] == 0).all()


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("hanabi_v5", {}, "hands are hidden"),
        ("rps_v2", {}, "both players choose at once"),
        ("texas_holdem_no_limit_v6", {}, "dealt at random and hidden"),
        ("leduc_holdem", {}, "dealt at random and hidden"),
        ("connect_four", {}, "did you mean connect_four_v3"),
        ("", {}, "unknown classic game of PettingZoo ''"),
        ("tictactoe_v3", {"board_size": 9}, "only pettingzoo:go_v5 has board_size"),
        ("go_v5", {"board_size": 20}, "choose from 2 to 19"),
        ("go_v5", {"max_plies": -1}, "choose from 1 to 10000"),
        ("go_v5", {"komi": 1000.5}, "komi=1000.5 is out of range; choose from -1000 to 1000"),
        ("go_v5", {"komi": float("nan")}, "komi=nan is out of range; choose from -1000 to 1000"),
    ],
)
def test_what_is_refused_and_why(name, options, words):
    with pytest.raises(UserError, match=words):
        make(f"pettingzoo:{name}", **options)


def test_without_pettingzoo_the_remedy_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "pettingzoo.classic.connect_four.connect_four", None)
    with pytest.raises(UserError, match=r'pip install "zerodojo\[pettingzoo\]"'):
        PettingZooGame("connect_four_v3")
