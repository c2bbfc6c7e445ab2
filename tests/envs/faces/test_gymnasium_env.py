"""Every game as a Gymnasium environment: what Gymnasium demands, and that seats, masks, rewards and seeds are what they say."""

import subprocess
import sys
from types import SimpleNamespace

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env

from zerodojo.agents.gymnasium_ids import env_id
from zerodojo.envs import GAMES, IllegalAction, make
from zerodojo.envs.faces.gymnasium_env import GameEnv
from zerodojo.errors import Forfeit, UserError

SLOW = {"chess"}  # of many plies, each in Python


class Scripted:
    """An opponent that plays its first legal move, and writes down what happens to it."""

    def __init__(self, seed=0):
        self.seed, self.events = seed, []

    def decide(self, position):
        self.events.append(position.to_play)
        return SimpleNamespace(action=position.legal_actions()[0])

    def new_game(self, seed):
        self.events.append("new")

    def close(self):
        self.events.append("closed")


def play(env, generator, seed=None):
    """One game of random legal actions: observations, rewards, masks and actions."""
    observation, info = env.reset(seed=seed)
    told = [(observation, 0.0, info["action_mask"], None)]
    terminated = False
    while not terminated:
        action = generator.choice(np.flatnonzero(info["action_mask"]))
        observation, reward, terminated, truncated, info = env.step(action)
        assert not truncated
        told.append((observation, reward, info["action_mask"], int(action)))
    return told


@pytest.fixture(params=GAMES)
def game(request):
    return request.param


def test_the_ids():
    assert env_id("connect_four") == "zerodojo/ConnectFour-v0"
    assert env_id("go") == "zerodojo/Go-v0"
    assert {env_id(name) for name in GAMES} <= set(gymnasium.registry)


@pytest.mark.parametrize("mode", [None, "ansi", "rgb_array", "human"])
def test_gymnasium_finds_nothing_wrong(game, mode, capsys):
    env = gymnasium.make(env_id(game), opponent="random", render_mode=mode)
    check_env(env.unwrapped)


def test_a_game_of_openspiel_stays_within_its_space():
    env = GameEnv(make("openspiel:tic_tac_toe"), Scripted, agent_seat="second")
    for observation, *_ in play(env, np.random.default_rng(0), seed=0):
        assert observation in env.observation_space


@pytest.mark.parametrize("seat", ["first", "second"])
def test_what_an_agent_is_told(game, seat):
    env = gymnasium.make(env_id(game), agent_seat=seat, opponent="random").unwrapped
    for seed in range(1 if game in SLOW else 3):
        generator, env_seat = np.random.default_rng(seed), ("first", "second").index(seat)
        observation, info = env.reset(seed=seed)
        total, terminated = 0.0, False
        while not terminated:
            assert env.position.to_play == env_seat == env.seat
            assert tuple(np.flatnonzero(info["action_mask"])) == env.position.legal_actions()
            assert info["action_mask"].dtype == np.int8
            assert observation in env.observation_space
            assert (observation == env.position.observation()).all()
            observation, reward, terminated, truncated, info = env.step(generator.choice(np.flatnonzero(info["action_mask"])))
            total += reward
        assert env.position.terminal and not truncated
        assert total == pytest.approx(env.position.returns[env_seat])
        assert not info["action_mask"].any()
        with pytest.raises(ResetNeeded):
            env.step(0)


def test_a_seed_decides_everything(game):
    def run(seed):
        env = gymnasium.make(env_id(game), opponent="random").unwrapped
        told, seats = [], []
        for number in range(1 if game in SLOW else 3):  # the seed lasts over several games
            told += play(env, np.random.default_rng(number), seed if number == 0 else None)
            seats.append(env.seat)
        return told, seats

    (first, seats), (again, seats_again) = run(7), run(7)
    assert seats == seats_again
    assert len(first) == len(again)
    for a, b in zip(first, again, strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))
    others = [run(seed) for seed in range(4)]
    assert any(len(told) != len(first) or any(a[3] != b[3] for a, b in zip(told, first, strict=True)) for told, _ in others)


def test_both_seats_are_drawn():
    env = gymnasium.make("zerodojo/TicTacToe-v0", opponent="random").unwrapped
    env.reset(seed=0)
    seats = []
    for _ in range(40):
        env.reset()
        seats.append(env.seat)
        assert len(env.position.history) == env.seat  # the opponent has moved exactly where it moves first
    assert 8 <= sum(seats) <= 32


def test_side_by_side():
    envs = gymnasium.make_vec(
        "zerodojo/ConnectFour-v0", num_envs=3, vectorization_mode="sync", opponent="minimax:1", width=5, height=4
    )
    observations, info = envs.reset(seed=3)
    assert observations.shape == (3, 3, 4, 5)
    generator = np.random.default_rng(0)
    games = 0
    for _ in range(60):
        masks = info["action_mask"]
        assert masks.shape == (3, 5)
        assert masks.dtype == np.int8
        actions = np.array([generator.choice(np.flatnonzero(mask)) if mask.any() else 0 for mask in masks])
        _, rewards, terminated, _, info = envs.step(actions)
        assert set(rewards) <= {-1.0, 0.0, 1.0}
        games += terminated.sum()
    assert games > 5
    envs.close()


