"""The task for memories: it pays for the signal alone, and shows it once."""

import subprocess
import sys

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from zerodojo.envs.gym.config import ViewConfig
from zerodojo.envs.gym.making import make_environments, make_one
from zerodojo.envs.gym.recall import ID, Recall
from zerodojo.errors import UserError


@pytest.mark.parametrize("settings", [{}, {"signals": 2, "delay": 0}])
def test_gymnasium_accepts_it(settings):
    check_env(gymnasium.make(ID, **settings).unwrapped)


@pytest.mark.parametrize(("signals", "delay"), [(4, 50), (2, 0), (3, 1)])
def test_an_episode(signals, delay):
    env = Recall(signals=signals, delay=delay)
    first, _ = env.reset(seed=1)
    signal = int(first.argmax())
    assert first.sum() == 1 and signal < signals
    for _ in range(delay):
        seen, reward, terminated, truncated, _ = env.step(0)
        assert not seen.any() and (reward, terminated, truncated) == (0.0, False, False)
    seen, reward, terminated, _, _ = env.step(signal)  # too early: nothing was asked
    assert seen.tolist() == [0.0] * signals + [1.0] and (reward, terminated) == (0.0, False)
    seen, reward, terminated, truncated, _ = env.step(signal)
    assert (reward, terminated, truncated) == (1.0, True, False)


def test_a_wrong_answer_earns_nothing():
    env = Recall(delay=1)
    first, _ = env.reset(seed=1)
    for _ in range(2):
        env.step(0)
    assert env.step((int(first.argmax()) + 1) % 4)[1:3] == (0.0, True)


def test_what_is_seen_after_the_signal_does_not_depend_on_it():
    seen = {}
    for seed in range(20):
        env = Recall(delay=3)
        first, _ = env.reset(seed=seed)
        seen.setdefault(int(first.argmax()), set()).add(tuple(tuple(env.step(0)[0].tolist()) for _ in range(5)))
    assert len(seen) == 4
    assert len(set.union(*seen.values())) == 1


def test_signals_are_equally_likely():
    env = Recall()
    env.reset(seed=0)
    counts = np.bincount([int(env.reset()[0].argmax()) for _ in range(4000)], minlength=4)
    assert (abs(counts - 1000) < 110).all()  # four standard errors


def test_its_id_is_found_without_an_import():
    script = (
        "from zerodojo.envs.gym.config import ViewConfig\n"
        "from zerodojo.envs.gym.making import make_environments\n"
        "made = make_environments('zerodojo/Recall-v0', {'signals': 3, 'delay': 2}, ViewConfig(), n=2)\n"
        "print(made.reset(0).observation.shape)"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout == "(2, 4)\n"


def test_it_begins_again_where_it_was():
    made, other = (make_environments("zerodojo/Recall-v0", {"delay": 3}, ViewConfig(), n=3) for _ in range(2))
    made.reset(4)
    for _ in range(7):
        made.step(np.zeros(3, np.int64))
    state = made.state()
    assert np.array_equal(other.load(state)[0].observation, made.load(state)[0].observation)
    for _ in range(9):
        ours, theirs = made.step(np.ones(3, np.int64)), other.step(np.ones(3, np.int64))
        assert np.array_equal(ours.observation, theirs.observation) and np.array_equal(ours.reward, theirs.reward)
    assert not other.notices()


def test_options_that_make_no_task_are_refused():
    with pytest.raises(ValueError, match="1 signals"):
        Recall(signals=1)
    with pytest.raises(UserError, match="does not take signal=3"):
        make_one("zerodojo/Recall-v0", {"signal": 3}, ViewConfig())
