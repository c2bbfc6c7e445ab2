"""Lines from a pipe, with the question whether another one waits: what lets `zerodojo gtp` think until it is spoken to."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from typing import NamedTuple

LONGEST = 1 << 16  # bytes of a line; of a longer one only the beginning is kept
_PIECE = 1 << 16


class Line(NamedTuple):
    """A line without its end, decoded as UTF-8; of one that was too long, its first LONGEST bytes."""

    text: str
    cut: bool


class Lines:
    """The lines that a file descriptor gives."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._read = b""

    def __iter__(self) -> Iterator[Line]:
        dropping = False  # the rest of a line that was too long
        while True:
            line, newline, rest = self._read.partition(b"\n")
            if newline or len(line) > LONGEST:
                self._read = rest
                if not dropping:
                    yield Line(line[:LONGEST].decode(errors="replace"), len(line) > LONGEST)
                dropping = not newline
                continue
            piece = os.read(self._descriptor, _PIECE)
            self._read += piece
            if not piece:
                if self._read and not dropping:
                    yield Line(self._read.decode(errors="replace"), False)
                return

    def waiting(self, seconds: float | None = 0.0) -> bool:
        """Whether there is more to read, or the end was reached; waits so long for it, without a number for ever."""
        return bool(self._read) or bool(select.select([self._descriptor], [], [], seconds)[0])
