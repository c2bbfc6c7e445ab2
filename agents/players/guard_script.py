"""Starts a program and ends it, with everything it started, when a socket is closed. Run as a script by `guard`.

    python guard_script.py SOCKET PROGRAM ARGUMENT...

Nothing but the standard library, so that it is small. The program has our standard input and output, no terminal, and a session of
its own, so that what it sends to its group does not reach us. Its exit status is ours, as a shell tells it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
PATIENCE = 5.0  # seconds for what was killed to be gone


def main(socket: int, words: list[str]) -> int:
    """Waits until the program has ended, or is to end, and leaves nothing of it. Our end of the socket is open for so long."""
    os.set_inheritable(socket, False)
    _adopt_orphans()
    program = subprocess.Popen(words, start_new_session=True).pid
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):  # the program's alone, so that its end closes them
        os.dup2(nothing, stream)
    threading.Thread(target=_end_when_told, args=(socket, program), daemon=True).start()
    child, status = os.wait()
    while child != program:  # orphans that we have adopted
        child, status = os.wait()
    _end_group(program)  # all that can be done where there is no /proc
    _end_descendants(time.monotonic() + PATIENCE)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _adopt_orphans() -> None:
    """Makes us the parent of every descendant that loses its own, also in another session. Linux has that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _end_when_told(socket: int, program: int) -> None:
    os.read(socket, 1)  # nothing comes but the end: the other side has been shut down, or is gone
    _end_group(program)


def _end_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _end_descendants(deadline: float) -> None:
    """Kills what is below us until nothing is left: whatever a process starts before it dies becomes ours by its death."""
    while time.monotonic() < deadline:
        for process in _descendants():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                continue
        except ChildProcessError:  # none is left
            return
        time.sleep(0.001)


def _descendants() -> list[int]:
    """All processes below us, as /proc tells."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            parent = int((entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.name))
    found = [os.getpid()]
    for process in found:
        found += children.get(process, [])
    return found[1:]


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
