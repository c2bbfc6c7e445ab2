"""The sentences that a comment may be: a grammar over facts. Networks learn to speak from it, and are graded by it.

MOVE and BEST stand for names of moves, PLAYER for who moved, OTHER for who did not; GIVEN and CHANCES are percent. Whoever speaks
puts them in.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from .facts import OPEN, TENTHS, Facts

Sentence = tuple[str, ...]  # words

MISTAKE, BLUNDER = 2, 4  # tenths given away
AHEAD = 3  # tenths, from which on a move is the only good one
BETTER, WINNING = 6, 8  # tenths of chances

WON = ("MOVE ends the game : PLAYER has won", "MOVE , and PLAYER has won")
LOST = ("MOVE ends the game : OTHER has won", "MOVE , and OTHER has won")
DRAWN = ("MOVE ends the game in a draw", "MOVE , and nobody has won")
FORCED = ("MOVE is forced", "there is nothing but MOVE")
BLUNDERED = ("MOVE is a blunder ; BEST was called for", "MOVE gives GIVEN percent away , and BEST nothing")
MISTAKEN = ("MOVE is a mistake ; BEST was better", "BEST was better than MOVE by GIVEN percent")
PLAYABLE = ("MOVE is almost as good as BEST", "MOVE is playable , and BEST a little better")
SURPRISING = ("MOVE is a surprise , and it holds", "who would expect MOVE ? it is good")
ONLY = ("MOVE is the only good move", "everything but MOVE loses ground")
EXPECTED = ("PLAYER plays MOVE , as expected", "MOVE , of course")
SOUND = ("MOVE is a sound move", "MOVE is as good as any")

SURE_WIN = ("PLAYER wins by force", "nothing can stop PLAYER")
SURE_LOSS = ("OTHER wins by force", "nothing can stop OTHER")
SURE_DRAW = ("it will be a draw", "nobody can win any more")
AT_ODDS = ("PLAYER is winning , with CHANCES percent", "PLAYER has CHANCES percent and should win")
FOR_PLAYER = ("PLAYER stands better , at CHANCES percent", "CHANCES percent for PLAYER")
FOR_NOBODY = ("the game is open", "both have their chances")
FOR_OTHER = ("OTHER stands better ; CHANCES percent are left to PLAYER", "PLAYER is down to CHANCES percent")
LOSING = ("OTHER is winning", "PLAYER is in trouble")

AGAIN = ("that is not the first mistake of PLAYER", "PLAYER errs again")
TURNED = ("the game has turned", "the lead changes hands")
QUIET = ("the game goes on", "so it stays")

_ALL: tuple[tuple[str, ...], ...] = (
    *(WON, LOST, DRAWN, FORCED, BLUNDERED, MISTAKEN, PLAYABLE, SURPRISING, ONLY, EXPECTED, SOUND),
    *(SURE_WIN, SURE_LOSS, SURE_DRAW, AT_ODDS, FOR_PLAYER, FOR_NOBODY, FOR_OTHER, LOSING),
)
NUMBERS = tuple(str(TENTHS * tenth) for tenth in range(TENTHS + 1))  # percent


def _words(*groups: tuple[str, ...]) -> tuple[str, ...]:
    said = {word for group in groups for phrase in group for word in phrase.split()}
    return tuple(sorted(said - {"GIVEN", "CHANCES"} | {"."}))


WORDS = (*_words(*_ALL), *NUMBERS)
REMARKS = _words(AGAIN, TURNED, QUIET)  # the words of remarks


def sentences(facts: Facts) -> list[Sentence]:
    """All that may be said of a move."""
    groups = [_move(facts), *([] if facts.ended else [_standing(facts)])]
    return [_said(phrases, facts) for phrases in product(*groups)]


def remarks(facts: Facts, earlier: Sequence[Facts]) -> list[Sentence]:
    """All that may be said of the course of a game, given the facts of the moves before, the oldest first."""
    return [_said(phrases, facts) for phrases in product(*(_course(facts, earlier) or [QUIET]))]


def is_eventful(facts: Facts, earlier: Sequence[Facts]) -> bool:
    """Whether there is anything to remark."""
    return bool(_course(facts, earlier))


def _move(facts: Facts) -> tuple[str, ...]:
    if facts.ended:
        return (LOST, DRAWN, WON)[facts.proven]
    if facts.choices == 1:
        return FORCED
    if facts.given >= MISTAKE:
        return BLUNDERED if facts.given >= BLUNDER else MISTAKEN
    if facts.given:
        return PLAYABLE
    if facts.likely == 0:
        return SURPRISING
    if facts.ahead >= AHEAD:
        return ONLY
    return EXPECTED if facts.likely > TENTHS // 2 else SOUND


def _standing(facts: Facts) -> tuple[str, ...]:
    if facts.proven != OPEN:
        return (SURE_LOSS, SURE_DRAW, SURE_WIN)[facts.proven]
    if facts.chances >= BETTER:
        return AT_ODDS if facts.chances >= WINNING else FOR_PLAYER
    if facts.chances <= TENTHS - BETTER:
        return LOSING if facts.chances <= TENTHS - WINNING else FOR_OTHER
    return FOR_NOBODY


def _course(facts: Facts, earlier: Sequence[Facts]) -> list[tuple[str, ...]]:
    own = earlier[-2::-2]  # of the same player, the newest first
    said: list[tuple[str, ...]] = []
    if facts.given >= MISTAKE and any(one.given >= MISTAKE for one in own):
        said.append(AGAIN)
    taken = bool(earlier) and facts.chances >= BETTER and earlier[-1].chances >= BETTER
    lost = bool(own) and facts.chances <= TENTHS - BETTER and own[0].chances >= BETTER
    if (taken or lost) and not facts.ended:
        said.append(TURNED)
    return said


def _said(phrases: Sequence[str], facts: Facts) -> Sentence:
    numbers = {"GIVEN": NUMBERS[facts.given], "CHANCES": NUMBERS[facts.chances]}
    return tuple(numbers.get(word, word) for phrase in phrases for word in (*phrase.split(), "."))
