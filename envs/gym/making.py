"""Environments by their id. Called by training, evaluation and play."""

from __future__ import annotations

import importlib
import inspect
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from gymnasium import error as gym_error
from gymnasium.envs.registration import load_env_creator
from gymnasium.vector import AsyncVectorEnv, AutoresetMode

from ...errors import UserError, unknown
from .config import ViewConfig
from .environments import Environments
from .guarded import Guarded
from .listed import EnvironmentList
from .masked import MasksInInfo, asked_for_masks
from .minatar import OneGenerator
from .normalized import NormalizedEnvironments
from .pooled import pool
from .spaces import MASK, Reader
from .vectorized import VectorEnvironments

Option = int | float | str | bool

UNLIMITED = 1_000  # steps after which an episode is cut short to measure a policy, where nothing else would end it
FRAMESKIP = "frameskip"  # what Atari games alone are made with
FRAMES = "max_num_frames_per_episode"  # what Atari games are made with has their limit, in frames


class Watch(NamedTuple):
    """Somebody who watches an environment: how it is drawn, and the wrapper that shows it."""

    render_mode: str
    wrap: Callable[[gymnasium.Env[Any, Any]], gymnasium.Env[Any, Any]]


EXTRAS = {  # what a missing package is installed by
    "ale_py": "atari",
    "Box2D": "box2d",
    "box2d": "box2d",
    "mujoco": "mujoco",
    "imageio": "mujoco",
    "minigrid": "minigrid",
    "minatar": "minatar",
    "envpool": "envpool",
}
PACKAGES = {  # that register ids which begin so, before "/" or "-"
    "ALE": "ale_py",
    "MiniGrid": "minigrid",
    "BabyAI": "minigrid",
    "MinAtar": "minatar.gym",
    "zerodojo": f"{__package__}.recall",
}
ELSEWHERE = "gymnasium.farama.org lists Gymnasium's; for one of another package add --import PACKAGE, or write PACKAGE:Env-v0"


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
    return normalized(_side_by_side(task, options, view, n, learning, watch), view, gamma=gamma, learning=learning)


def normalized(environments: Environments, view: ViewConfig, *, gamma: float, learning: bool) -> Environments:
    """Environments whose observations and rewards are brought to one size, as far as `view` says."""
    if view.normalize_observation or (view.normalize_reward and learning):
        return NormalizedEnvironments(
            environments,
            gamma=gamma,
            observations=view.normalize_observation,
            rewards=view.normalize_reward and learning,
            learning=learning,
        )
    return environments


def limited(task: str, options: Mapping[str, Option], view: ViewConfig) -> ViewConfig:
    """The same view of an environment, with a limit of steps where nothing has one: a policy may go in circles for ever."""
    spec = find(task)
    made_with = options.get("max_episode_steps", spec.max_episode_steps)  # -1 is Gymnasium's word for none
    if view.max_episode_steps or made_with not in (None, -1) or FRAMES in spec.kwargs:
        return view
    return replace(view, max_episode_steps=UNLIMITED)


def _side_by_side(
    task: str, options: Mapping[str, Option], view: ViewConfig, n: int, learning: bool, watch: Watch | None
) -> Environments:
    if view.side_by_side == "list" or watch:
        return EnvironmentList(task, lambda: make_one(task, options, view, learning=learning, watch=watch), n)
    if view.side_by_side == "processes":
        make = partial(_make_elsewhere, task, options, view, learning=learning, here=os.getpid())
        return VectorEnvironments(task, lambda: AsyncVectorEnv([make] * n, autoreset_mode=AutoresetMode.SAME_STEP))
    if view.side_by_side == "envpool":
        with _refusing(task, options):
            return VectorEnvironments(task, partial(pool, find(task), options, view, n, learning=learning))
    if find(task).vector_entry_point is None:
        raise UserError(f"{task} has no vector of its own; take --view.side-by-side list or processes")
    if view.atari or view.frame_stack > 1:
        raise UserError("frames are stacked and prepared one by one; take --view.side-by-side list or processes")
    if find(task).entry_point is not None:
        _refuse_hidden_masks(task, options, view)
    with _refusing(task, options):
        return VectorEnvironments(task, partial(gymnasium.make_vec, task, n, "vector_entry_point", **_settings(options, view)))


def _make_elsewhere(
    task: str, options: Mapping[str, Option], view: ViewConfig, *, learning: bool, here: int
) -> gymnasium.Env[Any, Any]:
    """One environment for a process of its own, which shows all that is asked of it, and its failures; `here` is the process that
    asks, where Gymnasium makes one more to look at. Ctrl-C reaches all of them, and is for that process to hear."""
    if os.getpid() != here:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    env = make_one(task, options, view, learning=learning)
    return Guarded(MasksInInfo(env) if asked_for_masks(env) else env)


def _refuse_hidden_masks(task: str, options: Mapping[str, Option], view: ViewConfig) -> None:
    """Raises UserError where a single environment has to be asked for its masks, for its vector cannot be asked."""
    with closing(make_one(task, options, view)) as env:
        if asked_for_masks(env) and not Reader(env.observation_space).has_mask and MASK not in env.reset()[1]:
            raise UserError(
                f"the vector of {task} does not tell which actions are open, as action_masks() does; "
                "take --view.side-by-side list or processes"
            )


