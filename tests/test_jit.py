"""Compiled kernels on disk: kept while nothing changes, and never taken from another version of what they call."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import zerodojo
from zerodojo.jit import cache_folder, fingerprint

PACKAGE = Path(zerodojo.__file__).parent


def ask(folder: Path) -> tuple[str, int]:
    """What the kernel says in a process of its own, and how many machine-code files there are then."""
    program = "from rooms.caller import ask; print(ask(2))"
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip(), len(list((folder / "cache").rglob("*.nbc")))


def test_a_change_in_another_file_is_seen(tmp_path):
    room = tmp_path / "rooms"
    room.mkdir()
    (room / "__init__.py").touch()
    decorated = "from zerodojo.jit import compiled\n@compiled(forceinline=True)\n"
    (room / "called.py").write_text(decorated + "def add(x):\n    return x + 1\n")
    (room / "between.py").write_text("from .called import add\n" + decorated + "def twice(x):\n    return add(add(x))\n")
    (room / "caller.py").write_text("from .between import twice\n" + decorated + "def ask(x):\n    return twice(x)\n")
    assert ask(tmp_path) == ("4", 3)
    assert ask(tmp_path) == ("4", 3), "nothing changed, nothing compiled again"
    (room / "called.py").write_text(decorated + "def add(x):\n    return x + 5\n")
    assert ask(tmp_path) == ("12", 6)


def test_a_checkout_keeps_its_kernels_itself(monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    assert cache_folder() == PACKAGE.resolve() / "__pycache__" / "kernels"


def test_a_fingerprint_reaches_what_is_imported_and_no_further(tmp_path):
    room = tmp_path / "room"
    room.mkdir()
    (room / "near.py").write_text("from .far import x\n")
    (room / "far.py").write_text("from . import near, farther\nx = 1\n")
    (room / "farther.py").write_text("z = 1\n")
    (room / "__init__.py").write_text("from . import other\n")
    (room / "other.py").write_text("y = 1\n")
    first = fingerprint.__wrapped__(room / "near.py")
    (room / "other.py").write_text("y = 2\n")
    assert fingerprint.__wrapped__(room / "near.py") == first
    (room / "farther.py").write_text("z = 2\n")
    assert fingerprint.__wrapped__(room / "near.py") != first


def test_where_nothing_can_be_written_kernels_work_all_the_same(tmp_path):
    room = tmp_path / "rooms"
    room.mkdir()
    (room / "__init__.py").touch()
    (room / "caller.py").write_text("from zerodojo.jit import compiled\n@compiled()\ndef ask(x):\n    return x + 2\n")
    (tmp_path / "cache").touch()  # no folder: nothing can be made in it
    assert ask(tmp_path) == ("4", 0)
    assert not list(tmp_path.rglob("*.nbi")), "Numba finds no place of its own either, which would not know what kernels call"


def test_every_kernel_is_compiled_this_way():
    rooms = ("agents", "cli", "distributed", "envs", "evaluation", "models", "search")
    sources = {path: path.read_text() for room in rooms for path in (PACKAGE / room).rglob("*.py")}
    assert any("@compiled" in source for source in sources.values())
    assert not [path for path, source in sources.items() if "njit" in source]
