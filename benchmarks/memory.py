"""Memory of a command and of every process it starts, Ray's too, while it runs: the proportional set size (PSS), on Linux.

    python benchmarks/memory.py --json memory.json -- zerodojo train connect_four --run runs/hour --minutes 60

PSS shares each common page among those who hold it, so its sum is what the machine would gain if all of them ended. Pages of files,
such as libraries, are shared with whatever else runs Python here, and weigh more when that ends: so they are told apart from what
the processes hold themselves. Sampled every ten seconds; printed at the end: the peak, and the slopes of the second half, which say
whether it still grows.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil

from zerodojo.cli.output import add_target, tell

MIB = 2**20


def pss(process: psutil.Process) -> tuple[int, int]:
    """Bytes of one process, and how many of them are pages of files; zeros when it has ended."""
    try:
        lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return 0, 0
    sizes = {name: 1024 * int(size.split()[0]) for name, _, size in (line.partition(":") for line in lines)}
    return sizes["Pss"], sizes["Pss_File"]


def sample(command: psutil.Process) -> dict[str, int]:
    """Bytes by kind of process: the command itself, its self-play workers, and the rest (Ray); and of all of them, of files."""
    whole, files = pss(command)
    found = {"command": whole, "workers": 0, "rest": 0, "files": files}
    for child in command.children(recursive=True):
        try:
            kind = "workers" if child.name().startswith("ray::SelfPlay") else "rest"
        except psutil.NoSuchProcess:
            continue
        whole, files = pss(child)
        found[kind] += whole
        found["files"] += files
    return found


def slope(rows: list[dict[str, float]], name: str) -> float:
    """MiB an hour by which a number of the samples grows in the second half; nan for fewer than three samples.

    The median of the slopes of all pairs (Theil 1950, Sen 1968): the last samples, when processes end, do not bend it.
    """
    half = [row for row in rows if row["seconds"] >= rows[-1]["seconds"] / 2] if rows else []
    if len(half) < 3:
        return float("nan")
    hours, total = np.array([row["seconds"] / 3600 for row in half]), np.array([row[name] for row in half])
    one, other = np.triu_indices(len(half), k=1)
    return float(np.median((total[other] - total[one]) / (hours[other] - hours[one])))


def main() -> int:
    """Runs the command, samples, prints, writes JSON where asked; the exit code is the command's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_target(parser)
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two samples")
    parser.add_argument("command", nargs="+", help="after --")
    options = parser.parse_args()

    begin = time.monotonic()
    process = subprocess.Popen(options.command)
    command = psutil.Process(process.pid)
    rows: list[dict[str, float]] = []
    try:
        while process.poll() is None:
            try:
                kinds = {name: size / MIB for name, size in sample(command).items()}
            except psutil.NoSuchProcess:
                break
            total = sum(kinds.values()) - kinds["files"]
            rows.append({"seconds": time.monotonic() - begin, **kinds, "total": total, "own": total - kinds["files"]})
            try:
                process.wait(options.every)
            except subprocess.TimeoutExpired:
                continue
    except KeyboardInterrupt:  # the command was told too, and may still be saving
        process.wait()
    code = process.wait()
    peak = max(rows, key=lambda row: row["total"], default={"total": 0.0, "seconds": 0.0})
    growth = {name: slope(rows, name) for name in ("total", "own")}
    report = {
        "kind": "memory",
        "command": options.command,
        "peak_mib": round(peak["total"], 1),
        "second_half_mib_per_hour": {name: None if np.isnan(found) else round(found, 1) for name, found in growth.items()},
        "samples": [{name: round(value, 1) for name, value in row.items()} for row in rows],
    }
    parts = ", ".join(f"{name} {value:,.0f}" for name, value in peak.items() if name not in ("seconds", "total", "own"))
    text = f"peak {peak['total']:,.0f} MiB after {peak['seconds']:,.0f} s ({parts}); {len(rows)} samples\n"
    text += f"second half: {growth['total']:+,.1f} MiB an hour, and without pages of files {growth['own']:+,.1f}\n"
    tell(report, text, target=options.json)
    return code


if __name__ == "__main__":
    sys.exit(main())
