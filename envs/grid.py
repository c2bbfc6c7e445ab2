"""How people name the points of a board: a column letter and a row number. The games call it for names, parsing and labels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ..errors import UserError
from .game import Labels

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LETTERS_WITHOUT_I = "abcdefghjklmnopqrstuvwxyz"  # as Go boards and GTP have them


@dataclass(frozen=True)
class Grid:
    """The names of the points of a board of at most 25 columns, row by row from the top left."""

    height: int
    width: int
    from_bottom: bool = False  # row 1 is the lowest; otherwise the highest
    as_go: bool = False  # capital letters without I

    @cached_property
    def columns(self) -> list[str]:
        """The letters of the columns from the left."""
        return list((_LETTERS_WITHOUT_I.upper() if self.as_go else _LETTERS)[: self.width])

    @cached_property
    def rows(self) -> list[str]:
        """The numbers of the rows from the top."""
        numbers = [str(r + 1) for r in range(self.height)]
        return numbers[::-1] if self.from_bottom else numbers

    @cached_property
    def names(self) -> list[str]:
        """The names of the points."""
        return [column + row for row in self.rows for column in self.columns]

    @cached_property
    def _points(self) -> dict[str, int]:
        return {name.lower(): point for point, name in enumerate(self.names)}

    @cached_property
    def labels(self) -> Labels:
        """What stands beside the board."""
        return Labels(top=self.columns, left=self.rows)

    def find(self, text: str) -> int | None:
        """The point of a name, in any case and with spaces around it; None if it names none."""
        return self._points.get(text.strip().lower())

    def parse(self, text: str, *, others: str = "") -> int:
        """The point of a name. Raises UserError, which names the `others` that may be typed as well, such as "pass"."""
        point = self.find(text)
        if point is None:
            corners = f"{self.names[0]} (top left) to {self.names[-1]} (bottom right)"
            more = f", or {others}" if others else ""
            raise UserError(f"{text.strip()!r} is no point; type a column letter and a row number, from {corners}{more}")
        return point
