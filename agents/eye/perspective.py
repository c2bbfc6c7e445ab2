"""The map from a flat board to its picture, and the way to find it. Points are (x, y), to the right and down."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Homography = NDArray[np.float64]  # [3, 3]


def project(homography: Homography, points: Points) -> Points:
    """Points [..., 2] through the map."""
    mapped: Points = points @ homography[:, :2].T + homography[:, 2]
    return mapped[..., :2] / mapped[..., 2:]


def fitted(points: Points, images: Points) -> Homography:
    """The map from points [K, 2] to their images [K, 2], K from 4 on: the direct linear transform (Hartley and Zisserman 2004,
    section 4.1), normalised, in least squares."""
    before, after = _normaliser(points), _normaliser(images)
    (x, y), (u, v) = project(before, points).T, project(after, images).T
    one, none = np.ones_like(x), np.zeros_like(x)
    rows = np.concatenate([
        np.stack([x, y, one, none, none, none, -u * x, -u * y, -u], axis=1),
        np.stack([none, none, none, x, y, one, -v * x, -v * y, -v], axis=1),
    ])  # fmt: skip
    solution = np.linalg.svd(rows)[2][-1].reshape(3, 3)
    found: Homography = np.linalg.inv(after) @ solution @ before
    return found / found[2, 2]


def inverse(homography: Homography) -> Homography:
    """The way back from the picture."""
    back: Homography = np.linalg.inv(homography).astype(np.float64)
    return back


def seen_from(corners: Points, *, yaw: float, pitch: float, roll: float, distance: float) -> Points:
    """Corners [K, 2] of a flat thing around the origin, turned (radians) and seen by an eye `distance` before its middle."""
    (sy, cy), (sp, cp), (sr, cr) = ((np.sin(angle), np.cos(angle)) for angle in (yaw, pitch, roll))
    x, y = corners.T
    x, y = cr * x - sr * y, sr * x + cr * y
    x, depth = cy * x, sy * x
    y, depth = cp * y - sp * depth, sp * y + cp * depth
    seen: Points = distance * np.stack([x, y], axis=1) / (distance + depth)[:, None]
    return seen


def _normaliser(points: Points) -> Homography:
    """Moves the middle of the points to the origin, and makes their mean distance from there the square root of 2."""
    middle = points.mean(axis=0)
    scale = np.sqrt(2) / max(float(np.linalg.norm(points - middle, axis=1).mean()), 1e-12)
    return np.array([[scale, 0, -scale * middle[0]], [0, scale, -scale * middle[1]], [0, 0, 1]])
