"""What the actions and the numbers of environments mean, for people who act in them. Called by `play`."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator
from typing import Any, NamedTuple

import gymnasium
import numpy as np

SECTIONS = ("description", "action space", "observation space", "rewards")  # of Gymnasium's docstrings, that tell how to act


class Meaning(NamedTuple):
    """Of an environment; empty where nothing is known."""

    actions: tuple[str, ...] = ()  # of every choice, or of every number of an action
    numbers: tuple[str, ...] = ()  # of every number that is observed


LANDER = ("x", "y", "speed along x", "speed along y", "angle", "turning speed", "left leg down", "right leg down")
MEANINGS = {  # by Gymnasium's id without its version, each as its documentation has it
    "Acrobot": Meaning(
        ("turn the joint by -1", "leave it", "turn it by +1"),
        ("cos angle 1", "sin angle 1", "cos angle 2", "sin angle 2", "speed 1", "speed 2"),
    ),
    "Blackjack": Meaning(("stick", "hit"), ("your sum", "dealer's card", "usable ace")),
    "CartPole": Meaning(("push left", "push right"), ("cart position", "cart speed", "pole angle", "pole speed")),
    "CliffWalking": Meaning(("up", "right", "down", "left"), ("field",)),
    "FrozenLake": Meaning(("left", "down", "right", "up"), ("field",)),
    "LunarLander": Meaning(("nothing", "left engine", "main engine", "right engine"), LANDER),
    "LunarLanderContinuous": Meaning(("main engine", "side engines"), LANDER),
    "MountainCar": Meaning(("push left", "do nothing", "push right"), ("position", "speed")),
    "MountainCarContinuous": Meaning(("push, left below 0",), ("position", "speed")),
    "Pendulum": Meaning(("turning force",), ("cos angle (1: up)", "sin angle", "speed")),
    "Taxi": Meaning(("south", "north", "east", "west", "pick up", "drop off"), ("state",)),
}


def meaning(env: gymnasium.Env[Any, Any]) -> Meaning:
    """What is known: from the table above, or of actions alone where the environment names them, as those of Atari do."""
    choices = _choices(env.action_space)
    known = MEANINGS.get(env.spec.name) if env.spec and env.spec.namespace is None else None
    if known and len(known.actions) == choices:
        return known
    named = getattr(env.unwrapped, "get_action_meanings", None)
    actions = tuple(str(name).lower() for name in named()) if named else ()
    return Meaning(actions if len(actions) == choices else ())


def explained(env: gymnasium.Env[Any, Any], columns: int) -> str:
    """All that can be told: what the environment says of itself, and in place of its tables what is known."""
    known = meaning(env)
    parts = _sections(inspect.cleandoc(type(env.unwrapped).__doc__ or ""))
    if known.actions and known.numbers:
        parts = {name: part for name, part in parts.items() if name == "description"}
    lines = [_wrapped(part, columns) for part in parts.values()] or ["The environment says nothing of itself."]
    if known.actions:
        lines.append("\n".join(["Actions:", *_listed(env.action_space, known.actions)]))
    if known.numbers:
        lines.append(_wrapped(f"Observed: {', '.join(known.numbers)}.", columns))
    return "\n\n".join(lines)


def _choices(space: gymnasium.Space[Any]) -> int:
    """How many choices, or how many numbers, an action has."""
    return int(space.n) if isinstance(space, gymnasium.spaces.Discrete) else int(np.prod(space.shape or ()))


def _listed(space: gymnasium.Space[Any], actions: tuple[str, ...]) -> Iterator[str]:
    first = int(space.start) if isinstance(space, gymnasium.spaces.Discrete) else 1
    yield from (f"  {i}  {name}" for i, name in enumerate(actions, first))


def _sections(text: str) -> dict[str, str]:
    """The parts of a docstring that tell how to act; without such headings, its first paragraph."""
    titles = re.split(r"^#+ *(.*?) *$", text, flags=re.MULTILINE)
    found = {title.lower(): part.strip() for title, part in zip(titles[1::2], titles[2::2], strict=True)}
    if told := {name: found[name] for name in SECTIONS if found.get(name)}:
        return told
    return {"description": text.strip().split("\n\n")[0]} if text.strip() else {}


def _wrapped(text: str, columns: int) -> str:
    """Paragraphs as wide as there is room; lists and tables stay as they are."""
    parts = text.split("\n\n")
    return "\n\n".join(part if re.search(r"^ *[|*-]", part, re.MULTILINE) else textwrap.fill(part, columns) for part in parts)
