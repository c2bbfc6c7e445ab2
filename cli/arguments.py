"""Command lines from dataclasses, the same way for every command: one call of `parse` in each command's `main`.

    @dataclass(frozen=True)
    class Evaluate:
        run: Positional[str]  # the run directory
        opponent: str  # a player, such as mcts:1000
        games: int = 100  # an even number

    options = parse(Evaluate, argv, prog="zerodojo evaluate", description="...", examples=["zerodojo evaluate runs/x"])

Every field becomes a flag (underscores as hyphens, booleans as --flag/--no-flag), its comment the flag's help. A field that
is itself a dataclass gives flags with a dotted name (--search.simulations); `Annotated[Config, FLAT]` leaves the field's name out.
"""

from __future__ import annotations

import contextlib
import difflib
import io
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import tyro
from tyro.conf import Positional

from ..errors import UserError

__all__ = ["FLAT", "Positional", "parse", "program"]

T = TypeVar("T")

NAME = "zerodojo"
WIDEST = 100  # columns of a help text
FLAT = tyro.conf.arg(name="")

_MARKERS = (tyro.conf.PositionalMetavarFromFieldName, tyro.conf.DisallowNone, tyro.conf.AvoidSubcommands)
_FLAG = re.compile(r"(?<![\w-])--[a-z][\w.-]*")


def program() -> str:
    """What to type for this program: its name where the shell finds it, else the path it was called by, seen from this folder."""
    called = Path(sys.argv[0]).absolute()
    found = shutil.which(NAME)
    if called.name != NAME or (found and Path(found).resolve() == called.resolve()):  # the first: called as a module
        return NAME
    if not called.is_relative_to(Path.cwd()):
        return str(called)
    below = called.relative_to(Path.cwd())
    return str(below) if len(below.parts) > 1 else f"./{below}"


def parse(
    command: type[T], argv: Sequence[str], *, prog: str, description: str, examples: Sequence[str] = (), default: T | None = None
) -> T:
    """The command's dataclass filled from its arguments. `default` gives other values than the class does for what is not named.

    For --help or -h it prints the help and raises SystemExit(0). Raises UserError, in one line, for an unknown flag (with the
    nearest known ones), a missing argument, or a value that does not fit.
    """

    def run(arguments: Sequence[str]) -> T:
        if default is None:
            return tyro.cli(command, args=list(arguments), prog=prog, description=description, config=_MARKERS)
        return tyro.cli(command, args=list(arguments), prog=prog, description=description, config=_MARKERS, default=default)

    def help_text() -> str:
        return _plain(_said(lambda: run(["--help"]))[1])

    if any(word in ("-h", "--help") for word in argv):
        print(help_text())
        if examples:
            print("\nexamples:", *(f"  {example}" for example in examples), sep="\n")
        sys.stdout.flush()  # here, where a reader that is gone is understood
        raise SystemExit(0)
    filled, said = _said(lambda: run(argv))
    if filled is None:
        complaint = _complaint(said, argv, list(_flags(help_text())))
        raise UserError(complaint if complaint.endswith("?") else f"{complaint}; see {prog} --help")
    return filled


def _said(run: Callable[[], T]) -> tuple[T | None, str]:
    """What tyro returns, or None where it gives up, and what it prints. Into no terminal it draws its boxes with hyphens."""
    with _columns(), contextlib.redirect_stdout(io.StringIO()) as text, contextlib.redirect_stderr(text):
        try:
            return run(), text.getvalue()
        except SystemExit:
            return None, text.getvalue()


def width() -> int:
    """Columns of a text for people: as wide as the terminal, and no wider than is easily read."""
    return min(shutil.get_terminal_size().columns, WIDEST)


@contextlib.contextmanager
def _columns() -> Iterator[None]:
    """A width in which tyro sets one box below the other."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(width())
    try:
        yield
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before


def _plain(help_text: str) -> str:
    """tyro's help with headings in the place of boxes, and the description in lines."""
    lines: list[str] = []
    for line in map(str.rstrip, help_text.splitlines()):
        if not _is_ruler(line):
            lines.append(line)
        elif len(lines) > 1 and not lines[-2]:
            lines[-1] = f"{lines[-1].strip()}:"
    return "\n".join(line if line.startswith(" ") else textwrap.fill(line, width()) for line in lines).rstrip()


def _is_ruler(line: str) -> bool:
    return len(line) > 3 and not line.strip(" -")


def _flags(help_text: str) -> Iterator[str]:
    """The flags that a help text offers: those that begin a line of it, with the other spelling beside them."""
    for line in help_text.splitlines():
        row = line.strip()
        if row.startswith("-"):
            yield from _FLAG.findall(row.partition("  ")[0])


def _complaint(box: str, argv: Sequence[str], known: Sequence[str]) -> str:
    """What was wrong with the arguments, in one line, from the box that tyro draws: title, ruler, what we want, ruler, advice."""
    spellings = {flag.replace("_", "-") for flag in known}
    for word in argv:
        flag = word.partition("=")[0]
        if flag.startswith("--") and flag.replace("_", "-") not in spellings:
            near = _nearest(flag, known)
            return f"unknown flag {flag}; did you mean {' or '.join(near)}?" if near else f"unknown flag {flag}"
    rows = [line.rstrip() for line in box.splitlines()]
    rulers = [i for i, row in enumerate(rows) if _is_ruler(row)]
    rows = rows[rulers[0] + 1 : rulers[1] if len(rulers) > 1 else len(rows)] if rulers else rows
    if rows and rows[0].strip().startswith("Missing from"):
        return "missing: " + ", ".join(row.strip() for row in rows if re.match(r" {6}\S", row))
    text = " ".join(row.strip() for row in rows).strip()
    for pattern, plain in _WORDS:
        text = re.sub(pattern, plain, text)
    return text


_WORDS = (  # tyro's, and ours
    (r"^Error parsing (\S+): invalid literal for int\(\) with base 10: (.*)$", r"\1 takes a whole number, not \2"),
    (r"^Error parsing (\S+): could not convert string to float: (.*)$", r"\1 takes a number, not \2"),
    (r"^Error parsing (\S+): Failed to parse key-value pairs!$", r"\1 takes pairs of a name and a value"),
    (r"^Error parsing (\S+): no type matching (\S+) could be instantiated from \['(.*?)'\]\..*$", r"\1 takes \2, not '\3'"),
    (r"takes FLOAT\b", "takes a number"),
    (r"takes INT\b", "takes a whole number"),
    (r"^Error parsing ", ""),
    (r"^invalid choice (.*) for argument '(\S+)'\. Expected one of \((.*?),?\) ?\.$", r"\2 takes one of \3, not \1"),
    (r"^Missing value for argument '(\S+)'\..*$", r"\1 needs a value"),
    (r"^Unrecognized options: (.*)$", r"unexpected argument \1"),
)


def _nearest(flag: str, known: Sequence[str]) -> list[str]:
    """Up to three known flags that look like this one, whole or without the name of their section."""

    def likeness(name: str) -> float:
        return max(difflib.SequenceMatcher(None, flag, form).ratio() for form in (name, f"--{name.rpartition('.')[2]}"))

    return [name for name in sorted(known, key=likeness, reverse=True)[:3] if likeness(name) >= 0.75]
