"""Makes evaluation/positions/connect_four.npz, positions with the answers of a perfect solver. Run once; the file is committed.

    python benchmarks/make_positions.py            # about 10 minutes on one core; needs bitbully (the `bench` extra)

Where the positions come from. Each is taken from a game of its own, at a ply drawn uniformly from 0 to 40; a game that ends before
is played again. Half of the games are uniformly random; in the others each side has its own share of random moves, drawn from 0.05
to 0.6, and otherwise plays perfectly up to the 12th ply (fastest win, slowest loss, ties at random) and looks 10 plies ahead after
it. Once the sets of a stage are full its plies are no longer drawn. Within a set no position comes twice, mirror images counted as
one.

The sets. `critical`: positions in which the choice matters, because some legal move brings a worse outcome than the best one.
`watch`: the same, none of them in any other set; for looking at a run while it trains, so that reported numbers come from positions
that nobody steered by. The others hold every position that comes along, whether the choice matters or
not, by the borders of Pascal Pons' sets, which AlphaZero.jl reports on
(http://blog.gamesolver.org/solving-connect-four/02-test-protocol/): `begin` up to 14 plies played, `middle` up to 28, `end` more;
`easy` fewer than 14 plies to the end under perfect play, `medium` fewer than 28, `hard` more.

Never in training: nothing that learns reads this file (the floors of the package forbid `agents` to import `evaluation`), and
self-play starts from the empty board or from random openings of its own. That a self-play game comes upon one of these positions by
itself, which near the empty board it must, is no breach: it meets it without the answer.
"""

from __future__ import annotations

import argparse
import random
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from bitbully import BitBully, Board

COLUMNS, CELLS = 7, 42
BOOK_PLIES, DEPTH = (
    12,
    10,
)  # the strong player is perfect where the solver's opening book makes that cheap, and looks so far ahead after it
ILLEGAL = -2  # the marker in `outcomes`
SIZES = {
    "critical": 3000,
    "begin-easy": 1000,
    "begin-medium": 1000,
    "begin-hard": 1000,
    "middle-easy": 1000,
    "middle-medium": 1000,
    "end-easy": 1000,
}


WATCHED = 300  # positions of `watch`, from games of their own


@dataclass(frozen=True)
class Candidate:
    """One solved position."""

    actions: tuple[int, ...]  # columns from the left, from the empty board
    outcomes: tuple[int, ...]  # [7], for the mover: 1 win, 0 draw, -1 loss, ILLEGAL
    plies_left: int  # to the end under perfect play
    key: int  # the same for a position and its mirror image

    @property
    def critical(self) -> bool:
        """Whether some legal move brings a worse outcome than the best."""
        return len({outcome for outcome in self.outcomes if outcome != ILLEGAL}) > 1

    @property
    def stage(self) -> str:
        """The name of its set by stage."""
        played = "begin" if len(self.actions) <= 14 else "middle" if len(self.actions) <= 28 else "end"
        left = "easy" if self.plies_left < 14 else "medium" if self.plies_left < 28 else "hard"
        return f"{played}-{left}"


def plies_left(score: int, plies: int) -> int:
    """Plies to the end. A score of s > 0 says that the mover wins with s - 1 discs unused (Pons); s < 0, the other side does."""
    if score == 0:
        return CELLS - plies
    winner_is_mover = score > 0
    placed = (plies + (0 if winner_is_mover else 1)) // 2  # the winner's discs so far
    winning_disc = CELLS // 2 + 1 - abs(score)
    return 2 * (winning_disc - placed) - (1 if winner_is_mover else 0)


class Games:
    """Games of mixed strength, and perfect answers to the positions in them.

    Two solvers: a shallow search must leave nothing in the memory of the exact one.
    """

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._player, self._oracle = BitBully(), BitBully()

    def candidate(self, plies: list[int]) -> Candidate:
        """A solved position from a game of its own, at one of these plies."""
        ply, played = self._rng.choice(plies), None
        while played is None:
            played = self._play(ply)
        board, actions = played
        scores = self._oracle.score_all_moves(board)
        outcomes = tuple(int(np.sign(scores[column])) if column in scores else ILLEGAL for column in range(COLUMNS))
        key = min(board.uid(), board.mirror().uid())
        return Candidate(tuple(actions), outcomes, plies_left(max(scores.values()), ply), key)

    def _play(self, plies: int) -> tuple[Board, list[int]] | None:
        """A game up to a ply; None if it ended before."""
        rng = self._rng
        noise = (1.0, 1.0) if rng.random() < 0.5 else (rng.uniform(0.05, 0.6), rng.uniform(0.05, 0.6))
        board, actions = Board(), list[int]()
        for ply in range(plies):
            if rng.random() < noise[ply % 2]:
                choices = [column for column in range(COLUMNS) if board.is_legal_move(column)]
            else:
                scores = self._player.score_all_moves(board, max_depth=-1 if ply < BOOK_PLIES else DEPTH)
                choices = sorted(column for column, score in scores.items() if score == max(scores.values()))
            action = rng.choice(choices)
            board.play(action)
            actions.append(action)
            if board.is_game_over():
                return None
        return board, actions


def collect(seed: int) -> dict[str, list[Candidate]]:
    """The sets, each filled in the order in which its positions came."""
    games = Games(seed)
    sets: dict[str, dict[int, Candidate]] = {name: {} for name in SIZES}
    while wanting := [name for name in SIZES if len(sets[name]) < SIZES[name]]:
        candidate = games.candidate([ply for ply in range(CELLS - 1) if any(fits(ply, name) for name in wanting)])
        for name in (candidate.stage, "critical") if candidate.critical else (candidate.stage,):
            if name in wanting:
                sets[name].setdefault(candidate.key, candidate)
    taken = set().union(*sets.values())
    games, watch = Games(seed + 1), dict[int, Candidate]()
    while len(watch) < WATCHED:
        candidate = games.candidate(list(range(CELLS - 1)))
        if candidate.critical and candidate.key not in taken:
            watch.setdefault(candidate.key, candidate)
    return {name: list(found.values()) for name, found in {**sets, "watch": watch}.items()}


def fits(ply: int, name: str) -> bool:
    """Whether a set can hold positions of a ply."""
    return name == "critical" or name.startswith("begin" if ply <= 14 else "middle" if ply <= 28 else "end")


def main() -> None:
    """Collects and writes."""
    parser = argparse.ArgumentParser(description="Make the position sets of Connect Four.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "evaluation/positions/connect_four.npz")
    parser.add_argument("--seed", type=int, default=20)
    arguments = parser.parse_args()

    sets = collect(arguments.seed)
    every = [candidate for found in sets.values() for candidate in found]
    np.savez_compressed(
        arguments.out,
        names=np.array(list(sets)),
        sizes=np.array([len(found) for found in sets.values()], np.int32),
        length=np.array([len(candidate.actions) for candidate in every], np.uint8),
        actions=np.array([action for candidate in every for action in candidate.actions], np.uint8),
        outcomes=np.array([candidate.outcomes for candidate in every], np.int8),
        plies_left=np.array([candidate.plies_left for candidate in every], np.uint8),
        about=np.array(f"benchmarks/make_positions.py --seed {arguments.seed}, bitbully {version('bitbully')}"),
    )
    for name, found in sets.items():
        print(f"{name:14} {len(found):5} positions, the choice matters in {sum(candidate.critical for candidate in found)}")
    print(f"{arguments.out}: {arguments.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
