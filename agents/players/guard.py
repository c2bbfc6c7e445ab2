"""Programs that are players start under a guard, a process that outlives whoever kills us. For `gtp_process` and `uci`.

`guard_script.py` ends the program and all that it started, whatever sessions those are in, when the program ends, when we tell it
to, and when our end of a socket is closed because we are gone.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import socket
import sys
from pathlib import Path
from types import TracebackType

from ...errors import UserError

FOLDERS = ("/usr/games", "/usr/local/games")  # where Debian keeps games; often not on PATH
PACKAGES = {"gnugo": "gnugo", "gtp-rhino": "grhino", "stockfish": "stockfish"}  # Debian's, by program
PATIENCE = 10.0  # seconds for a guard to end its program
_SCRIPT = Path(__file__).with_name("guard_script.py")


def command_words(command: str) -> list[str]:
    """A command line as the words to start it with, the program's whole path first.

    Raises UserError for a line that does not parse, and a program that is not there.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UserError(f"cannot read the command {command!r} ({str(error).lower()}); write it as in a shell") from error
    if not words:
        raise UserError("the player's command is empty; name a program, such as gtp:gnugo --mode gtp or uci:stockfish")
    found = shutil.which(words[0]) or shutil.which(words[0], path=os.pathsep.join(FOLDERS))
    if found is None:
        package = PACKAGES.get(words[0])
        remedy = f"apt-get install {package}" if package else "install it, or write its whole path"
        raise UserError(f"there is no program {words[0]!r} on PATH or in {FOLDERS[0]}; {remedy}")
    return [found, *words[1:]]


class Guard:
    """The guard of one program, which is to be started within `with`, as a process of `command` that inherits `inherited`.

    with Guard(words) as guard:
        process = subprocess.Popen(guard.command, pass_fds=guard.inherited, start_new_session=True)
    guard.dismiss()
    """

    def __init__(self, words: list[str]) -> None:
        self._ours, self._its = socket.socketpair()
        self._ours.settimeout(PATIENCE)
        self.inherited = (self._its.fileno(),)
        self.command = [sys.executable, "-I", "-S", str(_SCRIPT), str(self._its.fileno()), *words]

    def __enter__(self) -> Guard:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._its.close()
        if kind is not None:
            self.dismiss()

    def dismiss(self) -> None:
        """Ends the program and all that it started; PATIENCE is waited for it. More than once is as good as once."""
        if self._ours.fileno() >= 0:
            with contextlib.suppress(OSError):  # it is gone already, or cannot end what the system does not let go
                self._ours.shutdown(socket.SHUT_WR)
                self._ours.recv(1)  # nothing comes but the end
            self._ours.close()
