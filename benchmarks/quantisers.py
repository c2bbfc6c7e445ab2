"""The 8 bits of `zerodojo compress` beside NNCF's: one network rounded by each, and trained through the rounding by each.

    python benchmarks/quantisers.py runs/hour --steps 200    # needs nncf, and a C++ compiler for what NNCF builds to train
    python benchmarks/quantisers.py zoo:connect_four --steps 0

Both see the same 256 positions of the run, take as many steps with the same batches, towards the same teacher, and run on OpenVINO
with the same settings. Told are the processor seconds that rounding takes (of a version, which self-play pays every few seconds),
those of the steps, positions a second of one thread, how often the first choice is fp32's and how far values are from it over
positions that neither has seen, and the share of critical positions in which the bare network keeps the best outcome.
"""

from __future__ import annotations

import copy
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from zerodojo.agents.compression.config import INT8
from zerodojo.agents.compression.imitation import imitate
from zerodojo.agents.compression.source import load_source, positions_of
from zerodojo.agents.network_evaluator import NetworkEvaluator
from zerodojo.cli.arguments import Positional, parse
from zerodojo.cli.output import check_target, tell
from zerodojo.envs import Game
from zerodojo.errors import UserError
from zerodojo.evaluation.graded import PositionSets, by_policy, grade
from zerodojo.evaluation.metrics.speed import frames_per_second
from zerodojo.machine import processor
from zerodojo.models.compression.quantisation import QuantisationAware
from zerodojo.models.engines.engine import Engine, FixedShapeEngine, Floats
from zerodojo.models.engines.folding import fold
from zerodojo.models.engines.openvino_engine import WORK, OpenVINOEngine, import_openvino, request_for
from zerodojo.models.engines.prepare import compare
from zerodojo.models.engines.torch_engine import TorchEngine
from zerodojo.models.network import PolicyValueNetwork

CALIBRATION, CHECKED, TIMED, BATCH = 256, 4_096, 256, 256


@dataclass(frozen=True)
class Quantisers:
    """The arguments."""

    run: Positional[str]  # runs/x, runs/x@STEP or zoo:NAME
    steps: int = 200  # of training through the rounding; 0 for none
    batch: int = 128  # positions of a step
    positions: int = 50_000  # the newest so many of the run; a network without games plays them first
    graded: int = 2_000  # positions at most that grade
    seed: int = 0
    json: str = ""  # write the numbers there; - prints them instead


class Converted(FixedShapeEngine):
    """A model of OpenVINO's that somebody else has made, run as our engines run theirs."""

    def __init__(self, name: str, network: PolicyValueNetwork, model: Any) -> None:
        """`model` takes planes [N, C, H, W] with any N and gives logits [N, A] and values [N]; `network` tells their sizes."""
        super().__init__(name, network, batch=BATCH, threads=1, work=WORK)
        model.reshape([self.rows, *self._input.shape[1:]])
        self._request = request_for(model, self._input, threads=self.threads, bf16=False)

    def _run(self) -> tuple[Floats, Floats]:
        self._request.infer()
        return self._request.get_output_tensor(0).data, self._request.get_output_tensor(1).data


def import_nncf() -> Any:
    """NNCF, reporting to nobody. Raises UserError without it."""
    os.environ["NNCF_CI"] = "1"  # or it tells its makers what it is used for
    try:
        import nncf
    except ImportError as error:
        raise UserError(f"nncf cannot be imported ({error}); pip install nncf") from None
    return nncf


def converted(module: torch.nn.Module, rows: Floats) -> Any:
    """A module as OpenVINO reads it, for any number of rows."""
    return import_openvino().convert_model(module, example_input=torch.from_numpy(rows[:2]), input=[-1, *rows.shape[1:]])


def by_nncf(network: PolicyValueNetwork, rows: Floats) -> Engine:
    """Rounded by NNCF after training, as its guide for OpenVINO has it."""
    nncf = import_nncf()
    model = nncf.quantize(converted(fold(network), rows), nncf.Dataset([row[None] for row in rows]), subset_size=len(rows))
    return Converted("nncf", network, model)


def trained_by_nncf(network: PolicyValueNetwork, rows: Floats, learn: Callable[[Any], None]) -> Engine:
    """Trained through the quantisers that NNCF puts into it."""
    nncf = import_nncf()
    dataset = nncf.Dataset([torch.from_numpy(row[None]) for row in rows])
    student = nncf.quantize(copy.deepcopy(network).eval(), dataset, subset_size=len(rows))
    learn(student)
    return Converted("nncf, trained", network, converted(student.eval(), rows))


