"""Ray, started quietly: no dashboard, no usage data, no output a user did not ask for. Called by the pool."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from types import ModuleType

from ..errors import UserError

OBJECT_STORE = 256 * 2**20  # bytes: a version is a few MiB, finished games less
ANSWER_SECONDS = 5.0  # that a cluster may take to accept a connection
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_USAGE_STATS_PROMPT_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # otherwise every worker warns about it
    "RAY_enable_metrics_collection": "0",
    "RAY_task_events_report_interval_ms": "0",  # a record of every call, for a dashboard: 60 MiB after an hour
    "RAY_DEDUP_LOGS": "1",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",  # what the raylet would print here, such as a lecture on every worker that died
    "RAY_worker_niceness": "0",  # Ray would let workers yield to everything else on the machine: self-play is half the work
}
SESSIONS = "zerodojo-ray-"  # prefix of the folders in which Ray keeps its sockets and logs while it runs for us


@contextmanager
def ray_runtime(address: str, *, cores: int) -> Iterator[ModuleType]:
    """The `ray` module, connected: to the cluster at `address` ("auto" finds it), or to one of its own that ends with the block.

    A program that has connected to Ray already keeps its connection, and its cluster is used. Ray of our own keeps nothing on disk
    afterwards, and its processes end with this one, however that ends. Raises UserError when there is no cluster at the address.
    """
    with _environment(QUIET | _token(address)):  # Ray reads some as it is imported, and its processes inherit them
        import ray

        if ray.is_initialized():
            yield ray
            return
        with _connected(ray, address, cores):
            yield ray


@contextmanager
def _connected(ray: ModuleType, address: str, cores: int) -> Iterator[None]:
    """A connection for the time of a block. Raises UserError when there is none to be had."""
    shared = {"log_to_driver": False, "logging_level": logging.ERROR, "configure_logging": True}
    with nullcontext() if address else _session_folder() as folder:
        try:
            with _signals_kept():
                if address:
                    ray.init(address=_answering(address), **shared)
                else:
                    own = {"num_cpus": cores, "num_gpus": 0, "object_store_memory": OBJECT_STORE, "_temp_dir": str(folder)}
                    ray.init(address="local", include_dashboard=False, **own, **shared)
        except Exception as error:  # Ray raises bare ones too, as when its node takes too long to start
            where = f"no Ray cluster answers at {address!r}" if address else "Ray cannot start on this machine"
            start = "start one with `ray start --head` (for one with a token set RAY_AUTH_MODE=token), or leave --address out"
            remedy = start if address else "train with --workers 0"
            raise UserError(f"{where} ({(str(error).splitlines() or ['no reason given'])[0]}); {remedy}") from error
        try:
            yield
        finally:
            ray.shutdown()


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """These variables for the time of a block; those that are set already keep their values."""
    ours = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            os.environ.pop(name, None)


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Ray takes SIGTERM for itself as it starts, and would abort with a stack trace: whoever had the signals keeps them.

    SIGHUP reaches Ray's processes as well when a terminal is closed: they are started deaf to it, and end when ours has saved.
    """
    if threading.current_thread() is not threading.main_thread():  # where signals cannot be set, by Ray neither
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)


def _token(address: str) -> dict[str, str]:
    """How Ray lets in only those who know a token, for its ports are open to the network.

    One of our own gets a token of this process, which Ray would otherwise write into the home directory. `auto` brings the token
    that `ray start` uses where there is one. Whoever names an address sets RAY_AUTH_MODE himself, as with Ray's own commands.
    """
    if not address:
        return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": _own_token()}
    return {"RAY_AUTH_MODE": "token"} if address == "auto" and (Path.home() / ".ray" / "auth_token").exists() else {}


@cache
def _own_token() -> str:
    """The same as long as this process lives: Ray's library reads a token once, at its first start."""
    return secrets.token_hex(32)


def _answering(address: str) -> str:
    """The address of a cluster that accepts connections; Ray itself would wait a minute for one. Raises OSError or ValueError."""
    if address == "auto":
        address = os.environ.get("RAY_ADDRESS") or _started_here()
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError("an address is auto or HOST:PORT")
    socket.create_connection((host, int(port)), timeout=ANSWER_SECONDS).close()
    return address


def _started_here() -> str:
    """The cluster that `ray start` noted on this machine. Ray itself might take the private one of another training."""
    note = Path(os.environ.get("RAY_TMPDIR") or os.environ.get("TMPDIR") or "/tmp") / "ray" / "ray_current_cluster"  # as Ray's own
    try:
        return note.read_text().strip()
    except FileNotFoundError:
        raise ConnectionError("none was started on this machine") from None


@contextmanager
def _session_folder() -> Iterator[Path]:
    """A folder for the time of a block. Afterwards, or when this process is gone, the reaper ends what still runs in it."""
    place = Path("/tmp") if Path("/tmp").is_dir() else Path(tempfile.gettempdir())  # short: it becomes part of sockets' names
    folder = Path(tempfile.mkdtemp(prefix=SESSIONS, dir=place))
    command = [sys.executable, "-I", "-S", str(Path(__file__).with_name("reaper.py")), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True):  # its input ends with the block
        yield folder