def make_one(
    task: str, options: Mapping[str, Option], view: ViewConfig, *, learning: bool = True, watch: Watch | None = None
) -> gymnasium.Env[Any, Any]:
    """One environment of an id. Raises UserError as `make_environments` does."""
    spec = find(task)  # registers what is not there before it is asked for
    settings = _settings(options, view)
    if watch:
        settings["render_mode"] = watch.render_mode
    with _refusing(task, options):
        env: gymnasium.Env[Any, Any] = gymnasium.make(task, disable_env_checker=True, **settings)
    if spec.namespace == "MinAtar":
        env = OneGenerator(env)
    if watch:
        env = watch.wrap(env)
    if view.atari:
        with _refusing(task, options):
            env = gymnasium.wrappers.AtariPreprocessing(env, terminal_on_life_loss=learning)
        if learning:
            env = gymnasium.wrappers.TransformReward(env, lambda reward: float(np.sign(float(reward))))
        if view.max_episode_steps:
            env = gymnasium.wrappers.TimeLimit(env, view.max_episode_steps)  # in steps of the agent's, and not in frames
    if view.frame_stack > 1:
        env = gymnasium.wrappers.FrameStackObservation(env, view.frame_stack)
    return env


def _settings(options: Mapping[str, Option], view: ViewConfig) -> dict[str, Any]:
    """What an environment is made with."""
    settings: dict[str, Any] = dict(options)
    if view.max_episode_steps and not view.atari:
        settings["max_episode_steps"] = view.max_episode_steps
    if view.atari:
        settings[FRAMESKIP] = 1  # the preparation skips
    return settings


@contextmanager
def _refusing(task: str, options: Mapping[str, Option]) -> Iterator[None]:
    """Makes what Gymnasium says of an environment that cannot be made the user's matter."""
    try:
        yield
    except (gym_error.DependencyNotInstalled, ModuleNotFoundError) as error:
        raise _missing(task, error) from error
    except UserError:
        raise
    except TypeError as error:
        if FRAMESKIP in str(error) and FRAMESKIP not in options:
            raise UserError(f"{task} is no Atari game, and --view.atari prepares those alone; leave it out") from error
        known = _parameters(task)
        if foreign := {name: value for name, value in options.items() if known and name not in known}:
            raise UserError(f"{task} does not take {_given(foreign)}; it takes {', '.join(sorted(known))}") from error
        raise UserError(f"{task} does not take {_given(options)} ({error})") from error
    except Exception as error:
        raise UserError(f"{task} cannot be made with {_given(options)} ({type(error).__name__}: {error})") from error


def _parameters(task: str) -> set[str]:
    """The options that an environment may be made with; nothing where it does not tell."""
    entry = find(task).entry_point
    if entry is None:
        return set()
    parameters = inspect.signature(load_env_creator(entry) if isinstance(entry, str) else entry).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return set()
    return {parameter.name for parameter in parameters} - {"render_mode"} | {"max_episode_steps"}


def _given(options: Mapping[str, Option]) -> str:
    return ", ".join(f"{name}={value}" for name, value in options.items()) or "these settings"


def import_package(package: str) -> None:
    """Imports a package that registers environments, by its name: one that is installed, or lies in the current directory.

    Raises UserError where it is not there.
    """
    if package.endswith(".py"):
        raise UserError(f"{package} is a file; name the module, {package.removesuffix('.py')}")
    if not all(part.isidentifier() for part in package.split(".")):
        raise UserError(f"{package!r} is no module's name; write it as Python's import does, such as my_package.environments")
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)  # as Python run there does, though behind all that is installed
    try:
        imported = importlib.import_module(package)
    except ModuleNotFoundError as error:
        if f"{package}.".startswith(f"{error.name}.") and error.name not in EXTRAS:
            raise UserError(f"there is no module {package}; install it, or go to the folder that holds it") from error
        raise _missing(package, error) from error
    except Exception as error:
        raise UserError(
            f"{package!r} cannot be imported ({type(error).__name__}: {error}); name a module that can be, as Python's import does"
        ) from error
    if package == "minatar.gym":
        imported.register_envs()  # the one that waits to be asked


def find(task: str) -> gymnasium.envs.registration.EnvSpec:
    """What an id stands for. Raises UserError with the nearest ids for one that is not known."""
    module, colon, name = task.rpartition(":")
    if name not in gymnasium.registry:
        for package in filter(None, (module if colon else "", PACKAGES.get(re.split("[/-]", name)[0], ""))):
            import_package(package)
    if name not in gymnasium.registry:
        raise unknown("environment", name, gymnasium.registry, elsewhere=ELSEWHERE)
    return gymnasium.registry[name]


def _missing(task: str, error: Exception) -> UserError:
    words = str(error)
    package = getattr(error, "name", None) or next((name for name in EXTRAS if name.lower() in words.lower()), "")
    if extra := EXTRAS.get(package or ""):
        needed = f"{package} is needed, and" if task == package else f"{task} needs {package}, which"
        return UserError(f"{needed} is not installed; pip install 'zerodojo[{extra}]'")
    return UserError(f"{task} needs what is not installed ({words.splitlines()[0]}); install it, and try again")
