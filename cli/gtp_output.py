"""The engine's side of a conversation in GTP: answers that are said at once, and those that come line by line. For `gtp_engine`."""

from __future__ import annotations

from typing import TextIO

from ..envs.notation.gtp import format_answer


class Output:
    """Answers the command whose id is `id`."""

    def __init__(self, sink: TextIO) -> None:
        self._sink = sink
        self.id = ""

    def answer(self, text: str, *, failed: bool = False) -> None:
        """A whole answer; where it tells of a failure, in one line."""
        self._write(format_answer(self.id, " ".join(text.split()) if failed else text, failed=failed))

    def begin(self) -> None:
        """The beginning of an answer that goes on with `line`, again and again, and is over with `end`."""
        self._write(f"={self.id}\n")

    def line(self, text: str) -> None:
        self._write(f"{text}\n")

    def end(self) -> None:
        self._write("\n")

    def _write(self, text: str) -> None:
        self._sink.write(text)
        self._sink.flush()
