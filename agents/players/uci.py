"""Chess programs as players, by python-chess: the spec `uci:COMMAND`, such as `uci:stockfish Skill_Level=3 Threads=1`.

COMMAND is read as in a shell. A word NAME=VALUE after the program sets one of its UCI options, underscores standing for the spaces
of a name and upper or lower case being alike (`UCI_LimitStrength=true UCI_Elo=1500`); words that begin with a hyphen and those
without = are the program's own arguments.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, cast

from ...envs import Game, Position
from ...errors import Forfeit, UserError, unknown
from .base import Decision, Limit, Player
from .common import rows_of, unthinking
from .guard import Guard, command_words

if TYPE_CHECKING:
    import chess
    import chess.engine

    from ...envs.chess import Chess

SECONDS = 0.1  # a move, when no limit is given
LONGEST = 60.0  # seconds a move, when only its nodes are limited
MARGIN = 30.0  # seconds more than a limit, and for every other answer: on a busy machine Stockfish takes ten to begin


class UciPlayer(Player):
    """Asks a chess program for every move, and takes over its judgement and the line it expects. One program plays all games.

    A program that crashes, hangs or plays illegally loses that game (Forfeit); for the next one it is started anew. Raises
    UserError for another game than chess, a program that is not there or speaks no UCI, and an option it does not have.
    """

    def __init__(self, game: Game, command: str, *, nodes: int | None = None, margin: float = MARGIN) -> None:
        if game.spec.name != "chess":
            raise UserError(f"the player 'uci:{command}' plays chess, not {game!r}; choose another player")
        self.game = game
        self.name = f"uci:{command}"
        self._words, self._options = _parts(command_words(command))
        self._nodes = nodes
        self._margin = margin
        self._engine: chess.engine.SimpleEngine | None = None
        self._token = object()  # another one for another game
        self._start()

    def decide_many(self, positions: Sequence[Position], limit: Limit | None = None) -> list[Decision]:
        """One answer a position, in order. Simulations are the program's nodes; without any limit it has SECONDS a move."""
        masks = self.game.legal_mask(rows_of(positions))
        decisions = []
        for index, (position, mask) in enumerate(zip(positions, masks, strict=True)):
            try:
                decisions.append(self._decide(position, limit, unthinking(mask, int(mask.argmax()))))
            except Forfeit as failure:
                self.close()
                failure.index = index
                raise
        return decisions

    def new_game(self, seed: int | None = None) -> None:
        """Tells the program so with the next move it is asked for."""
        self._token = object()

    def close(self) -> None:
        """Ends the program and what it started. More than once is as good as once."""
        if self._engine is not None:
            transport = self._engine.transport
            self._guard.dismiss()
            deadline = time.monotonic() + 1
            while transport.get_returncode() is None and time.monotonic() < deadline:  # until its thread has seen it end
                time.sleep(0.002)
            self._engine.close()
            self._engine = None

    def _decide(self, position: Position, limit: Limit | None, blank: Decision) -> Decision:
        import chess.engine

        game = cast("Chess", self.game)
        board = game.board(position)
        try:
            if self._engine is None:
                self._start()
            assert self._engine is not None
            found = self._engine.play(
                board, self._limit(limit), game=self._token, info=chess.engine.INFO_SCORE | chess.engine.INFO_PV
            )
        except UserError as refusal:
            raise Forfeit(str(refusal)) from refusal
        except TimeoutError:
            raise Forfeit("the program gave no move in time") from None
        except chess.engine.EngineError as failure:
            raise Forfeit(f"the program fails: {_line(failure)}") from failure
        if found.move is None or not board.is_legal(found.move):
            raise Forfeit(f"the program plays {found.move.uci() if found.move else 'no move'}, which is not legal")
        return _judged(blank, game, board, found)

    def _limit(self, limit: Limit | None) -> chess.engine.Limit:
        import chess.engine

        nodes = limit.simulations if limit and limit.simulations is not None else self._nodes
        seconds = limit.seconds if limit else None
        if seconds is None:
            seconds = SECONDS if nodes is None else LONGEST
        return chess.engine.Limit(time=seconds, nodes=None if nodes is None else max(1, nodes))

    def _start(self) -> None:
        import chess.engine

        self.close()
        try:
            self._engine = self._open()
            self._engine.configure(_named(self.name, self._options, self._engine.options))
        except (TimeoutError, OSError, chess.engine.EngineError) as failure:
            self.close()
            said = _line(failure) or "it gives no answer"
            raise UserError(
                f"{self.name} cannot be used: {said}; is it a program that speaks UCI, with these options?"
            ) from failure
        except UserError:
            self.close()
            raise

    def _open(self) -> chess.engine.SimpleEngine:
        import chess.engine

        began = time.monotonic()
        with Guard(self._words) as self._guard:
            # python-chess would kill the guard when the time is up, and not wait for it.
            late = threading.Timer(self._margin, self._guard.dismiss)
            late.start()
            try:
                engine = chess.engine.SimpleEngine.popen_uci(
                    self._guard.command,
                    timeout=None,
                    stderr=subprocess.DEVNULL,
                    pass_fds=self._guard.inherited,
                    start_new_session=True,
                )
            except chess.engine.EngineTerminatedError:
                if time.monotonic() >= began + self._margin:
                    raise TimeoutError from None
                raise
            finally:
                late.cancel()
        engine.timeout = self._margin
        return engine


def _parts(words: list[str]) -> tuple[list[str], dict[str, str]]:
    """The words to start the program with, and the options to set."""
    options = {word.partition("=")[0]: word.partition("=")[2] for word in words[1:] if _is_option(word)}
    return [words[0], *(word for word in words[1:] if not _is_option(word))], options


def _is_option(word: str) -> bool:
    return "=" in word[1:] and not word.startswith("-")


def _named(player: str, options: Mapping[str, str], known: Mapping[str, object]) -> dict[str, str]:
    """The options under the names that the program has for them. Raises UserError for one it does not have."""
    names = {name.replace(" ", "_").casefold(): name for name in known}
    for name in options:
        if name.replace(" ", "_").casefold() not in names:
            raise unknown(f"option of {player.partition(' ')[0]}", name, (known_name.replace(" ", "_") for known_name in known))
    return {names[name.replace(" ", "_").casefold()]: value for name, value in options.items()}


def _judged(blank: Decision, game: Chess, board: chess.Board, found: chess.engine.PlayResult) -> Decision:
    """The decision for the move that was found, with the program's expected score and main line where it says them."""
    assert found.move is not None
    line = [found.move]
    if found.info.get("pv", [])[:1] == line:
        line = list(takewhile(bool, found.info["pv"]))  # some programs write null moves into it
    score = found.info.get("score")
    return Decision(
        action=game.action(found.move),
        policy=blank.policy,
        value=float("nan") if score is None else 2 * score.pov(board.turn).wdl(ply=board.ply()).expectation() - 1,
        visits=blank.visits,
        prior=blank.prior,
        q=blank.q,
        principal_variation=tuple(map(game.action, line)),
    )


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]


def make(argument: str, game: Game, *, simulations: int | None, seed: int) -> UciPlayer:
    """The player of the spec `uci:COMMAND`."""
    return UciPlayer(game, argument, nodes=simulations)
