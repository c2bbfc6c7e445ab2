"""What this process may use of the machine it runs on: cores and memory. Searches, training and `zerodojo doctor` ask here.

In a container the machine's own numbers mislead: the kernel's control groups say what is really allowed.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/")  # tests hand in a root of their own


def available_cores(root: Path = ROOT) -> int:
    """Whole cores this process may use: the smaller of its affinity mask and its control groups' quota, at least one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.floor(min(cores, cpu_quota(root))))


def cpu_quota(root: Path = ROOT) -> float:
    """Cores' worth of time that the control groups of this process grant; infinite without a limit."""
    quotas = [math.inf]
    for folder in _cgroups(root, "cpu"):
        v2 = _words(folder / "cpu.max")  # "quota period" in microseconds, or "max period"
        v1 = _words(folder / "cpu.cfs_quota_us") + _words(folder / "cpu.cfs_period_us")  # quota -1: no limit
        quotas += [int(words[0]) / int(words[1]) for words in (v2, v1) if len(words) == 2 and words[0].isdigit()]
    return min(quotas)


def memory_limit(root: Path = ROOT) -> float:
    """Bytes that the control groups of this process grant; infinite without a limit."""
    limits = [math.inf]
    for folder in _cgroups(root, "memory"):
        for name in ("memory.max", "memory.limit_in_bytes"):  # v2, v1
            limits += [int(word) for word in _words(folder / name) if word.isdigit()]
    return min(limits)


def available_memory(root: Path = ROOT) -> float:
    """Bytes this process may use, what is in use already included: the smaller of the machine's memory and its control groups'
    limit; infinite where neither is known."""
    known = {"SC_PAGE_SIZE", "SC_PHYS_PAGES"} <= os.sysconf_names.keys()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if known else math.inf
    return min(memory, memory_limit(root))


def processor(root: Path = ROOT) -> str:
    """The processor's name; empty where Linux does not say."""
    for line in _text(root / "proc/cpuinfo").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return ""


def _cgroups(root: Path, controller: str) -> Iterator[Path]:
    """The folders of this process's control group and all above it: a limit anywhere on the way holds."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        top = root / "sys/fs/cgroup" / (controller if controllers else "")
        group = top / path.lstrip("/")
        yield from (folder for folder in (group, *group.parents) if folder == top or top in folder.parents)


def _words(path: Path) -> list[str]:
    return _text(path).split()


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # not Linux, or another version of control groups: nothing is said here
        return ""
