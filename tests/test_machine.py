"""`zerodojo.machine`: what control groups grant, read from made-up file systems of both versions."""

import math
import os

import pytest

from zerodojo.machine import available_cores, available_memory, cpu_quota, memory_limit, processor


def make(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_nothing_said_is_no_limit(tmp_path):
    assert cpu_quota(tmp_path) == math.inf
    assert memory_limit(tmp_path) == math.inf
    assert processor(tmp_path) == ""
    assert available_cores(tmp_path) >= 1
    assert 0 < available_memory(tmp_path) < math.inf


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "150000 100000\n"}, 1.5),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n"}, math.inf),
        # The limit stands above the group that the process is in.
        (
            {
                "proc/self/cgroup": "0::/pod/box\n",
                "sys/fs/cgroup/pod/cpu.max": "50000 100000\n",
                "sys/fs/cgroup/pod/box/cpu.max": "max 1",
            },
            0.5,
        ),
        (
            {
                "proc/self/cgroup": "4:memory:/a\n3:cpu,cpuacct:/b\n",
                "sys/fs/cgroup/cpu/b/cpu.cfs_quota_us": "300000",
                "sys/fs/cgroup/cpu/b/cpu.cfs_period_us": "100000",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
            },
            3.0,
        ),
    ],
    ids=["v2", "v2 without limit", "v2 nested", "v1"],
)
def test_cpu_quota(tmp_path, files, cores):
    assert cpu_quota(make(tmp_path, files)) == cores


def test_cores_are_whole_and_at_least_one(tmp_path):
    root = make(tmp_path, {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "50000 100000"})
    assert available_cores(root) == 1


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="affinity can be set on Linux only")
def test_cores_follow_the_affinity_mask(tmp_path):
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert available_cores(tmp_path) == 1
    finally:
        os.sched_setaffinity(0, before)


def test_memory_limit_of_both_versions(tmp_path):
    files = {"proc/self/cgroup": "0::/box\n", "sys/fs/cgroup/box/memory.max": "1000\n", "sys/fs/cgroup/memory.max": "max\n"}
    assert memory_limit(make(tmp_path / "v2", files)) == 1000
    files = {"proc/self/cgroup": "7:memory:/box\n", "sys/fs/cgroup/memory/box/memory.limit_in_bytes": "2000\n"}
    assert memory_limit(make(tmp_path / "v1", files)) == 2000


def test_memory_is_that_of_the_machine_or_the_limit_below_it(tmp_path):
    files = {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "1000\n"}
    assert available_memory(make(tmp_path / "less", files)) == 1000
    files["sys/fs/cgroup/memory.max"] = f"{2**60}\n"
    assert available_memory(make(tmp_path / "more", files)) == available_memory(tmp_path / "nothing")


def test_processor_name(tmp_path):
    assert processor(make(tmp_path, {"proc/cpuinfo": "processor : 0\nmodel name\t: A Chip\n"})) == "A Chip"
