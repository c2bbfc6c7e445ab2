"""Every game as a PettingZoo environment: PettingZoo's own tests, and the same games as its classics where it has them."""

import sys
import warnings

import numpy as np
import pytest

from zerodojo import envs
from zerodojo.envs import GAMES, make, pettingzoo_env
from zerodojo.envs.faces.pettingzoo_env import GameAECEnv
from zerodojo.errors import UserError

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # its module of tests imports an environment in the old way
    from pettingzoo.test import api_test, render_test, seed_test
from pettingzoo.classic.chess.chess import env as chess_v6
from pettingzoo.classic.connect_four.connect_four import env as connect_four_v3
from pettingzoo.classic.go.go import env as go_v5
from pettingzoo.classic.tictactoe.tictactoe import env as tictactoe_v3

# PettingZoo knows by their names the environments that may have a dict for an observation: its own.
ONLY_ITS_OWN = pytest.mark.filterwarnings(
    "ignore:Observation is not a NumPy array",
    "ignore:Observation space for each agent probably should be",
    "ignore:Observation numpy array is all zeros",
    "ignore:Action mask numpy array is all zeros",
)


@pytest.fixture(params=GAMES)
def game(request):
    return request.param


@ONLY_ITS_OWN
def test_pettingzoo_finds_nothing_wrong(game, capsys):
    api_test(pettingzoo_env(game), num_cycles=150)
    seed_test(lambda: pettingzoo_env(game), num_cycles=30)


def test_it_renders(game, capsys):
    render_test(lambda render_mode: pettingzoo_env(game, render_mode=render_mode))


def test_agents_see_masks_planes_and_rewards(game):
    env = GameAECEnv(make(game))
    env.reset(seed=0)
    generator = np.random.default_rng(0)
    returns = dict.fromkeys(env.possible_agents, 0.0)
    for agent in env.agent_iter():
        observed, reward, terminated, truncated, info = env.last()
        returns[agent] += reward
        assert (truncated, info) == (False, {})
        assert observed in env.observation_space(agent)
        if terminated:
            assert not observed["action_mask"].any()
            env.step(None)
            continue
        position = env.position
        assert agent == f"player_{position.to_play}"
        owners = env.game.picture(position.row).owners
        if game not in ("go", "chess"):
            for plane, player in enumerate((position.to_play, 1 - position.to_play)):
                assert ((observed["observation"][..., plane] == 1) == (owners == player)).all()
        actions = np.flatnonzero(observed["action_mask"])
        assert sorted(env.view.action(position, action) for action in actions) == list(position.legal_actions())
        (other,) = set(env.agents) - {agent}
        assert not env.observe(other)["action_mask"].any()
        env.step(int(generator.choice(actions)))
    assert env.position.terminal
    assert list(returns.values()) == pytest.approx(env.position.returns)


THEIRS = [
    (connect_four_v3, "connect_four", {}, 30),
    (tictactoe_v3, "tic_tac_toe", {}, 30),
    (lambda: go_v5(board_size=5, komi=7.5), "go", {"size": 5, "superko": "simple", "max_plies": 500}, 10),
    (chess_v6, "chess", {}, 2),
]


@pytest.mark.parametrize(
    ("theirs", "name", "options", "games"), THEIRS, ids=["connect_four_v3", "tictactoe_v3", "go_v5", "chess_v6"]
)
def test_the_same_game_as_theirs(theirs, name, options, games):
    """Spaces, and at every ply of random games the actions, who moves, what both agents see, the end and who wins."""
    ours, theirs = pettingzoo_env(name, **options), theirs()
    generator = np.random.default_rng(0)
    for _ in range(games):
        ours.reset(seed=0)
        theirs.reset(seed=0)
        while ours.agents and theirs.agents:
            _, reward, terminated, _, _ = ours.last()
            _, their_reward, their_end, _, _ = theirs.last()
            if name == "chess" and their_end and not terminated:
                assert theirs.unwrapped.board.can_claim_draw()  # with it theirs ends, ours where there is nothing to be claimed
                break
            assert ours.possible_agents.index(ours.agent_selection) == theirs.possible_agents.index(theirs.agent_selection)
            assert (reward, terminated) == (their_reward, their_end)
            for mine, other in zip(ours.possible_agents, theirs.possible_agents, strict=True):
                assert ours.observation_space(mine) == theirs.observation_space(other)
                assert ours.action_space(mine) == theirs.action_space(other)
                seen, their_seen = ours.observe(mine), theirs.observe(other)
                assert seen["observation"].dtype == their_seen["observation"].dtype
                assert (seen["observation"] == their_seen["observation"]).all()
                assert seen["action_mask"].dtype == their_seen["action_mask"].dtype
                assert terminated or (seen["action_mask"] == their_seen["action_mask"]).all()  # theirs offers moves after the end
            action = None
            if not terminated:
                action = int(generator.choice(np.flatnonzero(ours.observe(ours.agent_selection)["action_mask"])))
            ours.step(action)
            theirs.step(action)
        else:
            assert ours.agents == theirs.agents == []


