"""Environments by their id. Called by training, evaluation and play."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import gymnasium
from gymnasium import error as gym_error

from ...errors import UserError, unknown
from .config import ViewConfig
from .environments import Environments
from .listed import EnvironmentList
from .normalized import NormalizedEnvironments

Option = int | float | str | bool


class Watch(NamedTuple):
    """Somebody who watches an environment: how it is drawn, and the wrapper that shows it."""

    render_mode: str
    wrap: Callable[[gymnasium.Env[Any, Any]], gymnasium.Env[Any, Any]]


EXTRAS = {  # what a missing package is installed by
    "ale_py": "atari",
    "Box2D": "box2d",
    "box2d": "box2d",
    "mujoco": "mujoco",
    "minigrid": "minigrid",
    "minatar": "minatar",
}
PACKAGES = {"ALE": "ale_py", "MiniGrid": "minigrid", "BabyAI": "minigrid", "MinAtar": "minatar"}  # that register a namespace


def make_environments(
    task: str,
    options: Mapping[str, Option],
    view: ViewConfig,
    *,
    n: int,
    gamma: float = 1.0,
    learning: bool = True,
    watch: Watch | None = None,
) -> Environments:
    """n environments of an id, seen as `view` says; `gamma` is the discount that rewards are normalised for.

    Without `learning` (evaluation, play) rewards stay as the environment pays them, and what normalises observations is frozen.
    Raises UserError: an unknown id, a missing package, an option that the environment does not take, a space that cannot be read.
    """
    find(task)
    environments: Environments = EnvironmentList(task, lambda: make_one(task, options, view, watch), n)
    if view.normalize_observation or (view.normalize_reward and learning):
        environments = NormalizedEnvironments(
            environments,
            gamma=gamma,
            observations=view.normalize_observation,
            rewards=view.normalize_reward and learning,
            learning=learning,
        )
    return environments


def make_one(task: str, options: Mapping[str, Option], view: ViewConfig, watch: Watch | None = None) -> gymnasium.Env[Any, Any]:
    """One environment of an id. Raises UserError as `make_environments` does."""
    settings: dict[str, Any] = {**options, **({"render_mode": watch.render_mode} if watch else {})}
    if view.max_episode_steps:
        settings["max_episode_steps"] = view.max_episode_steps
    try:
        env: gymnasium.Env[Any, Any] = gymnasium.make(task, disable_env_checker=True, **settings)
    except (gym_error.DependencyNotInstalled, ModuleNotFoundError) as error:
        raise _missing(task, error) from error
    except TypeError as error:
        given = ", ".join(f"{name}={value}" for name, value in options.items())
        raise UserError(f"{task} does not take {given or 'these settings'} ({error})") from error
    except gym_error.Error as error:
        raise UserError(f"{task} cannot be made: {error}") from error
    if watch:
        env = watch.wrap(env)
    if view.frame_stack > 1:
        env = gymnasium.wrappers.FrameStackObservation(env, view.frame_stack)
    return env


def import_package(package: str) -> None:
    """Imports a package that registers environments. Raises UserError where it is not there."""
    try:
        importlib.import_module(package)
    except ModuleNotFoundError as error:
        raise _missing(package, error) from error


def find(task: str) -> gymnasium.envs.registration.EnvSpec:
    """What an id stands for. Raises UserError with the nearest ids for one that is not known."""
    module, colon, name = task.rpartition(":")
    namespace = name.partition("/")[0] if "/" in name else ""
    for package in filter(None, (module if colon else "", PACKAGES.get(namespace, ""))):
        import_package(package)
    if name not in gymnasium.registry:
        raise unknown("environment", name, gymnasium.registry)
    return gymnasium.registry[name]


def _missing(task: str, error: Exception) -> UserError:
    words = str(error)
    package = getattr(error, "name", None) or next((name for name in EXTRAS if name.lower() in words.lower()), "")
    if extra := EXTRAS.get(package or ""):
        return UserError(f"{task} needs {package}, which is not installed; pip install 'zerodojo[{extra}]'")
    return UserError(f"{task} needs what is not installed ({words.splitlines()[0]}); install it, and try again")
