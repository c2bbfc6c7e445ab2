"""Portable Game Notation for chess, by python-chess: one game read from a file, and a position written with the way to it.

Called by whatever exports games or takes them in. The format is Steven Edwards' standard of 1994; Chess960 is named by the
header Variant, and another start position by FEN.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import UserError
from ..chess import Chess
from ..game import Position
from ..registry import make

if TYPE_CHECKING:
    from chess import Board

_TOKEN = re.compile(
    r"""(?P<space>\s+|^%[^\n]*|;[^\n]*|\{[^}]*\}|\$\d{1,3}|[!?]{1,2}|e\.p\.)
    |(?P<header>\[\s*(?P<name>\w+)\s+"(?P<value>(?:\\["\\]|[^"\\\n]|\\(?!["\\])|"(?![ \t]*\]))*+)"[ \t]*\])
    |(?P<open>\()|(?P<close>\))
    |(?P<result>(?:1-0|0-1|1/2-1/2|\*)(?=[\s)]|$))
    |(?P<san>(?:[KQRBN]?[a-h]?[1-8]?x?[a-h][1-8](?:=?[QRBN])?|[O0]-[O0](?:-[O0])?)[+\#]?(?=[\s!?)({;$]|$))
    |(?P<number>\d{1,4}(?:\s*\.+|(?=\s)|$)|\.+)""",
    re.VERBOSE | re.MULTILINE,
)
_LINE_BREAK = re.compile(r"\r\n|\r")
LONGEST = 4_000_000  # characters of a text
_MAX_PLIES = 10_000  # of a game of chess here
_DECIDED = ("1-0", "0-1", "1/2-1/2")
_STANDARD = ("", "standard", "from position", "chess", "normal")
_CHESS960 = ("chess960", "chess 960", "fischerandom", "fischerrandom", "fischer random")


class PgnGame(NamedTuple):
    """One game as it was written: the last position of its main line, and what its headers say."""

    game: Chess
    position: Position
    headers: Mapping[str, str]  # Event, White, Result and so on
    result: str  # "1-0", "0-1", "1/2-1/2" or "*", as the header or the end of the moves says; a resignation is seen only here


def read_game(data: str | bytes) -> PgnGame:
    """The first game of a text or a file's bytes: its main line, variations and comments left out.

    Bytes are UTF-8 or, where they cannot be that, the standard's ISO 8859-1, in which every byte is a character.
    The numbers of moves say nothing, as in the standard's import format. Raises UserError, naming line and column, for a text
    without a game, a variant that is not played here, a move that is not legal, results that contradict each other or the last
    position, and whatever else is no PGN, so that nothing is left out in silence; also for a game that goes on after a third
    repetition or fifty moves, which end it here.
    """
    text = _LINE_BREAK.sub("\n", _decoded(data) if isinstance(data, bytes) else data.removeprefix("\ufeff"))
    if len(text) > LONGEST:
        raise _error(text, LONGEST, f"the PGN has {len(text):,} characters; {LONGEST:,}, up to here, are read, so split it")
    headers, places, moves, end = _scan(text)
    if not (moves or headers.get("White") or headers.get("FEN")):
        raise _error(text, 0, 'there is no game; it should have headers such as [White "A"], and moves such as 1. e4 e5')
    named = headers.get("Variant", "").casefold()
    if named not in (*_STANDARD, *_CHESS960):
        variant = headers["Variant"][:40]
        raise _error(text, places["Variant"], f"the variant {variant!r} is not played here; only standard chess and Chess960 are")
    if len(moves) >= _MAX_PLIES:
        raise _error(text, moves[_MAX_PLIES - 1][0], f"the game goes on after {_MAX_PLIES - 1:,} plies, which are all that is read")
    variant, longest = "960" if named in _CHESS960 else "standard", max(512, len(moves) + 1)  # the last ply must end no game
    try:
        game = make("chess", variant=variant, fen=headers.get("FEN", ""), max_plies=longest)
    except UserError as error:
        raise _error(text, places["FEN"], str(error)) from error
    assert isinstance(game, Chess)
    position = game.start()
    board = game.board(position)
    for at, san in moves:
        try:
            move = board.parse_san(san)
        except ValueError as error:
            raise _error(text, at, f"{san} is not a legal move after {len(position.history)} plies") from error
        try:
            position = position.after(game.action(move))
        except UserError as error:
            raise _error(text, at, str(error)) from error
        board.push(move)
    return PgnGame(game, position, headers, _agreed(text, headers, places, end, board))


def _agreed(text: str, headers: Mapping[str, str], places: Mapping[str, int], end: tuple[int, str], board: Board) -> str:
    """The result that a game's header or the end of its moves tells; "*", and anything else, tells none. Raises UserError."""
    at, result = places.get("Result", 0), headers.get("Result", "*")
    if end[1] in _DECIDED:
        if result in _DECIDED and result != end[1]:
            raise _error(text, end[0], f"the moves end with {end[1]}, and the header says {result}; one of them is wrong")
        at, result = end
    if result not in _DECIDED:
        return "*"
    outcome = board.outcome()  # by rules that nobody has to claim
    if outcome is not None and outcome.result() != result:
        raise _error(text, at, f"the result is {result}, and the last position {outcome.result()}; one of them is wrong")
    return result


def _decoded(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _error("", 0, "the file is UTF-16, which PGN does not know; save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _scan(text: str) -> tuple[dict[str, str], dict[str, int], list[tuple[int, str]], tuple[int, str]]:
    """The first game: its headers, the offset of each, the moves of the main line and the result with theirs. Raises UserError."""
    headers: dict[str, str] = {}
    places: dict[str, int] = {}
    moves: list[tuple[int, str]] = []
    end = 0, "*"
    open_at: list[int] = []  # where the variations begin that are open
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise _error(text, at, _complaint(text, at))
        kind = token.lastgroup
        if kind == "header":
            if moves and not open_at:  # the next game
                break
            headers[token["name"]] = re.sub(r"\\([\"\\])", r"\1", token["value"])
            places[token["name"]] = at
        elif kind == "open":
            open_at.append(at)
        elif kind == "close":
            if not open_at:
                raise _error(text, at, "a ) closes nothing; remove it")
            open_at.pop()
        elif kind == "san" and not open_at:
            moves.append((at, token["san"]))
        elif kind == "result" and not open_at:
            end = at, token["result"]
            break
        at = token.end()
    if open_at:
        raise _error(text, open_at[-1], "a variation begins here and does not end; close it with )")
    return headers, places, moves, end


def _complaint(text: str, at: int) -> str:
    if text[at] == "{":
        return "a comment begins here and does not end; close it with }"
    if text[at] == "[":
        return 'this is no header; write [Name "value"]'
    word = re.split(r"\s", text[at : at + 20], maxsplit=1)[0]
    return f"{word!a} is no move; moves are written in English, such as Nf3, exd5 or O-O"


def _error(text: str, at: int, message: str) -> UserError:
    line, start = text.count("\n", 0, at) + 1, text.rfind("\n", 0, at)
    return UserError(f"PGN, line {line}, column {at - start}: {message}")


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
    """A header's value on one line, with the escapes that python-chess leaves to us; the standard's "?" for nothing."""
    return re.sub(r'["\\]', r"\\\g<0>", " ".join(value.split())) or "?"
