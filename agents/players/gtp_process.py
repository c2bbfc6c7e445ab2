"""A program that speaks GTP, as a process: started without a shell, asked with a time limit, gone when we are. For `gtp`."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import time

from ...envs.notation.gtp import parse_answer
from ...errors import UserError
from .guard import Guard

LONGEST = 1 << 16  # bytes of an answer


class ProgramFailed(Exception):
    """The program crashed, kept us waiting, or said what is no GTP; it has been ended. The message completes "the program ..."."""


class Program:
    """A running program. Raises OSError where no process can be started."""

    def __init__(self, words: list[str]) -> None:
        with Guard(words) as self._guard:
            self._process = subprocess.Popen(
                self._guard.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=self._guard.inherited,
                start_new_session=True,
            )
        self._read = b""

    def ask(self, command: str, seconds: float) -> tuple[bool, str]:
        """Sends a command; whether it succeeded, and what the program says. Raises ProgramFailed, and the program is gone then."""
        try:
            return self._ask(command, time.monotonic() + seconds, seconds)
        except ProgramFailed:
            self.close()
            raise

    def close(self) -> None:
        """Ends the program and what it started. More than once is as good as once."""
        self._guard.dismiss()
        self._process.kill()  # the guard, if it could not end what it guards
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            with contextlib.suppress(BrokenPipeError):
                stream.close()
        self._process.wait()

    def _ask(self, command: str, deadline: float, seconds: float) -> tuple[bool, str]:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{command}\n".encode())
            self._process.stdin.flush()
        except OSError:
            raise ProgramFailed(f"has ended, and cannot answer {command!r}") from None
        while b"\n\n" not in self._read.lstrip(b"\n"):
            self._more(command, deadline, seconds)
        answer, _, self._read = self._read.lstrip(b"\n").partition(b"\n\n")
        try:
            return parse_answer(answer.decode(errors="replace"))
        except UserError as error:
            raise ProgramFailed(f"answers {command!r} with what is no GTP: {error}") from None

    def _more(self, command: str, deadline: float, seconds: float) -> None:
        """Reads what comes next. Raises ProgramFailed when nothing does in time, or too much has."""
        assert self._process.stdout is not None
        output = self._process.stdout.fileno()
        ready, _, _ = select.select([output], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise ProgramFailed(f"gave no answer to {command!r} in {seconds:g} seconds")
        piece = os.read(output, LONGEST)
        if not piece:
            raise ProgramFailed(f"ended before it answered {command!r}")
        self._read = (self._read + piece).replace(b"\r", b"")
        if len(self._read) > LONGEST:
            raise ProgramFailed(f"answers {command!r} with more than {LONGEST} bytes")
