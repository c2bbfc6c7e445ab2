"""What people type and read about environments: such as their own modules register, in any order of the words."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import gymnasium
import numpy as np
import pytest

from zerodojo.agents.gym import origins
from zerodojo.agents.gym.config import GymConfig
from zerodojo.agents.run_directory import RunDirectory
from zerodojo.agents.tabular.config import QLearningSettings
from zerodojo.cli.main import main
from zerodojo.cli.meanings import MEANINGS, meaning
from zerodojo.cli.play_gym import _action, _allowed
from zerodojo.cli.watching import TerminalView
from zerodojo.envs.gym.config import ViewConfig
from zerodojo.errors import UserError

MODULE = """
import gymnasium
import numpy as np

class World(gymnasium.Env):
    metadata = {"render_modes": [*MODES], "render_fps": 1000}
    observation_space = gymnasium.spaces.Discrete(3)
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self, render_mode=None):
        self.render_mode = render_mode

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.at = 0
        return 0, {}

    def step(self, action):
        self.at += 1
        return min(self.at, 2), float(action), self.at == 3, False, {}

    def render(self):
        return f"at {self.at}"

def make(**options):
    return World(**options)

gymnasium.register("Plain", entry_point=make)
gymnasium.register("Own/World-v0", entry_point=World)
"""
TRAIN = ["--run", "run", "--agent", "q_learning", "--steps", "60", "--evaluations", "1", "--evaluation-episodes", "2"]


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "own_worlds.py").write_text(MODULE.replace("*MODES", '"ansi"'))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    yield tmp_path / "own_worlds.py"
    forget()


def forget() -> None:
    """Makes this a process that has not imported the module."""
    sys.modules.pop("own_worlds", None)
    for name in ("Plain", "Own/World-v0"):
        gymnasium.registry.pop(name, None)


def refusal(words: str, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert main(words.split()) == 2, words
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said


@pytest.mark.parametrize("task", ["Own/World-v0", "Plain"])
def test_the_module_is_part_of_the_run(task: str, own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--import", "own_worlds", task, *TRAIN]) == 0
    measure = re.search(r"Measure it:  zerodojo (.*)", capsys.readouterr().out)
    assert measure
    assert RunDirectory.open_any("run").config.imports == ("own_worlds",)
    forget()
    assert main([*measure[1].split(), "--json", "found.json"]) == 0
    assert json.loads(Path("found.json").read_text())["return_mean"] >= 0
    forget()
    assert main(["train", task, *TRAIN, "--resume", "--steps", "90"]) == 0
    assert RunDirectory.open_any("run").steps()[-1] == 90

    forget()
    own.rename(own.with_name("moved_worlds.py"))
    gone = "there is no module own_worlds; install it, or go to the folder that holds it"
    assert gone in refusal("evaluate run --episodes 1", capsys)
    assert gone in refusal(f"train {task} --run run --resume --steps 120", capsys)
    assert main(["evaluate", "run", "--episodes", "1", "--import", "moved_worlds"]) == 0
    forget()
    sys.modules.pop("moved_worlds")
    assert main(["train", task, "--import", "moved_worlds", "--run", "run", "--resume", "--steps", "120"]) == 0
    assert RunDirectory.open_any("run").config.imports == ("moved_worlds",)
    sys.modules.pop("moved_worlds")


def test_a_module_of_the_current_directory_is_found(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `python` run there finds it; behind what is installed, so that no file of theirs hides that."""
    elsewhere = own.parent / "elsewhere"
    elsewhere.mkdir()
    own.rename(elsewhere / own.name)
    monkeypatch.chdir(elsewhere)
    monkeypatch.setattr("sys.path", [path for path in sys.path if path != str(elsewhere)])
    assert main(["train", "Plain", "--import", "own_worlds", *TRAIN]) == 0
    assert sys.path[-1] == str(elsewhere)
    forget()
    assert main(["evaluate", "run", "--episodes", "1"]) == 0


def test_only_names_of_modules_are_imported(capsys: pytest.CaptureFixture[str]) -> None:
    assert "own_worlds.py is a file; name the module, own_worlds" in refusal("train Plain --import own_worlds.py --run run", capsys)
    for name in ("own_worlds.py/", "./own_worlds", ".own_worlds", "a..b"):
        assert f"'{name}' is no module's name" in refusal(f"train Plain --import {name} --run run", capsys)


