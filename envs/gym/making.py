"""Environments by their id. Called by training, evaluation and play."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import gymnasium
from gymnasium import error as gym_error

from ...errors import UserError, unknown
from .config import ViewConfig
from .environments import Environments
from .listed import EnvironmentList
from .normalized import NormalizedEnvironments

Option = int | float | str | bool
EXTRAS = {  # what a missing package is installed by
    "ale_py": "atari",
    "Box2D": "box2d",
    "box2d": "box2d",
    "mujoco": "mujoco",
    "minigrid": "minigrid",
    "minatar": "minatar",
}
PACKAGES = {  # that register a namespace
    "ALE": "ale_py",
    "MiniGrid": "minigrid",
    "BabyAI": "minigrid",
    "MinAtar": "minatar.gym",
    "zerodojo": f"{__package__}.recall",
}


def make_environments(
    task: str,
    options: Mapping[str, Option],
    view: ViewConfig,
    *,
    n: int,
    gamma: float = 1.0,
    learning: bool = True,
) -> Environments:
    """n environments of an id, seen as `view` says; `gamma` is the discount that rewards are normalised for.

    Without `learning` (evaluation, play) rewards stay as the environment pays them, and what normalises observations is frozen.
    Raises UserError: an unknown id, a missing package, an option that the environment does not take, a space that cannot be read.
    """
    find(task)
    environments: Environments = EnvironmentList(task, lambda: make_one(task, options, view), n)
    if view.normalize_observation or (view.normalize_reward and learning):
        environments = NormalizedEnvironments(
            environments,
            gamma=gamma,
            observations=view.normalize_observation,
            rewards=view.normalize_reward and learning,
            learning=learning,
        )
    return environments


def make_one(
    task: str, options: Mapping[str, Option], view: ViewConfig, *, render_mode: str | None = None
) -> gymnasium.Env[Any, Any]:
    """One environment of an id. Raises UserError as `make_environments` does."""
    settings: dict[str, Any] = dict(options)
    if view.max_episode_steps:
        settings["max_episode_steps"] = view.max_episode_steps
    try:
        env: gymnasium.Env[Any, Any] = gymnasium.make(task, render_mode=render_mode, disable_env_checker=True, **settings)
    except (gym_error.DependencyNotInstalled, ModuleNotFoundError) as error:
        raise _missing(task, error) from error
    except TypeError as error:
        given = ", ".join(f"{name}={value}" for name, value in options.items())
        raise UserError(f"{task} does not take {given or 'these settings'} ({error})") from error
    except gym_error.Error as error:
        raise UserError(f"{task} cannot be made: {error}") from error
    if view.frame_stack > 1:
        env = gymnasium.wrappers.FrameStackObservation(env, view.frame_stack)
    return env


def find(task: str) -> gymnasium.envs.registration.EnvSpec:
    """What an id stands for. Raises UserError with the nearest ids for one that is not known."""
    module, colon, name = task.rpartition(":")
    namespace = name.partition("/")[0] if "/" in name else ""
    for package in filter(None, (module if colon else "", PACKAGES.get(namespace, ""))):
        try:
            imported = importlib.import_module(package)
        except ModuleNotFoundError as error:
            raise _missing(task, error) from error
        if package == "minatar.gym" and name not in gymnasium.registry:
            imported.register_envs()  # the one that does not when it is imported
    if name not in gymnasium.registry:
        raise unknown("environment", name, gymnasium.registry)
    return gymnasium.registry[name]


def _missing(task: str, error: Exception) -> UserError:
    words = str(error)
    package = getattr(error, "name", None) or next((name for name in EXTRAS if name.lower() in words.lower()), "")
    if extra := EXTRAS.get(package or ""):
        return UserError(f"{task} needs {package}, which is not installed; pip install 'zerodojo[{extra}]'")
    return UserError(f"{task} needs what is not installed ({words.splitlines()[0]}); install it, and try again")
