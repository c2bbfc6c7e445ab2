"""How strong a trained network is: the share of moves that keep the best outcome, by set of positions, and games with perfect play.

    python benchmarks/strength.py runs/connect_four [--json PATH|-]              # all reported sets: about 10 minutes on one core
    python benchmarks/strength.py zoo:connect_four --sets critical --sample 500
    python benchmarks/strength.py runs/connect_four@20000 --solver-games 100     # needs bitbully (the `bench` extra)

A game without stored sets is solved whole, if it is small enough, and graded on every position (`all`).

The agent is a run (`runs/x`, `runs/x@STEP`) or `zoo:NAME`. Every set is graded for the bare network, for each number of
`--simulations`, and for the calibration, a player without a network; intervals are Wilson's, 95%. The sets are those that no run
was steered by (benchmarks/make_positions.py): in `critical` the choice matters, the others hold any position of their stage.

With `--solver-games N` the agent, thinking as far as the largest number of `--simulations`, plays N games from the empty board as
first player and N as second against the perfect solver, which breaks its ties at random. Perfect play wins as first player, so as
first only wins are good, and as second nobody does better than to lose. The agent itself plays without chance: games differ by the
solver's choices.

Positions are searched 256 side by side on an engine made for as many, not on the small one that waits for a person's moves.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerodojo.agents import model_zoo, player
from zerodojo.agents.network_evaluator import NetworkEvaluator
from zerodojo.agents.players.network import observations
from zerodojo.agents.players.search_player import SearchPlayer
from zerodojo.agents.run_directory import RunDirectory
from zerodojo.cli.output import add_target, tell
from zerodojo.envs import Game, make
from zerodojo.errors import UserError
from zerodojo.evaluation.exact import solve
from zerodojo.evaluation.graded import BATCH, Chooser, Grade, PositionSets, by_player, by_policy, by_search, grade
from zerodojo.evaluation.match import play_games
from zerodojo.machine import processor
from zerodojo.models.config import NetworkConfig
from zerodojo.models.engines.prepare import Prepared, prepare
from zerodojo.models.network import build, set_weights
from zerodojo.search.config import GumbelConfig, SearchConfig
from zerodojo.search.evaluator import CachedEvaluator

CHECKED = 512  # positions of random play that the engine is checked on, and int8 calibrated
BARE = "bare"


def load(spec: str) -> tuple[Game, NetworkConfig, Mapping[str, NDArray[np.float32]], int]:
    """The game, network and weights of a run or a shipped network, and the learner steps behind them. Raises UserError."""
    kind, colon, name = spec.partition(":")
    if colon and kind == "zoo":
        card, weights = model_zoo.read(name)
        return make(card.game, **card.options), card.network, weights, card.step
    run, asked = RunDirectory.at(spec)
    step, weights = run.weights(asked)
    return make(run.config.game, **run.config.options), run.config.network, weights, step


def engine_for(
    game: Game, config: NetworkConfig, weights: Mapping[str, NDArray[np.float32]], *, name: str, threads: int
) -> Prepared:
    """An engine for large batches, checked against fp32. Raises UserError."""
    net = build(config, planes=game.spec.num_planes, board=game.spec.board, actions=game.spec.num_actions)
    set_weights(net, weights)
    return prepare(name, net.eval(), observations(game, CHECKED, seed=0), batch=BATCH, threads=threads)


def search_config(rule: str, simulations: int) -> SearchConfig:
    """A search at play: without noise."""
    if rule == "gumbel":
        return SearchConfig(rule="gumbel", simulations=simulations, gumbel=GumbelConfig(noise=0.0))
    return SearchConfig(rule="puct", simulations=simulations)


def say(text: str) -> None:
    """Tells how far it is."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Grades, plays, and returns the report. Raises UserError."""
    game, config, weights, step = load(options.agent)
    stored = PositionSets.load(game.spec.name).reported() if PositionSets.cover(game) else [solve(game)]
    sets = {positions.name: positions for positions in stored}
    if unknown := [name for name in options.sets if name not in sets]:
        raise UserError(f"there is no set {unknown[0]}; the sets are: {', '.join(sets)}")
    chosen = [sets[name] for name in options.sets or sets]
    if options.sample:
        chosen = [positions.sample(options.sample, seed=options.seed) for positions in chosen]
    solver = player("solver", game, seed=options.seed) if options.solver_games else None  # refuses before the work, not after it

    prepared = engine_for(game, config, weights, name=options.engine, threads=options.threads)
    say(f"{options.agent}, step {step}: {prepared.report}")
    network = NetworkEvaluator(game, prepared.engine, symmetrize=options.symmetrize)
    thinker = CachedEvaluator(game, network)
    columns: dict[str, Chooser] = {BARE: by_policy(game, network)}
    for simulations in options.simulations:
        columns[str(simulations)] = by_search(game, thinker, search_config(options.rule, simulations), seed=options.seed)
    if options.calibration:
        columns[options.calibration] = by_player(player(options.calibration, game, seed=options.seed))

    grades: dict[str, dict[str, Grade]] = {}
    for positions in chosen:
        grades[positions.name] = {}
        for column, choose in columns.items():
            start = time.perf_counter()
            found = grades[positions.name][column] = grade(choose, positions)
            seconds = time.perf_counter() - start
            say(f"{positions.name:14} {column:>10}  {found.share:6.1%} of {found.positions:,}  ({seconds:.0f} s)")
    report = {
        "kind": "strength",
        "task": game.spec.name,
        "agent": options.agent,
        "checkpoint": step,
        "rule": options.rule,
        "symmetrize": options.symmetrize,
        "engine": prepared.engine.name,
        "seed": options.seed,
        "positions": {
            name: {
                column: {"positions": found.positions, "kept": found.kept, "share": found.share, "interval": list(found.interval)}
                for column, found in row.items()
            }
            for name, row in grades.items()
        },
        "machine": {"processor": processor(), "load": os.getloadavg()},
        "versions": {name: version(name) for name in ("zerodojo", "numpy", "numba", "torch")},
    }
    if solver is not None:
        deepest = search_config(options.rule, max(options.simulations))
        agent = SearchPlayer(game, thinker, deepest, seed=options.seed)
        n, start = options.solver_games, time.perf_counter()
        outcomes = play_games([(agent, solver)] * n + [(solver, agent)] * n, [game.start()] * (2 * n))
        points = [outcome.points for outcome in outcomes[:n]], [1 - outcome.points for outcome in outcomes[n:]]
        report["solver"] = {
            "simulations": deepest.simulations,
            **{seat: record(own) for seat, own in zip(("as_first", "as_second"), points, strict=True)},
        }
        say(f"{2 * n} games with the solver ({time.perf_counter() - start:.0f} s)")
    return report


