"""A board drawn for the terminal: in colour, or in plain letters where there is none. Called by `table`.

Whatever colour says, brackets say too: (X) is the last move, [X] a stone of the winning line.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rich.style import Style
from rich.text import Text

from ..envs import Game, Position


@dataclass(frozen=True)
class Look:
    """How a game's stones look in colour. Without colour they are the game's own glyphs."""

    sides: tuple[str, ...]  # what the players are called
    colours: tuple[str, ...]  # a rich style for each
    stones: tuple[str, ...] = ()  # what is drawn for their pieces, not told apart by colour alone; else the game's own glyphs
    board: str = ""  # the style the board lies in
    dark: str = ""  # that of every second square, the top left one being light; empty for a board of one colour
    hole: str = "dim"  # the style of the dot on an empty point
    plain: tuple[str, ...] = ("X", "O")  # what the players are called without colour: their glyphs, or what those stand for


STONES = Look(sides=("X", "O"), colours=("bold bright_red", "bold bright_blue"))
LOOKS = {
    "breakthrough": Look(
        sides=("white", "black"),
        colours=("bold #ffffff", "bold #101010"),
        stones=("♙", "♟"),
        board="on #a98a63",
        dark="on #7f5f3f",
        hole="#94744f",
        plain=("W", "B"),
    ),
    "chess": Look(
        sides=("white", "black"),
        colours=("bold #ffffff", "bold #101010"),
        board="on #a98a63",
        dark="on #7f5f3f",
        hole="#94744f",
        plain=("white", "black"),
    ),
    "connect_four": Look(
        sides=("red", "yellow"), colours=("#ff4d4d", "#ffd83d"), stones=("●", "○"), board="on #1d4f91", hole="#6f9bd8"
    ),
    "go": Look(
        sides=("black", "white"), colours=("bold #101010", "bold #ffffff"), stones=("●", "○"), board="on #b98b4e", hole="#7c5a2c"
    ),
    "gomoku": Look(
        sides=("black", "white"), colours=("bold #101010", "bold #ffffff"), stones=("●", "○"), board="on #b98b4e", hole="#7c5a2c"
    ),
    "hex": Look(
        sides=("red", "blue"), colours=("bold #ff5c5c", "bold #5c9dff"), stones=("⬢", "⬡"), board="on #2b2b2b", hole="#777777"
    ),
    "othello": Look(
        sides=("black", "white"), colours=("bold #101010", "bold #ffffff"), stones=("●", "○"), board="on #1f7a4d", hole="#145234"
    ),
}
CELL = 3  # characters a point: its glyph between brackets
LAST, WON, LABEL = "bold bright_white", "bold #ffffff on #2e8b57", "dim"


class Board:
    """Draws the positions of one game, in colour or plainly."""

    def __init__(self, game: Game, *, colour: bool) -> None:
        self._game = game
        self._colour = colour
        self._look = LOOKS.get(game.spec.name, STONES)

    def side(self, player: int) -> Text:
        """What a player is called, in their colour on the board's, which is seen on dark and light terminals."""
        sides = self._look.sides if self._colour else self._look.plain
        name = sides[player] if player < len(sides) else f"player {player + 1}"
        if not self._colour or player >= len(self._look.colours):
            return Text(name)
        stone = f"{self._look.stones[player]} " if self._look.stones else ""
        return Text(f"{stone}{name}", f"{self._look.colours[player]} {self._look.board}".rstrip())

    def draw(self, position: Position) -> Text:
        """The board, row 0 on top, the last move and the stones that decided the game marked."""
        if not self._game.has_picture:
            return Text(self._game.render(position.row))
        picture = self._game.picture(position.row)
        before = position.previous
        last = [] if before is None else self._game.changed_points(before.row, position.row)
        labels = self._game.labels
        margin = " " * (max(map(len, labels.left), default=0) + 2)
        lean = CELL // 2 if picture.slant else 0
        lines = [self._label_line(labels.top, margin)] if labels.top else []
        for r, glyphs in enumerate(picture.glyphs):
            line = Text(" " * (r * lean))
            line.append((labels.left[r] if labels.left else "").rjust(len(margin) - 1) + " ", LABEL if self._colour else "")
            for c, glyph in enumerate(glyphs):
                line.append_text(self._cell(glyph, int(picture.owners[r, c]), (r, c), last, picture.marks))
            if not self._colour:
                line.rstrip()
            lines.append(line)
        if labels.bottom:
            lines.append(self._label_line(labels.bottom, margin))
        if self._game.aims:
            aims = [Text.assemble(self.side(player), f" {aim}") for player, aim in enumerate(self._game.aims)]
            lines += [Text(), Text.assemble(margin, Text(", ").join(aims))]
        return Text("\n").join(lines)

    def _cell(
        self, glyph: str, owner: int, point: tuple[int, int], last: Collection[tuple[int, int]], marks: Collection[tuple[int, int]]
    ) -> Text:
        opening, closing = ("[", "]") if point in marks else ("(", ")") if point in last else (" ", " ")
        if not self._colour:
            return Text(f"{opening}{glyph}{closing}")
        look = self._look
        square = look.dark if look.dark and sum(point) % 2 else look.board
        ground = Style.parse(WON if point in marks else square)
        frame = ground + Style.parse(LAST)
        if owner < 0:
            return Text(" · ", ground + Style.parse(look.hole))
        stone = look.stones[owner] if look.stones else glyph
        return Text.assemble((opening, frame), (stone, ground + Style.parse(look.colours[owner])), (closing, frame))

    def _label_line(self, labels: Sequence[str], margin: str) -> Text:
        return Text(margin + "".join(label.center(CELL) for label in labels).rstrip(), LABEL if self._colour else "")
