"""How kernels are compiled and kept on disk. Every module that has kernels takes its decorator from here.

Numba keeps a compiled function until the file it stands in changes, and does not see a change in what that function calls. The
compiled kernels of a module therefore lie in a folder named after the content of the module and of all that it imports from this
package: an upgrade or an edit never meets machine code of another version.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any

# Before Numba is imported: where colorama is installed, it writes an escape sequence to the terminal as the program ends.
os.environ.setdefault("NUMBA_DISABLE_ERROR_MESSAGE_HIGHLIGHTING", "1")

from numba import config, njit
from numba.core import event

RELATIVE_IMPORT = re.compile(r"^\s*from (\.+)([\w.]*) import (\(?[\w, ]*)", re.MULTILINE)


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """A decorator: `numba.njit` without the interpreter lock, kept on disk where that can be, with more options of Numba's."""

    def decorate(function: Callable[..., Any]) -> Any:
        folder, named = cache_folder(), config.CACHE_DIR
        kept = is_writable(folder)
        config.CACHE_DIR = str(folder / fingerprint(Path(function.__code__.co_filename)))
        try:
            return njit(cache=kept, nogil=True, **options)(function)
        finally:
            config.CACHE_DIR = named

    return decorate


def cache_folder() -> Path:
    """Where compiled kernels lie: NUMBA_CACHE_DIR, else in a checkout the package's own folder, else the user's cache.

    Where the package is installed nothing is put beside it: no installer would take that away again, and a folder of the package's
    name that is left behind hides the package wherever it is installed next.
    """
    if named := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(named)
    package = Path(__file__).resolve().parent
    if (package / "pyproject.toml").is_file() and os.access(package, os.W_OK):
        return package / "__pycache__" / "kernels"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "zerodojo" / "kernels"


@cache
def is_writable(folder: Path) -> bool:
    """Whether files can be made in a folder, which is made if need be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def when_compiling(tell: Callable[[], None]) -> AbstractContextManager[None]:
    """Within the block `tell` is called before the first kernel that has to be compiled, in the thread that waits for it."""
    installed: AbstractContextManager[None] = event.install_listener("numba:compile", _Once(tell))
    return installed


class _Once(event.Listener):  # type: ignore[misc]  # Numba's classes are untyped
    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell: Callable[[], None] | None = tell

    def on_start(self, event: Any) -> None:
        if tell := self._tell:
            self._tell = None
            tell()

    def on_end(self, event: Any) -> None:
        """The rest is of no interest."""


@cache
def fingerprint(file: Path) -> str:
    """A name for the content of a module and of every module that it imports relatively, however indirectly."""
    found = hashlib.blake2b(digest_size=8)
    for path in sorted(_sources(file, set())):
        found.update(path.read_bytes())
    return found.hexdigest()


def _sources(file: Path, known: set[Path]) -> set[Path]:
    known.add(file)
    for path in _imported(file):
        if path.name == "__init__.py":  # a room's front door leads to all that is in it: its own text is enough
            known.add(path)
        elif path not in known:
            _sources(path, known)
    return known


def _imported(file: Path) -> Iterator[Path]:
    for dots, module, names in RELATIVE_IMPORT.findall(file.read_text(encoding="utf-8")):
        folder = file.parents[len(dots) - 1].joinpath(*module.split("."))
        if folder.is_dir():
            yield folder / "__init__.py"
            yield from filter(Path.is_file, (folder / f"{name}.py" for name in re.findall(r"\w+", names)))
        else:
            yield folder.with_suffix(".py")
