"""What environments are made with."""

import os
import re
import signal
import subprocess
import sys

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec

from zerodojo.envs.gym import making
from zerodojo.envs.gym.config import ViewConfig
from zerodojo.envs.gym.making import UNLIMITED, find, import_package, limited, make_environments
from zerodojo.errors import UserError


@pytest.mark.parametrize(
    ("task", "options", "own", "expected"),
    [
        ("CliffWalking-v1", {}, 0, UNLIMITED),
        ("CliffWalking-v1", {}, 30, 30),
        ("CliffWalking-v1", {"max_episode_steps": 30}, 0, 0),
        ("CliffWalking-v1", {"max_episode_steps": 30}, 20, 20),
        ("CartPole-v1", {}, 0, 0),
        ("CartPole-v1", {"max_episode_steps": -1}, 0, UNLIMITED),
    ],
)
def test_a_limit_is_set_only_where_there_is_none(task, options, own, expected):
    assert limited(task, options, ViewConfig(max_episode_steps=own)) == ViewConfig(max_episode_steps=expected)


def test_a_limit_in_frames_is_one(monkeypatch):
    spec = EnvSpec("ALE/Pong-v5", kwargs={"max_num_frames_per_episode": 108_000})
    monkeypatch.setitem(gymnasium.registry, "ALE/Pong-v5", spec)
    assert limited("ALE/Pong-v5", {}, ViewConfig(atari=True)) == ViewConfig(atari=True)


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


@pytest.mark.parametrize(
    ("task", "package"),
    [
        ("ALE/Pong-v5", "ale_py"),
        ("MiniGrid-Empty-5x5-v0", "minigrid"),
        ("BabyAI-GoToObj-v0", "minigrid"),
        ("MinAtar/X-v1", "minatar.gym"),
    ],
)
def test_who_registers_an_id_is_known_by_its_beginning(task, package, monkeypatch):
    asked = []
    monkeypatch.setattr(making, "import_package", asked.append)
    for known in [name for name in gymnasium.registry if name == task]:
        monkeypatch.delitem(gymnasium.registry, known)
    with pytest.raises(UserError, match=f"unknown environment {task!r}"):
        find(task)
    assert asked == [package]


@pytest.mark.parametrize(
    ("task", "options", "complaint"),
    [
        ("zerodojo/Recall-v0", {"signals": 1}, "signals=1 (ValueError: 1 signals"),
        ("FrozenLake-v1", {"map_name": "9x9"}, "map_name=9x9 (KeyError: '9x9')"),
        ("FrozenLake-v1", {"desc": "SG"}, "desc=SG ("),
        ("CartPole-v1", {"max_episode_steps": 0}, "max_episode_steps=0 (ValueError: "),
    ],
)
@pytest.mark.parametrize("way", ["list", "processes"])
def test_options_that_the_environment_refuses_are_told_with_what_it_said(task, options, complaint, way):
    with pytest.raises(UserError, match=re.escape(f"{task} cannot be made with {complaint}")):
        make_environments(task, options, ViewConfig(side_by_side=way), n=1)


def test_what_is_no_atari_game_is_not_prepared_as_one():
    with pytest.raises(UserError, match=r"^CartPole-v1 is no Atari game, and --view.atari prepares those alone; leave it out$"):
        make_environments("CartPole-v1", {}, ViewConfig(atari=True), n=1)


REFUSED = [
    ("broken_package", "'broken_package' cannot be imported (SyntaxError: "),
    (".x", "'.x' is no module's name"),
    ("", "'' is no module's name"),
]


@pytest.mark.parametrize(("name", "said"), REFUSED)
def test_a_package_that_cannot_be_imported_is_refused(name, said, tmp_path, monkeypatch):
    (tmp_path / "broken_package.py").write_text("def (:\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match=re.escape(said)):
        import_package(name)


def test_signals_that_processes_share_are_heard_by_the_one_that_made_them(tmp_path):
    def heard(number, frame):
        (tmp_path / f"{number} in {os.getpid()}").touch()

    before = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        environments = make_environments("CartPole-v1", {}, ViewConfig(side_by_side="processes"), n=2)
        assert {signal.getsignal(number) for number in before} == {heard}
        environments.reset(0)
        processes = environments._env.processes
        for process in processes:
            os.kill(process.pid, signal.SIGINT)
        assert environments.step(np.zeros(2, np.int64)).valid.all()
        environments._env.close(terminate=True)
        assert [process.exitcode for process in processes] == [-signal.SIGTERM] * 2
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert not list(tmp_path.iterdir())
