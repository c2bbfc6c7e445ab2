"""How large each network of the library is, from a table that `counting` writes. Free of torch, for `zerodojo list models`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from .library import LIBRARY, ModelEntry

TABLE = Path(__file__).with_name("sizes.json")


class Size(NamedTuple):
    """Of a network with its default options."""

    parameters: int
    multiply_adds: int  # for one input of its entry


class Listed(NamedTuple):
    """A network in one line."""

    summary: str


def write_sizes(sizes: Mapping[str, Size]) -> None:
    """Replaces the table."""
    lines = (f"  {json.dumps(name)}: {json.dumps(size._asdict())}" for name, size in sizes.items())
    TABLE.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def _input_of(entry: ModelEntry) -> str:
    """What its multiply-adds are counted for."""
    return f"{entry.input_shape[0]} tokens" if entry.tokens else "x".join(map(str, entry.input_shape))


SIZES: dict[str, Size] = {name: Size(**size) for name, size in json.loads(TABLE.read_text()).items()}

LISTED: dict[str, Listed] = {  # by `zerodojo list models`
    name: Listed(f"{SIZES[name].parameters:>11,}  {SIZES[name].multiply_adds:>15,}  {_input_of(entry):>10}  {entry.paper}")
    for name, entry in LIBRARY.items()
    if name in SIZES
}
