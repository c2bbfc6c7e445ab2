"""Where what was measured goes: a table for people, JSON for programs. Called by `evaluate`, `bench` and the benchmarks."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import UserError

STANDARD_OUTPUT = "-"


def check_target(target: str) -> None:
    """Raises UserError, before hours of measuring, if a result could not be written there in the end. Empty: nowhere."""
    if target not in ("", STANDARD_OUTPUT) and (Path(target).is_dir() or not Path(target).absolute().parent.is_dir()):
        raise UserError(
            f"cannot write {target}: its folder is missing, or it is a folder itself; name a file, or - for the terminal"
        )


def add_target(parser: argparse.ArgumentParser) -> None:
    """The flag --json of a benchmark, refused at once where nothing could be written."""
    text = "write the numbers there; - prints them instead of the table"
    parser.add_argument("--json", metavar="PATH", default="", type=_target, help=text)


def _target(text: str) -> str:
    try:
        check_target(text)
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def tell(numbers: Mapping[str, Any], text: str, *, target: str) -> None:
    """Prints the text, and writes the numbers as JSON into the file `target` if it names one; - prints the JSON in its place."""
    written = json.dumps(numbers, indent=2) + "\n"
    if target not in ("", STANDARD_OUTPUT):
        Path(target).write_text(written, encoding="utf-8")
    sys.stdout.write(written if target == STANDARD_OUTPUT else text.rstrip("\n") + "\n")
