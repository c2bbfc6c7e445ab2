"""The run directory: everything a training run is, and nothing else anywhere. Training writes it; others read.

config.json       the whole configuration, resolved
metrics.jsonl     what was measured along the way; tensorboard/ holds the same numbers
games/            every finished game (`alphazero.store`)
checkpoints/      `<step>/`: weights, learner, counters (`checkpoint`)
best/             of a run in an environment: the weights that scored best along the way
replay/           what an agent of environments remembers (`gym.replay_store`)
league/           its earlier selves, where it plays against them (`gym.league`)
lock              held by the process that writes
nonfinite-STEP.safetensors    the batch of a loss that was not finite, where there was one
environment-STEP.safetensors    what led to the failure of an environment, or to what is no number, where there was one
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import shutil
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from ..errors import UserError, remedy
from .alphazero.config import AlphaZeroConfig
from .checkpoint import Arrays, BrokenCheckpointError, Checkpoint, CheckpointFolder
from .config_io import changed, from_json, lacking, to_json, value_at
from .durable import replace_file
from .metrics import MetricsLog, Value
from .registry import AGENTS, Config, agent_of, config_class, task_of
from .variants import with_resolved_options

FORMAT = 1

# What a run cannot change when it goes on, and why: whole sections, or single fields by their path. Everything else (search,
# self-play, replay, learner, run) says how the next games are made and learned from, and may change: the network then goes on
# learning the same thing in another way.
FIXED = {
    "game": "its weights and games belong to one game",
    "options": "its weights and games belong to one variant of the game",
    "seed": "with the game's number it keys the randomness of every game, those already played included",
    "network": "its weights would not fit",
    "learner.optimizer": "its saved momentum belongs to one optimiser",
}


C = TypeVar("C", bound=Config)


class RunDirectory(Generic[C]):
    """A run on disk. Opening one is always allowed; writing (`save`, `metrics`, ...) happens inside `with run.locked()`."""

    def __init__(self, path: Path, config: C, *, origins: Mapping[str, str] | None = None, lacking: Sequence[str] = ()) -> None:
        self.path = path
        self.config = config
        self._lacking = lacking  # settings that are newer than the run's file
        self.origins = dict(origins or {})  # of the environment, when the run was made (`gym.origins`)
        self._checkpoints = CheckpointFolder(path / "checkpoints")
        self._best = CheckpointFolder(path / "best")
        self._metrics = MetricsLog(path / "metrics.jsonl", path / "tensorboard")
        self._is_locked = False

    # Coming by a run ---------------------------------------------------------------------------------------------------------

    @staticmethod
    def exists(path: str | Path) -> bool:
        """Whether a run was created here."""
        return (Path(path) / "config.json").exists()

    @classmethod
    def create(cls, path: str | Path, config: C, *, origins: Mapping[str, str] | None = None) -> RunDirectory[C]:
        """A new run; one in an environment notes its origins. Raises UserError if something is there, or if the disk refuses."""
        path = Path(path)
        run: RunDirectory[C] = cls(path, config, origins=origins)
        with _writing(path):
            if path.exists() and not path.is_dir():
                raise UserError(f"{path} is a file; choose another --run")
            path.mkdir(parents=True, exist_ok=True)
            if not cls.exists(path) and {entry.name for entry in path.iterdir()} - {"lock", ".tmp-config.json"}:
                raise UserError(f"{path} holds something that is no run, and nothing is overwritten; choose another --run")
        if cls.exists(path):
            raise _occupied(path, config)
        with run.locked():
            if cls.exists(path):  # another process was faster
                raise _occupied(path, config)
            run.set_config(config)
        return run

    @classmethod
    def open(cls, path: str | Path) -> RunDirectory[AlphaZeroConfig]:
        """The run of a game at a path. Raises UserError as `open_any`, and for a run in an environment."""
        run = cls.open_any(path)
        if not isinstance(run.config, AlphaZeroConfig):
            raise UserError(f"{path} learns in the environment {run.config.task}, not a game; choose the run of a game")
        return cast(RunDirectory[AlphaZeroConfig], run)

    @classmethod
    def open_any(cls, path: str | Path) -> RunDirectory[Any]:
        """The run at a path, also while it trains. Raises UserError: missing, not a run, from a newer version, half written."""
        path = Path(path)
        file = path / "config.json"
        if not path.exists():
            raise UserError(f"there is no run at {path}; `zerodojo train` makes one with --run {path}")
        if not path.is_dir() or not file.exists():
            raise UserError(f"{path} is not a run (it has no config.json); name a folder that `zerodojo train` made")
        try:
            data = json.loads(file.read_bytes())
            number, written_by = data["format"], data["zerodojo"]
            if not isinstance(number, int) or number > FORMAT:
                raise UserError(
                    f"{path} is from a newer zerodojo ({written_by}, format {number}); this one reads format {FORMAT}: upgrade it"
                )
            agent, config, origins = data["agent"], data["config"], dict(data.get("environment", {}))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{file} is unreadable or half written ({error}); put it back from a copy or choose another run"
            ) from error
        try:
            read = from_json(config_class(str(agent)), config)
            return RunDirectory(path, read, origins=origins, lacking=lacking(config, read))
        except UserError as error:
            raise UserError(f"{file} (written by zerodojo {written_by}): {error}") from error

    @classmethod
    def at(cls, spec: str) -> tuple[RunDirectory[AlphaZeroConfig], int | None]:
        """The run and step that `runs/x`, `runs/x@12000` or `runs/x@latest` names; None is the newest. Raises UserError."""
        path, _, step = spec.rpartition("@")
        if not path or Path(spec).exists():
            return cls.open(spec), None
        if step != "latest" and not step.isdecimal():
            raise UserError(f"{spec!r}: after the @ comes a step or `latest`")
        return cls.open(path), None if step == "latest" else int(step)

    # Reading -----------------------------------------------------------------------------------------------------------------

    @property
    def games(self) -> Path:
        """The folder of the game store."""
        return self.path / "games"

    def steps(self) -> list[int]:
        """The learner steps that have a checkpoint, ascending."""
        return self._checkpoints.steps()

    def load(self, step: int | None = None, *, warn: bool = True) -> Checkpoint:
        """The checkpoint of a step, or the newest whole one with its full state (a broken one is passed over, and warned of).

        An older step may hold its weights alone. Raises UserError: no such step (the nearest are named), broken, none whole.
        """
        return self._checkpoints.newest(warn=warn) if step is None else self._read(step, only_weights=False)

    def weights(self, step: int | None = None) -> tuple[int, Arrays]:
        """What plays: (step, weights by name), of a step or the newest whole checkpoint. Raises UserError as `load`, and where
        nothing was learned yet."""
        if step is None and not self.steps():
            raise UserError(f"{self.path} has no checkpoint yet; {self.until_it_has}")
        checkpoint = self._checkpoints.newest(only_weights=True) if step is None else self._read(step, only_weights=True)
        if not checkpoint.step:
            raise UserError(f"{self.path} holds first games and has learned nothing of them yet; {self.until_it_has}")
        return checkpoint.step, checkpoint.weights

    def best_weights(self) -> tuple[int, Arrays]:
        """The weights that scored best along the way: (step, weights by name). Raises UserError where nothing was measured yet."""
        if not self._best.steps():
            raise UserError(
                f"{self.path} has no best checkpoint yet; it is kept when training first measures: take {self.path}@latest"
            )
        checkpoint = self._best.newest(only_weights=True)
        return checkpoint.step, checkpoint.weights

    @property
    def until_it_has(self) -> str:
        """What to do about a run that has learned nothing yet, whether a process trains it now or not."""
        again = shlex.join(["zerodojo", "train", task_of(self.config), "--run", str(self.path), "--resume"])
        return f"if it trains now, wait some minutes; if not, go on with `{again}`"

    def read_metrics(self) -> list[dict[str, Any]]:
        """The rows measured so far; a torn last line is ignored. Raises UserError for a broken line elsewhere."""
        return self._metrics.read()

    def newer_settings(self) -> str:
        """A sentence on settings that came after the run was made, and so may be others than those it learned with; else empty.

        They are no reason for another format: a run without them can be read, and its next configuration names them.
        """
        if not self._lacking:
            return ""
        taken = ", ".join(f"{path} {value_at(self.config, path)!r}" for path in self._lacking)
        return f"this run is older than some settings, and goes on with {taken}; name another where it learned with one"

    def disk_used(self) -> int:
        """Bytes of all files of the run."""
        total = 0
        for folder, _, names in os.walk(self.path):
            for name in names:
                try:
                    total += (Path(folder) / name).stat().st_size
                except FileNotFoundError:
                    continue  # thinned meanwhile
        return total

    # Writing -----------------------------------------------------------------------------------------------------------------

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Makes this process the run's one writer, and clears away what a killed one left behind.

        The lock is the operating system's and ends with the process. Raises UserError naming the process that holds it.
        """
        with _writing(self.path):
            descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            with _writing(self.path):
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError as error:
                    raise UserError(_held(self.path, os.pread(descriptor, 1000, 0).decode())) from error
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"{os.getpid()} {socket.gethostname()}\n".encode(), 0)
                self._checkpoints.mend()
                self._metrics.mend()
            self._is_locked = True
            yield
        finally:
            self._is_locked = False
            self._metrics.close()
            os.close(descriptor)

    def set_config(self, config: C) -> None:
        """Makes this the run's configuration (on resume: what `check_resume` let pass). Raises UserError when the disk refuses."""
        self._require_lock()
        data: dict[str, Any] = {"format": FORMAT, "zerodojo": version("zerodojo")}
        if self.origins:
            data["environment"] = self.origins
        data |= {"agent": agent_of(config), "config": to_json(config)}
        with _writing(self.path):
            replace_file(self.path / "config.json", json.dumps(data, indent=2).encode() + b"\n")
        self.config = config

    def withdraw(self) -> None:
        """Removes a run that nothing has come of, neither a checkpoint nor games nor anything else; any other stays as it is."""
        self._require_lock()
        files = [path for path in self.path.rglob("*") if not path.is_dir()]
        if all(path.parent == self.path and path.name in ("config.json", "lock") for path in files):
            shutil.rmtree(self.path, ignore_errors=True)

    def save(self, checkpoint: Checkpoint) -> None:
        """Adds a checkpoint, whole or not at all, and thins the older ones (`CheckpointFolder.write`).

        Checkpoints after its step are of a line that was left when an earlier one was restored, and go. Raises UserError when the
        disk refuses.
        """
        self._require_lock()
        self._checkpoints.write(checkpoint, keep_every=self.config.run.keep_every)

    def save_best(self, checkpoint: Checkpoint) -> None:
        """Keeps these weights as the best so far, in place of the last ones. Raises UserError when the disk refuses."""
        self._require_lock()
        self._best.write(checkpoint, keep_every=1)
        self._best.keep_only(checkpoint.step)

    def cut_best(self, step: int) -> None:
        """Forgets best weights of a later step than that of a restored checkpoint. Raises UserError when the disk refuses."""
        self._require_lock()
        with _writing(self.path):
            self._best.keep_only(max([best for best in self._best.steps() if best <= step], default=-1))

    def metrics(self, row: Mapping[str, Value]) -> None:
        """Adds a row: `time`, `step`, `positions` or `env_steps`, and what was measured. Raises UserError when the disk refuses."""
        self._require_lock()
        with _writing(self.path):
            self._metrics.append(row)

    def cut_metrics(self, step: int) -> None:
        """Drops the rows after the step of a restored checkpoint; -1 drops all. Raises UserError when the disk refuses."""
        self._require_lock()
        with _writing(self.path):
            self._metrics.cut(step)

    def _read(self, step: int, *, only_weights: bool) -> Checkpoint:
        steps = self.steps()
        if step not in steps:
            near = ", ".join(map(str, sorted(sorted(steps, key=lambda other: abs(other - step))[:3]))) or "none yet"
            newest = f"; newest: {steps[-1]}" if steps else ""
            raise UserError(f"{self.path} has no checkpoint of step {step}; nearest: {near}{newest}")
        try:
            return self._checkpoints.read(step, only_weights=only_weights)
        except BrokenCheckpointError as error:
            raise UserError(
                f"checkpoint {step} of {self.path} is broken ({error}); take another step or {self.path}@latest"
            ) from error

    def _require_lock(self) -> None:
        if not self._is_locked:
            raise RuntimeError(f"writing to {self.path} needs `with run.locked()`")


