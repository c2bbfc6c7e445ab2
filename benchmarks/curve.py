"""How strength grew along a run: every kept checkpoint graded, beside the minutes of training that it took.

    python benchmarks/curve.py runs/connect_four [--sample 500] [--json PATH|-] > curve.md    # a minute or two a checkpoint

Columns of the Markdown table: share of moves that keep the outcome in `critical`, where the choice matters, for the bare network
and at 64 and 600 simulations; and error (the share that do not) in the stages `begin-medium`, `middle-medium` and `begin-hard` at
600 simulations. The same sample of each set for all checkpoints, so that the rows differ by the network alone; intervals are in
the JSON. Minutes are those of training as metrics.jsonl has them, starting up and all calls included. A run may be training
meanwhile.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import numpy as np

from zerodojo.agents.checkpoint import Arrays
from zerodojo.agents.network_evaluator import NetworkEvaluator
from zerodojo.agents.players.network import observations
from zerodojo.agents.run_directory import GameRun, RunDirectory
from zerodojo.agents.variants import variant_of
from zerodojo.cli.output import add_target, tell
from zerodojo.envs import make
from zerodojo.errors import UserError
from zerodojo.evaluation.graded import BATCH, Grade, PositionSet, PositionSets, by_policy, by_search, grade
from zerodojo.machine import processor
from zerodojo.models.config import NetworkConfig
from zerodojo.models.engines.prepare import prepare
from zerodojo.models.network import build, set_weights
from zerodojo.search.config import SearchConfig
from zerodojo.search.evaluator import CachedEvaluator

CHECKED = 512  # positions of random play that an engine is checked on, and int8 calibrated
SHALLOW, DEEP = 64, 600  # simulations
CRITICAL = "critical"
STAGES = ("begin-medium", "middle-medium", "begin-hard")


def grades_of(
    config: NetworkConfig, weights: Arrays, sets: Mapping[str, PositionSet], *, engine: str, threads: int
) -> tuple[str, dict[str, Grade]]:
    """The engine that one checkpoint ran on, and its grades by column. Raises UserError."""
    critical = sets[CRITICAL]
    game, spec = critical.game, critical.game.spec
    net = build(config, planes=spec.num_planes, board=spec.board, actions=spec.num_actions)
    set_weights(net, weights)
    prepared = prepare(engine, net.eval(), observations(game, CHECKED, seed=0), batch=BATCH, threads=threads)
    network = NetworkEvaluator(game, prepared.engine)
    thinker = CachedEvaluator(game, network)
    shallow, deep = (by_search(game, thinker, SearchConfig(rule="puct", simulations=n)) for n in (SHALLOW, DEEP))
    found = {"bare": grade(by_policy(game, network), critical)}
    found |= {str(SHALLOW): grade(shallow, critical), str(DEEP): grade(deep, critical)}
    return prepared.engine.name, found | {stage: grade(deep, sets[stage]) for stage in STAGES}


def progress_at(run: GameRun, steps: list[int]) -> dict[int, tuple[float, int]]:
    """Minutes of training and positions made at each step: between two rows of the metrics a straight line, after the last one what
    the checkpoint itself says. Raises UserError for a run without metrics."""
    rows = sorted({row["step"]: (row["seconds"], row["positions"]) for row in run.read_metrics()}.items())
    if not rows:
        raise UserError(f"{run.path} has no metrics yet; wait for its first row")
    known, values = [step for step, _ in rows], np.array([value for _, value in rows], float)
    found = {}
    for step in steps:
        seconds, positions = (float(np.interp(step, [0, *known], [0, *column])) for column in values.T)
        if step > known[-1] and (state := run.load(step).state) is not None:
            seconds, positions = state["seconds"], state["positions"]
        found[step] = seconds / 60, round(positions)
    return found


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Grades every checkpoint asked for, and returns the report. Raises UserError."""
    run = RunDirectory.open(options.run)
    game = make(run.config.game, **run.config.options)
    if not PositionSets.cover(game):
        raise UserError(f"no positions with known answers are stored for {variant_of(game)}")
    steps = run.steps()
    if missing := [step for step in options.steps if step not in steps]:
        raise UserError(f"{run.path} has no checkpoint of step {missing[0]}; there are: {', '.join(map(str, steps))}")
    steps = sorted(options.steps) or steps
    if not steps:
        raise UserError(f"{run.path} has no checkpoint yet; {run.until_it_has}")
    stored = PositionSets.load(game.spec.name)
    sets = {name: stored[name].sample(options.sample, seed=options.seed) for name in (CRITICAL, *STAGES)}
    progress = progress_at(run, steps)
    weights = {step: run.weights(step)[1] for step in steps}  # all at once: a run that trains thins its newest ones
    rows = []
    for step in steps:
        start = time.perf_counter()
        engine, found = grades_of(run.config.network, weights[step], sets, engine=options.engine, threads=options.threads)
        minutes, positions = progress[step]
        grades = {
            column: {"positions": one.positions, "kept": one.kept, "share": one.share, "interval": list(one.interval)}
            for column, one in found.items()
        }
        rows.append({"step": step, "minutes": minutes, "positions": positions, "engine": engine, "grades": grades})
        sys.stderr.write(f"step {step:,}: {found[str(DEEP)].share:.1%} at {DEEP} ({time.perf_counter() - start:.0f} s)\n")
        sys.stderr.flush()
    return {
        "kind": "curve",
        "task": game.spec.name,
        "run": options.run,
        "sample": {name: len(positions) for name, positions in sets.items()},
        "seed": options.seed,
        "rows": rows,
        "machine": {"processor": processor(), "load": os.getloadavg()},
        "versions": {name: version(name) for name in ("zerodojo", "numpy", "numba", "torch")},
    }


def told(report: dict[str, Any]) -> str:
    """The rows as a table in Markdown."""
    lines = [
        f"| minutes | steps | positions | bare network | {SHALLOW} sims | {DEEP} sims | {' | '.join(STAGES)} |",
        "|---:" * (6 + len(STAGES)) + "|",
    ]
    for row in report["rows"]:
        shares = {column: found["share"] for column, found in row["grades"].items()}
        cells = [f"{row['minutes']:.1f}", f"{row['step']:,}", f"{row['positions']:,}"]
        cells += [f"{shares[column]:.3f}" for column in ("bare", str(SHALLOW), str(DEEP))]
        cells += [f"{1 - shares[stage]:.3f}" for stage in STAGES]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measures, prints, and writes JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="the run directory")
    parser.add_argument("--sample", type=int, default=500, help="positions of each set")
    parser.add_argument("--steps", type=int, nargs="+", default=[], help="checkpoints to grade; by default all that were kept")
    parser.add_argument("--engine", default="openvino-bf16", help="by name, or auto (`zerodojo list engines`)")
    parser.add_argument("--threads", type=int, default=1, help="of the engine")
    parser.add_argument("--seed", type=int, default=0, help="of the samples")
    add_target(parser)
    options = parser.parse_args()
    try:
        report = measure(options)
    except UserError as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    tell(report, told(report), target=options.json)


if __name__ == "__main__":
    main()