def test_side_by_side_in_processes_of_their_own():
    """As a script does it: with its own main module, and nothing is left or said when they are closed."""
    script = """if True:
        import multiprocessing
        import gymnasium
        import numpy as np
        import zerodojo

        if __name__ == "__main__":
            envs = gymnasium.make_vec("zerodojo/ConnectFour-v0", num_envs=2, vectorization_mode="async")
            observations, info = envs.reset(seed=1)
            generator = np.random.default_rng(0)
            for _ in range(30):
                masks = info["action_mask"]
                assert observations.shape == (2, 3, 6, 7) and masks.shape == (2, 7) and masks.dtype == np.int8
                actions = np.array([generator.choice(np.flatnonzero(mask)) if mask.any() else 0 for mask in masks])
                observations, rewards, terminated, truncated, info = envs.step(actions)
                assert set(rewards) <= {-1.0, 0.0, 1.0} and not truncated.any() and "illegal_action" not in info
            envs.close()
            assert not multiprocessing.active_children()
            print("closed")
        """
    said = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, timeout=100)
    assert (said.stdout, said.stderr, said.returncode) == ("closed\n", "", 0)


def test_an_illegal_action_loses_the_game():
    env = gymnasium.make("zerodojo/TicTacToe-v0", agent_seat="first", opponent="minimax:1").unwrapped
    env.reset(seed=0)
    env.step(4)
    _, reward, terminated, truncated, info = env.step(4)
    assert (reward, terminated, truncated) == (-1.0, True, False)
    assert info["illegal_action"] is True
    assert not info["action_mask"].any()
    with pytest.raises(ResetNeeded):
        env.step(0)


def test_an_illegal_action_is_refused_and_the_game_goes_on():
    env = gymnasium.make("zerodojo/TicTacToe-v0", agent_seat="first", illegal="raise").unwrapped
    env.reset(seed=0)
    env.step(4)
    before = env.position
    with pytest.raises(IllegalAction, match="b2 is not legal here"):
        env.step(4)
    assert env.position is before
    env.step(before.legal_actions()[0])


@pytest.mark.parametrize("action", [-1, 9, 1.5, None, "a1"])
@pytest.mark.parametrize("illegal", ["lose", "raise"])
def test_what_is_no_action_is_always_refused(action, illegal):
    env = gymnasium.make("zerodojo/TicTacToe-v0", illegal=illegal).unwrapped
    env.reset(seed=0)
    with pytest.raises(IllegalAction):
        env.step(action)


def test_the_opponent_that_is_handed_in():
    made = []

    def opponent(seed):
        made.append(Scripted(seed))
        return made[-1]

    env = GameEnv(make("tic_tac_toe"), opponent, agent_seat="second")
    env.reset(seed=1)
    env.reset()
    assert made[0].events == ["new", 0, "new", 0]
    env.reset(seed=2)
    assert made[0].events[-1] == "closed"
    env.reset(seed=1)
    assert made[2].seed == made[0].seed != made[1].seed
    env.close()
    env.close()
    assert made[2].events.count("closed") == 1
    with pytest.raises(ResetNeeded):
        env.step(0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"opponent": "minimx:3"}, "unknown player 'minimx:3'; did you mean minimax:DEPTH"),
        ({"opponent": "minimax"}, "malformed player 'minimax'"),
        ({"agent_seat": "third"}, "unknown seat 'third'"),
        ({"agent_seat": 0}, "unknown seat '0'; known: first, random, second"),
        ({"illegal": "ignore"}, "unknown answer to illegal actions 'ignore'"),
        ({"render_mode": "ascii"}, "unknown render mode 'ascii'"),
        ({"widht": 8}, "unknown option of connect_four 'widht'; did you mean width"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*The environment is being initialised with render_mode='ascii'")  # Gymnasium's own word on it
def test_what_does_not_fit_is_said(options, words):
    with pytest.raises(UserError, match=words.replace("(", r"\(")):
        gymnasium.make("zerodojo/ConnectFour-v0", **options)


def test_rendering():
    env = gymnasium.make("zerodojo/TicTacToe-v0", agent_seat="first", render_mode="ansi")
    env.reset(seed=0)
    assert env.render() == "  a b c\n1 . . .\n2 . . .\n3 . . ."


def test_human_rendering_prints_every_position(capsys):
    env = gymnasium.make("zerodojo/TicTacToe-v0", agent_seat="first", opponent="minimax:9", render_mode="human")
    env.reset(seed=0)
    env.step(4)
    said = capsys.readouterr().out
    assert said.count("a b c") == 2
    assert said.count("X") == said.count("O") == 1


@pytest.mark.parametrize(
    "script",
    [
        "import gymnasium, zerodojo; name = 'zerodojo/TicTacToe-v0'",
        "import zerodojo, gymnasium; zerodojo.register_envs(); zerodojo.register_envs(); name = 'zerodojo/TicTacToe-v0'",
        "import gymnasium; name = 'zerodojo:zerodojo/TicTacToe-v0'",
        "import zerodojo, gymnasium; name = 'zerodojo.agents.gymnasium_ids:zerodojo/TicTacToe-v0'",
    ],
)
def test_the_ids_are_known(script):
    script += "; print(gymnasium.make(name).spec.id)"
    said = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True)
    assert (said.stdout, said.stderr) == ("zerodojo/TicTacToe-v0\n", "")


@pytest.mark.parametrize("seat", ["first", "second"])
def test_an_opponent_that_forfeits_has_lost(seat):
    class Quitter(Scripted):
        def decide(self, position):
            raise Forfeit("it resigns", resigned=True)

    env = GameEnv(make("tic_tac_toe"), Quitter, agent_seat=seat)
    _, info = env.reset(seed=0)
    assert "opponent_forfeit" not in info
    _, reward, terminated, truncated, info = env.step(np.int64(0))
    assert (reward, terminated, truncated, info["opponent_forfeit"]) == (1.0, True, False, "it resigns")
    with pytest.raises(ResetNeeded):
        env.step(np.int64(1))
    env.reset()
