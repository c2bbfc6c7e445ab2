"""Lines from a pipe, with the question whether another one waits: what lets `zerodojo gtp` think until it is spoken to."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator

LONGEST = 1 << 16  # bytes of a line; the rest of a longer one is dropped
_PIECE = 1 << 16


class Lines:
    """The lines that a file descriptor gives, decoded as UTF-8, each without its end."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._read = b""

    def __iter__(self) -> Iterator[str]:
        dropping = False  # the rest of a line that was too long
        while True:
            line, newline, rest = self._read.partition(b"\n")
            if newline or len(line) >= LONGEST:
                self._read = rest
                if not dropping:
                    yield line[:LONGEST].decode(errors="replace")
                dropping = not newline
                continue
            piece = os.read(self._descriptor, _PIECE)
            self._read += piece
            if not piece:
                if self._read and not dropping:
                    yield self._read.decode(errors="replace")
                return

    def waiting(self, seconds: float | None = 0.0) -> bool:
        """Whether there is more to read, or the end was reached; waits so long for it, without a number for ever."""
        return bool(self._read) or bool(select.select([self._descriptor], [], [], seconds)[0])
