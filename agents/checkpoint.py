"""Checkpoints on disk: each a folder that appears whole or not at all, checked by its manifest. Called by the run directory.

`<step>/weights.safetensors` is what plays. `learner.safetensors` and `state.json` are what training goes on from, kept for the last
two. `manifest.json` names the files with size and SHA-256; a file that it does not name is on its way out.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from ..errors import UserError, remedy
from ..models.former_names import current_name
from .durable import replace_file, sync_folder, write_file

FORMAT = 1
WEIGHTS, LEARNER, STATE, MANIFEST = "weights.safetensors", "learner.safetensors", "state.json", "manifest.json"
FULL_CHECKPOINTS = 2  # the newest ones, with all that training goes on from: one may break

Arrays = dict[str, NDArray[Any]]

logger = logging.getLogger("zerodojo")


@dataclass(frozen=True, kw_only=True, eq=False)
class Checkpoint:
    """A run at one learner step. `learner` and `state` are None where only the weights were kept."""

    step: int
    weights: Arrays  # what plays (the averaged weights)
    learner: Arrays | None = None  # raw weights, optimizer moments, under flat names
    state: dict[str, Any] | None = None  # JSON values: counters, and the cursor of the game store


class BrokenCheckpointError(Exception):
    """A checkpoint that is not what was written; the message says how."""


class CheckpointFolder:
    """All checkpoints of a run. Reading needs no lock; `write` and `mend` are for the one writer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def steps(self) -> list[int]:
        """The steps that have a checkpoint, ascending."""
        if not self.folder.is_dir():
            return []
        return sorted(int(entry.name) for entry in self.folder.iterdir() if entry.name.isdecimal())

    def read(self, step: int, *, only_weights: bool = False) -> Checkpoint:
        """The checkpoint of one step, checked against its manifest. Raises BrokenCheckpointError; UserError: of a newer version."""
        while True:
            manifest = self._manifest(step)
            try:
                return self._read(step, self._files(step, manifest), only_weights)
            except BrokenCheckpointError:
                if self._manifest(step) == manifest:  # else the writer thinned or replaced it meanwhile
                    raise

    def newest(self, *, only_weights: bool = False, warn: bool = True) -> Checkpoint:
        """The newest checkpoint that is whole, with the full state unless only weights are asked for; broken ones are warned of.

        Raises UserError when there is none, or one of a newer version.
        """
        broken: dict[int, str] = {}
        while steps := [step for step in self.steps() if step not in broken]:
            step = steps[-1]
            try:
                checkpoint = self.read(step, only_weights=only_weights)
            except BrokenCheckpointError as error:
                broken[step] = str(error)
                continue
            if not only_weights and checkpoint.state is None:
                raise UserError(
                    f"no checkpoint in {self.folder} with the full state is whole, only weights (step {step}); "
                    "start a new run from them with --init"
                )
            for passed, why in broken.items():
                if warn and (self.folder / str(passed)).exists():  # else thinned while it was read
                    logger.warning("checkpoint %s is broken (%s); taking the one before", self.folder / str(passed), why)
            return checkpoint
        if broken:
            raise UserError(
                f"no checkpoint in {self.folder} is whole: {', '.join(f'{s} ({e})' for s, e in broken.items())}; "
                "put one back from a copy, or start a new run"
            )
        raise UserError(f"{self.folder.parent} has no checkpoint yet")

    def write(self, checkpoint: Checkpoint, *, keep_every: int) -> None:
        """Writes a checkpoint, then drops what is no longer wanted: later ones (of a line that was left), and by thinning.

        The weights of the first checkpoint in every span of `keep_every` steps stay for good. Raises UserError when the disk
        refuses; the checkpoints before stay as they were.
        """
        step = checkpoint.step
        files = {WEIGHTS: _pack(checkpoint.weights)}
        if checkpoint.learner is not None:
            files[LEARNER] = _pack(checkpoint.learner)
        if checkpoint.state is not None:
            files[STATE] = json.dumps(checkpoint.state).encode()
        entries = {name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in files.items()}
        files[MANIFEST] = _manifest_bytes(step, entries)
        beside = self.folder / f".tmp-{step}-{os.getpid()}"
        try:
            beside.mkdir(parents=True)
            for name, data in files.items():
                write_file(beside / name, data)
            sync_folder(beside)
            self._put(beside, step)
            for later in [other for other in self.steps() if other > step]:
                self._remove(later)
            self._thin(keep_every)
        except OSError as error:
            shutil.rmtree(beside, ignore_errors=True)
            before = self.steps()
            intact = f"the one at step {before[-1]} is intact" if before else "there is none before it"
            advice = remedy(error) or "see to the disk"
            raise UserError(
                f"cannot write the checkpoint of step {step} in {self.folder}: {error.strerror}; {intact}; "
                f"{advice}, then go on with --resume"
            ) from error

    def keep_only(self, step: int) -> None:
        """Drops all checkpoints but one. Raises OSError."""
        for other in self.steps():
            if other != step:
                self._remove(other)

    def mend(self) -> None:
        """Clears away what a writer that was killed left behind. Raises OSError; UserError: a checkpoint of a newer version."""
        if not self.folder.is_dir():
            return
        for entry in sorted(self.folder.iterdir()):
            if entry.name.startswith(".old-"):
                home = self.folder / entry.name.removeprefix(".old-")
                if home.exists():
                    shutil.rmtree(entry)
                else:
                    entry.rename(home)
            elif entry.name.startswith(".tmp-"):
                shutil.rmtree(entry)
        for step in self.steps():
            try:
                wanted = self._files(step, self._manifest(step))
            except BrokenCheckpointError:
                continue  # said by whoever wants to read it
            for entry in (self.folder / str(step)).iterdir():
                if entry.name not in wanted and entry.name != MANIFEST:
                    entry.unlink()

    def _put(self, beside: Path, step: int) -> None:
        """Gives a finished folder its name; one that stood there makes room first, and `mend` brings it back if we die between."""
        home, old = self.folder / str(step), self.folder / f".old-{step}"
        if home.exists():
            home.rename(old)
        beside.rename(home)
        sync_folder(self.folder)
        if old.exists():
            shutil.rmtree(old)

    def _thin(self, keep_every: int) -> None:
        steps, spans = self.steps(), set()
        for step in steps[:-FULL_CHECKPOINTS]:
            span = step // max(1, keep_every)
            if span in spans or not step:  # at step 0 nothing is learned that anybody would come back to
                self._remove(step)
            else:
                self._strip(step)
            if step:
                spans.add(span)

    def _strip(self, step: int) -> None:
        """Leaves only the weights: first the manifest forgets the other files, then they go."""
        folder = self.folder / str(step)
        try:
            files = self._files(step, self._manifest(step))
        except BrokenCheckpointError:
            return  # as it is; whoever wants to read it is told
        if set(files) - {WEIGHTS}:
            replace_file(folder / MANIFEST, _manifest_bytes(step, {WEIGHTS: files[WEIGHTS]}))
        for name in (LEARNER, STATE):
            (folder / name).unlink(missing_ok=True)

    def _remove(self, step: int) -> None:
        """Takes the checkpoint's name away at once, so that nobody sees half of it, and then its files."""
        gone = self.folder / f".tmp-gone-{step}"
        (self.folder / str(step)).rename(gone)
        shutil.rmtree(gone)

    def _manifest(self, step: int) -> bytes:
        try:
            return (self.folder / str(step) / MANIFEST).read_bytes()
        except FileNotFoundError as error:
            raise BrokenCheckpointError(f"{MANIFEST} is missing") from error

    def _files(self, step: int, manifest: bytes) -> dict[str, Any]:
        """What a manifest names: file -> size and sha256. Raises BrokenCheckpointError; UserError: of a newer version."""
        try:
            data = json.loads(manifest)
            if data["format"] > FORMAT:
                raise UserError(
                    f"{self.folder / str(step)} was written by a newer zerodojo (format {data['format']}); "
                    f"this one reads format {FORMAT}: upgrade it"
                )
            files: dict[str, Any] = {name: {"size": e["size"], "sha256": e["sha256"]} for name, e in data["files"].items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BrokenCheckpointError(f"{MANIFEST} is unreadable") from error
        if WEIGHTS not in files:
            raise BrokenCheckpointError(f"{MANIFEST} names no {WEIGHTS}")
        return files

    def _read(self, step: int, files: dict[str, Any], only_weights: bool) -> Checkpoint:
        wanted = (WEIGHTS,) if only_weights else (WEIGHTS, LEARNER, STATE)
        data = {name: self._checked(step, name, files[name]) for name in wanted if name in files}
        try:
            return Checkpoint(
                step=step,
                weights=_unpack(data[WEIGHTS]),
                learner=_unpack(data[LEARNER]) if LEARNER in data else None,
                state=json.loads(data[STATE]) if STATE in data else None,
            )
        except (SafetensorError, ValueError) as error:
            raise BrokenCheckpointError(str(error)) from error

    def _checked(self, step: int, name: str, entry: dict[str, Any]) -> bytes:
        try:
            data = (self.folder / str(step) / name).read_bytes()
        except FileNotFoundError as error:
            raise BrokenCheckpointError(f"{name} is missing") from error
        if len(data) != entry["size"]:
            raise BrokenCheckpointError(f"{name} has {len(data)} of {entry['size']} bytes")
        if hashlib.sha256(data).hexdigest() != entry["sha256"]:
            raise BrokenCheckpointError(f"{name} is not what was written")
        return data


def _manifest_bytes(step: int, entries: dict[str, Any]) -> bytes:
    return json.dumps({"format": FORMAT, "step": step, "files": entries}, indent=1).encode()


def _pack(arrays: Arrays) -> bytes:
    return save({name: np.asarray(array, order="C") for name, array in arrays.items()})


def _unpack(data: bytes) -> Arrays:
    return {current_name(name): np.array(array) for name, array in load(data).items()}  # a copy: the file's bytes are read-only
