"""The arguments of a GTP command, as the commands of `zerodojo gtp` read them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

from ..envs.notation.gtp import WordError
from ..errors import UserError

Words = tuple[str, ...]


def only(words: Words, count: int, what: str) -> Words:
    """The words, if they are so many. Raises UserError, which says what should be there."""
    if len(words) != count:
        raise UserError(f"syntax error: this takes {what}")
    return words


@contextmanager
def blaming(word: str) -> Iterator[None]:
    """What is refused inside is refused because of this word, if not of another one."""
    try:
        yield
    except WordError:
        raise
    except UserError as error:
        raise WordError(word, str(error)) from error


def number(text: str, *, least: float = 0.0) -> float:
    """A finite number. Raises WordError."""
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not (math.isfinite(found) and found >= least):
        raise WordError(text, f"{text[:40]!r} is no number{' from 0 upwards' if least == 0 else ''}")
    return found
