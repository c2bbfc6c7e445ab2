"""What environments are made with."""

import subprocess
import sys

import gymnasium
import pytest
from gymnasium.envs.registration import EnvSpec

from zerodojo.envs.gym import making
from zerodojo.envs.gym.config import ViewConfig
from zerodojo.envs.gym.making import UNLIMITED, find, limited


@pytest.mark.parametrize(
    ("task", "own", "expected"), [("CliffWalking-v1", 0, UNLIMITED), ("CliffWalking-v1", 30, 30), ("CartPole-v1", 0, 0)]
)
def test_a_limit_is_set_only_where_there_is_none(task, own, expected):
    assert limited(task, ViewConfig(max_episode_steps=own)) == ViewConfig(max_episode_steps=expected)


def test_a_limit_in_frames_is_one(monkeypatch):
    spec = EnvSpec("ALE/Pong-v5", kwargs={"max_num_frames_per_episode": 108_000})
    monkeypatch.setitem(gymnasium.registry, "ALE/Pong-v5", spec)
    assert limited("ALE/Pong-v5", ViewConfig(atari=True)) == ViewConfig(atari=True)


def test_what_registers_an_id_is_imported_before_it_is_made():
    code = (
        "from zerodojo.envs.gym.config import ViewConfig; from zerodojo.envs.gym.making import make_one; "
        "print(make_one('zerodojo/Recall-v0', {}, ViewConfig()).action_space.n)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "4\n"


def test_what_is_registered_is_not_registered_again(monkeypatch):
    find("zerodojo/Recall-v0")
    monkeypatch.setattr(making, "import_package", pytest.fail)
    assert find("zerodojo/Recall-v0").name == "Recall"