@pytest.mark.parametrize("name", ["openspiel:tic_tac_toe", "openspiel:quoridor", "pettingzoo:connect_four_v3"])
def test_games_of_other_libraries_stay_within_their_space(name):
    env = GameAECEnv(make(name))
    env.reset(seed=0)
    generator = np.random.default_rng(0)
    for _ in range(8):
        for agent in env.possible_agents:
            assert env.observe(agent) in env.observation_space(agent)
        env.step(int(generator.choice(env.position.legal_actions())))
        if env.position.terminal:
            break


@pytest.mark.filterwarnings("ignore:.*Illegal move made")  # PettingZoo says so in a warning as well
def test_an_illegal_action_loses():
    env = pettingzoo_env("tic_tac_toe")
    env.reset()
    env.step(4)
    env.step(4)
    assert env.terminations == {"player_0": True, "player_1": True}
    assert env.rewards == {"player_0": 0, "player_1": -1.0}
    env.reset()
    with pytest.raises(AssertionError, match="action is not in action space"):
        env.step(9)


def test_the_other_agent_sees_the_board_as_it_is_now():
    """From its own side, as it will see it when it is to move, and at the end too."""
    env = pettingzoo_env("tic_tac_toe")
    env.reset()
    for action in (4, 0, 8, 1):
        env.step(action)
    assert env.observe("player_0")["observation"][0, 0].tolist() == [0, 1]  # the other's stone, on the board
    assert env.observe("player_1")["observation"][0, 0].tolist() == [1, 0]
    env.step(6)
    env.step(2)
    assert env.terminations["player_0"]
    assert env.observe("player_0")["observation"][0, 2].tolist() == [0, 1]
    assert env.observe("player_1")["observation"][0, 2].tolist() == [1, 0]


def test_a_position_of_chess_is_seen_alike_whatever_was_seen_before():
    """The view remembers the last boards; one that has seen nothing says the same."""
    env = pettingzoo_env("chess", history=3)
    env.reset()
    for name in ["e2e4", "a7a5", "e4e5", "d7d5", "e5d6", "a5a4"]:
        position, view = env.unwrapped.position, env.unwrapped.view
        env.step(view.ids(position)[position.legal_actions().index(env.unwrapped.game.parse_action(name))])
        new = pettingzoo_env("chess", history=3).unwrapped.view
        for player, agent in enumerate(env.possible_agents):
            seen = env.observe(agent)["observation"]
            assert seen.shape == (8, 8, 7 + 3 * 13)
            assert (seen == new.observe(env.unwrapped.position, player)).all()
    assert (seen[..., 7].sum(), seen[..., 13].sum()) == (7, 8)  # pawns: White's has taken one in passing


@pytest.mark.parametrize(("name", "options", "planes"), [("hex", {"size": 4}, 3), ("gomoku", {"size": 5, "history": 2}, 4)])
def test_games_that_pettingzoo_lacks_are_shown_as_connect_four_is(name, options, planes):
    env = pettingzoo_env(name, **options)
    env.reset()
    env.step(3)
    first, second = (env.observe(agent)["observation"] for agent in env.possible_agents)
    assert first.shape[2] == planes and first.dtype == np.int8
    assert (first[..., :2] == second[..., 1::-1]).all() and first[0, 3, 0] == 1
    assert planes == 4 or (first[..., 2].all() and not second[..., 2].any())


def test_a_game_that_nobody_has_shown_how_to_see_shows_its_own_planes():
    env = pettingzoo_env("openspiel:tic_tac_toe")
    env.reset()
    env.step(4)
    seen = env.observe("player_1")["observation"]
    assert seen.dtype == np.float32 and (seen == env.unwrapped.position.observation().transpose(1, 2, 0)).all()


def test_a_game_that_shows_itself_to_the_mover_alone_shows_zeros_to_the_other(monkeypatch):
    monkeypatch.delattr("zerodojo.envs.stones.StoneGame.seen_by")
    env = pettingzoo_env("breakthrough")
    env.reset()
    assert env.observe("player_0")["observation"].any()
    assert not env.observe("player_1")["observation"].any()


def test_options_of_the_game_and_what_does_not_fit():
    assert pettingzoo_env("connect_four", width=5, height=4).observation_space("player_0")["observation"].shape == (4, 5, 2)
    with pytest.raises(UserError, match="unknown game 'tictactoe'"):
        pettingzoo_env("tictactoe")
    with pytest.raises(UserError, match="unknown render mode 'ascii'"):
        pettingzoo_env("tic_tac_toe", render_mode="ascii")


def test_without_pettingzoo_the_remedy_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "pettingzoo", None)
    with pytest.raises(UserError, match=r'pip install "zerodojo\[pettingzoo\]"'):
        envs.pettingzoo_env  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute 'pettingzoo_evn'"):
        envs.pettingzoo_evn  # noqa: B018