GameRun = RunDirectory[AlphaZeroConfig]


def check_resume(saved: AlphaZeroConfig, asked: AlphaZeroConfig) -> AlphaZeroConfig:
    """The configuration a run goes on with: the one asked for, its game's options resolved, if it differs only in what may change.

    Raises UserError naming a field of `FIXED` that differs, both values, and the way out.
    """
    asked = with_resolved_options(asked)
    for path, old, new in changed(with_resolved_options(saved), asked):
        if reason := FIXED.get(path) or FIXED.get(path.partition(".")[0]):
            raise UserError(
                f"{path} is {old!r} in this run and cannot become {new!r}: {reason}; "
                "leave it, or start a new run (--init takes this one's weights where they fit)"
            )
    return asked


def is_of_environment(spec: str) -> bool:
    """Whether a run spec names a run that learned in an environment; what cannot be read is left to whoever opens it."""
    path = spec if Path(spec).exists() else spec.rpartition("@")[0]
    try:
        agent = json.loads((Path(path) / "config.json").read_bytes())["agent"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return agent in AGENTS and bool(AGENTS[agent].agent)


def _occupied(path: Path, wanted: Config) -> UserError:
    there, asked = task_of(RunDirectory.open_any(path).config), task_of(wanted)
    if there != asked:
        return UserError(f"{path} is a run of {there}, not of {asked}; choose another --run")
    return UserError(f"{path} already holds a run; go on with it by --resume, or choose another --run")


def _held(path: Path, holder: str) -> str:
    process, _, host = holder.strip().partition(" ")
    who = f"process {process} on {host}" if process else "another process"
    return f"{path} is being written by {who}; stop it first, or choose another --run"


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Makes a refusal of the disk the user's matter."""
    try:
        yield
    except OSError as error:
        advice = remedy(error) or "choose another --run"
        raise UserError(f"cannot write to {path}: {error.strerror}; {advice} (nothing that was saved before is touched)") from error
