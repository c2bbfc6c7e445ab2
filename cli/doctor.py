"""`zerodojo doctor`: what this machine offers, which engine it gets and why, and what is wrong, with its remedy."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .. import __version__, machine
from .arguments import parse

if TYPE_CHECKING:
    import numpy as np

    from ..envs import Game
    from ..envs.game import States

PACKAGES = ("numpy", "numba", "torch", "openvino", "ray", "safetensors", "tensorboard", "tyro", "rich")
OPTIONAL = ("openvino",)  # what there is a slower way without
INSTRUCTIONS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_int8", "amx_bf16")
LITTLE_DISK = 5e9  # a run of an hour keeps under a gigabyte
LITTLE_MEMORY = 3e9  # what a run of an hour may take


class Finding(NamedTuple):
    """One line of the report; with a remedy it is a problem."""

    name: str
    value: str
    remedy: str = ""


@dataclass(frozen=True)
class Doctor:
    """`zerodojo doctor` takes no arguments."""


def main(argv: Sequence[str]) -> int:
    """Prints the report, a section at a time. 0 whatever it finds: a slow machine is no mistake."""
    parse(
        Doctor,
        argv,
        prog="zerodojo doctor",
        description="What this machine offers, which engine it gets and why, and what is wrong. Takes some seconds.",
        examples=["zerodojo doctor"],
    )
    problems: list[Finding] = []
    for title, findings in (("machine", hardware()), ("versions", versions()), ("places", places()), ("engine", engine())):
        print(title)
        for finding in findings:
            print(f"{'!' if finding.remedy else ' '} {finding.name:13} {finding.value}", flush=True)
            problems += [finding] if finding.remedy else []
        print()
    if problems:
        print("what would help", *(f"! {finding.name:13} {finding.remedy}" for finding in problems), sep="\n")
    else:
        print("Nothing is wrong.")
    return 0


def hardware() -> Iterator[Finding]:
    """Processor, cores, instructions, memory."""
    import psutil

    from ..models.hardware import instructions

    yield Finding("processor", machine.processor() or platform.processor() or platform.machine())
    cores, present, quota = machine.available_cores(), os.cpu_count() or 1, machine.cpu_quota()
    granted = f" (a quota of {quota:g})" if quota < present else ""
    few = "" if cores > 1 else "self-play and learning take turns on one core; allow two"
    yield Finding("cores", f"{cores} of {present}{granted}", few)
    known = [name for name in INSTRUCTIONS if name in instructions()]
    yield Finding("instructions", ", ".join(known) or "none of " + ", ".join(INSTRUCTIONS))
    memory = psutil.virtual_memory()
    total = min(memory.total, machine.memory_limit())
    free = min(memory.available, total)
    little = "" if free >= LITTLE_MEMORY else "close something, or train with --workers 0"
    yield Finding("memory", f"{_size(free)} free of {_size(total)}", little)


def versions() -> Iterator[Finding]:
    """This package, Python, and the libraries underneath."""
    yield Finding("zerodojo", __version__)
    yield Finding("python", f"{platform.python_version()} on {platform.platform()}")
    for name in PACKAGES:
        try:
            yield Finding(name, metadata.version(name))
        except metadata.PackageNotFoundError:
            there = sys.platform == "linux" and platform.machine() == "x86_64"
            remedy = "" if name in OPTIONAL and not there else f"install it: python -m pip install {name}"
            yield Finding(name, "not installed", remedy)


def places() -> Iterator[Finding]:
    """Where compiled code and runs are written, and the terminal."""
    from ..jit import cache_folder, is_writable

    cache = cache_folder()
    if is_writable(cache):
        yield Finding("numba cache", f"{cache}, writable")
    else:
        remedy = "every start compiles again: set NUMBA_CACHE_DIR to a directory that can be written to"
        yield Finding("numba cache", f"{cache}, not writable", remedy)
    here = Path.cwd()
    disk = shutil.disk_usage(here)
    full = "" if disk.free >= LITTLE_DISK else "free some space, or train with --run on another disk"
    yield Finding("disk here", f"{_size(disk.free)} free of {_size(disk.total)}", full)
    if is_writable(here):
        yield Finding("this folder", f"{here}, writable")
    else:
        yield Finding("this folder", f"{here}, not writable", "change to another directory before training")
    encoding = (sys.stdout.encoding or "unknown").lower()
    if sys.stdout.isatty():
        size = shutil.get_terminal_size()
        colours = "no colours (NO_COLOR)" if os.environ.get("NO_COLOR") else os.environ.get("TERM", "TERM is not set")
        yield Finding("terminal", f"{size.columns} x {size.lines}, {encoding}, {colours}")
    else:
        yield Finding("terminal", f"none (output goes elsewhere), {encoding}")
    if encoding not in ("utf-8", "utf8"):
        yield Finding("encoding", encoding, "boards need UTF-8: export PYTHONUTF8=1")


def engine() -> Iterator[Finding]:
    """The engine that training on Connect Four gets here, why, and how fast it is on one core: prepared and measured for real."""
    import numpy as np

    from ..agents.registry import preset_for
    from ..envs import make
    from ..models.engines.prepare import prepare
    from ..models.network import build

    game = make("connect_four")
    planes = np.empty((512, game.spec.num_planes, *game.spec.board), np.float32)
    game.observe(_varied_states(game, len(planes), np.random.default_rng(0)), planes)
    network = build(
        preset_for("connect_four").network, planes=game.spec.num_planes, board=game.spec.board, actions=game.spec.num_actions
    )
    prepared, report = prepare("auto", network, planes, batch=256)
    yield Finding("chosen", f"{report.chosen}, ready in {report.seconds:.1f} s")
    agreement = f"same top move {report.top_move_agreement:.1%}, value difference {report.value_difference:.4f}"
    yield Finding("agreement", f"with fp32 on {len(planes) // 2} positions: {agreement}")
    for name, reason in report.tried:
        yield Finding("passed over", f"{name}: {reason}")
    begin, done = time.perf_counter(), 0
    while time.perf_counter() - begin < 0.5:
        prepared.evaluate(planes)
        done += len(planes)
    speed = done / (time.perf_counter() - begin)
    size = f"{network.config.channels}x{network.config.blocks}"
    slow = "" if report.chosen != "torch-fp32" else "no faster engine runs here: training works, several times slower"
    yield Finding("speed", f"{speed:,.0f} positions/s on one core (Connect Four, network {size})", slow)


def _varied_states(game: Game, n: int, generator: np.random.Generator) -> States:
    """Positions [n, S] after 0 to 15 random plies, none of them over."""
    import numpy as np

    states = game.new_states(n)
    depths = np.arange(n) % 16
    for ply in range(depths.max()):
        mask = game.legal_mask(states)
        after = states.copy()
        step = game.step(after, (generator.random(mask.shape) * mask).argmax(1).astype(np.int32))
        going = (ply < depths) & ~step.terminal
        states[going] = after[going]
    return states


def _size(size: float) -> str:
    return f"{size / 1e9:.1f} GB"
