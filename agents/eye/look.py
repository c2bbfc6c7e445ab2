"""What a drawn board looks like, all of it drawn by lot: its view, colours and shapes, the light, and how the picture was taken."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .perspective import Homography, Points, fitted, seen_from

Colour = NDArray[np.float32]  # [3], red, green, blue from 0 to 1
Holes = Literal["through", "dark", "light", "cells"]  # what an empty place is: the room behind, dark, light; or no hole, but a cell

REDS, YELLOWS = ((-18, 14), (0.65, 1.0), (0.5, 1.0)), ((42, 62), (0.6, 1.0), (0.7, 1.0))  # ranges of hue, saturation and value
BOARDS = (  # the last are grey, white and wooden ones
    *(((200, 245), (0.5, 1.0), (0.25, 0.95)),) * 6,
    *(((90, 330), (0.2, 0.9), (0.15, 0.8)),) * 2,
    ((0, 360), (0.0, 0.1), (0.1, 0.95)),
    ((22, 40), (0.3, 0.6), (0.4, 0.88)),
)
SIZES = (0.6, 0.97)  # of a board, in sides of the picture
YAW, PITCH, ROLL = 0.6, 0.6, 0.2  # at most, in radians
DISTANCES = (1.5, 5.0)  # of the eye, in widths of the board
PRINTED = 0.25  # share of boards as programs draw them


@dataclass(frozen=True)
class Look:
    """One drawn board's looks. Lengths without another unit are cells of the board."""

    view: Homography  # from cells (column, row, from the top left corner) to the picture, both its sides 1
    margin: float  # of the board around its cells
    corner: float  # radius of its corners
    stones: tuple[Colour, Colour]  # of player 0 and of player 1
    board: Colour
    holes: Holes
    hole: Colour  # where it is not the room behind
    hole_radius: float
    radius: float  # of a stone
    ring: float  # radius of a ring pressed into each stone, in stones' radii; 0 for none
    relief: float  # how much lighter or darker that ring is
    shine: float  # brightness of a spot of light on each stone
    shadow: tuple[float, float, float, float]  # of the board on the room: to the right and down, softness, darkness
    light: tuple[float, float, float]  # how much lighter the picture gets to the right and down; of all of it
    tint: Colour  # what the light's colour makes of white
    blur: float  # standard deviation in points
    noise: float  # standard deviation of each number of a point
    printed: bool = False  # as a program draws it: the board alone, on one colour


def drawn_look(generator: np.random.Generator, board: tuple[int, int]) -> Look:
    """A look for a board of that height and width."""
    look = _photographed(generator, board)
    return _printed(look, generator, board) if generator.random() < PRINTED else look


def _printed(look: Look, generator: np.random.Generator, board: tuple[int, int]) -> Look:
    """The same stones on a board from the front, in even light, with sharp edges and thin lines."""
    margin = generator.uniform(0, 0.25)
    return replace(
        look,
        view=_view(generator, board, margin, flat=True),
        margin=margin,
        corner=generator.uniform(0, 0.3),
        holes=generator.choice(["dark", "light", "cells"], p=[0.2, 0.4, 0.4]),
        hole=_colour(generator, (0, 360), (0, 0.5), (0.05, 1.0)),
        radius=look.hole_radius * generator.uniform(0.8, 1.05),
        ring=generator.uniform(0.8, 1.0) * (generator.random() < 0.5),
        shine=0.0,
        shadow=(0.0, 0.0, 0.05, 0.0),
        light=(0.0, 0.0, 1.0),
        tint=np.ones(3, np.float32),
        blur=generator.uniform(0, 0.6),
        noise=0.0,
        printed=True,
    )


def _photographed(generator: np.random.Generator, board: tuple[int, int]) -> Look:
    holes: Holes = generator.choice(["through", "dark", "light", "cells"], p=[0.35, 0.2, 0.3, 0.15])
    margin = generator.uniform(0.04, 0.5)
    hole_radius = generator.uniform(0.35, 0.45)
    return Look(
        view=_view(generator, board, margin),
        margin=margin,
        corner=generator.uniform(0.02, 0.4),
        stones=(_colour(generator, *REDS), _colour(generator, *YELLOWS)),
        board=_colour(generator, *BOARDS[generator.integers(len(BOARDS))]),
        holes=holes,
        hole=_colour(generator, (0, 360), (0, 0.25), (0.03, 0.3) if holes == "dark" else (0.7, 1.0)),
        hole_radius=hole_radius,
        radius=hole_radius * generator.uniform(0.92, 1.08),
        ring=generator.uniform(0.5, 0.85) * (generator.random() < 0.6),
        relief=generator.uniform(-0.3, 0.3),
        shine=generator.uniform(0, 0.5) * (generator.random() < 0.4),
        shadow=(*generator.uniform(-0.06, 0.06, 2), generator.uniform(0.01, 0.08), generator.uniform(0, 0.6)),
        light=(*generator.uniform(-0.35, 0.35, 2), generator.uniform(0.6, 1.15)),
        tint=generator.uniform(0.85, 1.0, 3).astype(np.float32),
        blur=generator.uniform(0, 1.1),
        noise=generator.uniform(0, 0.05),
    )


def outline(board: tuple[int, int], margin: float) -> Points:
    """The four corners of a board [4, 2], in cells, around from the top left."""
    height, width = board
    left, right, top, bottom = -margin, width + margin, -margin, height + margin
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)


def _view(generator: np.random.Generator, board: tuple[int, int], margin: float, *, flat: bool = False) -> Homography:
    """The board turned, seen from near or far, and laid somewhere into the picture, whole."""
    corners = outline(board, margin)
    centred = (corners - corners.mean(axis=0)) / board[1]
    flat = flat or generator.random() < 0.15  # a screenshot, or a scan
    turns = np.zeros(3) if flat else generator.uniform(-1, 1, 3) * (YAW, PITCH, ROLL)
    seen = seen_from(centred, yaw=turns[0], pitch=turns[1], roll=turns[2], distance=generator.uniform(*DISTANCES))
    low, high = seen.min(axis=0), seen.max(axis=0)
    scale = generator.uniform(*SIZES) / float((high - low).max())
    placed = (seen - low) * scale
    placed += generator.uniform(0, 1, 2) * (1 - (high - low) * scale)
    return fitted(corners, placed)


def _colour(
    generator: np.random.Generator, hue: tuple[float, float], saturation: tuple[float, float], value: tuple[float, float]
) -> Colour:
    h, s, v = (generator.uniform(*bounds) for bounds in (hue, saturation, value))
    return np.array(colorsys.hsv_to_rgb(h / 360 % 1, s, v), np.float32)
