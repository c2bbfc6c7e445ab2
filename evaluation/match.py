"""Matches between two players: both colours from the same openings, all games side by side. For `evaluate` and training."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, islice
from statistics import fmean
from typing import NamedTuple

import numpy as np

from ..agents import Forfeit, Player
from ..envs import Game, IllegalAction, Position
from ..errors import UserError
from .intervals import Interval, paired

MOST_GAMES = 10_000  # side by side, each with its positions in memory; the interval is then about a percent wide


class Record(NamedTuple):
    """How a number of games ended, for one player."""

    wins: int
    draws: int
    losses: int


class Outcome(NamedTuple):
    """How one game ended: the points of player 0 (1, 1/2 or 0), its actions, who forfeited it and how, if someone did."""

    points: float
    history: tuple[int, ...]  # every action from the true start
    forfeit: str | None = None
    resigned: bool = False  # whether the loser gave up, which is no fault


class MatchResult(NamedTuple):
    """A match, from the side of the player named first."""

    games: int
    wins: int
    draws: int
    losses: int
    score: float  # wins and half the draws, per game
    score_interval: Interval  # 95%, from the pairs of games (`intervals.paired`)
    as_first: Record  # the games as player 0, who makes a game's first move; in an opening, that move was made for both
    as_second: Record
    outcomes: tuple[Outcome, ...]  # of every game: the first half with the player named first as player 0, the second as player 1

    @property
    def forfeits(self) -> tuple[str, ...]:
        """The games that a player lost by its own fault (an illegal move, a crash), a line each."""
        return tuple(outcome.forfeit for outcome in self.outcomes if outcome.forfeit)


def play_match(a: Player, b: Player, game: Game, *, games: int, seed: int) -> MatchResult:
    """Plays an even number of games between two players.

    Every opening is played twice, with colours changed, and none comes again before all are used up. Players freshly made with
    their own seeds, and the same seed here, give the same match. Raises UserError for an odd number or more than MOST_GAMES, or a
    game that is not for two.
    """
    check_games(games)
    pairs = games // 2
    starts = list(islice(cycle(openings(game, pairs, seed=seed)), pairs))
    outcomes = play_games([(a, b)] * pairs + [(b, a)] * pairs, starts + starts)
    first = [outcome.points for outcome in outcomes[:pairs]]
    second = [1 - outcome.points for outcome in outcomes[pairs:]]
    whole = _record(first + second)
    return MatchResult(
        games=games,
        wins=whole.wins,
        draws=whole.draws,
        losses=whole.losses,
        score=fmean(first + second),
        score_interval=paired([(x + y) / 2 for x, y in zip(first, second, strict=True)]),
        as_first=_record(first),
        as_second=_record(second),
        outcomes=tuple(outcomes),
    )


def check_games(games: int) -> None:
    """Raises UserError for a number of games that is no match: odd, or more than MOST_GAMES."""
    if games < 2 or games % 2:
        raise UserError(f"a match of {games} games cannot give both sides every opening; take an even number from 2 upwards")
    if games > MOST_GAMES:
        raise UserError(f"a match of {games:,} games is too long; take at most {MOST_GAMES:,}, or several with a --seed each")


def play_games(seats: Sequence[tuple[Player, Player]], starts: Sequence[Position]) -> list[Outcome]:
    """Plays games to the end, side by side: game i from starts[i], not over, with seats[i][p] as player p. In the order given.

    An illegal move, or another way to forfeit, loses the game. Raises UserError for a game that is not for two players.
    """
    for start in starts:
        if start.game.spec.num_players != 2:
            raise UserError(f"{start.game.spec.name} is not a game for two players; matches are")
    players = list(dict.fromkeys(player for pair in seats for player in pair))
    for player in players:
        player.new_game()
    positions, outcomes = list(starts), dict[int, Outcome]()
    while len(outcomes) < len(positions):
        for player in players:
            turns = [i for i, position in enumerate(positions) if i not in outcomes and seats[i][position.to_play] is player]
            if not turns:
                continue
            try:
                decisions = player.decide_many([positions[i] for i in turns])
            except Forfeit as failure:
                i = turns[failure.index]
                outcomes[i] = _forfeited(positions[i], player, failure)
                continue  # the others are asked about again
            for i, decision in zip(turns, decisions, strict=True):
                try:
                    positions[i] = positions[i].after(decision.action)
                except IllegalAction as refusal:
                    outcomes[i] = _forfeited(positions[i], player, refusal)
                    continue
                if positions[i].terminal:
                    outcomes[i] = Outcome((1 + np.sign(positions[i].returns[0])) / 2, positions[i].history)
    return [outcomes[i] for i in range(len(positions))]


def _forfeited(position: Position, player: Player, reason: UserError) -> Outcome:
    if isinstance(reason, Forfeit) and reason.resigned:
        return Outcome(float(position.to_play), position.history, resigned=True)
    words = f"{player.name} forfeits at ply {len(position.history) + 1}: {reason}"
    return Outcome(float(position.to_play), position.history, words)


def openings(game: Game, count: int, *, seed: int) -> list[Position]:
    """Distinct positions to start games from, none of them over: first the start, then in random order all that are a ply away,
    then all that are two, and so on, `count` of them; fewer if the game has no more."""
    generator = np.random.default_rng(seed)
    level = [game.start()]
    found = list(level)
    seen = set(game.state_keys(level[0].row[None]))
    while level and len(found) < count:
        further = []
        lines = [(position, action) for position in level for action in position.legal_actions()]
        for i in generator.permutation(len(lines)):
            position, action = lines[i]
            child = position.after(action)
            (key,) = game.state_keys(child.row[None])
            if key not in seen and not child.terminal:
                seen.add(key)
                further.append(child)
            if len(found) + len(further) == count:
                break
        found += further
        level = further
    return found


def _record(points: Sequence[float]) -> Record:
    return Record(wins=points.count(1.0), draws=points.count(0.5), losses=points.count(0.0))
