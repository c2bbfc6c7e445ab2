"""A program that speaks GTP for tic-tac-toe, badly where it is told to: `gtp_fake.py FAULT [LOG]`. Called by the tests of `gtp:`.

It plays the first free point, and commits its fault at its second genmove ("start": when it is started). LOG gets what it was told.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

POINTS = [f"{column}{row}" for row in (1, 2, 3) for column in "ABC"]
fault = sys.argv[1]
log = Path(sys.argv[2]).open("a") if len(sys.argv) > 2 else None  # noqa: SIM115  # as long as the process
moves: list[str] = []
asked = 0


def say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if fault == "start":
    sys.exit(1)
if fault == "chatty":
    say("Welcome to this program\n\n")
if fault == "child":  # a helper process that outlives it
    helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], stdin=subprocess.DEVNULL)
    log.write(f"{os.getpid()} {helper.pid}\n")
    log.flush()
if fault == "daemon":  # a process that is no descendant any more, in a session of its own
    script = "import os, time; os.setsid(); os.fork() and os._exit(0); print(os.getpid(), flush=True); time.sleep(600)"
    daemon = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    log.write(f"{os.getpid()} {int(daemon.stdout.readline())}\n")
    log.flush()
    daemon.wait()

for line in sys.stdin:
    words = line.split()
    if log and fault not in ("child", "daemon"):
        log.write(line)
        log.flush()
    answer = "= "
    if words[0] == "list_commands":
        answer = "= boardsize\nclear_board\nplay\ngenmove\ntime_settings" + ("" if fault == "no-undo" else "\nundo")
    elif words[0] == "boardsize":
        answer = "= " if words[1:] == ["3"] else "? unacceptable size"
    elif words[0] == "clear_board":
        moves = []
    elif words[0] == "play":
        answer = "? illegal move" if fault == "refuse" and asked else "= "
        moves.append(words[2])
    elif words[0] == "undo":
        moves.pop()
    elif words[0] == "genmove":
        asked += 1
        free = [point for point in POINTS if point not in moves]
        if asked != 2 or fault in ("none", "no-undo", "child"):
            moves.append(free[0])
            answer = f"= {free[0]}"
        elif fault in ("crash", "daemon"):
            sys.exit(3)
        elif fault == "hang":
            time.sleep(600)
        elif fault == "slow":
            time.sleep(1.5)
            answer = f"= {free[0]}"
        elif fault == "illegal":
            answer = f"= {moves[0]}"
        elif fault == "nonsense":
            answer = "= Q99 or so"
        elif fault == "resign":
            answer = "= Resign"
        elif fault == "junk":
            sys.stdout.buffer.write(bytes(range(128, 256)) + b"\n\n")
            answer = ""
        elif fault == "flood":
            say("=" + "x" * 1_000_000)
            time.sleep(600)
        elif fault == "error":
            answer = "? out of ideas"
    say(answer + "\n\n")
