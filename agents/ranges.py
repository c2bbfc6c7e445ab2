"""Which numbers make sense, as data: each kind of run has a table of ranges by the dotted paths of its configuration's fields.

What is outside its range is refused in one line. Called by `alphazero.validation` and `gym.validation`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ..errors import UserError
from .specs import LARGEST_SEED

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class Range(NamedTuple):
    """The numbers from `low` to `high`, infinity never among them."""

    words: str  # what a number must be
    low: float = -math.inf
    high: float = math.inf


def at_least(low: float) -> Range:
    """From a number on."""
    return Range(f"at least {low:g}", low)


LEAST_ABOVE_0 = math.nextafter(0.0, 1.0)

COUNT = at_least(1)
NOT_NEGATIVE = at_least(0)
POSITIVE = Range("above 0", LEAST_ABOVE_0)
SHARE = Range("from 0 to 1", 0.0, 1.0)
POSITIVE_SHARE = Range("above 0 and at most 1", LEAST_ABOVE_0, 1.0)
FINITE = Range("finite")
SEED = Range(f"from 0 to {LARGEST_SEED}", 0, LARGEST_SEED)


def numbers(config: DataclassInstance, path: str = "") -> Iterator[tuple[str, float]]:
    """Every number of a configuration, with the dotted path of its field; of several in one field, each."""
    for field in dataclasses.fields(config):
        value, where = getattr(config, field.name), path + field.name
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            yield from numbers(value, f"{where}.")
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, int | float) and not isinstance(one, bool):
                yield where, one


def require(name: str, value: float, within: Range) -> None:
    """Raises UserError for a number that is outside, by its name."""
    if not (within.low <= value <= within.high and math.isfinite(value)):
        raise UserError(f"{name} is {value if isinstance(value, int) else f'{value:g}'}; it must be {within.words}")
