"""What was typed, read before it is known which flags there are: for those depend on the task and the agent."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import is_dataclass
from itertools import pairwise
from pathlib import Path
from typing import get_type_hints

from ..envs.registry import ADAPTERS

GYMNASIUM_ID = re.compile(r"([\w:.-]+/)?[\w:.-]+-v\d+")
UNVERSIONED_ID = re.compile(r"\w[\w:.-]*/\w[\w:.-]*")


def is_id(task: str) -> bool:
    """Whether this is written as Gymnasium writes the ids of its environments: with a version, or below a namespace.

    Without a version it is neither what is there on the disk, such as a run, nor another library's game.
    """
    if GYMNASIUM_ID.fullmatch(task):
        return True
    is_game = task.partition(":")[0] in ADAPTERS
    return UNVERSIONED_ID.fullmatch(task) is not None and not is_game and not Path(task).exists()


def switches(*kinds: type) -> frozenset[str]:
    """The fields that are flags without a value, of dataclasses of arguments and of the sections in them."""
    found: set[str] = set()
    for kind in kinds:
        for name, hint in get_type_hints(kind).items():
            if hint is bool:
                found.add(name)
            elif is_dataclass(hint) and isinstance(hint, type):
                found |= switches(hint)
    return frozenset(found)


def task_of(argv: Sequence[str], alone: Collection[str]) -> str:
    """The first word that is no flag and not the value of one; empty without one. `alone` are the `switches` there may be."""
    for before, word in zip(["", *argv], argv, strict=False):
        if not word.startswith("-") and (not before.startswith("-") or "=" in before or _is_switch(before, alone)):
            return word
    return ""


def _is_switch(flag: str, alone: Collection[str]) -> bool:
    """Whether a flag takes no value: --resume, --no-resume, --view.atari, --view.no-atari."""
    name = flag.rpartition(".")[2].lstrip("-").replace("-", "_")
    return name in alone or name.removeprefix("no_") in alone


def first_of(argv: Sequence[str], flag: str) -> str:
    """What is typed for a flag; empty without it."""
    return next(iter(values_of(argv, flag)), "")


def values_of(argv: Sequence[str], flag: str) -> list[str]:
    """What is typed for a flag that may be repeated."""
    after = [following for word, following in pairwise(argv) if word == flag]
    return after + [word.partition("=")[2] for word in argv if word.startswith(f"{flag}=")]
