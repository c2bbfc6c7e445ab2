"""The table at which a person plays at the terminal: what is typed, what is answered. `play` sits down at it.

Input and output may be pipes: then nothing but plain lines is written, and what was read is written back, so that a transcript
reads like a game.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

import numpy as np
from rich.console import Console
from rich.text import Text

from ..agents import Decision, Forfeit, Player
from ..agents.session import GameSession
from ..envs import Game, IllegalAction
from ..envs.game import LISTED
from ..errors import UserError
from ..jit import when_compiling
from .board import Board
from .games import title

if TYPE_CHECKING:
    from .commenting import Comments

CANDIDATES = 7  # rows of a table of thoughts at most
LISTED_WIDTH = 50  # columns of a list of moves, so that its line fits into 80
HELP = (
    ("a move", "as shown at the board"),
    ("undo, u", "take back your last move and what was answered"),
    ("hint, h", "what the opponent would consider in your place"),
    ("think, t", "what the opponent thought about its last move"),
    ("resign", "give the game up"),
    ("help, ?", "the rules, and this"),
    ("quit, q", "leave; the game can be taken up again"),
)
COMPILING = "compiling rules and search, once on a machine"
AT_THE_END = "undo takes your last move back and plays on, think shows the opponent's last thoughts, Enter or quit leaves"
CHANCES = "Chances are the opponent's estimate, seen from your side: 100% is a sure win, 50% a draw, 0% a sure loss."


class _Leave(Exception):
    """The person gets up from the table; the message says how."""


class Table:
    """One game between a person in `seat` and `opponent`; None for two people who take turns.

    `watched` means that somebody sits at a terminal, who edits lines and sees them. `again` is the command that sits down here once
    more; a line at the end completes it with the moves. With `commented` there is a sentence about every move.
    """

    def __init__(
        self,
        game: Game,
        opponent: Player | None,
        *,
        seat: int,
        console: Console,
        source: TextIO,
        watched: bool,
        again: str,
        commented: bool = False,
    ) -> None:
        self._session = GameSession(game)
        self._opponent = opponent
        self._seat = seat
        self._console = console
        self._source = source
        self._again = again
        self._watched = watched
        self._board = board_on(console, game)
        self._thoughts: dict[int, Decision] = {}  # the opponent's, by the ply they were about
        self._comments = _comments(self._board) if commented else None

    def play(self, moves: Sequence[int] = ()) -> None:
        """Plays from the position after `moves` until the game ends or the person leaves."""
        for action in moves:
            self._session.play(action)
        self._greet()
        try:
            while True:
                self._play_to_the_end()
                if not (self._watched and self._linger()):
                    return
        except _Leave as leave:
            self._say(str(leave))
            self._say_moves()
        except KeyboardInterrupt:
            self._say("\nInterrupted; the game stops here.")
            self._say_moves()
            raise

    # The course of the game --------------------------------------------------------------------------------------------------

    def _play_to_the_end(self) -> None:
        while not self._session.over:
            if self._is_human(self._session.position.to_play):
                self._turn()
            else:
                self._answer()
        if self._session.position.terminal:
            self._comment(None)
        self._say_result()
        self._say_moves()

    def _turn(self) -> None:
        """The person's turn: one line of input."""
        if self._comments is not None and self._comments.wait_for(self._session.position):
            self._look_on()
        line = self._ask(self._prompt())
        word = line.lower()
        if word in ("undo", "u"):
            self._undo()
        elif word in ("hint", "h"):
            self._hint()
        elif word in ("think", "t"):
            self._think()
        elif word in ("help", "?"):
            self._help()
        elif word in ("quit", "q", "exit"):
            raise _Leave("You leave the game.")
        elif word == "resign":
            self._resign()
        elif line:
            self._move(line)

    def _move(self, text: str) -> None:
        game, position = self._session.game, self._session.position
        try:
            self._session.play(game.parse_move(text, position))
        except IllegalAction as refusal:
            self._say(f"{refusal}.")
        except UserError:
            legal = position.legal_actions()
            told = f"Moves: {game.list_actions(legal)}" if len(legal) <= LISTED else self._told_moves()
            self._say(f"{text!r} is neither a move nor a command. {told}; or help.")
        else:
            if self._session.over or self._is_human(self._session.position.to_play):
                self._show()  # else the board comes with the answer

    def _answer(self) -> None:
        """The opponent's turn."""
        assert self._opponent is not None
        position = self._session.position
        try:
            with busy(self._console, "the opponent thinks"):
                decision = self._opponent.decide(position)
        except Forfeit as forfeit:
            self._say("The opponent resigns." if forfeit.resigned else f"The opponent forfeits: {forfeit}.")
            self._session.resign()
            return
        self._thoughts[len(position.history)] = decision
        self._comment(decision)
        self._session.play(decision.action)
        self._say(Text.assemble("The opponent (", self._board.side(position.to_play), ") plays ", self._name(decision.action), "."))
        self._show()

    def _undo(self) -> None:
        """Back to the person's turn before their last move, or before they resigned."""
        if (result := self._session.result) and result.reason == "resignation" and result.player == self._seat:
            self._session.play_on()
            self._say("Taken back: your resignation.")
            self._show()
            return
        position, plies = self._session.position.previous, 1
        while position is not None and not self._is_human(position.to_play):
            position, plies = position.previous, plies + 1
        if position is None:
            self._say("There is no move of yours to take back.")
            return
        self._session.undo(plies)
        self._thoughts = {ply: thought for ply, thought in self._thoughts.items() if ply < len(position.history)}
        if self._comments is not None:
            self._comments.forget(len(position.history))
        self._say(f"Taken back: {_moves(plies)}.")
        self._show()

    def _resign(self) -> None:
        try:
            self._session.resign()
        except UserError as refusal:
            self._say(f"{refusal}.")

    def _linger(self) -> bool:
        """After the end, as long as somebody watches: whether the game goes on because a move was taken back."""
        while True:
            line = self._ask("undo, think, or Enter to leave> ")
            word = line.lower()
            if word in ("think", "t"):
                self._think()
            elif word in ("undo", "u"):
                self._undo()
                return not self._session.over
            elif word in ("", "quit", "q", "exit"):
                return False
            else:
                self._say(f"The game is over, and {line!r} does nothing any more: {AT_THE_END}.")

    # Comments ----------------------------------------------------------------------------------------------------------------

    def _look_on(self) -> None:
        """The opponent thinks about the person's turn, so that its last move can be spoken of, and the next one will be."""
        assert self._opponent is not None
        try:
            with busy(self._console, "the opponent looks on"):
                decision = self._opponent.decide(self._session.position)
        except Forfeit as forfeit:
            self._comments = None
            self._say(f"In your place the opponent would {'resign' if forfeit.resigned else 'forfeit'}; it comments no further.")
            return
        self._comment(decision)

    def _comment(self, decision: Decision | None) -> None:
        if self._comments is not None and (said := self._comments.take(self._session.position, decision)):
            self._say(Text(said, "italic"))

    # Thoughts ----------------------------------------------------------------------------------------------------------------

    def _hint(self) -> None:
        if self._opponent is None:
            self._say("Two people play; nobody thinks along.")
            return
        try:
            with busy(self._console, "the opponent looks at your side"):
                decision = self._opponent.decide(self._session.position)
        except Forfeit as forfeit:
            self._say(f"In your place the opponent would {'resign' if forfeit.resigned else f'forfeit: {forfeit}'}.")
            return
        self._say_thoughts("In your place the opponent would play", decision, self._seat)

    def _think(self) -> None:
        if self._opponent is None:
            self._say("Two people play; nobody thinks along.")
        elif not self._thoughts:
            instead = "" if self._session.over else "; hint asks what it would do in your place"
            self._say(f"The opponent has not thought yet{instead}.")
        else:
            self._say_thoughts("The opponent played", self._thoughts[max(self._thoughts)], 1 - self._seat)

    def _say_thoughts(self, words: str, decision: Decision, mover: int) -> None:
        """A move and the thoughts of `mover` behind it, as far as there are any, with all chances as the person has them."""
        move, sign = self._name(decision.action), 1 if mover == self._seat else -1
        self._say(f"{words} {move}{_after(decision)}.")
        if math.isnan(decision.value):
            self._say("It shows no thoughts.")
            return
        q = float(decision.q[decision.action])
        if math.isnan(q):
            self._say(f"Your chances: {_percent(sign * decision.value)}")
        else:  # those of the move, so that they are the ones in its row
            self._say(f"Your chances after {move}: {_percent(sign * q)}")
        if _compares(decision):
            self._say_candidates(decision, sign)
        else:
            self._say("It shows no thoughts about other moves.")
        self._say(f"Main line: {self._names(decision.principal_variation, ' ')}")

    def _say_candidates(self, decision: Decision, sign: int) -> None:
        """The best moves in a table."""
        rows = [("move", "prior", "visits", "your chances")]
        for action in self._by_merit(decision)[:CANDIDATES]:
            q = sign * float(decision.q[action])
            visits = int(decision.visits[action])
            rows.append((self._name(action), f"{decision.prior[action]:.0%}", f"{visits}" if visits else "-", _percent(q)))
        for i, row in enumerate(rows):
            self._say(
                Text(
                    "  " + "".join(cell.rjust(width) for cell, width in zip(row, (6, 8, 9, 15), strict=True)),
                    "dim" if i == 0 else "",
                )
            )

    def _by_merit(self, decision: Decision) -> list[int]:
        q = np.nan_to_num(decision.q, nan=-math.inf)
        order = np.lexsort((-decision.prior, -decision.policy, -q, -decision.visits))
        chosen = [int(a) for a in order if decision.prior[a] > 0 or decision.visits[a] > 0]
        return sorted(chosen, key=lambda action: action != decision.action)  # the chosen one first, the rest as they are

    # Words -------------------------------------------------------------------------------------------------------------------

    def _greet(self) -> None:
        spec = self._session.game.spec
        if self._opponent is None:
            who = Text.assemble("two people, ", self._board.side(0), " moves first.")
        else:
            order = ("you move first.", "the opponent moves first.")[self._seat]
            who = Text.assemble("you are ", self._board.side(self._seat), f" against {self._opponent.name}, {order}")
        self._say(Text.assemble((title(spec.name), "bold"), ": ", who))
        if not self._session.over:
            self._say(f"{self._told_moves()}. Type one, or help.")
        self._show()

    def _told_moves(self) -> str:
        """The legal moves in one line, where that is long enough and it is the person's turn; else how moves are written."""
        game, position = self._session.game, self._session.position
        legal = position.legal_actions()
        if self._is_human(position.to_play):
            if len(legal) <= LISTED and len(names := self._names(legal)) <= LISTED_WIDTH:
                return f"Moves: {names}"
            points = [action for action in legal if game.action_point(action) is not None]
            if len(points) == math.prod(game.spec.board):
                others = [self._name(action) for action in legal if action not in points]
                return f"Moves: {', '.join([f'{self._name(points[0])} to {self._name(points[-1])}', *others])}"
        return f"Moves are written like {self._names(legal[:3])}"

    def _help(self) -> None:
        if rules := self._session.game.rules:
            self._say(rules)
        for words, meaning in HELP:
            self._say(f"  {words:10}{meaning}")
        self._say(CHANCES)

    def _show(self) -> None:
        self._console.print()
        self._console.print(self._board.draw(self._session.position))
        self._console.print()

    def _say_result(self) -> None:
        result = self._session.result
        assert result is not None
        moves = _moves(len(self._session.position.history))
        if self._opponent is not None:
            mine = result.returns[self._seat]
            if result.player == self._seat:
                words = Text("You resign; the opponent wins.")
            else:
                outcome = "You win" if mine > 0 else "The opponent wins" if mine < 0 else "A draw"
                words = Text(f"{outcome} after {moves}.")
        elif max(result.returns) == min(result.returns):
            words = Text(f"A draw after {moves}.")
        else:
            winner = self._board.side(int(np.argmax(result.returns)))
            words = Text.assemble(winner, f" wins{' by resignation' if result.reason == 'resignation' else ''} after {moves}.")
        words.stylize("bold")
        self._say(words)

    def _say_moves(self) -> None:
        moves = " ".join(self._session.moves())
        if moves:
            self._say(f"Moves: {moves}")
            self._say("To see it again, or to play on from any move:" if self._session.over else "To take it up again:")
            self._console.print(f'  {self._again} --moves "{moves}"', markup=False)  # in one piece, to be copied

    def _prompt(self) -> str:
        if self._opponent is not None:
            return "your move> "
        return f"{self._board.side(self._session.position.to_play).plain} to move> "

    def _ask(self, prompt: str) -> str:
        """One line of input without its end. Raises _Leave when the input ends."""
        if self._watched:
            try:
                return input(prompt).strip()
            except EOFError:
                self._say("")
                raise _Leave("You leave the game.") from None
        self._console.print(prompt, end="")
        line = self._source.readline()
        self._console.print(line.strip(), markup=False)
        if not line:
            raise _Leave("The input ends, and with it the game.")
        return line.strip()

    def _say(self, words: str | Text) -> None:
        """A line; at a terminal that is narrower, several, parted between words."""
        self._console.print(words, markup=False, soft_wrap=not self._watched)

    def _is_human(self, player: int) -> bool:
        return self._opponent is None or player == self._seat

    def _name(self, action: int) -> str:
        return self._session.game.action_name(action)

    def _names(self, actions: Sequence[int], between: str = ", ") -> str:
        return between.join(map(self._name, actions))


