"""Positions whose answers are known, and the share of them in which a chooser keeps the best outcome. Needs no solver.

    sets = PositionSets.load("connect_four")
    grade(by_search(game, evaluator, SearchConfig(rule="puct", simulations=64)), sets["critical"])

How the stored positions came about, and what their sets mean: benchmarks/make_positions.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..agents import Player
from ..agents.variants import is_variant
from ..envs import Game, Position, make
from ..envs.game import States
from ..errors import UserError
from ..search.config import SearchConfig
from ..search.evaluator import Evaluator
from .intervals import Interval, wilson
from .metrics.classification import Counts, confusion_matrix

FOLDER = Path(__file__).parent / "positions"
BATCH = 256  # positions that are judged at once
ILLEGAL = -2  # the stored outcome of an illegal action
OUTCOMES = ("lost", "drawn", "won")  # for the mover: returns -1, 0 and 1

Chooser = Callable[[Sequence[Position]], Sequence[int]]  # positions, none over -> an action each


@dataclass(frozen=True, kw_only=True, eq=False)
class PositionSet:
    """N positions with their answers."""

    name: str
    game: Game
    states: States  # [N, S], none of them over
    q: NDArray[np.float32]  # [N, A], the mover's return of each action under perfect play; nan where illegal
    histories: tuple[tuple[int, ...], ...]  # [N], the actions that lead there

    def __len__(self) -> int:
        return len(self.states)

    @cached_property
    def keeps(self) -> NDArray[np.bool_]:
        """Which actions keep the best outcome, [N, A]."""
        return self.q >= np.nanmax(self.q, axis=1, keepdims=True)

    @cached_property
    def critical(self) -> NDArray[np.bool_]:
        """In which positions the choice matters, because some legal action gives something away, [N]."""
        return self.keeps.sum(axis=1) < np.isfinite(self.q).sum(axis=1)

    @cached_property
    def positions(self) -> list[Position]:
        """The same as positions."""
        return [Position(game=self.game, row=row, history=line) for row, line in zip(self.states, self.histories, strict=True)]

    def sample(self, count: int, *, seed: int = 0) -> PositionSet:
        """`count` of them at random, or all if there are no more."""
        chosen = np.sort(np.random.default_rng(seed).permutation(len(self))[:count])
        lines = tuple(self.histories[i] for i in chosen)
        return PositionSet(name=self.name, game=self.game, states=self.states[chosen], q=self.q[chosen], histories=lines)


class PositionSets(Mapping[str, PositionSet]):
    """The stored sets of one game by name. `watch` is for looking at a run while it trains; report the others."""

    def __init__(self, sets: Mapping[str, PositionSet]) -> None:
        self._sets = dict(sets)

    @classmethod
    def load(cls, name: str) -> PositionSets:
        """The sets stored for a game with its usual options. Raises UserError if there are none."""
        file = FOLDER / f"{name}.npz"
        if not file.exists():
            known = ", ".join(sorted(path.stem for path in FOLDER.glob("*.npz")))
            raise UserError(f"no positions with known answers are stored for {name}; there are some for: {known}")
        return cls.read(make(name), file)

    @classmethod
    def read(cls, game: Game, file: Path) -> PositionSets:
        """The sets of a file that benchmarks/make_positions.py made for this game."""
        with np.load(file, allow_pickle=False) as data:
            columns = {key: data[key] for key in data.files}
        lines = np.split(columns["actions"].astype(np.int32), np.cumsum(columns["length"], dtype=np.int64)[:-1])
        states = _replay(game, lines)
        q = np.where(columns["outcomes"] == ILLEGAL, np.nan, columns["outcomes"]).astype(np.float32)
        sets, first = {}, 0
        for key, size in zip(columns["names"].tolist(), columns["sizes"].tolist(), strict=True):
            part = slice(first, first + size)
            histories = tuple(tuple(line.tolist()) for line in lines[part])
            sets[key] = PositionSet(name=key, game=game, states=states[part], q=q[part], histories=histories)
            first += size
        return cls(sets)

    @staticmethod
    def cover(game: Game) -> bool:
        """Whether sets are stored for exactly this variant of a game."""
        stored = (FOLDER / f"{game.spec.name}.npz").exists()
        return stored and is_variant(game, game.spec.name, {})

    def reported(self) -> list[PositionSet]:
        """All but `watch`."""
        return [positions for name, positions in self._sets.items() if name != "watch"]

    def __getitem__(self, name: str) -> PositionSet:
        return self._sets[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sets)

    def __len__(self) -> int:
        return len(self._sets)


class Grade(NamedTuple):
    """How often a chooser kept the best outcome in a set."""

    name: str
    positions: int
    kept: int
    share: float
    interval: Interval  # 95% (Wilson)


def grade(choose: Chooser, positions: PositionSet) -> Grade:
    """Asks for an action in every position of a set. An illegal action counts as giving the outcome away."""
    chosen = np.asarray(choose(positions.positions))
    kept = int(positions.keeps[np.arange(len(positions)), chosen].sum())
    return Grade(positions.name, len(positions), kept, kept / len(positions), wilson(kept, len(positions)))


def judge(evaluator: Evaluator, positions: PositionSet) -> Counts:
    """How well values tell outcomes: counts [3, 3], by OUTCOMES, of what perfect play leads to (rows) and which return the value
    is nearest to (columns)."""
    values = np.empty(0, np.float32)
    while len(values) < len(positions):  # an evaluator may leave the last ones for later
        told = evaluator.evaluate(positions.states[len(values) : len(values) + BATCH])[1]
        values = np.concatenate([values, told])
    return confusion_matrix(_outcome(np.nanmax(positions.q, axis=1)), _outcome(values), num_classes=len(OUTCOMES))


def _outcome(values: NDArray[np.float32]) -> NDArray[np.int64]:
    return np.rint(values.clip(-1, 1)).astype(np.int64) + 1


def by_player(player: Player, tell: Callable[[int], None] = lambda decided: None) -> Chooser:
    """What a player decides; `tell` is told now and then in how many of the positions it has."""

    def choose(positions: Sequence[Position]) -> list[int]:
        chosen: list[int] = []
        for first in range(0, len(positions), BATCH):
            tell(first)
            chosen += [decision.action for decision in player.decide_many(positions[first : first + BATCH])]
        return chosen

    return choose


def by_policy(game: Game, evaluator: Evaluator) -> Chooser:
    """What a bare network prefers: the legal action with the greatest logit, the first of equals."""

    def choose(positions: Sequence[Position]) -> list[int]:
        chosen: list[int] = []
        for first in range(0, len(positions), BATCH):
            states = np.stack([position.row for position in positions[first : first + BATCH]])
            logits, _ = evaluator.evaluate(states)
            chosen += np.where(game.legal_mask(states), logits, -np.inf).argmax(axis=1).tolist()
        return chosen

    return choose


def by_search(game: Game, evaluator: Evaluator, config: SearchConfig, *, seed: int = 0) -> Chooser:
    """What a search with the evaluator plays."""
    from ..agents.players.search_player import SearchPlayer

    return by_player(SearchPlayer(game, evaluator, config, seed=seed))


def _replay(game: Game, lines: Sequence[NDArray[np.int32]]) -> States:
    """The states [N, S] at the ends of lines of actions, ply by ply side by side."""
    states = game.new_states(len(lines))
    length = np.array([len(line) for line in lines])
    for ply in range(int(length.max(initial=0))):
        playing = np.flatnonzero(length > ply)
        part = states[playing]
        game.step(part, np.array([lines[i][ply] for i in playing.tolist()], np.int32))
        states[playing] = part
    states.setflags(write=False)
    return states
