"""Makes an engine for one version of a network and checks it against fp32.

Called once a version by whoever plays: self-play workers, players, `bench`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import NamedTuple

import numpy as np

from ...errors import UserError, unknown
from ..network import PolicyValueNetwork
from .engine import Engine, EngineUnavailable, Floats
from .registry import ENGINES

REFERENCE = "torch-fp32"
DISAGREES = "disagrees with fp32"
TOP_MOVE_AGREEMENT = 0.97  # least share of positions with the same top move; measured: int8 .995
VALUE_DIFFERENCE = 0.03  # mean difference of values must be less; measured: int8 .005
TIE = 0.01  # two moves whose fp32 probabilities differ by less are both the top move: a search cannot tell them apart
CALIBRATION_ROWS = 256  # at most; 128 and 512 gave the same agreement (measured)
CHECK_ROWS = 256  # at most: the reference takes most of the time of a preparation


@dataclass(frozen=True, kw_only=True)
class PreparationReport:
    """How an engine was chosen, for the log."""

    chosen: str  # the engine's name
    top_move_agreement: float  # share of checked positions where it and fp32 choose the same move
    value_difference: float  # mean absolute difference of its values from fp32's
    seconds: float  # everything: making, checking, and what was tried before
    tried: tuple[tuple[str, str], ...]  # what was passed over, and why, in order

    @property
    def disagreed(self) -> tuple[str, ...]:
        """The engines that ran here and were passed over because they disagreed with fp32."""
        return tuple(name for name, reason in self.tried if reason.startswith(DISAGREES))

    def __str__(self) -> str:
        checked = f"same top move {self.top_move_agreement:.1%}, value difference {self.value_difference:.4f}"
        failed = [f"not {name}, which {reason}" for name, reason in self.tried if name in self.disagreed]
        return "; ".join([f"{self.chosen} ({checked})", *failed])


class Prepared(NamedTuple):
    """An engine and how it came to be chosen."""

    engine: Engine
    report: PreparationReport


def prepare(
    name: str,
    network: PolicyValueNetwork,
    calibration: Floats,
    *,
    batch: int,
    threads: int = 1,
    among: Sequence[str] = tuple(ENGINES),
) -> Prepared:
    """An engine for a network, whose weights it copies, checked on real positions [R, C, H, W] of which every other one calibrates.

    "auto" takes the first engine `among` these that can run here and agrees with fp32, else fp32 itself. Where an engine is named
    and disagrees, the rest are tried in order, and the report says so.

    Raises UserError for an unknown name, or for an engine asked for by name that cannot run here.
    """
    begin = time.perf_counter()
    if name != "auto" and name not in ENGINES:
        raise unknown("engine", name, ["auto", *ENGINES])
    rows = np.ascontiguousarray(calibration[1::2][:CALIBRATION_ROWS], np.float32)
    checked = np.ascontiguousarray(calibration[::2][:CHECK_ROWS], np.float32)
    candidates = [other for other in dict.fromkeys([name, *among]) if other not in ("auto", REFERENCE)]
    tried: list[tuple[str, str]] = []
    if name == REFERENCE or not len(rows):
        candidates, tried = [], [] if name == REFERENCE else [(name, "no positions to check it on")]
    reference = _make(REFERENCE, network, rows, batch=batch, threads=threads)
    expected = reference.evaluate(checked if candidates else checked[:0])
    for candidate in candidates:
        try:
            engine = _make(candidate, network, rows, batch=batch, threads=threads)
        except EngineUnavailable as error:
            if candidate == name:
                raise UserError(f"engine {name} {error}; choose another engine, or auto") from None
            tried.append((candidate, str(error)))
            continue
        agreement, difference = compare(expected, engine.evaluate(checked))
        if agreement >= TOP_MOVE_AGREEMENT and difference < VALUE_DIFFERENCE:
            break
        tried.append((candidate, f"{DISAGREES}: same top move {agreement:.1%}, value difference {difference:.3f}"))
    else:
        engine, agreement, difference = reference, 1.0, 0.0
    report = PreparationReport(
        chosen=engine.name,
        top_move_agreement=agreement,
        value_difference=difference,
        seconds=time.perf_counter() - begin,
        tried=tuple(tried),
    )
    return Prepared(engine, report)


def compare(expected: tuple[Floats, Floats], got: tuple[Floats, Floats]) -> tuple[float, float]:
    """Of logits [N, A] and values [N], N from 1: the share of rows with the same top move (see TIE), and the mean value difference.

    Results that are not finite agree with nothing.
    """
    if not (np.isfinite(got[0]).all() and np.isfinite(got[1]).all()):
        return 0.0, float("inf")
    odds = np.exp(expected[0] - expected[0].max(1, keepdims=True))
    probabilities = odds / odds.sum(1, keepdims=True)
    chosen = probabilities[np.arange(len(probabilities)), got[0].argmax(1)]
    return float((probabilities.max(1) - chosen < TIE).mean()), float(np.abs(expected[1] - got[1]).mean())


def _make(name: str, network: PolicyValueNetwork, rows: Floats, *, batch: int, threads: int) -> Engine:
    path, options, _ = ENGINES[name]
    module, _, attribute = path.partition(":")
    engine: Engine = getattr(import_module(module, __package__), attribute)(
        name, network, rows, batch=batch, threads=threads, **options
    )
    return engine
