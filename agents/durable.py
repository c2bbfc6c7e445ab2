"""Files that appear whole or not at all: written beside, flushed, renamed. Called by the run directory and the game store."""

from __future__ import annotations

import os
from pathlib import Path


def write_file(path: Path, data: bytes) -> None:
    """Writes a new file and waits until the disk has it. A failure leaves nothing behind. Raises OSError."""
    try:
        with path.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise


def replace_file(path: Path, data: bytes) -> None:
    """Writes a file or replaces the one there; a reader sees the old one or the new one, never a part. Raises OSError."""
    beside = path.with_name(f".tmp-{path.name}")
    write_file(beside, data)
    beside.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Waits until the disk has the folder's entries: what was renamed into it stays there through a power cut. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