def test_a_person_plays_there(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("1\n1\n1\nq\n"))
    assert main(["play", "--import", "own_worlds", "Plain"]) == 0
    said = capsys.readouterr().out
    assert "at 2" in said
    assert "its return is 3.0" in said


def test_a_person_types_a_0_or_1_for_each_part(
    own: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own.write_text(own.read_text().replace("Discrete(2)", "MultiBinary(2)").replace("float(action)", "float(action.sum())"))
    monkeypatch.setattr("sys.stdin", io.StringIO("1 1\n0 1\nq\n"))
    assert main(["play", "--import", "own_worlds", "Plain"]) == 0
    said = capsys.readouterr().out
    assert "Actions: [0 or 1] [0 or 1]." in said
    assert "step 2, return 3.0" in said


@pytest.mark.parametrize(
    ("before", "where"), [("self.at = 0", "a reset"), ("self.at += 1", "a step"), ("return f", "a drawing"), ("", "a step")]
)
def test_an_environment_that_fails_at_play_is_named(
    before: str, where: str, own: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = own.read_text()
    own.write_text(
        text.replace(before, f'raise RuntimeError("out of oil"); {before}') if before else text.replace("float(action)", "None")
    )
    monkeypatch.setattr("sys.stdin", io.StringIO("1\nq\n"))
    said = refusal("play --import own_worlds Plain", capsys)
    what = "RuntimeError: out of oil" if before else "TypeError: "
    assert f"zerodojo: Plain failed in {where} ({what}" in said
    assert said.endswith("; mend the environment\n")


def test_a_person_is_told_what_actions_and_numbers_mean(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("1\nhelp\nq\n"))
    assert main(["play", "CartPole-v1"]) == 0
    said = capsys.readouterr().out
    assert "Actions: 0 to 1 (0 push left, 1 push right)." in said
    assert re.search(r"^cart position -?\d[.\d]*, cart speed [-.\d]+, pole angle [-.\d]+, pole speed [-.\d]+$", said, re.MULTILINE)
    assert "A pole is attached by" in " ".join(said.split())
    assert "  0  push left\n  1  push right\n" in said
    assert "is no action" not in said


@pytest.mark.parametrize(
    ("doc", "told"), [("'A world of three steps.'", "A world of three steps."), ("None", "says nothing of itself")]
)
def test_help_is_what_an_environment_says_of_itself(
    doc: str, told: str, own: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own.write_text(own.read_text() + f"\nWorld.__doc__ = {doc}\n")
    monkeypatch.setattr("sys.stdin", io.StringIO("help\nq\n"))
    assert main(["play", "--import", "own_worlds", "Plain"]) == 0
    said = capsys.readouterr().out
    assert told in said
    assert said.startswith("Actions: 0 to 1.\n")


def test_meanings_fit_their_environments() -> None:
    for name, known in MEANINGS.items():
        if name.startswith("LunarLander"):  # needs Box2D
            continue
        env = gymnasium.make(max(key for key in gymnasium.registry if re.fullmatch(rf"{name}-v\d", key)))
        assert meaning(env) is known
        assert len(known.numbers) == np.size(env.observation_space.sample())


def test_ctrl_c_leaves_an_episode_in_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class Pressed(io.StringIO):
        def readline(self, size: int | None = -1) -> str:
            raise KeyboardInterrupt

    monkeypatch.setattr("sys.stdin", Pressed())
    assert main(["play", "CartPole-v1"]) == 130
    assert capsys.readouterr().out.endswith("action> \nInterrupted; the episode stops here.\n")


def test_what_a_function_makes_is_asked_how_it_is_drawn(
    own: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "Plain", "--import", "own_worlds", *TRAIN]) == 0
    assert "--render and --video are two ways to watch" in refusal("evaluate run --episodes 1 --render --video films", capsys)
    assert "Plain draws no pictures; leave --video out" in refusal("evaluate run --episodes 1 --video films", capsys)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    capsys.readouterr()
    assert main(["evaluate", "run", "--episodes", "1", "--render"]) == 0
    said = capsys.readouterr().out
    assert "at 3" in said
    assert "episode 2" not in said
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert main(["evaluate", "run", "--episodes", "1", "--render", "--json", "-"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["episodes"] == 1
    assert "at 3" in told.err


@pytest.mark.parametrize(("modes", "offered"), [('"ansi"', True), ("", False)])
def test_watching_is_offered_where_there_is_something_to_see(
    modes: str, offered: bool, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own.write_text(MODULE.replace("*MODES", modes))
    assert main(["train", "Plain", "--import", "own_worlds", *TRAIN]) == 0
    assert ("--render" in capsys.readouterr().out) == offered


@pytest.mark.parametrize(("seconds", "least", "most"), [(0.0, 20, 40), (0.1, 4, 11)])
def test_pictures_are_left_out_where_drawing_is_slower_than_the_environment(
    seconds: float, least: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second of an environment of 100 steps a second takes a second, and its last step is seen."""
    now, drawn = [0.0], []
    monkeypatch.setattr("zerodojo.cli.watching.time.monotonic", lambda: now[0])
    monkeypatch.setattr("zerodojo.cli.watching.time.sleep", lambda wait: now.__setitem__(0, now[0] + wait))

    def draw(state: str, columns: int, lines: int) -> str:
        now[0] += seconds
        drawn.append(state)
        return state

    class Hundred(gymnasium.Env[int, int]):
        metadata: ClassVar = {"render_modes": ["ansi"], "render_fps": 100}
        at = 0

        def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
            return 0, {}

        def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
            self.at += 1
            return self.at, 1.0, False, self.at == 100, {}

        def render(self) -> str:  # type: ignore[override]
            return str(self.at)

    view = TerminalView(Hundred(), draw, 1, io.StringIO())
    view.reset()
    for _ in range(100):
        view.step(0)
    assert drawn[-1] == "100"
    assert 0.9 < now[0] < 1.2
    assert least <= len(drawn) <= most


def test_a_directory_that_films_cannot_be_written_into_is_refused(
    own: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "moviepy", ModuleType("moviepy"))
    own.write_text(own.read_text().replace('"ansi"', '"rgb_array"'))
    assert main(["train", "Plain", "--import", "own_worlds", *TRAIN]) == 0
    assert "cannot write to own_worlds.py: file exists; name another" in refusal("evaluate run --video own_worlds.py", capsys)
    assert "cannot write to /proc/nope: no such file" in refusal("evaluate run --video /proc/nope", capsys)


def test_a_seed_that_none_can_be_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "FrozenLake-v1", *TRAIN]) == 0
    for words in ("evaluate run", "play FrozenLake-v1"):
        assert "--seed is -1; it must be from 0 to" in refusal(f"{words} --seed -1", capsys)
    for words in ("evaluate random --game hex --opponent random", "play hex --opponent random"):
        assert "seed is -1; choose from 0 to" in refusal(f"{words} --seed -1", capsys)


def test_another_version_of_the_environment_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "FrozenLake-v1", *TRAIN]
    assert main(words) == 0
    made = json.loads(Path("run/config.json").read_text())["environment"]
    assert made == {"gymnasium": gymnasium.__version__}
    capsys.readouterr()
    assert main(["evaluate", "run", "--episodes", "1"]) == 0
    assert not capsys.readouterr().err

    monkeypatch.setattr(origins, "version", lambda package: "99.0")
    line = f"FrozenLake-v1 was that of gymnasium {gymnasium.__version__} when run was made, and is that of gymnasium 99.0 now"
    assert main(["evaluate", "run", "--episodes", "1"]) == 0
    assert line in capsys.readouterr().err
    assert main([*words, "--resume", "--steps", "90"]) == 0
    assert line in capsys.readouterr().out
    assert json.loads(Path("run/config.json").read_text())["environment"] == made


def test_a_setting_that_is_newer_than_the_run_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "FrozenLake-v1", *TRAIN]
    assert main(words) == 0
    path = Path("run/config.json")
    data = json.loads(path.read_text())
    value = data["config"]["settings"].pop("gamma")
    path.write_text(json.dumps(data))
    capsys.readouterr()
    assert main([*words, "--resume", "--steps", "90"]) == 0
    assert (
        f"this run is older than some settings, and goes on with settings.gamma {value!r}; name another" in capsys.readouterr().out
    )
    assert main([*words, "--resume", "--steps", "120"]) == 0
    assert "older than some settings" not in capsys.readouterr().out


def test_an_episode_has_one_limit(capsys: pytest.CaptureFixture[str]) -> None:
    words = "train CartPole-v1 --run run --env max_episode_steps=10 --view.max-episode-steps 20"
    assert "--view.max-episode-steps is the same; give one of them" in refusal(words, capsys)
    assert not Path("run").exists()


def test_without_evaluations_nothing_is_measured() -> None:
    words = ["train", "FrozenLake-v1", *TRAIN[:-4], "--evaluations"]
    assert main([*words, "0"]) == 0
    assert not [row for row in RunDirectory.open_any("run").read_metrics() if "score" in row]
    assert main([*words, "1", "--resume", "--steps", "90"]) == 0
    run = RunDirectory.open_any("run")
    assert [row["step"] for row in run.read_metrics() if "score" in row] == run.steps()[-1:]


def test_the_task_may_follow_any_flag(capsys: pytest.CaptureFixture[str]) -> None:
    for flag in ("--view.normalize-observation", "--view.no-normalize-observation", "--resume", "--view.normalize_reward"):
        said = refusal(f"train {flag} CartPole-v1 --run run --envs 0", capsys)
        assert "--envs is 0; it must be at least 1" in said


def test_a_run_may_follow_any_flag_and_one_that_is_broken_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "FrozenLake-v1", *TRAIN]) == 0
    assert main(["evaluate", "--stochastic", "run", "--episodes", "1"]) == 0
    assert "actions sampled" in capsys.readouterr().out
    assert "there is no run at runs/none" in refusal("evaluate runs/none --episodes 5", capsys)
    config = Path("run/config.json")
    config.write_bytes(config.read_bytes()[:100])
    assert "run/config.json is unreadable or half written" in refusal("evaluate run --episodes 5", capsys)
    assert "run/config.json is unreadable or half written" in refusal("evaluate run", capsys)


def test_an_id_that_is_like_no_other_says_where_to_look(capsys: pytest.CaptureFixture[str]) -> None:
    said = refusal("train FooBarBaz-v0 --run run", capsys)
    assert "unknown environment 'FooBarBaz-v0'; gymnasium.farama.org" in said
    assert "--import PACKAGE" in said


@pytest.mark.parametrize("command", ["train {} --run run", "play {}"])
def test_an_id_without_its_version_is_that_of_an_environment(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for package, extra in (("ale_py", "atari"), ("minigrid", "minigrid")):
        monkeypatch.setitem(sys.modules, package, None)  # as where it is not installed
        task = {"ale_py": "ALE/Pong", "minigrid": "MiniGrid/Empty"}[package]
        assert f"{package} is needed, and is not installed; pip install 'zerodojo[{extra}]'" in refusal(
            command.format(task), capsys
        )
    for task, near in (("own_worlds:Own/World", "Own/World-v0"), ("zerodojo/Recal", "zerodojo/Recall-v0")):
        name = task.rpartition(":")[2]
        assert f"unknown environment '{name}'; did you mean {near}" in refusal(command.format(task), capsys)
    assert "unknown environment 'Foo/Bar'; gymnasium.farama.org" in refusal(command.format("Foo/Bar"), capsys)
    Path("runs/x").mkdir(parents=True)
    assert "unknown game 'runs/x'; known: " in refusal(command.format("runs/x"), capsys)
    assert "environment" not in refusal(command.format("openspiel:some/game"), capsys)


def test_parts_of_a_choice_are_whole_numbers() -> None:
    space = gymnasium.spaces.MultiDiscrete([3, 4])
    assert _action(space, "1 2").tolist() == [1, 2]
    assert _allowed(gymnasium.spaces.MultiDiscrete([3, 4], start=[0, -1])) == "[0 to 2] [-1 to 2]"
    for typed in ("1.9 2.9", "1 4", "1"):
        with pytest.raises(UserError, match="is no action"):
            _action(space, typed)
    for typed in ("1 0 2", "1 0 300", "1 0"):
        with pytest.raises(UserError, match=r"is no action; type \[0 or 1\] \[0 or 1\] \[0 or 1\],"):
            _action(gymnasium.spaces.MultiBinary(3), typed)
    assert _action(gymnasium.spaces.MultiBinary(3), "1 0 1").tolist() == [1, 0, 1]
    assert _action(gymnasium.spaces.Box(0, 1, (2,)), "0.5 .25").tolist() == [0.5, 0.25]


def test_where_envpool_runs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origins, "version", {"envpool": "1.2", "gymnasium": "1.4"}.__getitem__)
    config = GymConfig(settings=QLearningSettings(), view=ViewConfig(side_by_side="envpool"))
    assert origins.origins(config) == {"gymnasium": "1.4", "envpool": "1.2"}
    assert (origins.origin(config), origins.origin(config, watched=True)) == ("envpool 1.2", "gymnasium 1.4")
