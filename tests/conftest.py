"""What holds for every test: one thread a process (pytest-xdist and Ray bring the processes), and the same examples every time."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from hypothesis import settings

settings.register_profile("zerodojo", deadline=None, derandomize=True)
settings.load_profile("zerodojo")
