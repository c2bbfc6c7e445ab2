"""One self-play worker: takes game numbers, gives finished games, and runs the newest weights it can get.

The same class plays in this process (`local`) and in an actor on Ray (`distributed`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ...envs import Game, make
from ...envs.game import States
from ...models.engines.prepare import Prepared, prepare
from ...models.network import Weights, build, set_weights
from ...search.evaluator import CachedEvaluator, Evaluator, Floats, UniformEvaluator
from ..network_evaluator import NetworkEvaluator
from .config import AlphaZeroConfig
from .records import GameRecords
from .self_play import SelfPlay

PREPARING_SHARE = 0.03  # of a worker's time at most goes into preparing newer versions
ASK_SECONDS = 0.1  # between two questions for a newer version, where there was none


@dataclass(frozen=True, kw_only=True, eq=False)
class Version:
    """Published weights: what a worker needs to play with them."""

    step: int  # the learner's; it names the version
    weights: Weights
    states: States  # [R, S], positions from the replay to calibrate and check an engine on


Newer = Callable[[int], Version | None]  # asked with the step a worker has; what is newer, if anything


@dataclass(frozen=True, kw_only=True, eq=False)
class Played:
    """What one call of a worker brought."""

    records: GameRecords
    under_way: int  # positions in games that have not ended
    seconds: float  # of which the worker played
    preparing: float  # seconds in which it prepared engines
    asked: int  # evaluations that the searches took in, remembered ones included
    evaluations: int  # those that the engine made
    batches: int  # in so many submissions
    engine: str  # what its positions were judged by; "uniform" before the first version
    notes: tuple[str, ...]  # what a person should know, such as an engine that failed its check


class SelfPlayWorker:
    """Plays games with the newest weights; holds its own rules, search and engine."""

    def __init__(self, config: AlphaZeroConfig) -> None:
        self._config = config
        self._game: Game = make(config.game, **config.options)
        self._self_play = SelfPlay(self._game, config.search, config.self_play, seed=config.seed)
        self._network = CountingEvaluator(UniformEvaluator(self._game))  # what the cache does not know
        self._evaluator = CountingEvaluator(self._network)  # what the searches ask
        self._engine = "uniform"
        self._step = 0  # of the version in use
        self._preparing = 0.0  # seconds the last version took
        self._cost = 0.0  # of its processor: a machine that was busy or asleep meanwhile does not put off the next
        self._ask_at = 0.0  # when to ask for a newer one
        self._notes: list[str] = []

    def play(self, numbers: Sequence[int], *, finish: int, newer: Newer, seconds: float = math.inf) -> Played:
        """Begins the games of these numbers and plays on until `finish` games have ended; at least as many must be under way.

        After so many seconds it returns what there is, be it no game: games come in waves, and whoever waits can tell how far
        they are.
        Between moves it asks `newer` for weights: as often as keeps preparing them to a small share of its time.
        """
        start, (asked, _), (evaluated, batches) = time.perf_counter(), self._evaluator.counts(), self._network.counts()
        preparing = 0.0
        self._self_play.add(numbers)
        ended: list[GameRecords] = []
        while len(ended) < finish:
            if time.perf_counter() >= self._ask_at:
                if (version := newer(self._step)) is not None:
                    self.use(version)
                    preparing += self._preparing
                wait = ASK_SECONDS if version is None else self._cost / PREPARING_SHARE
                self._ask_at = time.perf_counter() + wait
            ended += self._self_play.advance(self._evaluator, self._step)
            if time.perf_counter() - start > seconds:
                break
        network = self._network.counts()
        notes, self._notes = tuple(self._notes), []
        return Played(
            records=GameRecords.concatenate([GameRecords.none(self._game.spec.num_players), *ended]),
            under_way=self._self_play.under_way,
            seconds=time.perf_counter() - start,
            preparing=preparing,
            asked=self._evaluator.counts()[0] - asked,
            evaluations=network[0] - evaluated,
            batches=network[1] - batches,
            engine=self._engine,
            notes=notes,
        )

    def refresh(self, newer: Newer) -> None:
        """Takes newer weights at once, if there are any."""
        if (version := newer(self._step)) is not None:
            self.use(version)

    def use(self, version: Version) -> None:
        """Plays on with these weights; games under way keep their trees until their next move."""
        start, worked = time.perf_counter(), time.process_time()
        prepared = prepare_version(self._config, self._game, version, engine=self._config.self_play.engine)
        self._network.inner = NetworkEvaluator(self._game, prepared.engine)
        self._evaluator.inner = CachedEvaluator(self._game, self._network, rows=prepared.engine.rows)
        if prepared.engine.name != self._engine:
            self._notes.append(f"self-play engine: {prepared.report}")
        if self._engine != "uniform":  # the first one imports the engine
            self._preparing, self._cost = time.perf_counter() - start, time.process_time() - worked
        self._engine = prepared.engine.name
        self._step = version.step


def prepare_version(config: AlphaZeroConfig, game: Game, version: Version, *, engine: str) -> Prepared:
    """An engine that runs a version's weights, checked on its states."""
    spec = game.spec
    network = build(config.network, planes=spec.num_planes, board=spec.board, actions=spec.num_actions)
    set_weights(network, version.weights)
    planes = np.empty((len(version.states), spec.num_planes, *spec.board), np.float32)
    game.observe(np.array(version.states), planes)  # a copy: what came over Ray is read-only, which kernels are not compiled for
    return prepare(engine, network.eval(), planes, batch=config.self_play.games, threads=config.self_play.threads)


class CountingEvaluator:
    """Counts what the evaluator behind it answers."""

    def __init__(self, inner: Evaluator) -> None:
        self.inner = inner
        self._evaluations, self._batches = 0, 0

    def evaluate(self, states: States) -> tuple[Floats, Floats]:
        """As the evaluator behind it."""
        answers = self.inner.evaluate(states)
        self._evaluations += len(answers[1])
        self._batches += 1
        return answers

    def counts(self) -> tuple[int, int]:
        """(states evaluated, calls) so far."""
        return self._evaluations, self._batches
