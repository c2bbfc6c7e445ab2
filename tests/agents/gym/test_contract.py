"""What every agent of environments promises, whichever it is: checked over the whole registry, through the training loop."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec

from zerodojo.agents.gym.config import GymConfig, GymRunConfig
from zerodojo.agents.gym.loading import load_policy
from zerodojo.agents.gym.resuming import FIXED, check_resume, why_fixed
from zerodojo.agents.gym.training import GymProgress, GymTraining
from zerodojo.agents.gym.validation import ranges_of
from zerodojo.agents.registry import AGENTS, settings_class
from zerodojo.agents.run_directory import RunDirectory
from zerodojo.envs.gym.config import ViewConfig
from zerodojo.errors import UserError
from zerodojo.evaluation.episodes import evaluate
from zerodojo.models.config import BodyConfig

from .worlds import CutClosed

AGENTS_OF_ENVIRONMENTS = [name for name, entry in AGENTS.items() if entry.agent]
SMALL = {  # where an agent has such a setting: so that it learns within a few hundred steps
    "rollout": 8,
    "minibatch": 16,
    "batch": 16,
    "epochs": 2,
    "learning_starts": 40,
    "capacity": 150,
    "train_every": 8,
    "gradient_steps": 2,
}
BODIES = {
    "reinforce": 2,
    "a2c": 2,
    "ppo": 2,
    "vtrace": 2,
    "sac": 3,
    "td3": 3,
    "pqn": 0,
}  # that an agent looks with, where it is not one
each_agent = pytest.mark.parametrize("agent", AGENTS_OF_ENVIRONMENTS)


def config_of(agent: str, *, steps: int = 400, memory: str = "none") -> GymConfig[Any]:
    """A run of the agent in an environment that it fits, small in everything."""
    settings = settings_class(agent)()
    known = {field.name for field in fields(settings)}
    settings = replace(settings, **{name: value for name, value in SMALL.items() if name in known})
    tabular = AGENTS[agent].agent.startswith(".tabular")
    task = "FrozenLake-v1" if tabular else "CartPole-v1" if "choice" in AGENTS[agent].acts else "Pendulum-v1"
    return GymConfig(
        settings=settings,
        task=task,
        environments=2,
        steps=steps,
        seed=3,
        view=ViewConfig(max_episode_steps=30, normalize_observation=not tabular, normalize_reward=not tabular),
        body=BodyConfig(hidden=(8,), memory=memory, memory_size=8),  # type: ignore[arg-type]
        run=GymRunConfig(evaluations=2, evaluation_episodes=2),
    )


def trained(
    path: Path, config: GymConfig[Any], *, until: int | None = None, report: Callable[[GymProgress], None] = lambda progress: None
) -> GymTraining:
    """A run at a path, begun or gone on with, until so many steps are done or all."""
    run = RunDirectory.open_any(path) if RunDirectory.exists(path) else RunDirectory.create(path, config)
    with run.locked():
        training = GymTraining(
            run, measure=evaluate, report=report, stopped=lambda: until is not None and training.agent.steps >= until
        )
        training.run()
    return training


def assert_equal(one: GymTraining, other: GymTraining) -> None:
    """Everything that the two go on from."""
    a, b = one.agent.weights(), other.agent.weights()
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)
    a, b = one.agent.state(), other.agent.state()
    assert a.values == b.values
    assert a.arrays.keys() == b.arrays.keys()
    for name in a.arrays:
        np.testing.assert_array_equal(a.arrays[name], b.arrays[name], err_msg=name)
    if one.agent.replay is not None:
        assert one.agent.replay.total == other.agent.replay.total
        rows, others = one.agent.replay.since(0)[1], other.agent.replay.since(0)[1]
        for name in rows:
            np.testing.assert_array_equal(rows[name], others[name], err_msg=name)


FORGETFUL = ("dqn", "rainbow", "sac", "td3")  # who learn from single steps
REMEMBERING = [name for name in AGENTS_OF_ENVIRONMENTS if not AGENTS[name].keeps_table and name not in FORGETFUL]
MEMORIES = [("none", agent) for agent in AGENTS_OF_ENVIRONMENTS]
MEMORIES += [(memory, agent) for agent in REMEMBERING for memory in ("gru", "lstm")]
MEMORIES += [(memory, agent) for agent in ("ppo", "r2d2") for memory in ("gtrxl", "wavenet")]


@pytest.mark.parametrize(("memory", "agent"), MEMORIES)
def test_a_run_that_was_stopped_twice_equals_the_one_that_never_was(memory: str, agent: str, tmp_path: Path) -> None:
    config = config_of(agent, memory=memory)
    whole = trained(tmp_path / "whole", config)
    trained(tmp_path / "parts", config, until=130)
    trained(tmp_path / "parts", config, until=260)
    parts = trained(tmp_path / "parts", config)
    assert whole.agent.updates > 0
    assert_equal(whole, parts)
    rows = [RunDirectory.open_any(tmp_path / name).read_metrics() for name in ("whole", "parts")]
    scores = [[(row["step"], row["score"]) for row in some if "score" in row] for some in rows]
    assert scores[0] == scores[1]
    assert scores[0]


@pytest.mark.parametrize("opponent", ["random", "minimax:1", "mcts:8"])
def test_a_run_against_an_opponent_that_stays_goes_on_number_for_number(opponent, tmp_path):
    config = replace(
        config_of("dqn", steps=120), task="zerodojo/TicTacToe-v0", options={"opponent": opponent, "agent_seat": "second"}
    )
    config = replace(config, view=ViewConfig(), run=GymRunConfig(evaluations=0))
    whole = trained(tmp_path / "whole", config)
    told: list[GymProgress] = []
    trained(tmp_path / "parts", config, until=61, report=told.append)
    parts = trained(tmp_path / "parts", config, report=told.append)
    assert_equal(whole, parts)
    assert not [notice for progress in told for notice in progress.notices]


def measured(path: Path) -> list[int]:
    """After how many steps the run measured itself."""
    return [row["step"] for row in RunDirectory.open_any(path).read_metrics() if "score" in row]


@pytest.mark.parametrize(("steps", "evaluations", "then"), [(400, 4, [304, 400]), (400, 2, [400]), (208, 2, [])])
def test_a_run_that_is_planned_anew_is_measured_at_even_distances_at_once(steps, evaluations, then, tmp_path):
    config = config_of("ppo", steps=200)  # 16 a round
    trained(tmp_path, replace(config, run=replace(config.run, evaluations=4)))
    assert measured(tmp_path) == [64, 112, 160, 208]
    run = RunDirectory.open_any(tmp_path)
    with run.locked():
        run.set_config(replace(config, steps=steps, run=replace(config.run, evaluations=evaluations)))
    trained(tmp_path, config)
    assert measured(tmp_path) == [64, 112, 160, 208, *then]


def test_a_measure_that_was_due_when_the_run_stopped_is_made_up_for(tmp_path):
    config = config_of("ppo", steps=400)
    run = RunDirectory.create(tmp_path, config)
    with run.locked():
        training = GymTraining(run, measure=evaluate)
        training._actor.begin(0)
        while training.agent.steps < 200:
            training._round()
        training._save()
    trained(tmp_path, config)
    assert measured(tmp_path) == [224, 400]


@pytest.mark.parametrize("agent", FORGETFUL)
def test_a_memory_is_refused_by_who_learns_from_single_steps(agent: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"single steps.*memory none$"):
        trained(tmp_path / "run", config_of(agent, memory="gru"))


def settings_of(cls: type[Any], path: str = "settings.") -> Iterator[tuple[str, Any]]:
    """The settings of an agent: dotted path, and the type it was declared with."""
    for name, hint in get_type_hints(cls).items():
        if dataclasses.is_dataclass(hint):
            yield from settings_of(hint, f"{path}{name}.")
        else:
            yield path + name, hint


def others(config: GymConfig[Any], path: str, kind: Any) -> list[Any]:
    """Values that a setting could have instead of its own: every other, or of numbers one above and one far below."""
    value: Any = config
    for name in path.split("."):
        value = getattr(value, name)
    if kind is bool:
        return [not value]
    if get_origin(kind) is Literal:
        return [other for other in get_args(kind) if other != value]
    within = ranges_of(type(config.settings))[path]
    numbers = (kind(min(within.high, value + 1)), kind(max(within.low, value // 2 if kind is int else value / 2)))
    return sorted({number for number in numbers if number != value})


def with_setting(config: Any, path: str, value: Any) -> Any:
    name, _, rest = path.partition(".")
    return replace(config, **{name: with_setting(getattr(config, name), rest, value) if rest else value})


@each_agent
def test_a_setting_that_changes_when_a_run_goes_on_is_refused_or_learned_with(agent: str, tmp_path: Path) -> None:
    config = config_of(agent)
    done = trained(tmp_path / "run", config).agent
    run = RunDirectory.open_any(tmp_path / "run")
    with run.locked():
        for path, kind in settings_of(settings_class(agent)):
            for value in others(config, path, kind):
                asked = with_setting(config, path, value)
                if reason := why_fixed(path):
                    with pytest.raises(UserError, match=re.escape(f" in this run and cannot become {value!r}: {reason}; leave it")):
                        check_resume(config, asked, path=run.path)
                    continue
                run.config = check_resume(config, asked, path=run.path)
                training = GymTraining(run)
                while training.agent.updates == done.updates:
                    training._round()


def test_what_is_fixed_is_a_setting_of_some_agent() -> None:
    known = {path for agent in AGENTS_OF_ENVIRONMENTS for path, _ in settings_of(settings_class(agent))}
    for name in FIXED:
        if name.startswith("settings."):
            assert any(f"{path}.".startswith(f"{name}.") for path in known), name


@each_agent
def test_what_was_learned_acts_the_same_when_it_is_loaded(agent: str, tmp_path: Path) -> None:
    training = trained(tmp_path / "run", config_of(agent))
    learned = load_policy(RunDirectory.open_any(tmp_path / "run"))
    assert learned.step == training.agent.steps
    space = training._environments.observation_space
    observation = np.random.default_rng(0).standard_normal((6, *space.shape)).astype(np.float32)
    if space.sizes:
        observation = np.eye(space.shape[0], dtype=np.float32)[:6]
    arguments = {
        "starts": np.ones(6, np.bool_), "mask": None, "deterministic": True, "generator": np.random.default_rng(1)
    }  # fmt: skip
    ours, _, _ = training.agent.policy.act(observation, training.agent.policy.initial_state(6), **arguments)  # type: ignore[arg-type]
    theirs, _, _ = learned.policy.act(observation, learned.policy.initial_state(6), **arguments)  # type: ignore[arg-type]
    np.testing.assert_array_equal(ours, theirs)
    best = load_policy(RunDirectory.open_any(tmp_path / "run"), best=True)
    assert 0 < best.step <= training.agent.steps


@each_agent
def test_steps_are_those_that_count_and_reports_say_so(agent: str, tmp_path: Path) -> None:
    told: list[GymProgress] = []
    config = config_of(agent, steps=120)
    training = trained(tmp_path / "run", config, report=told.append)
    assert 120 <= training.agent.steps < 120 + 2 * 64
    assert told[-1].phase == "saving"
    rows = RunDirectory.open_any(tmp_path / "run").read_metrics()
    assert rows[-1]["env_steps"] == rows[-1]["step"] == training.agent.steps


@each_agent
def test_weights_of_another_run_are_a_beginning(agent: str, tmp_path: Path) -> None:
    config = config_of(agent, steps=60)
    first = trained(tmp_path / "first", config)
    run = RunDirectory.create(tmp_path / "second", config)
    with run.locked():
        training = GymTraining(run, init=("the weights of first", RunDirectory.open_any(tmp_path / "first").weights()[1]))
    for name, array in first.agent.weights().items():
        np.testing.assert_array_equal(training.agent.weights()[name], array)


@pytest.mark.parametrize(("task", "fitting"), [("CartPole-v1", "choice"), ("Pendulum-v1", "numbers")], ids=["a choice", "numbers"])
@each_agent
def test_what_does_not_fit_is_refused_with_what_does(agent: str, task: str, fitting: str, tmp_path: Path) -> None:
    if fitting in AGENTS[agent].acts and not AGENTS[agent].keeps_table:
        return
    run = RunDirectory.create(tmp_path / "run", replace(config_of(agent), task=task))
    with run.locked(), pytest.raises(UserError) as refused:
        GymTraining(run)
    assert any(name in str(refused.value) for name in AGENTS_OF_ENVIRONMENTS if fitting in AGENTS[name].acts)


@pytest.mark.parametrize("agent", [name for name in AGENTS_OF_ENVIRONMENTS if "choice" in AGENTS[name].acts])
def test_a_cut_where_nothing_is_open_is_worth_what_its_actions_are(agent, tmp_path, monkeypatch):
    monkeypatch.setitem(gymnasium.registry, "Cut-v0", EnvSpec("Cut-v0", entry_point=CutClosed))
    config = replace(config_of(agent, steps=200), task="Cut-v0", view=ViewConfig(), run=GymRunConfig(evaluations=0))
    learned = trained(tmp_path / "run", config).agent.weights()
    rows = RunDirectory.open_any(tmp_path / "run").read_metrics()
    assert rows[-1]["updates"] > 0
    measured = {name: value for row in rows for name, value in row.items() if "loss" in name or name in ("value", "td_error")}
    assert measured
    assert all(abs(value) < 100 for value in measured.values())  # nothing is worth more, at .99
    assert all(np.isfinite(array).all() for array in learned.values())


def test_a_table_takes_no_target_that_is_no_number(tmp_path, monkeypatch):
    monkeypatch.setattr("zerodojo.agents.tabular.policy.EpsilonGreedy.greatest", lambda *_: np.full(2, np.nan))
    with pytest.raises(UserError, match=r"the loss is not finite after 2 steps of FrozenLake-v1; .* lower --step-size and go on"):
        trained(tmp_path / "run", config_of("q_learning"))
    assert (tmp_path / "run" / "nonfinite-2.safetensors").exists()


@pytest.mark.parametrize("agent", [name for name in AGENTS_OF_ENVIRONMENTS if not AGENTS[name].keeps_table])
def test_every_network_normalises_its_layers_where_that_is_asked_for(agent, tmp_path):
    sizes = []
    for layer_norm in (agent == "pqn", True):  # which always does
        config = config_of(agent, steps=16)
        made = trained(tmp_path / str(layer_norm), replace(config, body=replace(config.body, layer_norm=layer_norm)))
        sizes.append(sum(array.size for array in made.agent.weights().values()))
    assert sizes[1] - sizes[0] == BODIES.get(agent, 1) * 2 * 8  # a gain and a shift for each unit of its one layer
