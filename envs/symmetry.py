"""Symmetries of boards: the eight of a square, and applying one symmetry a row to batches. The replay and searches call it.

What a symmetry does is said by the gather tables of `Symmetries` in game.py: `image[...] = original[table[k, ...]]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..jit import compiled
from .game import Symmetries

Scalar = TypeVar("Scalar", bound=np.generic)
Which = NDArray[np.int32]


def square_symmetries(size: int, *, num_planes: int, extra_actions: int = 0) -> Symmetries:
    """The four rotations and their mirror images, for a game whose actions are the points row by row.

    Args:
        size: points along a side.
        num_planes: observation planes; none of them depends on a direction.
        extra_actions: actions after the points, such as a pass, that every symmetry leaves alone.
    """
    identity = np.arange(size * size, dtype=np.int32).reshape(size, size)
    turned = [np.rot90(side, turns).ravel() for side in (identity, identity[:, ::-1]) for turns in range(4)]
    points = np.stack(turned).astype(np.int32)
    extra = np.tile(np.arange(size * size, size * size + extra_actions, dtype=np.int32), (8, 1))
    inverse = [next(j for j in range(8) if np.array_equal(points[k][points[j]], points[0])) for k in range(8)]
    return Symmetries(
        points=points,
        actions=np.concatenate([points, extra], axis=1),
        planes=np.tile(np.arange(num_planes, dtype=np.int32), (8, 1)),
        inverse=np.array(inverse, np.int32),
    )


def some_of(symmetries: Symmetries, which: Sequence[int]) -> Symmetries:
    """A subgroup of symmetries, by their places, the identity first."""
    rows = list(which)
    return Symmetries(
        points=symmetries.points[rows],
        actions=symmetries.actions[rows],
        planes=symmetries.planes[rows],
        inverse=np.array([rows.index(int(symmetries.inverse[k])) for k in rows], np.int32),
    )


def transform_observations(observations: NDArray[Scalar], which: Which, symmetries: Symmetries) -> NDArray[Scalar]:
    """Observations [N, C, H, W], row i seen through symmetry which[i], as a new array."""
    out = np.empty(observations.shape, observations.dtype)
    n, c, h, w = observations.shape
    flat = _bits(observations).reshape(n, c, h * w)
    _gather_planes(flat, which, symmetries.planes, symmetries.points, _bits(out).reshape(n, c, h * w))
    return out


def transform_policies(policies: NDArray[Scalar], which: Which, symmetries: Symmetries) -> NDArray[Scalar]:
    """Anything per action [N, A] (policies, visits, legal masks), row i seen through symmetry which[i], as a new array."""
    out = np.empty(policies.shape, policies.dtype)
    _gather(_bits(policies), which, symmetries.actions, _bits(out))
    return out


def transform_maps(maps: NDArray[Scalar], which: Which, symmetries: Symmetries) -> NDArray[Scalar]:
    """Anything per point [N, H, W] (ownership, final stones), row i seen through symmetry which[i], as a new array."""
    out = np.empty(maps.shape, maps.dtype)
    n, h, w = maps.shape
    _gather(_bits(maps).reshape(n, h * w), which, symmetries.points, _bits(out).reshape(n, h * w))
    return out


def transform_actions(actions: NDArray[np.int32], which: Which, symmetries: Symmetries) -> NDArray[np.int32]:
    """The actions that do in the images what actions [N] do in the originals: where a one-hot policy's one goes."""
    return symmetries.actions[symmetries.inverse[which], actions]


def _bits(array: NDArray[Any]) -> NDArray[Any]:
    """The same memory as unsigned integers: one kernel a width, for every dtype (Numba knows no float16)."""
    return array.view(f"u{array.itemsize}")


@compiled()
def _gather_planes(
    original: NDArray[Any], which: Which, planes: NDArray[np.int32], points: NDArray[np.int32], out: NDArray[Any]
) -> None:
    for i in range(len(original)):
        k = which[i]
        for c in range(original.shape[1]):
            source = original[i, planes[k, c]]
            for p in range(original.shape[2]):
                out[i, c, p] = source[points[k, p]]


@compiled()
def _gather(original: NDArray[Any], which: Which, table: NDArray[np.int32], out: NDArray[Any]) -> None:
    for i in range(len(original)):
        k = which[i]
        for j in range(original.shape[1]):
            out[i, j] = original[i, table[k, j]]
