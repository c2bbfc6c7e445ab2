"""What was typed, read before it is known which flags there are: for those depend on the task and the agent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

GYMNASIUM_ID = re.compile(r"([\w:.-]+/)?[\w:.-]+-v\d+")


def is_id(task: str) -> bool:
    """Whether this is written as Gymnasium writes the ids of its environments."""
    return GYMNASIUM_ID.fullmatch(task) is not None


def task_of(argv: Sequence[str]) -> str:
    """The first word that is no flag and follows none; empty without one. Flags are known only when the task is."""
    for before, word in zip(["", *argv], argv, strict=False):
        if not word.startswith("-") and (not before.startswith("-") or before in ("--resume", "--debug") or "=" in before):
            return word
    return ""


def first_of(argv: Sequence[str], flag: str) -> str:
    """What is typed for a flag; empty without it."""
    return next(iter(values_of(argv, flag)), "")


def values_of(argv: Sequence[str], flag: str) -> list[str]:
    """What is typed for a flag that may be repeated."""
    after = [following for word, following in pairwise(argv) if word == flag]
    return after + [word.partition("=")[2] for word in argv if word.startswith(f"{flag}=")]
