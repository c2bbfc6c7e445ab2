"""Draws Connect Four boards as pictures, with perspective, light and noise, and knows where everything is. NumPy alone.

Every point of the picture is traced back to the board, so that edges are smooth at any size.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .boards import Owners
from .look import Look, drawn_look, outline
from .perspective import Homography, inverse, project
from .room import Image, drawn_paper, drawn_room

BOARD, FIRST, SECOND, EMPTY = 1, 2, 3, 4  # labels; 0 is what SSD calls background
LABELS = ("board", "red", "yellow", "empty")  # what they are called, from 1 on
LINE = 0.03  # half the width of the lines between cells without holes
CIRCLE = np.stack([np.cos(np.linspace(0, 2 * np.pi, 24)), np.sin(np.linspace(0, 2 * np.pi, 24))], axis=1)

Map = NDArray[np.float32]  # [size, size]


class Drawing(NamedTuple):
    """A picture, and what it shows."""

    image: NDArray[np.uint8]  # [size, size, 3]
    boxes: NDArray[np.float64]  # corners [1 + H * W, 4] as fractions of the picture: the board, then its places row by row
    labels: NDArray[np.int64]  # [1 + H * W]


def draw(owners: Owners, generator: np.random.Generator, *, size: int) -> Drawing:
    """A board [H, W] as a picture of size x size points; everything that is not on the board is drawn by lot."""
    look = drawn_look(generator, owners.shape)
    picture = drawn_paper(generator, size) if look.printed else drawn_room(generator, size)
    back = inverse(look.view)
    edge = 1 / (size * _scale(look, owners.shape))
    _put_shadow(picture, look, _traced(back, size, look.shadow[:2]), owners.shape)
    _put_board(picture, look, _traced(back, size), owners, edge, generator)
    return Drawing(_taken(picture, look, generator), _boxes(look, owners.shape), np.append(BOARD, _labels(owners)))


def _traced(back: Homography, size: int, moved: tuple[float, float] = (0.0, 0.0)) -> tuple[Map, Map]:
    """Where on the board, in columns and in rows, every point of the picture lies; `moved` is to the right and down."""
    middle = (np.arange(size, dtype=np.float32) + 0.5) / size
    x, y = middle[None] - np.float32(moved[0]), middle[:, None] - np.float32(moved[1])
    column, row, depth = (a * x + b * y + c for a, b, c in back.astype(np.float32))
    return column / depth, row / depth


def _put_shadow(picture: Image, look: Look, board: tuple[Map, Map], shape: tuple[int, int]) -> None:
    softness, darkness = look.shadow[2:]
    distance = _from_edge(board, shape, look)
    picture *= 1 - darkness * np.clip(0.5 - distance / (softness * 2 * shape[1]), 0, 1)[:, :, None]


def _put_board(
    picture: Image, look: Look, board: tuple[Map, Map], owners: Owners, edge: float, generator: np.random.Generator
) -> None:
    """Board, holes and stones, over each other; `board` is what `_traced` gives, `edge` how many cells long a point is."""
    height, width = owners.shape
    room = picture.copy()
    _over(picture, look.board, _cover(_from_edge(board, owners.shape, look), edge))
    column, row = np.clip(board[0].astype(np.int32), 0, width - 1), np.clip(board[1].astype(np.int32), 0, height - 1)
    dx, dy = board[0] - column.astype(np.float32) - 0.5, board[1] - row.astype(np.float32) - 0.5
    away = np.hypot(dx, dy)
    if look.holes == "cells":
        inside = (np.maximum(abs(dx), abs(dy)) < 0.5 + LINE).astype(np.float32)
        _over(picture, look.hole, inside * _cover(0.5 - LINE - np.maximum(abs(dx), abs(dy)), edge))
    else:
        hole = _cover(away - look.hole_radius, edge)
        _over(picture, room if look.holes == "through" else look.hole, hole)
        _over(picture, np.zeros(3, np.float32), 0.3 * hole * _cover(look.hole_radius * 0.9 - np.hypot(dx - 0.04, dy - 0.05), edge))
    stone = np.stack([*look.stones, look.board])[owners][row, column]  # an owner of -1 is none, and covered by nothing
    stone = stone * generator.uniform(0.88, 1.1, owners.shape).astype(np.float32)[row, column][:, :, None]
    if look.ring:
        stone = stone * (1 + look.relief * _cover(abs(away - look.ring * look.radius) - 0.04, edge))[:, :, None]
    stone = stone + look.shine * _cover(np.hypot(dx + 0.12, dy + 0.14) - 0.07, 2 * edge)[:, :, None]
    _over(picture, stone, _cover(away - look.radius, edge) * (owners >= 0)[row, column])


def _taken(picture: Image, look: Look, generator: np.random.Generator) -> NDArray[np.uint8]:
    """What a camera makes of it: light, blur, noise, whole numbers."""
    size = len(picture)
    slope = np.linspace(-0.5, 0.5, size, dtype=np.float32)
    right, down, brightness = look.light
    light = (brightness + right * slope[None] + down * slope[:, None])[:, :, None] * look.tint
    taken = np.asarray(picture * light)
    kernel = np.exp(-(np.arange(-2, 3) ** 2) / (2 * max(look.blur, 0.1) ** 2)).astype(np.float32)
    kernel /= kernel.sum()
    for axis in (0, 1):
        padded = np.moveaxis(np.pad(taken, [(2, 2) if each == axis else (0, 0) for each in range(3)], mode="edge"), axis, 0)
        blurred = sum(weight * padded[k : k + size] for k, weight in enumerate(kernel))
        taken = np.moveaxis(np.asarray(blurred), 0, axis)
    taken = taken + look.noise * generator.standard_normal(taken.shape, np.float32)
    return (np.clip(taken, 0, 1) * 255).round().astype(np.uint8)


def _boxes(look: Look, shape: tuple[int, int]) -> NDArray[np.float64]:
    """The corners of everything's box."""
    radius = look.hole_radius if look.holes != "cells" else look.radius
    row, column = np.divmod(np.arange(shape[0] * shape[1]), shape[1])
    centres = np.stack([column + 0.5, row + 0.5], axis=1)
    places = project(look.view, centres[:, None] + radius * CIRCLE)
    board = project(look.view, outline(shape, look.margin))
    low = np.vstack([board.min(axis=0), places.min(axis=1)])
    high = np.vstack([board.max(axis=0), places.max(axis=1)])
    return np.concatenate([low, high], axis=1)


def _labels(owners: Owners) -> NDArray[np.int64]:
    return np.where(owners < 0, EMPTY, FIRST + owners.astype(np.int64)).ravel()


def _scale(look: Look, shape: tuple[int, int]) -> float:
    """About how long a cell is in the picture."""
    corners = project(look.view, outline(shape, 0))
    return float(np.linalg.norm(corners[2] - corners[0]) / np.hypot(*shape))


def _from_edge(board: tuple[Map, Map], shape: tuple[int, int], look: Look) -> Map:
    """How far each point is outside the board with its round corners, in cells; negative within."""
    x, y = (abs(at - side / 2) - (side / 2 + look.margin - look.corner) for at, side in zip(board, shape[::-1], strict=True))
    distance: Map = np.hypot(np.maximum(x, 0), np.maximum(y, 0)) + np.minimum(np.maximum(x, y), 0) - look.corner
    return distance


def _cover(distance: Map, edge: float) -> Map:
    """How much of a point is covered by something whose edge is that far away."""
    return np.clip(0.5 - distance / edge, 0, 1)


def _over(picture: Image, colour: NDArray[np.float32], cover: Map) -> None:
    """Lays a colour [3] or a picture over a picture, in place."""
    picture += cover[:, :, None] * (colour - picture)
