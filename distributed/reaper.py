"""Outlives the driver, however it dies, to end the Ray that it started and to clear its folder away. Called by `ray_runtime`.

Ray's own processes notice a killed driver too, but some of its agents only after minutes. A script with nothing but the standard
library, so that its process is small; it waits for the end of its input, which the driver holds open for as long as it lives.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import sys
import time
from pathlib import Path

ROUNDS = 5  # without a process in sight: some are starting others while they are ended
PAUSE = 0.1  # seconds between two rounds


def processes_of(folder: str) -> list[int]:
    """The processes that were given a path in this folder, or have a file open there. Empty where there is no /proc."""
    found = []
    spared = (os.getpid(), os.getppid())  # the parent is the driver while it lives: Ray's log files may still be open in it
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # ended meanwhile, or another user's
            if int(entry.name) not in spared and (folder.encode() in (entry / "cmdline").read_bytes() or _holds(entry, folder)):
                found.append(int(entry.name))
    return found


def _holds(process: Path, folder: str) -> bool:
    for descriptor in (process / "fd").iterdir():
        with contextlib.suppress(OSError):
            if str(descriptor.readlink()).startswith(folder):
                return True
    return False


def main(folder: str) -> None:
    """Waits for the end of the input, then ends all that belongs to the folder, and the folder.

    Holds a lock in it meanwhile: a folder without one was left when even its reaper was killed, and whoever starts next clears it.
    """
    here = Path(folder)
    with (here / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for other in here.parent.glob(f"{here.name.rpartition('-')[0]}-*"):
            with contextlib.suppress(OSError), (other / "lock").open("r+") as others:
                fcntl.flock(others, fcntl.LOCK_EX | fcntl.LOCK_NB)
                end(str(other))
        sys.stdin.buffer.read()
        end(folder)


def end(folder: str) -> None:
    """Kills the processes of a folder until none comes any more, and removes it."""
    quiet = 0
    while quiet < ROUNDS:
        found = processes_of(folder)
        for process in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        quiet = 0 if found else quiet + 1
        time.sleep(PAUSE)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1])