def record(points: list[float]) -> dict[str, int]:
    """Games by how they ended."""
    counts = Counter(points)
    return {"games": len(points), "wins": counts[1.0], "draws": counts[0.5], "losses": counts[0.0]}


def told(report: dict[str, Any]) -> str:
    """The report for people."""
    rows: dict[str, dict[str, Any]] = report["positions"]
    columns = list(next(iter(rows.values())))
    averaged = ", symmetries averaged" if report["symmetrize"] else ""
    lines = [
        f"{report['agent']} (step {report['checkpoint']:,}), {report['rule']}{averaged}, {report['engine']}",
        "Share of moves that keep the best outcome, % with 95% interval; bare: the network without a search, numbers: simulations",
        "",
        f"{'':14}{'positions':>10}" + "".join(f"{column:>21}" for column in columns),
    ]
    for name, row in rows.items():
        cells = "".join(
            f"{100 * cell['share']:7.2f} ({100 * cell['interval'][0]:5.1f}-{100 * cell['interval'][1]:5.1f})"
            for cell in row.values()
        )
        lines.append(f"{name:14}{row[columns[0]]['positions']:10,}{cells}")
    if "solver" in report:
        lines += ["", f"Against the perfect solver from the empty board, {report['solver']['simulations']} simulations a move:"]
        for seat, label in (("as_first", "as first"), ("as_second", "as second")):
            found = report["solver"][seat]
            lines.append(f"{label:12}{found['wins']:5} won {found['draws']:5} drawn {found['losses']:5} lost, of {found['games']}")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measures, prints, and writes JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("agent", help="runs/x, runs/x@STEP or zoo:NAME")
    parser.add_argument("--simulations", type=int, nargs="+", default=[64, 600], help="of the searches, beside the bare network")
    parser.add_argument("--rule", choices=("puct", "gumbel"), default="puct", help="of the searches; gumbel searches without noise")
    parser.add_argument("--symmetrize", action="store_true", help="average the network over the symmetries of the game")
    parser.add_argument("--sets", nargs="+", default=[], help="by name; by default all that are reported")
    parser.add_argument("--sample", type=int, default=0, help="positions of each set; by default all")
    parser.add_argument("--calibration", default="minimax:5", metavar="SPEC", help="a player to compare with; '' for none")
    parser.add_argument("--solver-games", type=int, default=0, metavar="N", help="as first player, and as many as second")
    parser.add_argument("--engine", default="openvino-bf16", help="by name, or auto (`zerodojo list engines`)")
    parser.add_argument("--threads", type=int, default=1, help="of the engine")
    parser.add_argument("--seed", type=int, default=0)
    add_target(parser)
    options = parser.parse_args()
    if min(options.simulations) < 1:
        parser.error("--simulations must be from 1 upwards; the bare network is always among the columns")
    try:
        report = measure(options)
    except UserError as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    tell(report, told(report), target=options.json)


if __name__ == "__main__":
    main()
