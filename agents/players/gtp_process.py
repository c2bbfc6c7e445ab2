"""A program that speaks GTP, as a process of ours: started without a shell, asked with a time limit, gone when we are. For `gtp`.

Between us and the program stands `gtp_guard.py`, which ends the program and all that it started as soon as our end of a pipe is
closed, whatever closed it: `close`, our end, or somebody who killed us.
"""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from ...envs.notation.gtp import parse_answer
from ...errors import UserError

FOLDERS = ("/usr/games", "/usr/local/games")  # where Debian keeps games; often not on PATH
PACKAGES = {"gnugo": "gnugo", "gtp-rhino": "grhino"}  # Debian's, by program
LONGEST = 1 << 16  # bytes of an answer
_GUARD = Path(__file__).with_name("gtp_guard.py")


class ProgramFailed(Exception):
    """The program crashed, kept us waiting, or said what is no GTP; it has been ended. The message completes "the program ..."."""


def command_words(command: str) -> list[str]:
    """A command line as the words to start it with, the program's whole path first.

    Raises UserError for a line that does not parse, and a program that is not there.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UserError(f"cannot read the command {command!r} ({str(error).lower()}); write it as in a shell") from error
    if not words:
        raise UserError("gtp: needs a command, such as gtp:gnugo --mode gtp")
    found = shutil.which(words[0]) or shutil.which(words[0], path=os.pathsep.join(FOLDERS))
    if found is None:
        package = PACKAGES.get(words[0])
        remedy = f"apt-get install {package}" if package else "install it, or write its whole path"
        raise UserError(f"there is no program {words[0]!r} on PATH or in {FOLDERS[0]}; {remedy}")
    return [found, *words[1:]]


class Program:
    """A running program. Raises OSError where no process can be started."""

    def __init__(self, words: list[str]) -> None:
        watched, self._life = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_GUARD), str(watched), *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=(watched,),
                start_new_session=True,
            )
        except OSError:
            os.close(self._life)
            raise
        finally:
            os.close(watched)
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
        if self._life >= 0:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            os.close(self._life)
            self._life = -1
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
