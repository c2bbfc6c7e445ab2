"""What SGF means in each of our games, both ways: its number, coordinates, rules and results. Called by `sgf_games`.

Sources: https://www.red-bean.com/sgf/go.html and hex.html; for Othello and Gomoku nothing is written down, and files follow Go.
Coordinates of two letters count columns and rows from the top left. Othello and Hex are also read with a letter and a number, and
Hex is written so.
"""

from __future__ import annotations

import re
from string import ascii_lowercase
from typing import Literal, NamedTuple

from ..game import Game, Option, Position

Reason = Literal["score", "resignation", "time", "forfeit", ""]


class Kind(NamedTuple):
    """What SGF says about a game: its number, the size of the board without SZ, and which coordinates it knows."""

    number: int  # GM
    size: int
    letters_and_numbers: bool  # a1, beside aa
    last: str  # what the last action is, where there is one beside the points


KINDS = {
    "go": Kind(1, 19, False, "pass"),
    "othello": Kind(2, 8, True, "pass"),
    "gomoku": Kind(4, 15, False, "swap"),
    "hex": Kind(11, 11, True, "swap"),
}
SGF_GAMES = tuple(KINDS)


class Result(NamedTuple):
    """How a game ended, as RE tells."""

    returns: tuple[float, float] | None  # of Black and White; None where nobody is said to have won, lost or drawn
    reason: Reason = ""  # empty where it is not told
    margin: float | None = None  # points or discs, where they decided

    def __str__(self) -> str:
        """The value of RE."""
        if self.returns is None:
            return "?"
        if self.returns[0] == self.returns[1]:
            return "0"
        how = (
            f"{self.margin:g}"
            if self.margin is not None
            else {"resignation": "R", "time": "T", "forfeit": "F"}.get(self.reason, "")
        )
        return f"{'B' if self.returns[0] > self.returns[1] else 'W'}+{how}"


UNKNOWN = Result(None)


def parse_result(value: str) -> Result:
    """The result that a value of RE tells; UNKNOWN for ?, Void, and what is no form of the standard."""
    if value.casefold() in ("0", "draw", "jigo"):
        return Result((0.0, 0.0))
    match = re.fullmatch(r"([BW])(?:\+(|R|Resign|T|Time|F|Forfeit|\d{1,4}(?:\.\d{0,4})?))?", value.strip(), re.IGNORECASE)
    if match is None:
        return UNKNOWN
    returns = (1.0, -1.0) if match[1] in "Bb" else (-1.0, 1.0)
    how = (match[2] or "").lower()
    if how[:1].isdecimal():
        return Result(returns, "score", float(how))
    reasons: dict[str, Reason] = {"r": "resignation", "t": "time", "f": "forfeit"}
    return Result(returns, reasons.get(how[:1], ""))


def result_of(position: Position) -> Result:
    """The result that the rules give; UNKNOWN while the game goes on."""
    if not position.terminal:
        return UNKNOWN
    black, white = position.returns
    if black == white:
        return Result((0.0, 0.0))
    name = position.game.spec.name
    if name == "go":
        from ..go import Go

        assert isinstance(position.game, Go)
        return Result((black, white), "score", abs(float(position.game.score(position.row[None])[0])))
    if name == "othello":
        owners = position.game.picture(position.row).owners
        return Result((black, white), "score", float(abs(int((owners == 0).sum()) - int((owners == 1).sum()))))
    return Result((black, white))


# Coordinates ---------------------------------------------------------------------------------------------------------------


def point(value: str, size: int, game: str) -> tuple[int, int]:
    """The point (row, column) that coordinates name. Raises ValueError."""
    if KINDS[game].letters_and_numbers and (match := re.fullmatch(r"([a-z])([1-9][0-9]?)", value.lower(), re.ASCII)):
        row, column = int(match[2]) - 1, ascii_lowercase.index(match[1])
    elif re.fullmatch(r"[a-z]{2}", value):
        row, column = ascii_lowercase.index(value[1]), ascii_lowercase.index(value[0])
    else:
        raise ValueError(
            f"coordinates are {'a letter and a number' if game == 'hex' else 'two letters'}, such as {named(2, 3, game)}"
        )
    if row >= size or column >= size:
        raise ValueError(f"{value} lies outside")
    return row, column


def named(row: int, column: int, game: str) -> str:
    """The coordinates that we write."""
    return ascii_lowercase[column] + (str(row + 1) if game == "hex" else ascii_lowercase[row])


def start_stones(game: Game) -> list[set[tuple[int, int]]]:
    """The points (row, column) of Black's and White's stones at the start."""
    owners = game.picture(game.start().row).owners
    return [{(int(row), int(column)) for row, column in zip(*(owners == colour).nonzero(), strict=True)} for colour in (0, 1)]


# Rules ---------------------------------------------------------------------------------------------------------------------

# What RU calls the rules of ko and suicide; the scores are Tromp and Taylor's whatever it says. The names are KataGo's, whose
# spelled-out form (koSIMPLEscoreAREA...sui0) is read as well. Situational superko, which we do not have, is read as positional.
_RULES: dict[str, tuple[str, bool]] = {
    "tromp-taylor": ("positional", True),
    "chinese-kgs": ("positional", False),
    "chinese": ("simple", False),
    "japanese": ("simple", False),
    "korean": ("simple", False),
    "aga": ("positional", False),
    "new zealand": ("positional", True),
    "nz": ("positional", True),
    "goe": ("positional", True),
}


def go_rules(value: str) -> dict[str, Option]:
    """The options superko and suicide that a value of RU means; empty where it means nothing to us."""
    value = value.casefold()
    if value in _RULES:
        superko, suicide = _RULES[value]
        return {"superko": superko, "suicide": suicide}
    if spelled := re.match(r"ko(simple|positional|situational)score.*sui([01])", value):
        return {"superko": "simple" if spelled[1] == "simple" else "positional", "suicide": spelled[2] == "1"}
    return {}


def written_rules(game: Game) -> str:
    """The value of RU for a game; empty where there is nothing to choose."""
    options = game.spec.options
    if game.spec.name == "go":
        return {
            ("positional", True): "Tromp-Taylor",
            ("positional", False): "Chinese-KGS",
            ("simple", False): "Chinese",
            ("simple", True): "koSIMPLEscoreAREAsui1",
        }[str(options["superko"]), bool(options["suicide"])]
    if game.spec.name == "gomoku":
        return ", ".join(["exact five" if options["exact"] else "five or more", *(["swap"] if options["swap"] else [])])
    if game.spec.name == "hex":
        return "swap" if options["swap"] else "no swap"
    return ""
