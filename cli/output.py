"""Where what was measured goes: a table for people, JSON for programs. Called by `evaluate`, `bench` and the benchmarks."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import UserError

STANDARD_OUTPUT = "-"


def check_target(target: str) -> None:
    """Raises UserError, before hours of measuring, if a result could not be written there in the end. Empty: nowhere."""
    if target in ("", STANDARD_OUTPUT):
        return
    try:
        new = not Path(target).exists()
        Path(target).open("ab").close()
        if new:
            Path(target).unlink()
    except OSError as error:
        raise UserError(
            f"cannot write {target}: {(error.strerror or 'refused').lower()}; "
            "name a file in a folder that is there, or - for the terminal"
        ) from error


def make_folder(folder: str) -> None:
    """Makes a folder that files are written into. Raises UserError, before anything runs, if they could not be."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise UserError(f"cannot write to {folder}: {(error.strerror or 'refused').lower()}; name another directory") from error


def add_target(parser: argparse.ArgumentParser) -> None:
    """The flag --json of a benchmark, refused at once where nothing could be written."""
    text = "write the numbers there; - prints them instead of the table"
    parser.add_argument("--json", metavar="PATH", default="", type=_target, help=text)


def filled(sentence: str) -> str:
    """A sentence in lines that end between words, where a terminal shows it; commands stay whole, so that they can be copied."""
    return textwrap.fill(sentence, shutil.get_terminal_size().columns) if sys.stdout.isatty() else sentence


def _target(text: str) -> str:
    try:
        check_target(text)
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def tell(numbers: Mapping[str, Any], text: str, *, target: str) -> None:
    """Prints the text, and writes the numbers as JSON into the file `target` if it names one; - prints the JSON in its place."""
    written = json.dumps(numbers, indent=2) + "\n"
    sys.stdout.write(written if target == STANDARD_OUTPUT else text.rstrip("\n") + "\n")
    sys.stdout.flush()  # what took so long to find is seen before a disk can refuse it
    if target not in ("", STANDARD_OUTPUT):
        Path(target).write_text(written, encoding="utf-8")
