"""splitmix64 against plain integers, and the ranges of what is made of it."""

from __future__ import annotations

import numpy as np

from zerodojo.envs.rng import below, splitmix64, uniform

MASK = 2**64 - 1


def slow_splitmix64(seed: int, count: int) -> list[int]:
    numbers = []
    for _ in range(count):
        seed = (seed + 0x9E3779B97F4A7C15) & MASK
        z = ((seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        numbers.append(z ^ (z >> 31))
    return numbers


def test_splitmix64_agrees_with_plain_integers() -> None:
    for seed in (0, 1, 1234567, MASK):
        fast = [int(splitmix64(np.uint64(seed), np.uint64(i))) for i in range(100)]
        assert fast == slow_splitmix64(seed, 100)
    assert slow_splitmix64(1234567, 2) == [6457827717110365317, 3203168211198807973]  # known answers of Vigna's program


def test_uniform_stays_strictly_inside() -> None:
    assert 0.0 < uniform(np.uint64(0)) < 2.0**-52
    assert 1.0 - 2.0**-52 < uniform(np.uint64(MASK)) < 1.0
    numbers = [uniform(np.uint64(bits)) for bits in slow_splitmix64(5, 20_000)]
    assert abs(np.mean(numbers) - 0.5) < 4 * np.sqrt(1 / 12 / 20_000)


def test_below_reaches_every_number_equally_often() -> None:
    drawn = [int(below(np.uint64(bits), np.uint64(7))) for bits in slow_splitmix64(6, 21_000)]
    counts = np.bincount(drawn, minlength=7)
    assert len(counts) == 7
    assert (np.abs(counts - 3_000) < 4 * np.sqrt(3_000)).all()
    assert below(np.uint64(MASK), np.uint64(2**32 - 1)) == 2**32 - 2
    assert below(np.uint64(0), np.uint64(5)) == 0
