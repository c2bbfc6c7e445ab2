"""A board drawn for the terminal: in colour, or in plain letters where there is none. Called by `table`.

Whatever colour says, brackets say too: (X) is the last move, [X] a stone of the winning line.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from rich.style import Style
from rich.text import Text

from ..envs import Game, Position


@dataclass(frozen=True)
class Look:
    """How a game's stones look in colour. Without colour they are the game's own glyphs."""

    sides: tuple[str, ...]  # what the players are called
    colours: tuple[str, ...]  # a rich style for each
    stone: str = ""  # drawn for every piece; empty draws the game's own glyph
    board: str = ""  # the style the board lies in
    hole: str = "dim"  # the style of the dot on an empty point


PLAIN_SIDES = ("X", "O")
STONES = Look(sides=PLAIN_SIDES, colours=("bold bright_red", "bold bright_blue"))
LOOKS = {
    "connect_four": Look(sides=("red", "yellow"), colours=("#ff4d4d", "#ffd83d"), stone="●", board="on #1d4f91", hole="#6f9bd8")
}
LAST, WON, LABEL = "bold bright_white", "bold #ffffff on #2e8b57", "dim"


class Board:
    """Draws the positions of one game, in colour or plainly."""

    def __init__(self, game: Game, *, colour: bool) -> None:
        self._game = game
        self._colour = colour
        self._look = LOOKS.get(game.spec.name, STONES)
        self._top, self._left, self._bottom = _labels(game)

    def side(self, player: int) -> Text:
        """What a player is called, in their colour."""
        sides = self._look.sides if self._colour else PLAIN_SIDES
        name = sides[player] if player < len(sides) else f"player {player + 1}"
        if not self._colour or player >= len(self._look.colours):
            return Text(name)
        return Text(f"{self._look.stone} {name}".strip(), self._look.colours[player])

    def draw(self, position: Position) -> Text:
        """The board, row 0 on top, the last move and the stones that decided the game marked."""
        picture = self._game.picture(position.row)
        before = position.previous
        last = [] if before is None else self._game.changed_points(before.row, position.row)
        margin = " " * (max(map(len, self._left), default=0) + 2)
        lines = [self._label_line(self._top, margin)] if self._top else []
        for r, glyphs in enumerate(picture.glyphs):
            line = Text()
            line.append((self._left[r] if self._left else "").rjust(len(margin) - 1) + " ", LABEL if self._colour else "")
            for c, glyph in enumerate(glyphs):
                line.append_text(self._cell(glyph, int(picture.owners[r, c]), (r, c), last, picture.marks))
            if not self._colour:
                line.rstrip()
            lines.append(line)
        if self._bottom:
            lines.append(self._label_line(self._bottom, margin))
        return Text("\n").join(lines)

    def _cell(
        self, glyph: str, owner: int, point: tuple[int, int], last: Collection[tuple[int, int]], marks: Collection[tuple[int, int]]
    ) -> Text:
        opening, closing = ("[", "]") if point in marks else ("(", ")") if point in last else (" ", " ")
        if not self._colour:
            return Text(f"{opening}{glyph}{closing}")
        look = self._look
        ground = Style.parse(WON if point in marks else look.board)
        frame = ground + Style.parse(LAST)
        if owner < 0:
            return Text(" · ", ground + Style.parse(look.hole))
        stone = ground + Style.parse(look.colours[owner])
        return Text.assemble((opening, frame), (look.stone or glyph, stone), (closing, frame))

    def _label_line(self, labels: list[str], margin: str) -> Text:
        return Text(margin + "".join(label.center(3) for label in labels).rstrip(), LABEL if self._colour else "")


def _labels(game: Game) -> tuple[list[str], list[str], list[str]]:
    """What stands above the columns, left of the rows and below the columns, from the names of the actions; empty for nothing.

    Names that are a letter and a number (d4) label both sides. Where every action is a column, its name stands below it.
    """
    height, width = game.spec.board
    names = {game.action_point(action): game.action_name(action) for action in range(game.spec.num_actions)}
    if None in names:
        columns = [game.action_name(action) for action in range(game.spec.num_actions)]
        return [], [], columns if len(columns) == width and max(map(len, columns)) <= 2 else []
    parts = {point: re.fullmatch(r"([a-z]+)(\d+)", name) for point, name in names.items()}
    top = [parts.get((0, c)) for c in range(width)]
    left = [parts.get((r, 0)) for r in range(height)]
    return [m[1] for m in top if m], [m[2] for m in left if m], []
