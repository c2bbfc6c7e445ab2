"""Starts a program in its own process group and ends the whole group when a pipe closes. Run as a script by `gtp_process`.

    python gtp_guard.py PIPE PROGRAM ARGUMENT...

Nothing but the standard library, so that it is small. The program has our standard input and output, and no terminal.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys


def main(pipe: int, words: list[str]) -> None:
    """Waits until nobody holds the other end of the pipe any more."""
    os.set_inheritable(pipe, False)
    with subprocess.Popen(words):
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1):  # the program's alone, so that its end closes them
            os.dup2(nothing, stream)
        os.read(pipe, 1)
        os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
