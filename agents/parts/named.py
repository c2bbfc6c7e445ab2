"""Arrays of several parts in one flat dictionary, as a checkpoint holds them."""

from __future__ import annotations

from collections.abc import Mapping

from ..checkpoint import Arrays


def joined(parts: Mapping[str, Arrays]) -> Arrays:
    """Every array under the name of its part and its own."""
    return {f"{part}/{name}": array for part, arrays in parts.items() for name, array in arrays.items()}


def part_of(arrays: Arrays, part: str) -> Arrays:
    """Those of one part, by their own names."""
    return {name.removeprefix(f"{part}/"): array for name, array in arrays.items() if name.startswith(f"{part}/")}
