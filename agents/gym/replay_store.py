"""An agent's replay on disk: segments that are written once, and read again when a run goes on. Called by the training loop.

A segment `replay/<number>.safetensors` holds the transitions from that number on, up to the next segment's. A checkpoint remembers
how many there were; what came after it is cut off when it is restored.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from ...errors import UserError, remedy
from ..checkpoint import Arrays
from ..durable import sync_folder, write_file
from ..parts.replay import Replay

DIGITS = 12


class ReplayStore:
    """The segments of one replay."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written = 0  # transitions that are on disk
        self._kept_for = 0  # total of the checkpoint before the newest, which still needs its transitions

    def flush(self, replay: Replay) -> None:
        """Writes what is not on disk yet, before a checkpoint, and forgets what neither of the last two needs. Raises UserError."""
        first, rows = replay.since(self._written)
        try:
            if replay.total > first:
                self._folder.mkdir(exist_ok=True)
                write_file(self._path(first), save({name: np.ascontiguousarray(array) for name, array in rows.items()}))
                sync_folder(self._folder)
            oldest = self._kept_for - replay.capacity
            segments = self._segments()
            for number, following in pairwise(segments):
                if following <= oldest:
                    self._path(number).unlink(missing_ok=True)
        except OSError as error:
            advice = remedy(error) or "see to the disk"
            raise UserError(
                f"cannot write the replay in {self._folder}: {error.strerror}; {advice}, then go on with --resume"
            ) from error
        self._kept_for, self._written = self._written, replay.total

    def restore(self, replay: Replay, total: int) -> None:
        """Fills an empty replay as it was after `total` transitions, and drops what was written after that. Raises UserError."""
        numbers = self._segments()
        for number in [number for number in numbers if number >= total]:
            self._path(number).unlink()
            numbers.remove(number)
        self._written = self._kept_for = total
        if not total:
            return
        needed = [n for n, after in zip(numbers, [*numbers[1:], total], strict=True) if after > max(0, total - replay.capacity)]
        try:
            parts: list[Arrays] = [load_file(self._path(number)) for number in needed]
            rows = {name: np.concatenate([part[name] for part in parts])[: total - needed[0]] for name in parts[0]}
            replay.restore(needed[0], rows, total)
        except (OSError, SafetensorError, ValueError, KeyError, IndexError) as error:
            raise UserError(
                f"the replay in {self._folder} does not reach back as the checkpoint needs ({error}); "
                "put it back from a copy, or start a new run with --init"
            ) from error

    def read(self) -> tuple[int, Arrays]:
        """All that is on disk: (the number of the first transition, transitions by column); changes nothing. Raises UserError."""
        numbers = self._segments()
        if not numbers:
            raise UserError(f"there is no replay in {self._folder}; take a run of an agent that has one, such as dqn")
        try:
            parts: list[Arrays] = [load_file(self._path(number)) for number in numbers]
            return numbers[0], {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        except (OSError, SafetensorError, ValueError, KeyError) as error:
            raise UserError(f"the replay in {self._folder} cannot be read ({error}); put it back from a copy") from error

    def _segments(self) -> list[int]:
        """The numbers of the segments, ascending."""
        return sorted(int(path.stem) for path in self._folder.glob("*.safetensors")) if self._folder.is_dir() else []

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:0{DIGITS}}.safetensors"
