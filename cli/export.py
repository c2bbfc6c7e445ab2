"""`zerodojo export`: the newest games of a run as files that other programs read. Also while the run trains; it reads only.

One file a game, because GNU Go and most boards on a screen open the first game of a file only. `cat *.sgf` makes a collection of
them, and `cat *.pgn` a database.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import UserError, unknown
from .arguments import Positional, parse

if TYPE_CHECKING:
    from ..agents.alphazero.records import GameRecords
    from ..agents.alphazero.store import GameStore
    from ..envs import Game, Position

FORMATS = ("pgn", "sgf")
CHESS = "chess"


@dataclass(frozen=True)
class Export:
    """The arguments of `zerodojo export`."""

    run: Positional[str]  # the run directory
    out: str  # the directory the files go to, made if it is not there; games exported before are written again
    format: str = ""  # sgf (Go, Othello, Gomoku, Hex) or pgn (chess); the game's own without
    games: int = 100  # the newest so many, or all where there are fewer


class _Game(NamedTuple):
    """A finished game of self-play."""

    number: int  # in the run
    position: Position  # where play ended
    returns: tuple[float, ...]
    opening: int  # so many moves at its beginning were random
    proven: bool  # whether it ended early, its outcome proven
    comments: dict[int, str]  # about the position after so many plies


def main(argv: Sequence[str]) -> int:
    """Writes the files. Raises UserError for arguments that do not fit."""
    options = parse(
        Export,
        argv,
        prog="zerodojo export",
        description="Write the newest games of a run as SGF or PGN, one file a game.",
        examples=[
            "zerodojo export runs/go --out games",
            "zerodojo export runs/go --out games --format sgf --games 1000",
        ],
    )
    if options.games < 1:
        raise UserError(f"--games is {options.games}; choose from 1")
    if options.format and options.format not in FORMATS:
        raise unknown("format", options.format, FORMATS)
    # Only now what takes time to import: help must answer at once.
    from ..agents.alphazero.store import GameStore
    from ..agents.run_directory import RunDirectory
    from ..envs import make

    run = RunDirectory.open(options.run)
    game = make(run.config.game, **run.config.options)
    suffix = _format(game, options.format)
    store = GameStore(run.games, game)
    if not store.cursor.games:
        raise UserError(f"{run.path} holds no finished game yet; train it a little longer")
    name = run.path.resolve().name
    folder = Path(options.out)
    if folder.is_file():
        raise UserError(f"{folder} is a file; name a directory for --out")
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for played in _newest(store, game, options.games):
        path = folder / f"{name}-{played.number:08d}.{suffix}"
        path.write_bytes(_pgn(played, name) if suffix == "pgn" else _sgf(played, name))
        count += 1
    print(f"{count} {'game' if count == 1 else 'games'} of {options.run} in {folder}, {name}-NUMBER.{suffix}")
    return 0


def _format(game: Game, asked: str) -> str:
    """The format for a game, the one asked for or its own. Raises UserError for one that does not know the game."""
    from ..envs.notation.sgf_games import SGF_GAMES

    name = game.spec.name
    known = {"sgf": SGF_GAMES, "pgn": (CHESS,)}
    fits = next((format_ for format_, games in known.items() if name in games), None)
    if fits is None:
        raise UserError(f"neither SGF nor PGN knows {name}; exported are {', '.join([*SGF_GAMES, CHESS])}")
    if asked and asked != fits:
        raise UserError(f"{asked.upper()} is for {', '.join(known[asked])}, and this is a run of {name}; leave --format out")
    return fits


def _newest(store: GameStore, game: Game, count: int) -> Iterator[_Game]:
    """The newest games, in the order they came."""
    parts: list[GameRecords] = []
    for part in store.read_backwards(store.cursor):
        parts.insert(0, part)
        if sum(map(len, parts)) >= count:
            break
    surplus = max(0, sum(map(len, parts)) - count)
    for part in parts:
        yield from _games(part, game, skip=surplus)
        surplus = max(0, surplus - len(part))


def _games(records: GameRecords, game: Game, *, skip: int) -> Iterator[_Game]:
    """The games of records, without the first `skip`."""
    from ..agents.alphazero.records import End

    last = 0
    for index, length in enumerate(records.length.tolist()):
        first, last = last, last + length
        if index < skip:
            continue
        number, proven = int(records.number[index]), bool(records.end[index] == End.SOLVED)
        position = game.start().play(records.action[first:last].tolist())
        searched = records.simulations[first:last] > 0
        opening = int(searched.argmax()) if searched.any() else length
        comments = {0: f"Game {number} of a training run, played against itself by {_versions(records, first, last)}."}
        if opening:
            comments[opening] = f"The {opening} moves up to here were random; the network plays from here on."
        if proven:
            comments[length] = f"{comments.get(length, '')} The search had proven the outcome, and the rest was not played.".strip()
        yield _Game(number, position, tuple(map(float, records.returns[index])), opening, proven, comments)


def _versions(records: GameRecords, first: int, last: int) -> str:
    """The weights that chose the moves of plies [first, last)."""
    versions = sorted({int(version) for version in records.version[first:last] if version >= 0})
    if not versions:
        return "nobody"
    if versions == [0]:
        return "a search that knew nothing"
    return (
        f"version {versions[0]} of its network"
        if len(versions) == 1
        else f"versions {versions[0]} to {versions[-1]} of its network"
    )


def _sgf(played: _Game, name: str) -> bytes:
    from ..envs.notation.sgf_games import Result, write_game

    result = Result((played.returns[0], played.returns[1])) if played.proven else None
    return write_game(
        played.position,
        players=(name, name),
        result=result,
        comments=played.comments,
        event=f"self-play of {name}",
        round=str(played.number),
    )


def _pgn(played: _Game, name: str) -> bytes:
    from ..envs.notation.pgn import write_game

    result = "1/2-1/2" if played.returns[0] == played.returns[1] else "1-0" if played.returns[0] > played.returns[1] else "0-1"
    opening = f", its first {played.opening} moves random" if played.opening else ""
    event = f"self-play of {name}, game {played.number}{opening}"
    text: str = write_game(played.position, white=name, black=name, result=result, event=event)
    return text.encode("utf-8")
