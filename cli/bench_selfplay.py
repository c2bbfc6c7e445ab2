"""`zerodojo bench selfplay`: one self-play worker beside its engine alone and its search alone. Called by `bench`."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from rich.console import Console

from ..agents.alphazero.config import AlphaZeroConfig
from ..agents.alphazero.replay import Replay
from ..agents.alphazero.validation import check
from ..agents.alphazero.worker import PREPARING_SHARE, Played, SelfPlayWorker, Version, prepare_version
from ..agents.registry import preset_for
from ..envs import Game, make
from ..models.network import build, get_weights
from ..search.evaluator import UniformEvaluator
from ..search.search import Search
from .bench import Bench, Result
from .table import busy

DEFAULT_GAME = "connect_four"
PUBLISH_SECONDS = 20.0  # between two versions of the weights, about as often as in training on two cores
PERTURBATION = 1e-3  # relative change of the weights from one version to the next
CALIBRATION = 1024  # positions that engines are calibrated and checked on, as in training
SLICE = 32  # a slice of self-play ends when one game in so many has ended
ENGINE_SHARE, SEARCH_SHARE = 0.2, 0.1  # of a slice's time, spent on the engine alone and on the search alone


def measure(options: Bench) -> Result:
    """The rates of a self-play worker on the game's preset, with fresh weights and without a learner.

    Its games are first spread over their whole length by a generation with the uniform evaluator, which also gives the positions
    that engines are calibrated on. Then slices of self-play take turns with the engine alone, at the mean batch that self-play
    submits, filled up to what the engine computes at once, and with the search alone. The rates of those two are medians; that of
    self-play is taken over all slices, because a new version begins without a memory, and is slower at first. New versions of the
    weights, perturbed, are prepared every PUBLISH_SECONDS and at least once; the rates of self-play count them at the share of time
    that they take in a long run, where a worker prepares one every PUBLISH_SECONDS, or more seldom where that would cost more than
    PREPARING_SHARE.

    Raises UserError for an unknown game, or an engine that is unknown or cannot run here.
    """
    config = preset_for(options.game or DEFAULT_GAME)
    config = replace(config, seed=options.seed, self_play=replace(config.self_play, engine=options.engine))
    check(config)
    game = make(config.game, **config.options)
    console = Console(stderr=True)
    with busy(console, "making ready"):
        bench = SelfPlayBench(config, game)
    with busy(console, f"measuring for about {options.seconds:.0f} seconds"):
        rates = bench.measure(options.seconds)
    return Result(rates.numbers(), rates.told(config.game))


@dataclass(frozen=True, kw_only=True)
class Rates:
    """What was measured; rates a second, those of self-play with preparing new versions counted in."""

    positions: float
    evaluations: float  # by the engine
    asked: float  # evaluations that the searches took in, remembered ones included
    network_limit: float  # evaluations of the engine alone
    search_only: float  # simulations with the uniform evaluator
    simulations: float  # a position
    batch: float  # evaluations submitted at once, on average
    preparing: float  # seconds a version
    preparing_share: float  # of a worker's time, in a long run
    engine: str
    threads: int

    @property
    def efficiency(self) -> float:
        """Share of the time in which the engine is at work."""
        return self.evaluations / self.network_limit

    @property
    def remembered(self) -> float:
        """Share of the evaluations asked for that the cache knew."""
        return 1 - self.evaluations / self.asked

    def numbers(self) -> dict[str, float | int | str]:
        """The result for programs."""
        return {
            "positions_per_s": self.positions,
            "evaluations_per_s": self.evaluations,
            "network_limit_per_s": self.network_limit,
            "efficiency": self.efficiency,
            "remembered": self.remembered,
            "search_only_simulations_per_s": self.search_only,
            "engine": self.engine,
            "threads": self.threads,
            "batch": self.batch,
        }

    def told(self, game: str) -> str:
        """The result for people."""
        searching = self.positions * self.simulations / self.search_only
        shares = {
            "the network": self.efficiency,
            "the search": searching,
            "preparing new versions of it": self.preparing_share,
            "everything else": max(0.0, 1 - self.efficiency - searching - self.preparing_share),
        }
        where = ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
        largest = max(shares, key=lambda name: shares[name])
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return "\n".join([
            f"Self-play of {game} on {self.engine}, {threads}, {self.batch:.0f} positions at once",
            "",
            f"  {'positions':36}{self.positions:12,.0f} /s",
            f"  {'evaluations asked for':36}{self.asked:12,.0f} /s, {self.remembered:.1%} of them remembered",
            f"  {'evaluations by the network':36}{self.evaluations:12,.0f} /s",
            f"  {'  that the network alone could make':36}{self.network_limit:12,.0f} /s",
            f"  {'efficiency':36}{self.efficiency:12.1%}",
            f"  {'simulations of the search alone':36}{self.search_only:12,.0f} /s",
            f"  {'preparing a version of the network':36}{self.preparing:12.2f} s",
            "",
            f"What limits is {largest}. Of the time goes to: {where}.",
            f"New versions, one every {PUBLISH_SECONDS:.0f} s as in training, are counted in.",
        ])  # fmt: skip


class SelfPlayBench:
    """A worker in its steady state; and beside it the engine that it plays with, and the search."""

    def __init__(self, config: AlphaZeroConfig, game: Game) -> None:
        spec, self._config = game.spec, config
        self._generator = np.random.default_rng(config.seed)
        self._numbers = self._step = 0
        self._worker = SelfPlayWorker(config)
        games = config.self_play.games
        first = self._play(begin=3 * games, finish=2 * games)
        replay = Replay(game, config.replay)
        replay.add(first.records)
        self._states = replay.states(CALIBRATION, self._generator)
        self._planes = replay.calibration(CALIBRATION, self._generator)
        network = build(config.network, planes=spec.num_planes, board=spec.board, actions=spec.num_actions, seed=config.seed)
        self._weights = get_weights(network)
        self._worker.refresh(self._newer)  # the first time, which imports what an engine needs
        self._engine = prepare_version(config, game, self._newer(0), engine=config.self_play.engine).engine
        self._search, self._uniform = Search(game, config.search, games=games), UniformEvaluator(game)
        self._think(np.arange(games))
        self._slice()

    def measure(self, seconds: float) -> Rates:
        """Slices of everything for about so many seconds."""
        preparing = [self._prepare()]
        begun = prepared = time.perf_counter()
        alone, searching = [], []  # rates of the slices
        slices: list[Played] = []
        while not slices or time.perf_counter() - begun < seconds:
            slices.append(played := self._slice())
            mean = _total(slices, "evaluations") / _total(slices, "batches")
            batch = self._engine.rows * math.ceil(mean / self._engine.rows)
            alone.append(_rate(ENGINE_SHARE * played.seconds, lambda batch=batch: self._evaluate(batch)))  # type: ignore[misc]
            searching.append(_rate(SEARCH_SHARE * played.seconds, self._simulate))
            if time.perf_counter() - prepared > PUBLISH_SECONDS:
                preparing.append(self._prepare())
                prepared = time.perf_counter()
        cost = float(np.median(preparing))
        share = cost / (cost + max(PUBLISH_SECONDS, cost / PREPARING_SHARE))
        playing = sum(played.seconds for played in slices) / (1 - share)
        plies = [played.records.simulations for played in slices]
        positions = sum(int((one > 0).sum()) for one in plies)
        return Rates(
            positions=positions / playing,
            evaluations=_total(slices, "evaluations") / playing,
            asked=_total(slices, "asked") / playing,
            network_limit=float(np.median(alone)),
            search_only=float(np.median(searching)),
            simulations=sum(int(one.sum()) for one in plies) / positions,
            batch=_total(slices, "evaluations") / _total(slices, "batches"),
            preparing=cost,
            preparing_share=share,
            engine=self._engine.name,
            threads=self._engine.threads,
        )

    def _slice(self) -> Played:
        games = max(1, self._config.self_play.games // SLICE)
        return self._play(begin=games, finish=games)

    def _play(self, *, begin: int, finish: int) -> Played:
        numbers = range(self._numbers, self._numbers + begin)
        self._numbers += begin
        return self._worker.play(numbers, finish=finish, newer=lambda step: None)

    def _prepare(self) -> float:
        """Seconds in which the worker changes to a new version."""
        version, start = self._newer(self._step), time.perf_counter()
        self._worker.use(version)
        return time.perf_counter() - start

    def _newer(self, step: int) -> Version:
        """The next version: the weights slightly changed."""
        self._step += 1
        changed = {
            name: (array * (1 + PERTURBATION * self._generator.standard_normal(array.shape))).astype(np.float32)
            for name, array in self._weights.items()
        }
        return Version(step=self._step, weights=changed, states=self._states)

    def _evaluate(self, batch: int) -> int:
        """The engine alone, on one batch."""
        self._engine.evaluate(np.resize(self._planes, (batch, *self._planes.shape[1:])))
        return batch

    def _simulate(self) -> int:
        """The search alone: one round, and new searches where one has ended; returns the simulations of those."""
        self._search.update(*self._uniform.evaluate(self._search.select()))
        rows = self._search.finished()
        spent = int(self._search.simulations(rows).sum())
        self._think(rows)
        return spent

    def _think(self, rows: np.ndarray) -> None:
        some = self._generator.integers(len(self._states), size=len(rows))
        keys = self._generator.integers(2**64, size=len(rows), dtype=np.uint64)
        self._search.begin(rows, self._states[some], keys)


def _rate(seconds: float, call: Callable[[], int]) -> float:
    """How much a call does a second, over so many seconds and at least until it has done something."""
    done, start = 0, time.perf_counter()
    while True:
        done += call()
        passed = time.perf_counter() - start
        if done and passed >= seconds:
            return done / passed


def _total(slices: list[Played], name: str) -> int:
    return sum(getattr(played, name) for played in slices)
