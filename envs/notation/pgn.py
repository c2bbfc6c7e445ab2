"""Portable Game Notation for chess, by python-chess: one game read from a text, and a position written with the way to it.

Called by whatever exports games or takes them in. The format is Steven Edwards' standard of 1994; Chess960 is named by the
header Variant, and another start position by FEN.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import UserError
from ..chess import Chess
from ..game import Position
from ..registry import make

if TYPE_CHECKING:
    import chess

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
LONGEST = 4_000_000  # characters of a text
_MAX_PLIES = 10_000
_CHESS960 = ("chess960", "chess 960", "fischerandom", "fischerrandom", "fischer random")


class PgnGame(NamedTuple):
    """One game as it was written: the last position of its main line, and what its headers say."""

    game: Chess
    position: Position
    headers: Mapping[str, str]  # Event, White, Result and so on

    @property
    def result(self) -> str:
        """ "1-0", "0-1", "1/2-1/2" or "*", as the headers say; a resignation is seen only here."""
        return self.headers.get("Result", "*")


def read_game(text: str) -> PgnGame:
    """The first game of a text: its main line, variations and comments left out.

    Raises UserError, naming the line, for a text without a game, a move that is not legal, and whatever else is no PGN; also for a
    game that goes on after a third repetition or fifty moves, which end it here.
    """
    from chess import pgn

    if len(text) > LONGEST:
        raise UserError(f"the PGN has {len(text)} characters; at most {LONGEST} are read")
    if control := _CONTROL.search(text):
        line = text.count("\n", 0, control.start()) + 1
        raise UserError(f"line {line} of the PGN has the character {control[0]!r}; is it a text?")
    handle = _Lines(text.removeprefix("\ufeff"))
    found: _Found | None = pgn.read_game(handle, Visitor=lambda: _visitor(handle))
    if found is None or not (found.moves or found.headers.get("White") or found.headers.get("FEN")):
        raise UserError('there is no game in the PGN; it should have headers such as [White "A"], and moves such as 1. e4 e5')
    variant = "960" if found.headers.get("Variant", "").casefold() in _CHESS960 else "standard"
    fen = found.headers.get("FEN", "")
    game = make("chess", variant=variant, fen=fen, max_plies=min(_MAX_PLIES, max(512, len(found.moves))))
    assert isinstance(game, Chess)
    position = game.start()
    for line, move in found.moves:
        try:
            position = position.after(game.action(move))
        except UserError as error:
            raise UserError(f"line {line} of the PGN: {error}") from error
    return PgnGame(game, position, found.headers)


def write_game(
    position: Position, *, white: str = "?", black: str = "?", result: str = "", event: str = "?", date: str = "????.??.??"
) -> str:
    """The game that led to a position, as PGN with a line end. Without a result it is the position's own, "*" where it goes on."""
    from chess import pgn

    game = position.game
    if not isinstance(game, Chess):
        raise UserError(f"PGN is for chess, not {game!r}")
    written: Any = pgn.Game.from_board(game.board(position))
    written.headers.update(Event=_clean(event), Date=_clean(date), White=_clean(white), Black=_clean(black))
    written.headers["Result"] = result or _result(position)
    return f"{written}\n"


def _result(position: Position) -> str:
    if not position.terminal:
        return "*"
    return {1.0: "1-0", -1.0: "0-1"}.get(position.returns[0], "1/2-1/2")


def _clean(value: str) -> str:
    """A header's value on one line."""
    return " ".join(value.split())


class _Lines(io.StringIO):
    """A text that knows the number of the line it read last."""

    number = 0

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]  # as typeshed has StringIO's own
        self.number += 1
        return super().readline(size)


class _Found(NamedTuple):
    headers: dict[str, str]
    moves: list[tuple[int, chess.Move]]  # each with its line


def _visitor(handle: _Lines) -> Any:
    """What python-chess tells about a game as it reads it."""
    from chess import pgn

    class Visitor(pgn.BaseVisitor[_Found]):
        def __init__(self) -> None:
            self.found = _Found({}, [])

        def visit_header(self, tagname: str, tagvalue: str) -> None:
            self.found.headers[tagname] = tagvalue

        def begin_variation(self) -> pgn.SkipType:
            return pgn.SKIP

        def visit_move(self, board: chess.Board, move: chess.Move) -> None:
            self.found.moves.append((handle.number, move))

        def handle_error(self, error: Exception) -> None:
            raise UserError(f"line {handle.number} of the PGN: {' '.join(str(error).split())[:200]}") from error

        def result(self) -> _Found:
            return self.found

    return Visitor()
