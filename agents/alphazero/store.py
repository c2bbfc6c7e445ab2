"""Every finished game of a run, written once: append-only segments in `games/`. The training loop writes; resume and tools read.

A segment is one safetensors file of the columns of `GameRecords`. A cursor says how far a checkpoint's games go: segments after it
were written by a process that died before its next checkpoint, and are cut.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ...envs import Game
from ...errors import UserError, remedy
from ..durable import replace_file, sync_folder
from ..variants import difference, is_variant
from .records import GameRecords

FORMAT = 1
SUFFIX = ".safetensors"


class Cursor(NamedTuple):
    """How far the store goes; JSON holds it as a list, `Cursor(*list)`."""

    segments: int
    games: int
    positions: int  # searched plies


class GameStore:
    """The games of one run, in the order they came."""

    def __init__(self, folder: str | Path, game: Game) -> None:
        """The store in a folder, which need not exist yet. Raises UserError naming a segment that is torn or foreign."""
        self._folder = Path(folder)
        self._game = game
        self._buffer: list[GameRecords] = []
        self._taken: set[int] = set()  # the numbers of the games in the buffer
        self._segments: list[Cursor] = []  # after each segment
        self._numbers = np.empty(0, np.int64)  # of all games, ascending
        paths = sorted(self._folder.glob(f"[0-9]*{SUFFIX}")) if self._folder.is_dir() else []
        for index, path in enumerate(paths, 1):
            if path != self._path(index):
                raise UserError(f"{self._path(index)} is missing, though {path.name} is there; put it back from a copy")
            numbers, positions = self._head(path)
            self._grow(numbers, positions)

    @property
    def cursor(self) -> Cursor:
        """How far the segments on disk go."""
        return self._segments[-1] if self._segments else Cursor(0, 0, 0)

    def append(self, records: GameRecords) -> None:
        """Takes games to be written by the next `flush`. Raises ValueError for a number that was stored or taken before."""
        stored = np.searchsorted(self._numbers, records.number, side="right") > np.searchsorted(self._numbers, records.number)
        taken = set(self._taken)
        for number, is_stored in zip(records.number.tolist(), stored, strict=True):
            if is_stored or number in taken:
                raise ValueError(f"game {number} is stored already")
            taken.add(number)
        if len(records):
            self._buffer.append(records)
            self._taken = taken

    def flush(self) -> Cursor:
        """Writes the games taken since the last time as one segment, whole or not at all, and says how far the store goes now.

        Raises UserError when the disk refuses; the games are kept for another try.
        """
        if self._buffer:
            records = GameRecords.concatenate(self._buffer)
            path = self._path(self.cursor.segments + 1)
            columns = {name: np.ascontiguousarray(column) for name, column in records.columns().items()}
            about = {
                "format": str(FORMAT),
                "game": self._game.spec.name,
                "options": json.dumps(dict(self._game.spec.options), sort_keys=True),
                "positions": str(records.positions),
                "crc32": str(_checksum(columns)),
            }
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                replace_file(path, save(columns, about))
            except OSError as error:
                advice = remedy(error) or "see to the disk"
                raise UserError(
                    f"cannot write games to {path}: {error.strerror}; what was saved before is intact; "
                    f"{advice}, then go on with --resume"
                ) from error
            self._grow(records.number, records.positions)
            self._forget_buffer()
        return self.cursor

    def cut(self, cursor: Cursor) -> None:
        """Goes back to a cursor: later segments, and games not flushed, are gone. Raises UserError if the store is behind it."""
        self._require(cursor)
        try:
            for index in range(self.cursor.segments, cursor.segments, -1):  # the last first: no gap, whenever we die
                self._path(index).unlink()
            if self._folder.is_dir():
                for torn in self._folder.glob(f".tmp-*{SUFFIX}"):
                    torn.unlink()
                sync_folder(self._folder)
        except OSError as error:
            raise UserError(f"cannot cut the games in {self._folder}: {error.strerror}") from error
        del self._segments[cursor.segments :]
        self._forget_buffer()
        parts = [self._head(self._path(index))[0] for index in range(1, cursor.segments + 1)]
        self._numbers = np.sort(np.concatenate([np.empty(0, np.int64), *parts]))

    def read_backwards(self, cursor: Cursor) -> Iterator[GameRecords]:
        """The segments up to a cursor, the newest first. Raises UserError naming one that is torn or foreign."""
        self._require(cursor)
        for index in range(cursor.segments, 0, -1):
            yield self._read(self._path(index))

    def tail(self, cursor: Cursor, positions: int) -> list[GameRecords]:
        """The newest segments up to a cursor that hold so many searched positions together (or all), in the order they came.

        Raises UserError naming a segment that is torn or foreign.
        """
        parts: list[GameRecords] = []
        held = 0
        newest_first = self.read_backwards(cursor)
        while held < positions and (part := next(newest_first, None)) is not None:
            parts.insert(0, part)
            held += part.positions
        return parts

    def _forget_buffer(self) -> None:
        self._buffer, self._taken = [], set()

    def _path(self, index: int) -> Path:
        return self._folder / f"{index:08d}{SUFFIX}"

    def _grow(self, numbers: NDArray[np.int64], positions: int) -> None:
        segments, games, before = self.cursor
        self._segments.append(Cursor(segments + 1, games + len(numbers), before + positions))
        self._numbers = np.sort(np.concatenate([self._numbers, numbers]), kind="stable")

    def _require(self, cursor: Cursor) -> None:
        there = self._segments[cursor.segments - 1] if 0 < cursor.segments <= len(self._segments) else Cursor(0, 0, 0)
        if there != cursor:
            raise UserError(
                f"{self._folder} does not hold the games of the checkpoint ({cursor.games} in {cursor.segments} segments); "
                "put it back from a copy, or start a new run with --init"
            )

    def _head(self, path: Path) -> tuple[NDArray[np.int64], int]:
        """The game numbers of a segment and its positions, without the rest of it."""
        try:
            with safe_open(path, framework="np") as file:
                about = self._about(path, file.metadata())
                return np.array(file.get_tensor("number")), int(about["positions"])
        except (SafetensorError, OSError, ValueError) as error:
            raise _torn(path, error) from error

    def _read(self, path: Path) -> GameRecords:
        try:
            with safe_open(path, framework="np") as file:
                about = self._about(path, file.metadata())
                columns = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dictionary
            records = GameRecords(**columns)
        except (SafetensorError, OSError, ValueError, TypeError) as error:
            raise _torn(path, error) from error
        if _checksum(records.columns()) != int(about["crc32"]):
            raise _torn(path, ValueError("the checksum differs"))
        return records

    def _about(self, path: Path, about: dict[str, str] | None) -> dict[str, str]:
        """A segment's metadata. Raises UserError if it is no segment of this game and format."""
        if about is None or not {"format", "game", "options", "positions", "crc32"} <= about.keys():
            raise UserError(f"{path} is no segment of games; move it away")
        if int(about["format"]) > FORMAT:
            raise UserError(f"{path} is from a newer zerodojo (format {about['format']}); upgrade this one")
        name, options = about["game"], json.loads(about["options"])
        if not is_variant(self._game, name, options):
            theirs, ours = difference(self._game, name, options)
            raise UserError(f"{path} holds games of {theirs}, not of {ours}; move it away")
        return about


def _checksum(columns: dict[str, NDArray[np.generic]]) -> int:
    total = 0
    for column in columns.values():
        total = zlib.crc32(column.tobytes(), total)
    return total


def _torn(path: Path, error: Exception) -> UserError:
    return UserError(f"{path} is torn or no segment of games ({error}); put it back from a copy, or start a new run with --init")
