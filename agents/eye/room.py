"""The room behind a drawn board: a wall, a table, things that lie about."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]  # [size, size, 3] from 0 to 1

MOST_THINGS = 7


def drawn_room(generator: np.random.Generator, size: int) -> Image:
    """A picture of a room without a board."""
    y, x = np.meshgrid(np.linspace(0, 1, size, dtype=np.float32), np.linspace(0, 1, size, dtype=np.float32), indexing="ij")
    room = np.broadcast_to(_muted(generator), (size, size, 3)).copy()
    room += (generator.uniform(-0.3, 0.3) * (x - 0.5) + generator.uniform(-0.3, 0.3) * (y - 0.5))[:, :, None]
    if generator.random() < 0.5:  # a table before the wall
        room[y > generator.uniform(0.3, 0.9) + generator.uniform(-0.2, 0.2) * x] = _muted(generator)
    if generator.random() < 0.5:
        room += _patches(generator, size) * generator.uniform(0.05, 0.3)
    for _ in range(generator.integers(MOST_THINGS + 1)):
        room[_thing(generator, x, y)] = generator.uniform(0, 1, 3)
    return np.clip(room, 0, 1)


def drawn_paper(generator: np.random.Generator, size: int) -> Image:
    """One colour, and that is white in half of all cases."""
    colour = np.ones(3, np.float32) if generator.random() < 0.5 else generator.uniform(0, 1, 3).astype(np.float32)
    return np.broadcast_to(colour, (size, size, 3)).copy()


def _muted(generator: np.random.Generator) -> NDArray[np.float32]:
    """A colour not far from grey."""
    return np.clip(generator.uniform(0.05, 1) + generator.uniform(-0.15, 0.15, 3), 0, 1).astype(np.float32)


def _thing(generator: np.random.Generator, x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where a turned ellipse or rectangle lies."""
    angle, across, down = generator.uniform(0, np.pi), *generator.uniform(0.02, 0.25, 2)
    dx, dy = x - generator.uniform(0, 1), y - generator.uniform(0, 1)
    u, v = (np.cos(angle) * dx + np.sin(angle) * dy) / across, (np.cos(angle) * dy - np.sin(angle) * dx) / down
    inside: NDArray[np.bool_] = u**2 + v**2 < 1 if generator.random() < 0.6 else np.maximum(abs(u), abs(v)) < 1
    return inside


def _patches(generator: np.random.Generator, size: int) -> Image:
    """Patches of light and dark, from -1/2 to 1/2."""
    count = int(generator.integers(4, 48))
    coarse = generator.random((count, count), np.float32) - 0.5
    index = np.arange(size) * count // size
    return coarse[index][:, index, None]