def by_us(network: PolicyValueNetwork, rows: Floats) -> Engine:
    """Rounded by the engine that plays."""
    return OpenVINOEngine("openvino-int8", network, rows, batch=BATCH, threads=1, precision="int8")


def trained_by_us(network: PolicyValueNetwork, rows: Floats, learn: Callable[[Any], None]) -> Engine:
    """Trained through the rounding of that engine."""
    aware = QuantisationAware(network, rows)
    learn(aware)
    return by_us(aware.plain(), rows)


def measure(options: Quantisers) -> list[dict[str, Any]]:
    """A row for each way, and one for the network as it is. Raises UserError."""
    torch.set_num_threads(1)
    import_nncf()
    source = load_source(options.run)
    game, teacher = source.game, source.network()
    config = replace(INT8, steps=options.steps, batch=options.batch, positions=options.positions)
    replay = positions_of(source, options.positions, lambda text: None)
    drawn = replay.calibration(CALIBRATION + CHECKED, np.random.default_rng(options.seed))
    rows, checked = drawn[:CALIBRATION], drawn[CALIBRATION:]
    reference = TorchEngine("torch-fp32", teacher, rows, batch=BATCH, threads=1, device="cpu", dtype="float32")
    expected = reference.evaluate(checked)
    spent = 0.0

    def learn(student: Any) -> None:
        nonlocal spent
        begin = time.process_time()
        imitate(student, teacher, replay, config, seed=options.seed, bf16=False)
        spent = time.process_time() - begin

    ways: dict[str, Callable[[], Engine]] = {
        "as it is": lambda: reference,
        "ours": lambda: by_us(teacher, rows),
        "NNCF": lambda: by_nncf(teacher, rows),
    }
    if options.steps:
        ways |= {
            "ours, trained": lambda: trained_by_us(teacher, rows, learn),
            "NNCF, trained": lambda: trained_by_nncf(teacher, rows, learn),
        }
    table = []
    for name, make in ways.items():
        spent, begin = 0.0, time.process_time()
        engine = make()
        seconds = time.process_time() - begin - spent
        table.append({"way": name, "seconds": seconds, "training": spent, **judged(game, engine, checked, expected, options)})
        sys.stderr.write(f"{name}: {table[-1]}\n")
    return table


def judged(game: Game, engine: Engine, checked: Floats, expected: tuple[Floats, Floats], options: Quantisers) -> dict[str, Any]:
    """How fast an engine is, how near to fp32, and how strong."""
    agreement, difference = compare(expected, engine.evaluate(checked))
    fps = frames_per_second(lambda: engine.evaluate(checked[:TIMED]), frames=TIMED, clock=time.process_time)
    row = {"engine": engine.name, "positions_per_second": fps, "agreement": agreement, "value_difference": difference}
    if PositionSets.cover(game):
        positions = PositionSets.load(game.spec.name)["critical"].sample(options.graded)
        found = grade(by_policy(game, NetworkEvaluator(game, engine)), positions)
        row |= {"kept": found.share, "graded": found.positions}
    return row


def told(rows: list[dict[str, Any]]) -> str:
    """The rows as a table in Markdown."""
    lines = [
        "| | rounding, s | training, s | positions/s | fp32's first choice | values differ | kept, bare |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        kept = f"{row['kept']:.1%}" if "kept" in row else ""
        lines.append(
            f"| {row['way']} | {row['seconds']:.2f} | {row['training']:.0f} | {row['positions_per_second']:,.0f} "
            f"| {row['agreement']:.1%} | {row['value_difference']:.4f} | {kept} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measures, prints, and writes JSON where asked."""
    prog = Path(sys.argv[0]).name
    try:
        options: Quantisers = parse(Quantisers, sys.argv[1:], prog=prog, description=__doc__ or "")
        check_target(options.json)
        rows = measure(options)
    except UserError as error:
        sys.exit(f"{prog}: {error}")
    versions = {name: version(name) for name in ("nncf", "openvino", "torch")}
    numbers = {"kind": "quantisers", **asdict(options), "rows": rows, "processor": processor(), "versions": versions}
    tell(numbers, told(rows), target=options.json)


if __name__ == "__main__":
    main()
