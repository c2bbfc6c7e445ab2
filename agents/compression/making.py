"""Makes the smaller run: pruned, distilled or in 8 bits, trained against its teacher, written as a run that plays and goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...errors import UserError
from ...models.compression.pruning import prune_channels
from ...models.compression.quantisation import QuantisationAware
from ...models.config import NetworkConfig
from ...models.engines.prepare import prepare
from ...models.network import PolicyValueNetwork, build, get_weights
from ..alphazero.learner import Learner
from ..alphazero.replay import Replay
from ..alphazero.training import CALIBRATION, Counters
from ..checkpoint import Checkpoint
from ..players.network import BATCH, observations
from ..run_directory import GameRun, RunDirectory
from .config import ImitationConfig, check
from .imitation import imitate
from .source import Source, positions_of

INT8 = "openvino-int8"
TOLD = 100  # steps between two words


@dataclass(frozen=True, kw_only=True)
class Method:
    """How a run is made smaller: exactly one of these."""

    int8: bool = False  # computed in 8 bits; with steps of imitation also trained for it
    student: NetworkConfig | None = None  # another network learns from it
    prune: float | None = None  # the share of its tower's channels that goes


def compress(
    source: Source, method: Method, imitation: ImitationConfig, *, out: str, seed: int, say: Callable[[str], None]
) -> GameRun:
    """Makes a run of a smaller network that plays like the source's, and that training can go on from.

    `say` is told what is being done. Raises UserError: `out` is there, what makes no sense, a network that cannot be pruned or
    computed in 8 bits, a loss that is not finite, or a disk that refuses; then nothing is left of the run.
    """
    check(imitation)
    if Path(out).exists():
        raise UserError(f"{out} is there already, and nothing is overwritten; choose another --out")
    teacher = source.network()
    student = _student(teacher, method, seed)
    if method.int8:
        prepare(INT8, teacher, observations(source.game, BATCH, seed=0), batch=BATCH)  # refused before the work, not after
    run = RunDirectory.create(out, replace(source.config, network=student.config))
    with run.locked():
        try:
            replay = positions_of(source, imitation.positions if imitation.steps else CALIBRATION, say)
            if imitation.steps:
                say("learning from the teacher")
                student = _taught(student, teacher, replay, imitation, int8=method.int8, seed=seed, say=say)
            if method.int8:
                run.set_calibration(replay.states(min(CALIBRATION, len(replay)), np.random.default_rng(seed)))
            _save(run, student, source.step + imitation.steps)
        except BaseException:
            run.withdraw()
            raise
    return run


def _student(teacher: PolicyValueNetwork, method: Method, seed: int) -> PolicyValueNetwork:
    """The smaller network, before it has learned anything."""
    if method.student is not None:
        return build(method.student, planes=teacher.planes, board=teacher.board, actions=teacher.actions, seed=seed)
    return teacher if method.prune is None else prune_channels(teacher, method.prune)


def _taught(
    student: PolicyValueNetwork,
    teacher: PolicyValueNetwork,
    replay: Replay,
    config: ImitationConfig,
    *,
    int8: bool,
    seed: int,
    say: Callable[[str], None],
) -> PolicyValueNetwork:
    def tell(step: int, loss: float) -> None:
        if step % TOLD == 0:
            say(f"learning from the teacher: step {step:,} of {config.steps:,}, loss {loss:.3f}")

    if not int8:
        imitate(student, teacher, replay, config, seed=seed, tell=tell)
        return student
    rows = replay.calibration(min(CALIBRATION, len(replay)), np.random.default_rng(seed))
    aware = QuantisationAware(student, rows)
    imitate(aware, teacher, replay, config, seed=seed, bf16=False, tell=tell)  # bf16 would round what is on the grid
    return aware.plain()


def _save(run: GameRun, network: PolicyValueNetwork, step: int) -> None:
    """The run's first checkpoint, with what training goes on from."""
    learner = Learner(network, run.config.learner)
    weights = get_weights(network)
    learner.load(weights)
    learner.steps = step
    run.save(Checkpoint(step=step, weights=weights, learner=learner.state(), state=vars(Counters(version=step))))
