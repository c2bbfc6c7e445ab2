"""How many frames a second something makes of images, games or tokens."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter

from ...errors import UserError


def frames_per_second(
    run: Callable[[], object], *, frames: int, runs: int = 10, warm_up: int = 3, clock: Callable[[], float] = perf_counter
) -> float:
    """The median over `runs` of a call that makes `frames` of them, after `warm_up` calls that do not count.

    The call has to return when its work is done: on a device, wait for it there. `clock` tells seconds.
    """
    if runs < 1:
        raise UserError(f"runs is {runs}; it must be 1 at least")
    for _ in range(warm_up):
        run()
    seconds = []
    for _ in range(runs):
        begun = clock()
        run()
        seconds.append(clock() - begun)
    return frames / median(seconds)
