"""Puts the network of a run into the package, as zoo:NAME, with a card of how it was made and how strong it was measured to be.

    python benchmarks/strength.py runs/hour --solver-games 100 --json strength.json
    python benchmarks/ship.py runs/hour connect_four --strength strength.json

The card's measures are the shares of that report by set and column ("critical 600": at 600 simulations), and the games won from the
empty board against the perfect solver.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from zerodojo.agents import model_zoo
from zerodojo.agents.run_directory import RunDirectory
from zerodojo.errors import UserError
from zerodojo.machine import available_cores, processor


def measures(report: dict[str, Any]) -> dict[str, float]:
    """A report of benchmarks/strength.py as one number a measure."""
    found = {f"{name} {column}": cell["share"] for name, row in report["positions"].items() for column, cell in row.items()}
    if "solver" in report:
        first = report["solver"]["as_first"]
        found["won as first against the solver"] = first["wins"] / first["games"]
    return {name: round(float(share), 4) for name, share in found.items() if "minimax" not in name}


def ship(options: argparse.Namespace) -> None:
    """Writes weights and card. Raises UserError: no such run, only weights left of its checkpoint, or a report of another step."""
    run, step = RunDirectory.at(options.run)
    checkpoint = run.load(step)
    step, state = checkpoint.step, checkpoint.state
    if state is None:
        raise UserError(f"{options.run} has only the weights of step {step} left; ship a newer one")
    report = json.loads(Path(options.strength).read_text(encoding="utf-8")) if options.strength else None
    if report and report["checkpoint"] != step:
        raise UserError(f"{options.strength} measured step {report['checkpoint']}, and {options.run} is at step {step}")
    config = run.config
    how = f"{config.search.simulations} simulations a move, batches of {config.learner.batch}"
    spent = f"{state['seconds'] / 60:.0f} minutes on {available_cores()} cores, {processor()}"
    made = f"self-play from nothing: {how}; {step:,} learner steps on {state['positions']:,} positions; {spent}"
    card = model_zoo.Card(
        game=config.game,
        options=config.options,
        network=config.network,
        step=step,
        made=made,
        strength=measures(report) if report else {},
    )
    model_zoo.write(options.name, card, checkpoint.weights)


def main() -> None:
    """Ships."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="runs/x or runs/x@STEP")
    parser.add_argument("name", help="of the network in the zoo: the game's, to be what `zerodojo play GAME` opens")
    parser.add_argument("--strength", default="", metavar="PATH", help="a JSON report of benchmarks/strength.py on this run")
    options = parser.parse_args()
    try:
        ship(options)
    except UserError as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    sys.stdout.write(f"zoo:{options.name} is there: {', '.join(model_zoo.names())}\n")


if __name__ == "__main__":
    main()
