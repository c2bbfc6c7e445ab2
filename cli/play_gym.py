"""`zerodojo play` with an environment of Gymnasium: a person acts, step by step. Called by `play`."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import gymnasium
import numpy as np
from numpy.typing import NDArray
from tyro.conf import UseAppendAction, arg

from ..agents.gym.tasks import environment_of
from ..agents.ranges import SEED, require
from ..envs.gym.config import ViewConfig
from ..envs.gym.environments import BadEnvironment, failure
from ..envs.gym.making import Option, Watch, import_package, make_one
from ..errors import UserError
from .arguments import Positional, parse
from .games import key_values
from .meanings import Meaning, explained, meaning
from .watching import modes, picture

ENDS, AGAIN, HELP = ("quit", "q"), ("reset", "r"), ("help", "h", "?")
ABOVE = 6  # lines beside a picture: how to act, what is observed, and where it stands


@dataclass(frozen=True)
class PlayGym:
    """The arguments of `zerodojo play` for an environment."""

    task: Positional[str]  # an id of Gymnasium
    env: Annotated[tuple[str, ...], UseAppendAction] = ()  # an option of the environment, such as is_slippery=False; repeatable
    imports: Annotated[tuple[str, ...], UseAppendAction, arg(name="import")] = ()  # a module that registers it; repeatable
    seed: int = 0  # of the first episode


def main(argv: Sequence[str]) -> int:
    """Plays until the person leaves. Raises UserError for an environment that cannot be made or fails, or actions that cannot be
    typed."""
    options = parse(
        PlayGym,
        argv,
        prog="zerodojo play",
        description="Act in an environment yourself, one step at a time: type an action, or nothing for the same again.",
        examples=["zerodojo play CartPole-v1", "zerodojo play FrozenLake-v1 --env is_slippery=False", "zerodojo play Taxi-v4"],
    )
    require("--seed", options.seed, SEED)
    for module in options.imports:
        import_package(module)
    task = environment_of(options.task)
    settings = key_values("--env", options.env)
    drawn = _way_of_drawing(task, settings)
    watch = Watch(drawn, lambda env: env) if drawn else None
    env = make_one(task, settings, ViewConfig(), watch=watch)
    try:
        return _play(task, env, options.seed, drawn)
    except KeyboardInterrupt:
        print("\nInterrupted; the episode stops here.")
        raise
    finally:
        env.close()


def _play(task: str, env: gymnasium.Env[Any, Any], seed: int, drawn: str) -> int:
    action: Any = None
    with _named(task, "a reset"):
        observation, info = env.reset(seed=seed)
    total, steps = 0.0, 0
    known = meaning(env)
    print(f"Actions: {_allowed(env.action_space)}{_called(env.action_space, known)}.")
    print("Type one, Enter for the same again, help, r for a new episode, or q to leave.")
    while True:
        with _named(task, "a drawing"):
            _show(env, observation, drawn, known)
        print(f"step {steps}, return {total:,.1f}{_open(info)}")
        while (word := _asked()) in HELP:
            print(explained(env, shutil.get_terminal_size().columns))
        if word in ENDS:
            return 0
        if word not in AGAIN:
            try:
                action = _action(env.action_space, word) if word else _same(action)
            except UserError as error:
                print(error)
                continue
            with _named(task, "a step"):
                observation, reward, terminated, truncated, info = env.step(action)
                total, steps = total + float(reward), steps + 1
            if not (terminated or truncated):
                continue
            with _named(task, "a drawing"):
                _show(env, observation, drawn, known)
            how = "ended" if terminated else "cut short"
            print(f"The episode is over after {steps} steps, {how}; its return is {total:,.1f}.\n")
        with _named(task, "a reset"):
            observation, info = env.reset()
        total, steps = 0.0, 0


@contextmanager
def _named(task: str, where: str) -> Iterator[None]:
    """Makes whatever an environment raises a line that names it. Raises BadEnvironment."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise BadEnvironment(f"{failure(task, where, error)}; mend the environment") from error


def _asked() -> str:
    """What is typed; the end of the input leaves."""
    sys.stdout.write("action> ")
    sys.stdout.flush()
    line = sys.stdin.readline()
    if not line:
        print()
        return ENDS[0]
    return line.strip().lower()


def _allowed(space: gymnasium.Space[Any]) -> str:
    match space:
        case gymnasium.spaces.Discrete():
            return f"{space.start} to {space.start + space.n - 1}"
        case gymnasium.spaces.Box() if len(space.shape) == 1:
            return " ".join(f"[{low:g} to {high:g}]" for low, high in zip(space.low, space.high, strict=True))
        case gymnasium.spaces.MultiDiscrete() if len(space.shape) == 1:
            return " ".join(f"[{first} to {first + size - 1}]" for first, size in zip(space.start, space.nvec, strict=True))
        case gymnasium.spaces.MultiBinary() if len(space.shape) == 1:
            return " ".join(["[0 or 1]"] * space.shape[0])
    raise UserError(f"actions of {space} cannot be typed")


def _called(space: gymnasium.Space[Any], known: Meaning) -> str:
    """What the actions are called, where that is known."""
    if not known.actions:
        return ""
    first = int(space.start) if isinstance(space, gymnasium.spaces.Discrete) else None
    names = known.actions if first is None else [f"{i} {name}" for i, name in enumerate(known.actions, first)]
    return f" ({', '.join(names)})"


def _action(space: gymnasium.Space[Any], word: str) -> Any:
    """What is typed as an action. Raises UserError, telling what can be."""
    try:
        read = float if isinstance(space, gymnasium.spaces.Box) else int
        numbers = [read(part) for part in word.replace(",", " ").split()]
        action = int(word) if isinstance(space, gymnasium.spaces.Discrete) else np.array(numbers, space.dtype)
    except (ValueError, OverflowError):
        action = None
    if action is None or not space.contains(action):
        raise UserError(f"{word!r} is no action; type {_allowed(space)}, help, r or q")
    return action


def _same(action: Any) -> Any:
    if action is None:
        raise UserError("type an action first")
    return action


def _open(info: dict[str, Any]) -> str:
    """Which actions are open, where the environment tells."""
    mask = info.get("action_mask")
    if mask is None:
        return ""
    choices = mask if isinstance(mask, tuple) else (mask,)
    return f", open: {' | '.join(' '.join(map(str, np.flatnonzero(choice))) for choice in choices)}"


def _way_of_drawing(task: str, options: Mapping[str, Option]) -> str:
    """Text where the environment writes itself, a picture at a terminal; else nothing but numbers."""
    ways = modes(task, options)
    if "ansi" in ways:
        return "ansi"
    return "rgb_array" if "rgb_array" in ways and sys.stdout.isatty() else ""


def _show(env: gymnasium.Env[Any, Any], observation: Any, drawn: str, known: Meaning) -> None:
    if drawn == "ansi":
        print(env.render())
    elif drawn:
        columns, lines = shutil.get_terminal_size()
        print(picture(np.asarray(env.render()), columns, lines - ABOVE))
    if _is_short(observation) and drawn != "ansi":
        print(_numbers(np.asarray(observation), known))


def _numbers(observation: NDArray[Any], known: Meaning) -> str:
    """What is observed, each number by its name where that is known."""
    if observation.size != len(known.numbers):
        return np.array2string(observation, precision=3, suppress_small=True)
    return ", ".join(f"{name} {round(float(number), 3):g}" for name, number in zip(known.numbers, observation.flat, strict=True))


def _is_short(observation: Any) -> bool:
    return not isinstance(observation, dict) and np.size(observation) <= 32
