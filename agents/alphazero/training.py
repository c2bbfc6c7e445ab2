"""The training loop: games come from a pool, the learner learns from the replay, versions go back to the pool.

Written once: `Pool` decides whether self-play happens in this process or on Ray. Called by `zerodojo.train`. What happens is told
as typed `Progress` reports; nothing here prints.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from typing import Protocol

import numpy as np
from safetensors.numpy import save_file

from ...envs import Game, make
from ...errors import UserError
from ...models.network import build
from ...search.evaluator import Evaluator
from ..checkpoint import Checkpoint
from ..network_evaluator import NetworkEvaluator
from ..run_directory import GameRun
from ..variants import difference, is_variant
from .config import AlphaZeroConfig
from .learner import Learner, Losses, NonFiniteLoss
from .pool import Pool, PoolFactory
from .records import GameRecords
from .replay import Replay
from .self_play import opening_states
from .store import Cursor, GameStore
from .worker import Played, Version, prepare_version

CALIBRATION = 1024  # positions that go with a version, to prepare and check an engine on
RECENT_SECONDS = 20.0  # that the displayed rates look back on
REPORT_SECONDS = 0.25  # between two reports


class Strength(Protocol):
    """A measure of strength, handed in from above."""

    @property
    def sentence(self) -> str:
        """For people."""
        ...

    def metrics(self) -> dict[str, float]:
        """For the metrics, by name."""
        ...


Measure = Callable[[Game, Evaluator], Strength]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a run stands, for displays. Rates look back on the last seconds."""

    phase: str  # what is being done, in words
    seconds: float  # of this call
    seconds_left: float | None  # None without a time limit
    step: int
    steps_left: int | None
    games: int
    positions: int  # of games that have ended
    under_way: int  # positions in games that have not
    positions_per_second: float | None  # made, under way or not; None until some are
    uses: float  # samples drawn per position made
    losses: Losses | None
    version: int  # the newest published, 0 for none
    lag: tuple[float, float]  # of recent positions behind the learner, in steps: median and 95th percentile
    engine: str
    disk: int  # bytes
    strength: str  # a sentence, empty before the first measure
    notices: tuple[str, ...]  # news since the last report


@dataclass
class _Counters:
    """What a checkpoint counts. The random numbers of a step are keyed by (seed, step), of a game by (seed, number)."""

    games: int = 0
    positions: int = 0
    samples: int = 0  # drawn by the learner
    next_number: int = 0
    version: int = 0
    seconds: float = 0.0  # of all calls up to the checkpoint this one began with
    strength: str = ""
    engine: str = "uniform"  # that judged the last games
    cursor: list[int] = field(default_factory=lambda: [0, 0, 0])


def _counters(checkpoint: Checkpoint) -> _Counters:
    """Those of a checkpoint. Raises UserError for others than this version knows."""
    assert checkpoint.state is not None
    known = {field.name for field in fields(_Counters)}
    if unknown := checkpoint.state.keys() - known:
        raise UserError(
            f"checkpoint {checkpoint.step} counts {', '.join(sorted(unknown))}, which this zerodojo does not know: upgrade it, "
            "or start a new run from its weights with --init"
        )
    return _Counters(**checkpoint.state)


