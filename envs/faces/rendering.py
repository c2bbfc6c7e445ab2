"""What a face shows of a position: text for the modes "ansi" and "human", a picture for "rgb_array". Both faces call `render`.

The picture is drawn with NumPy alone, so that no window system and no drawing library is needed.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from ..game import Picture, Position

RENDER_MODES = ("human", "ansi", "rgb_array")
FPS = 2

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]

_CELL = 48  # pixels a point is wide
_RADIUS = 0.38  # of a piece, in cells
_WOOD, _GRID, _LAST, _WON = (222, 184, 120), (120, 92, 52), (248, 248, 244), (46, 160, 67)
_BLACK, _WHITE, _RED, _YELLOW, _BLUE = (24, 24, 24), (248, 248, 244), (214, 48, 49), (253, 203, 47), (40, 92, 196)
_COLOURS: dict[str, tuple[Colour, ...]] = {  # of the players, where a game has its own
    "breakthrough": (_WHITE, _BLACK),
    "chess": (_WHITE, _BLACK),
    "connect_four": (_RED, _YELLOW),
    "go": (_BLACK, _WHITE),
    "gomoku": (_BLACK, _WHITE),
    "othello": (_BLACK, _WHITE),
}
_LETTERS = {  # on the pieces of games that have several kinds
    "K": ("#..#", "#.#.", "##..", "#.#.", "#..#"),
    "Q": (".##.", "#..#", "#..#", "#.##", ".###"),
    "R": ("###.", "#..#", "###.", "#.#.", "#..#"),
    "B": ("###.", "#..#", "###.", "#..#", "###."),
    "N": ("#..#", "##.#", "#.##", "#..#", "#..#"),
    "P": ("###.", "#..#", "###.", "#...", "#..."),
}


def render(position: Position, mode: str) -> str | Image | None:
    """The position as text ("ansi") or as an image [height, width, 3] ("rgb_array"); "human" prints the text, and gives None."""
    if mode == "rgb_array":
        return draw(position)
    if mode == "ansi":
        return str(position)
    print(position, end="\n\n", flush=True)
    return None


def draw(position: Position) -> Image:
    """The board as an image [height, width, 3], row 0 on top.

    Pieces are discs in their owner's colour, a frame marks the last move, green rings the points that decided the game.
    """
    game, before = position.game, position.previous
    picture = game.picture(position.row)
    last = [] if before is None else game.changed_points(before.row, position.row)
    colours = _COLOURS.get(game.spec.name, (_RED, _BLUE))
    height, width = game.spec.board
    lettered = _has_kinds(game.picture(game.new_states(1)[0]))
    slant = _CELL // 2 if picture.slant else 0
    image = np.full((height * _CELL, width * _CELL + slant * (height - 1), 3), _WOOD, np.uint8)
    for r, c in itertools.product(range(height), range(width)):
        left = c * _CELL + slant * r
        cell = image[r * _CELL : (r + 1) * _CELL, left : left + _CELL]
        frame, edge = (_LAST, 4) if (r, c) in last else (_GRID, 1)
        cell[:], cell[edge:-edge, edge:-edge] = frame, _WOOD
        if (r, c) in picture.marks:
            cell[_disc(_RADIUS + 0.08)] = _WON
        owner = int(picture.owners[r, c])
        if owner >= 0:
            _draw_piece(cell, picture.glyphs[r][c] if lettered else "", colours[owner], colours[1 - owner])
    return image


def _has_kinds(picture: Picture) -> bool:
    """Whether a player has pieces of several kinds."""
    owners = picture.owners.ravel().tolist()
    glyphs = itertools.chain.from_iterable(picture.glyphs)
    return len({(owner, glyph) for owner, glyph in zip(owners, glyphs, strict=True) if owner >= 0}) > 2


def _draw_piece(cell: Image, glyph: str, colour: Colour, ink: Colour) -> None:
    """A disc with a rim, and its letter if the glyph is one of those that tell kinds of pieces apart."""
    cell[_disc(_RADIUS)] = _GRID
    cell[_disc(_RADIUS - 0.03)] = colour
    if glyph.upper() in _LETTERS:
        dots = np.array([[dot == "#" for dot in line] for line in _LETTERS[glyph.upper()]])
        letter = dots.repeat(4, axis=0).repeat(4, axis=1)
        top, left = (_CELL - letter.shape[0]) // 2, (_CELL - letter.shape[1]) // 2
        cell[top : top + letter.shape[0], left : left + letter.shape[1]][letter] = ink


def _disc(radius: float) -> NDArray[np.bool_]:
    """The pixels of a cell within a radius, in cells, of its centre."""
    offset = (np.arange(_CELL) + 0.5) / _CELL - 0.5
    inside: NDArray[np.bool_] = offset[:, None] ** 2 + offset**2 <= radius**2
    return inside
