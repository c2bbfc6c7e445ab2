"""What was measured along a run: `metrics.jsonl`, and the same numbers for TensorBoard. Called by the run directory."""

from __future__ import annotations

import json
import math
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UserError
from .durable import replace_file

Value = float | int | str | np.generic  # NumPy's scalars are written as Python's
REQUIRED = ("time", "step")  # and one of
COUNTED = ("positions", "env_steps")


class MetricsLog:
    """The rows of a run. Anyone may read while the one writer appends."""

    def __init__(self, path: Path, tensorboard: Path) -> None:
        self.path = path
        self._tensorboard = tensorboard
        self._scalars: Scalars | None = None
        self._purge: int | None = None

    def read(self) -> list[dict[str, Any]]:
        """All rows; a torn last line is not one. Raises UserError for a broken line elsewhere."""
        rows = []
        for number, line in enumerate(self._whole_lines(), 1):
            try:
                row = json.loads(line)
                if not isinstance(row, dict) or _lacking(row):
                    raise ValueError(f"it lacks {_lacking(row)}" if isinstance(row, dict) else "it is no object")
            except ValueError as error:
                raise UserError(f"{self.path}, line {number}: no row of metrics ({error}); remove the line to go on") from error
            rows.append(row)
        return rows

    def append(self, row: Mapping[str, Value]) -> None:
        """Adds a row: `time`, `step`, `positions` or `env_steps`, and more; what is not finite stays out. Raises OSError."""
        if missing := _lacking(row):
            raise ValueError(f"a row of metrics needs {missing}")
        plain = {key: value.item() if isinstance(value, np.generic) else value for key, value in row.items()}
        finite = {key: value for key, value in plain.items() if not (isinstance(value, float) and not math.isfinite(value))}
        self._append_line(json.dumps(finite).encode() + b"\n")
        if self._scalars is None:
            self._scalars = Scalars(self._tensorboard, purge_step=self._purge)
        self._scalars.add(int(finite["step"]), {key: value for key, value in finite.items() if not isinstance(value, str)})

    def cut(self, step: int) -> None:
        """Drops the rows after a restored checkpoint's step, here and for TensorBoard. Raises OSError, and UserError as `read`."""
        self.close()
        self._purge = step + 1
        if self.path.exists():
            rows = [row for row in self.read() if row["step"] <= step]
            replace_file(self.path, b"".join(json.dumps(row).encode() + b"\n" for row in rows))

    def mend(self) -> None:
        """Cuts off a torn last line, so that the next row starts a new one. Raises OSError."""
        if self.path.exists():
            whole = sum(len(line) + 1 for line in self._whole_lines())
            if whole < self.path.stat().st_size:
                os.truncate(self.path, whole)

    def close(self) -> None:
        """Closes the TensorBoard file; the next row opens another."""
        if self._scalars is not None:
            self._scalars.close()
            self._scalars = None

    def _whole_lines(self) -> list[bytes]:
        if not self.path.exists():
            return []
        return self.path.read_bytes().split(b"\n")[:-1]

    def _append_line(self, line: bytes) -> None:
        with self.path.open("ab", buffering=0) as file:
            size = file.tell()
            try:
                while line:  # a full disk writes a part, and then says so
                    line = line[file.write(line) :]
            except OSError:
                file.truncate(size)
                raise


def _lacking(row: Mapping[str, Any]) -> str:
    """What every row must have, and this one has not."""
    missing = [key for key in REQUIRED if key not in row]
    if not any(key in row for key in COUNTED):
        missing.append(" or ".join(COUNTED))
    return ", ".join(missing)


class Scalars:
    """A TensorBoard event file, written in step with the caller, so that a full disk is an OSError here and not a thread's."""

    def __init__(self, folder: Path, *, purge_step: int | None) -> None:
        # Loaded with the first row only: players read run directories too, and need none of it.
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.record_writer import RecordWriter

        self._event, self._summary = Event, Summary
        folder.mkdir(exist_ok=True)
        stamp = f"{time.time():.6f}.{socket.gethostname()}.{os.getpid()}"
        self._file = (folder / f"events.out.tfevents.{stamp}").open("xb", buffering=0)
        self._records = RecordWriter(self._file)
        self._write(Event(wall_time=time.time(), file_version="brain.Event:2"))
        if purge_step is not None:  # TensorBoard then forgets what earlier files hold from this step on
            self._write(Event(wall_time=time.time(), step=purge_step, session_log=SessionLog(status=SessionLog.START)))

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """One point of every curve."""
        tags = [self._summary.Value(tag=tag, simple_value=value) for tag, value in values.items() if tag != "step"]
        self._write(self._event(wall_time=time.time(), step=step, summary=self._summary(value=tags)))

    def close(self) -> None:
        """No more points."""
        self._records.close()

    def _write(self, event: Any) -> None:
        self._records.write(event.SerializeToString())
