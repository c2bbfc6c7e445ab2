"""The command `zerodojo`: finds the command that is asked for, runs it, turns what users can mend into one line and an exit code.

Nothing heavy is imported before a command runs, so that help answers at once.
"""

from __future__ import annotations

import io
import os
import select
import shutil
import sys
import textwrap
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from .. import __version__
from ..errors import UserError, remedy, unknown

OK, MISTAKE, INTERRUPTED, BROKEN_PIPE = 0, 2, 130, 141  # the last two as a shell reports SIGINT and SIGPIPE


class Command(NamedTuple):
    """One command: the module whose `main(argv) -> exit code` runs it, and what it is for."""

    module: str  # relative to this package
    summary: str
    example: str


COMMANDS: dict[str, Command] = {
    "train": Command(
        ".train", "learn a game or an environment, or go on learning", "connect_four --run runs/connect_four --minutes 10"
    ),
    "play": Command(".play", "play against a network, a search or a person", "connect_four --opponent runs/connect_four"),
    "evaluate": Command(".evaluate", "measure an agent in matches or in its environment", "runs/connect_four --opponent mcts:1000"),
    "study": Command(".study", "train and measure settings over several seeds", "cartpole-ppo --seeds 5"),
    "compress": Command(".compress", "make a run smaller or faster", "runs/connect_four --out runs/fast --int8"),
    "gtp": Command(
        ".gtp", "be an engine for Sabaki, GoGui and other programs that speak GTP", "mcts:1000 --game go --option size=9"
    ),
    "export": Command(".export", "write a run's games as SGF or PGN", "runs/go --out games"),
    "bench": Command(".bench", "measure how fast this machine plays and learns", "selfplay --seconds 20"),
    "list": Command(".listing", "games, agents, backbones, models, engines, presets and players", "games"),
    "doctor": Command(".doctor", "what this machine offers, and what is wrong with it", ""),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line (without the program's name); its exit code: 0, 2 for what the user can mend, 130 for Ctrl-C."""
    words, debug = _without_debug(sys.argv[1:] if argv is None else list(argv))
    _mend_streams()
    try:
        code = _run(words)
        sys.stdout.flush()
        return code
    except UserError as error:
        return _refuse(str(error), debug)
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        if isinstance(error, BrokenPipeError) and _reader_is_gone():
            return BROKEN_PIPE
        if (remedied := remedy(error)) is None:
            raise
        where = f"{error.filename}: " if error.filename else ""
        return _refuse(f"{where}{(error.strerror or 'cannot be used').lower()}; {remedied}", debug)


def _run(words: list[str]) -> int:
    if words[:1] == ["help"]:  # `zerodojo help train`
        words = [*words[1:2], "--help"]
    if not words or words[0] in ("-h", "--help"):
        print(_help())
        return OK
    if words[0] == "--version":
        print(f"zerodojo {__version__}")
        return OK
    if words[0] not in COMMANDS:
        raise unknown("command", words[0], COMMANDS)
    code: int = import_module(COMMANDS[words[0]].module, __package__).main(words[1:])
    return code


def _help() -> str:
    width = max(map(len, COMMANDS))
    return "\n".join([
        "usage: zerodojo COMMAND [--flags]",
        "",
        "Agents that learn from zero: games by playing themselves, environments of",
        "Gymnasium by acting in them.",
        "",
        "commands:",
        *(f"  {name:{width}}  {command.summary}" for name, command in COMMANDS.items()),
        "",
        "examples:",
        *(f"  zerodojo {name} {command.example}".rstrip() for name, command in COMMANDS.items()),
        "",
        "`zerodojo COMMAND --help` tells a command's flags; --debug shows where an error",
        "came from; --version.",
    ])  # fmt: skip


def _without_debug(words: list[str]) -> tuple[list[str], bool]:
    """The words without --debug, wherever it stands before a bare --, and whether it did."""
    end = words.index("--") if "--" in words else len(words)
    kept = [word for word in words[:end] if word != "--debug"]
    return kept + words[end:], len(kept) < end


def _refuse(line: str, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    said = f"zerodojo: {' '.join(line.split())}"
    if sys.stderr.isatty():  # which would break it within words
        columns = shutil.get_terminal_size().columns
        said = textwrap.fill(said, columns, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    print(said, file=sys.stderr)
    return MISTAKE


def _mend_streams() -> None:
    """What was closed reads and writes nothing; bytes that are no text are read as such a character, and refused like any other."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  # as long as the process
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")


def _reader_is_gone() -> bool:
    """Whether what we print is no longer read (`zerodojo list | head -1`). If so, the rest goes nowhere, quietly."""
    gone = False
    for number in (1, 2):  # standard output and error
        poll = select.poll()
        poll.register(number, 0)
        if any(event & select.POLLERR for _, event in poll.poll(0)):
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)
            gone = True
    return gone


if __name__ == "__main__":
    sys.exit(main())
