"""Where self-play workers ask for weights: an actor of its own, so that asking never waits for the driver, which learns meanwhile.

The pool starts it. Nothing heavy is imported here: its process stays small.
"""

from __future__ import annotations

from typing import Any


class WeightStore:
    """An actor that knows the newest version: a reference, never the weights themselves."""

    def __init__(self) -> None:
        self._step = 0
        self._holder: list[Any] = []

    def publish(self, step: int, holder: list[Any]) -> None:
        """`holder` is a list of one reference, so that Ray passes it on as it is."""
        self._step, self._holder = step, holder

    def newer(self, step: int) -> list[Any]:
        """The reference of the newest version, in a list, if it is newer than `step`."""
        return self._holder if self._step > step else []
