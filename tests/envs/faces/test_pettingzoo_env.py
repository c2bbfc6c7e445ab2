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
from pettingzoo.classic.connect_four.connect_four import env as connect_four_v3
from pettingzoo.classic.tictactoe.tictactoe import env as tictactoe_v3

# PettingZoo knows by their names the environments that may have a dict for an observation: its own.
ONLY_ITS_OWN = pytest.mark.filterwarnings(
    "ignore:Observation is not a NumPy array",
    "ignore:Observation space for each agent probably should be",
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
    position = env.game.start()
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
        assert agent == f"player_{position.to_play}"
        assert (observed["observation"] == position.observation().transpose(1, 2, 0)).all()
        assert tuple(np.flatnonzero(observed["action_mask"])) == position.legal_actions()
        (other,) = set(env.agents) - {agent}
        assert not env.observe(other)["action_mask"].any()
        action = int(generator.choice(position.legal_actions()))
        position = position.after(action)
        env.step(action)
    assert position.terminal
    assert list(returns.values()) == pytest.approx(position.returns)


@pytest.mark.parametrize(
    ("theirs", "name"), [(connect_four_v3, "connect_four"), (tictactoe_v3, "tic_tac_toe")], ids=["connect_four_v3", "tictactoe_v3"]
)
def test_the_same_game_as_theirs(theirs, name):
    """Legal moves, who moves, what both agents see of the stones, the end and who wins, at every ply of random games."""
    ours, theirs = pettingzoo_env(name), theirs()
    generator = np.random.default_rng(0)
    for _ in range(30):
        ours.reset(seed=0)
        theirs.reset(seed=0)
        while ours.agents and theirs.agents:
            seen, reward, terminated, _, _ = ours.last()
            theirs_seen, theirs_reward, theirs_terminated, _, _ = theirs.last()
            assert ours.possible_agents.index(ours.agent_selection) == theirs.possible_agents.index(theirs.agent_selection)
            assert (reward, terminated) == (theirs_reward, theirs_terminated)
            for mine, other in zip(ours.possible_agents, theirs.possible_agents, strict=True):
                assert (ours.observe(mine)["observation"][..., :2] == theirs.observe(other)["observation"]).all()
                masks = ours.observe(mine)["action_mask"], theirs.observe(other)["action_mask"]
                assert terminated or (masks[0] == masks[1]).all()  # theirs offers columns after the end
            if terminated:
                ours.step(None)
                theirs.step(None)
                continue
            assert seen["action_mask"].dtype == theirs_seen["action_mask"].dtype
            assert (seen["action_mask"] == theirs_seen["action_mask"]).all()
            assert (seen["observation"][..., :2] == theirs_seen["observation"]).all()
            action = int(generator.choice(np.flatnonzero(seen["action_mask"])))
            ours.step(action)
            theirs.step(action)
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
    assert env.observe("player_0")["observation"][0, 0].tolist() == [0, 1, 1]  # the other's stone, on the board
    assert env.observe("player_1")["observation"][0, 0].tolist() == [1, 0, 1]
    env.step(6)
    env.step(2)
    assert env.terminations["player_0"]
    assert env.observe("player_0")["observation"][0, 2].tolist() == [0, 1, 1]
    assert env.observe("player_1")["observation"][0, 2].tolist() == [1, 0, 1]


def test_in_chess_each_agent_sees_its_own_pawns_go_up():
    env = pettingzoo_env("chess", history=1)
    env.reset()
    start = {agent: env.observe(agent)["observation"] for agent in env.possible_agents}
    assert (start["player_0"][..., :6].sum(axis=(0, 1)) == start["player_1"][..., :6].sum(axis=(0, 1))).all()
    assert start["player_0"][6, :, 0].all() and start["player_1"][6, :, 0].all()
    assert (start["player_0"][..., 14] == 0).all() and (start["player_1"][..., 14] == 1).all()
    env.step(env.unwrapped.game.parse_action("e2e4"))
    assert env.observe("player_1")["observation"][3, 4, 6] == env.observe("player_0")["observation"][4, 4, 0] == 1


def test_a_game_that_shows_itself_to_the_mover_alone_shows_zeros_to_the_other(monkeypatch):
    monkeypatch.delattr("zerodojo.envs.stones.StoneGame.seen_by")
    env = pettingzoo_env("tic_tac_toe")
    env.reset()
    assert env.observe("player_0")["observation"].any()
    assert not env.observe("player_1")["observation"].any()


def test_options_of_the_game_and_what_does_not_fit():
    assert pettingzoo_env("connect_four", width=5, height=4).observation_space("player_0")["observation"].shape == (4, 5, 3)
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
