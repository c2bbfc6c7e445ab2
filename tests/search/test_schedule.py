"""Sequential halving as a table, against its slow twin."""

from __future__ import annotations

import numpy as np

from zerodojo.search.gumbel import fill_schedule

from .twin import considered_visits


def test_the_schedule_is_the_twins_for_every_small_case() -> None:
    for considered in range(1, 17):
        for simulations in range(1, 65):
            schedule = np.full(simulations, -1, np.int32)
            fill_schedule(schedule, considered)
            assert schedule.tolist() == considered_visits(considered, simulations)


def test_sixteen_moves_and_sixty_four_simulations() -> None:
    # By hand: four phases of one visit to 16, two to 8, four to 4 and eight to 2 moves.
    schedule = np.zeros(64, np.int32)
    fill_schedule(schedule, 16)
    assert schedule.tolist() == [0] * 16 + [1] * 8 + [2] * 8 + [n for n in range(3, 7) for _ in range(4)] + [
        n for n in range(7, 15) for _ in range(2)
    ]