def parse_moves(game: Game, text: str) -> list[int]:
    """The actions that a line of move names stands for. Raises UserError for one that is unknown or not legal."""
    position = game.start()
    for word in text.replace(",", " ").split():
        position = position.after(game.parse_move(word, position))
    return list(position.history)


def open_console() -> Console:
    """The terminal; without colours, cursor movements or any other control code where NO_COLOR is set or nobody watches."""
    plain = bool(os.environ.get("NO_COLOR")) or not sys.stdout.isatty()
    return Console(
        highlight=False,
        soft_wrap=True,
        force_terminal=False if plain else None,
        color_system=None if plain else "auto",
        emoji=False,
    )


def board_on(console: Console, game: Game) -> Board:
    """The boards of a game as this console can show them."""
    return Board(game, colour=console.color_system is not None and "utf" in console.encoding)


@contextmanager
def busy(console: Console, words: str) -> Iterator[Callable[[str], None]]:
    """Says on a terminal that something takes its time; in colour, and takes the words away again. Gives what changes the words.

    Without colour only what may take long is said: that rules and search are compiled.
    """
    if console.is_terminal and console.color_system is not None:
        with console.status("", spinner="dots", spinner_style="dim") as status:

            def say(words: str) -> None:
                status.update(Text(f"{words} ...", "dim"))

            say(words)
            with when_compiling(lambda: say(COMPILING)):
                yield say
    elif console.file.isatty():
        with when_compiling(lambda: console.print(f"{COMPILING} ...")):
            yield lambda words: None
    else:
        yield lambda words: None


def _comments(board: Board) -> Comments:
    from .commenting import Comments  # PyTorch, which nobody else at the table needs

    return Comments(lambda player: board.side(player).plain)


def _moves(count: int) -> str:
    return "1 move" if count == 1 else f"{count} moves"


def _compares(decision: Decision) -> bool:
    """Whether something tells one move from another: a search, values, or a network's first impression."""
    likely = decision.prior[decision.prior > 0]
    return bool(decision.visits.any() or np.isfinite(decision.q).any() or likely.min() < likely.max())


def _after(decision: Decision) -> str:
    simulations = int(decision.visits.sum())
    return f", after {simulations} simulations" if simulations else ""


def _percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{50 * (1 + value):.0f}%"