class Training:
    """One call of training on one run: `run()` goes on until the time, the steps, or the user end it."""

    def __init__(
        self,
        run: GameRun,
        pools: PoolFactory,
        *,
        minutes: float | None = None,
        steps: int | None = None,
        init: tuple[GameRun, int | None] | None = None,
        measure: Measure | None = None,
        report: Callable[[Progress], None] = lambda progress: None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """A training that goes on from the run's newest checkpoint, or starts: from nothing, or from another run's weights.

        `init` is that run and the step of its weights, None for the newest. Raises UserError for weights that do not fit, or a run
        that cannot be read.
        """
        self._config: AlphaZeroConfig = run.config
        self._run, self._pools, self._measure = run, pools, measure
        self._report, self._stopped = report, stopped
        self._counters = _Counters()
        self._numbers = self._count()
        self._begun = time.monotonic()
        self._deadline = None if minutes is None else self._begun + 60 * minutes
        self._last_step = steps
        self._notices: list[str] = []
        self._under_way = 0
        self._recent: deque[tuple[float, int]] = deque()  # times, and how many positions were made by then
        self._made_before = 0  # positions, when this call began to play
        self._lags: deque[float] = deque(maxlen=10_000)
        self._losses: list[Losses] = []
        self._shown: Losses | None = None
        self._disk = 0
        self._reported = self._saved = time.monotonic()
        config, self._game = self._config, make(self._config.game, **self._config.options)
        spec = self._game.spec
        network = build(config.network, planes=spec.num_planes, board=spec.board, actions=spec.num_actions, seed=config.seed)
        self._learner = Learner(network, config.learner)
        self._replay = Replay(self._game, config.replay)
        self._store = GameStore(run.games, self._game)
        if run.steps():
            self._restore(run.load())
            if newer := run.newer_settings():
                self._notices.append(newer)
        else:
            if any(run.games.glob("*")):
                self._notices.append("this run has no checkpoint: it begins anew, and the games it had made are dropped")
            run.cut_metrics(-1)
            self._store.cut(Cursor(0, 0, 0))
            if init is not None:
                self._start_from(*init)

    @property
    def learner(self) -> Learner:
        """The learner, for those who look at what was learned."""
        return self._learner

    # The loop ----------------------------------------------------------------------------------------------------------------

    def run(self) -> Progress:
        """Trains until it is time to stop, saves a checkpoint, and returns the last report.

        Raises UserError: the loss is not finite (the batch is saved beside the checkpoints), or the disk refuses.
        """
        self._tell("starting self-play; the first start on a machine compiles the rules and the search")
        pool = self._pools(self._config, self._numbers)
        self._made_before = self._counters.positions
        self._note_positions(0)
        try:
            if self._counters.version == self._learner.steps or self._config.run.mode == "async":
                self._publish(pool)
            if self._config.run.mode == "sync":
                self._run_sync(pool)
            else:
                self._run_async(pool)
            self._tell("saving")
            self._save()
        except NonFiniteLoss as error:
            raise self._not_finite(error) from error
        finally:
            pool.close()
        return self._progress("done")

    def _run_async(self, pool: Pool) -> None:
        """Self-play and learning side by side; the side that is ahead waits."""
        while not self._is_over():
            may_learn = self._may_learn()
            if self._may_play() or not may_learn:
                self._take(pool.poll(wait=not may_learn))
            if self._may_learn() and not self._is_over():
                self._learn()
                if self._is_due():
                    self._publish(pool)
            self._keep_up(pool)

    def _run_sync(self, pool: Pool) -> None:
        """In turn: learn what may be learned, publish, play. Every position is made with the newest weights."""
        while not self._is_over():
            while self._may_learn() and not self._is_over():
                self._learn()
                self._keep_up(pool, save=False)
            if self._is_over():
                return
            if self._learner.steps > self._counters.version:
                self._publish(pool)
            self._keep_up(pool)
            numbers = [next(self._numbers) for _ in range(self._config.self_play.games)]
            self._take(pool.play(numbers))

    def _is_over(self) -> bool:
        late = self._deadline is not None and time.monotonic() >= self._deadline
        return late or self._stopped() or (self._last_step is not None and self._learner.steps >= self._last_step)

    def _may_learn(self) -> bool:
        """Whether the next batch keeps the uses of a position under their limit."""
        enough = self._counters.version > 0 or self._replay.total >= self._config.self_play.first_generation
        budget = self._config.replay.max_uses * self._replay.total
        return enough and len(self._replay) > 0 and self._counters.samples + self._config.learner.batch <= budget

    def _may_play(self) -> bool:
        """Whether more games are wanted: not while the learner lags behind, nor before it has seen the first generation."""
        replay, counters = self._config.replay, self._counters
        first = counters.version == 0 and self._replay.total >= self._config.self_play.first_generation
        behind = counters.samples < replay.min_uses * (self._replay.total - replay.window)
        return not first and not behind

    def _is_due(self) -> bool:
        """Whether self-play gets a new version after this step."""
        config, step = self._config.learner, self._learner.steps
        return step >= config.first_publish and (self._counters.version == 0 or step % config.publish_steps == 0)

    def _count(self) -> Iterator[int]:
        """The numbers of the games to begin."""
        while True:
            self._counters.next_number += 1
            yield self._counters.next_number - 1

    # Its steps ---------------------------------------------------------------------------------------------------------------

    def _take(self, played: list[Played]) -> None:
        for part in played:
            self._counters.engine = part.engine
            self._notices += part.notes
        parts = [part.records for part in played if len(part.records)]
        if not parts:
            return
        records = GameRecords.concatenate(parts)
        if self._config.run.mode == "sync":
            records = records.in_order()
        added = self._replay.add(records)
        self._store.append(records)
        self._counters.games += len(records)
        self._counters.positions += added
        lag = self._learner.steps - records.version[records.simulations > 0]
        self._lags.extend(lag[records.version[records.simulations > 0] > 0].tolist())

    def _learn(self) -> None:
        generator = np.random.default_rng((self._config.seed, self._learner.steps))
        batch = self._replay.sample(self._config.learner.batch, generator)
        self._shown = self._learner.learn(batch)
        self._losses.append(self._shown)
        self._counters.samples += len(batch.value)
        if self._learner.steps % self._config.learner.publish_steps == 0:
            self._log({})
        if self._measure is not None and self._learner.steps % self._config.run.evaluate_steps == 0:
            self._measure_strength(self._measure)

    def _version(self) -> Version:
        generator = np.random.default_rng((self._config.seed, self._learner.steps, 1))
        if len(self._replay):
            states = self._replay.states(min(CALIBRATION, len(self._replay)), generator)
        else:
            states = opening_states(self._game, self._config.self_play, CALIBRATION, generator)
        return Version(step=self._learner.steps, weights=self._learner.weights(), states=states)

    def _publish(self, pool: Pool) -> None:
        """New weights for self-play, once anything is learned."""
        if self._learner.steps:
            self._counters.version = self._learner.steps
            pool.publish(self._version())

    def _measure_strength(self, measure: Measure) -> None:
        self._tell("measuring strength")
        prepared = prepare_version(self._config, self._game, self._version(), engine=self._config.self_play.engine)
        strength = measure(self._game, NetworkEvaluator(self._game, prepared.engine))
        self._counters.strength = strength.sentence
        self._log(strength.metrics())

    def _keep_up(self, pool: Pool, *, save: bool = True) -> None:
        """Saves when it is time, and reports."""
        self._note_positions(pool.under_way())
        self._notices += pool.notices()
        if save and time.monotonic() - self._saved > self._config.run.checkpoint_seconds:
            self._save()
        if time.monotonic() - self._reported > REPORT_SECONDS:
            self._tell(self._doing())

    def _doing(self) -> str:
        """The phase, in words: what is learned waits for positions at first, and where a batch is larger than what is made."""
        replay, config = self._replay, self._config
        needed = math.ceil((self._counters.samples + config.learner.batch) / config.replay.max_uses)
        if self._counters.version == 0:
            needed = max(needed, config.self_play.first_generation)
        first = "first games, by a uniform guess; " if self._learner.steps == 0 else ""
        if (missing := needed - replay.total) > (0 if first else config.learner.batch):
            return f"{first}the learner waits for {missing:,} more positions"
        return "learning" if self._learner.steps else "first games, by a uniform guess"

    def _save(self) -> None:
        if not (self._learner.steps or self._counters.games):
            return
        self._counters.cursor = list(self._store.flush())
        if self._losses:  # steps that no row tells of yet
            self._log({})
        self._run.save(
            Checkpoint(
                step=self._learner.steps,
                weights=self._learner.weights(),
                learner=self._learner.state(),
                state={**vars(self._counters), "seconds": self._seconds()},
            )
        )
        self._disk = self._run.disk_used()
        self._saved = time.monotonic()

    def _start_from(self, other: GameRun, step: int | None) -> None:
        """Takes another run's weights as the first version, saved at once so that they are not forgotten by a resume.

        Raises UserError where they do not fit.
        """
        if not is_variant(self._game, other.config.game, other.config.options):
            theirs, ours = difference(self._game, other.config.game, other.config.options)
            raise UserError(f"{other.path} is a run of {theirs}; --init needs one of {ours}")
        self._learner.load(other.weights(step)[1], owner=f"the weights of {other.path}")
        self._learner.steps = 1  # versions are named by steps, and 0 is the uniform guess
        self._save()

    def _restore(self, checkpoint: Checkpoint) -> None:
        assert checkpoint.learner is not None
        self._counters = _counters(checkpoint)
        self._learner.load(checkpoint.weights, checkpoint.learner, owner=f"the weights of {self._run.path}")
        self._tell("restoring the replay")
        cursor = Cursor(*self._counters.cursor)
        self._store.cut(cursor)
        self._run.cut_metrics(checkpoint.step)
        window = self._replay.window_size(cursor.positions)
        self._replay.restore(self._store.tail(cursor, window), cursor.positions)
        self._disk = self._run.disk_used()

    def _not_finite(self, error: NonFiniteLoss) -> UserError:
        path = self._run.path / f"nonfinite-{error.step}.safetensors"
        save_file({name: np.ascontiguousarray(array) for name, array in vars(error.batch).items()}, path)
        return UserError(
            f"{error}; the batch is saved in {path}, and no checkpoint is touched: "
            "lower --learner.learning-rate and go on with --resume"
        )

    # Telling -----------------------------------------------------------------------------------------------------------------

    def _log(self, extra: dict[str, float]) -> None:
        """A row of metrics: the mean of every loss since the last row, the rates, and what was measured beside."""
        row: dict[str, float | int | str] = {
            "time": time.time(),
            "step": self._learner.steps,
            "positions": self._counters.positions,
            "games": self._counters.games,
            "seconds": self._seconds(),
            "positions_per_second": self._rate() or 0.0,
            "uses": self._uses(),
            "version": self._counters.version,
            "lag_p50": self._lag()[0],
            "lag_p95": self._lag()[1],
            "engine": self._counters.engine,
            "disk": self._disk,
        }
        if self._losses:
            row |= {name: float(np.mean([getattr(one, name) for one in self._losses])) for name in vars(self._losses[0])}
        self._losses = []
        self._run.metrics({**row, **extra})

    def _tell(self, phase: str) -> None:
        self._reported = time.monotonic()
        self._report(self._progress(phase))
        self._notices = []

    def _progress(self, phase: str) -> Progress:
        now = time.monotonic()
        return Progress(
            phase=phase,
            seconds=now - self._begun,
            seconds_left=None if self._deadline is None else max(0.0, self._deadline - now),
            step=self._learner.steps,
            steps_left=None if self._last_step is None else max(0, self._last_step - self._learner.steps),
            games=self._counters.games,
            positions=self._counters.positions,
            under_way=self._under_way,
            positions_per_second=self._rate(),
            uses=self._uses(),
            losses=self._shown,
            version=self._counters.version,
            lag=self._lag(),
            engine=self._counters.engine,
            disk=self._disk,
            strength=self._counters.strength,
            notices=tuple(self._notices),
        )

    def _note_positions(self, under_way: int) -> None:
        """Notes now and then how many positions there are, for as long as the rate looks back."""
        now, self._under_way = time.monotonic(), under_way
        if not self._recent or now - self._recent[-1][0] >= REPORT_SECONDS:
            self._recent.append((now, self._made()))
        while len(self._recent) > 1 and now - self._recent[1][0] > RECENT_SECONDS:
            self._recent.popleft()

    def _made(self) -> int:
        """Positions, of games under way too."""
        return self._counters.positions + self._under_way

    def _rate(self) -> float | None:
        """Positions a second, lately; None until this call has made some."""
        if not self._recent or self._made() == self._made_before:
            return None
        begin, before = self._recent[0]
        return max(0, self._made() - before) / max(time.monotonic() - begin, 1e-9)

    def _seconds(self) -> float:
        """Of training, this call and all before it."""
        return self._counters.seconds + time.monotonic() - self._begun

    def _uses(self) -> float:
        return self._counters.samples / max(self._counters.positions, 1)

    def _lag(self) -> tuple[float, float]:
        if not self._lags:
            return 0.0, 0.0
        median, high = np.percentile(np.array(self._lags), [50, 95])
        return float(median), float(high)
