"""Which backbone learns most: every one from the same games, for the same time, at the same speed of play, graded by a solver.

    python benchmarks/backbones.py runs/hour/games rows.jsonl --only-sizes         # how wide each may be, about 5 core-minutes
    python benchmarks/backbones.py runs/hour/games rows.jsonl --minutes 20         # 9 backbones, 3 seeds: 27 times 20 core-minutes
    python benchmarks/backbones.py runs/hour/games rows.jsonl --backbones nested_bottleneck --seeds 1 --json table.json

Games of Connect Four that self-play has made, a folder of a run's, are learned from; all of them lie in the replay at once. A
backbone has as many blocks as is usual for its kind, and as many channels as let it judge a position in the time that the reference
takes: the residual tower of 64 channels and 5 blocks, on the engine that play would use, measured in turns with it. Then it learns
with the preset of the game for `--minutes` of one core's processor time, the learning rate falling over all of it, and the averaged
weights are graded on positions where the choice matters: the bare network, and with 64 simulations.

A line of JSON is added to the file of rows for every backbone that was sized, and every one that has learned with one seed; what is
there is not done again, so that it may be run in pieces. In the end a table of all rows is printed, with Student's intervals over
seeds.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import sqrt
from pathlib import Path
from statistics import fmean, median, stdev
from typing import Any

import numpy as np
import torch

from zerodojo.agents.alphazero.learner import Learner
from zerodojo.agents.alphazero.replay import Replay
from zerodojo.agents.alphazero.store import GameStore
from zerodojo.agents.network_evaluator import NetworkEvaluator
from zerodojo.agents.registry import preset_for
from zerodojo.cli.arguments import Positional, parse
from zerodojo.cli.output import check_target, tell
from zerodojo.envs import Game, make
from zerodojo.errors import UserError, unknown
from zerodojo.evaluation.graded import BATCH, PositionSet, PositionSets, by_policy, by_search, grade
from zerodojo.evaluation.intervals import student
from zerodojo.machine import processor
from zerodojo.models.config import NetworkConfig
from zerodojo.models.engines.engine import Engine, multiplications
from zerodojo.models.engines.prepare import prepare
from zerodojo.models.network import PolicyValueNetwork, build, set_weights
from zerodojo.search.config import SearchConfig
from zerodojo.search.evaluator import CachedEvaluator

GAME = "connect_four"
REFERENCE = "resnet"
BLOCKS = {  # about ten layers of 3x3 each, as the reference has; attention and what is cheap goes by its own custom
    "resnet": 5,
    "bottleneck": 8,
    "nested_bottleneck": 3,
    "densenet": 8,
    "mobilenet": 10,
    "transformer": 2,
    "dilated": 5,
    "global_pooling": 5,
    "squeeze_excite": 5,
}
STEP = 8  # channels are tried in multiples of it, which every backbone takes and 8-bit kernels like
NO_SLOWER = 1.05  # times the reference's time: the reference beside itself measures up to so much
TIMED_ROWS, ROUNDS = 512, 9  # positions of one timing, and timings in turns with the reference
SIMULATIONS = 64
WARM_UP = 30  # steps that tell how long a step takes; they are part of no measurement


@dataclass(frozen=True)
class Backbones:
    """The arguments."""

    games: Positional[str]  # a folder of games that self-play has made: the games/ of a run
    rows: Positional[str]  # the file of rows, which is added to
    minutes: float = 20.0  # of processor time that each may learn
    seeds: int = 3  # so many, from 0
    backbones: tuple[str, ...] = tuple(BLOCKS)
    only_sizes: bool = False  # do not learn
    positions: int = 4_000_000  # of self-play at most, the newest
    graded: int = 2_000  # positions at most that grade
    json: str = ""  # write the table's numbers there; - prints them instead


# Sizes ---------------------------------------------------------------------------------------------------------------------------


def fresh(game: Game, config: NetworkConfig, seed: int = 0) -> PolicyValueNetwork:
    """A network for the game."""
    spec = game.spec
    return build(config, planes=spec.num_planes, board=spec.board, actions=spec.num_actions, seed=seed).eval()


def engine_of(game: Game, network: PolicyValueNetwork, positions: PositionSet) -> Engine:
    """The engine that play would use, checked on real positions."""
    return prepare("auto", network, planes_of(game, positions), batch=BATCH, threads=1).engine


def planes_of(game: Game, positions: PositionSet) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The first of them as the network sees them."""
    states = np.array(positions.states[:TIMED_ROWS])
    planes = np.empty((len(states), game.spec.num_planes, *game.spec.board), np.float32)
    game.observe(states, planes)
    return planes


def relative_time(engine: Engine, reference: Engine, planes: np.ndarray[Any, np.dtype[np.float32]]) -> tuple[float, float]:
    """How long an engine takes beside another, the median of rounds in turns; and its microseconds a position."""
    ratios, seconds = [], []
    for _ in range(ROUNDS):
        times = []
        for one in (reference, engine):
            begin = time.process_time()
            one.evaluate(planes)
            times.append(time.process_time() - begin)
        ratios.append(times[1] / times[0])
        seconds.append(times[1] / len(planes))
    return median(ratios), 1e6 * median(seconds)


def sized(game: Game, name: str, positions: PositionSet) -> dict[str, Any]:
    """The row of the widest network that is no slower than the reference, found by halving.

    It is sought up to twice the channels that take as many multiplications.
    """
    base, planes = preset_for(GAME).network, planes_of(game, positions)
    reference = engine_of(game, fresh(game, base), positions)

    def timed(channels: int) -> dict[str, Any]:
        config = replace(base, backbone=name, channels=channels, blocks=BLOCKS[name])
        network = fresh(game, config)
        engine = engine_of(game, network, positions)
        ratio, microseconds = relative_time(engine, reference, planes)
        return {
            "kind": "size",
            "backbone": name,
            "channels": channels,
            "blocks": config.blocks,
            "parameters": sum(parameter.numel() for parameter in network.parameters()),
            "relative_time": ratio,
            "microseconds": microseconds,
            "engine": engine.name,
        }

    if name == REFERENCE:
        return timed(base.channels)
    steps, work = 1, multiplications(fresh(game, base))
    while multiplications(fresh(game, replace(base, backbone=name, channels=STEP * steps, blocks=BLOCKS[name]))) < work:
        steps += 1
    low, high = 1, 2 * steps  # in steps; a single one is taken whatever it costs
    best = None
    while low < high:
        middle = (low + high + 1) // 2
        row = timed(STEP * middle)
        sys.stderr.write(f"{name}: {row['channels']} channels take {row['relative_time']:.2f} of the reference's time\n")
        if row["relative_time"] <= NO_SLOWER:
            low, best = middle, row
        else:
            high = middle - 1
    return best or timed(STEP)


# Learning ------------------------------------------------------------------------------------------------------------------------


def learned(game: Game, size: dict[str, Any], replay: Replay, seed: int, minutes: float) -> tuple[PolicyValueNetwork, int, float]:
    """A network that has learned for so many minutes of processor time; its steps, and the minutes that it really took."""
    preset = preset_for(GAME)
    network_config = replace(preset.network, backbone=size["backbone"], channels=size["channels"], blocks=size["blocks"])

    def steps_of(learner: Learner, first: int) -> Iterator[int]:
        step = first
        while True:
            learner.learn(replay.sample(preset.learner.batch, np.random.default_rng((seed, step))))
            step += 1
            yield step

    trial = steps_of(Learner(fresh(game, network_config, seed), preset.learner), 0)
    for _ in range(WARM_UP // 3):
        next(trial)
    begin = time.process_time()
    for _ in range(WARM_UP):
        next(trial)
    budget = 60 * minutes
    planned = max(WARM_UP, round(budget / (time.process_time() - begin) * WARM_UP))
    learner = Learner(fresh(game, network_config, seed), replace(preset.learner, planned_steps=planned))
    begin = time.process_time()
    for step in steps_of(learner, 0):
        if step == planned or time.process_time() - begin >= budget:
            break
    spent = (time.process_time() - begin) / 60
    network = fresh(game, network_config)
    set_weights(network, learner.weights())
    return network, learner.steps, spent


def graded(game: Game, network: PolicyValueNetwork, positions: PositionSet) -> dict[str, Any]:
    """The shares of positions in which the best outcome is kept, and the engine that judged."""
    engine = engine_of(game, network, positions)
    judge = NetworkEvaluator(game, engine)
    search = by_search(game, CachedEvaluator(game, judge), SearchConfig(rule="puct", simulations=SIMULATIONS))
    bare, thought = grade(by_policy(game, judge), positions), grade(search, positions)
    return {"engine": engine.name, "bare": bare.share, "search": thought.share, "graded": len(positions)}


def filled(game: Game, folder: str, positions: int) -> Replay:
    """A replay that holds all of the newest games. Raises UserError where there are none."""
    store = GameStore(folder, game)
    if not store.cursor.positions:
        raise UserError(f"{folder} holds no games; name the games/ of a run of {GAME}")
    parts = store.tail(store.cursor, min(positions, store.cursor.positions))
    everything = sum(part.positions for part in parts)
    replay = Replay(game, replace(preset_for(GAME).replay, window=everything, window_limit=everything))
    for part in parts:
        replay.add(part)
    return replay


# The table -----------------------------------------------------------------------------------------------------------------------


def interval(shares: list[float]) -> str:
    """Mean and Student's 95% half width of several seeds; of two, and of one, the mean alone."""
    if len(shares) < 3:
        return f"{fmean(shares):.3f}"
    return f"{fmean(shares):.3f} ± {student(len(shares) - 1) * stdev(shares) / sqrt(len(shares)):.3f}"


def told(rows: list[dict[str, Any]]) -> str:
    """All rows as a table in Markdown, the best with 64 simulations (searched) first; backbones that have only a size last."""
    sizes = {row["backbone"]: row for row in rows if row["kind"] == "size"}
    runs = {name: [row for row in rows if row["kind"] == "learned" and row["backbone"] == name] for name in sizes}
    lines = [
        "| backbone | size | parameters | µs a position | engine | seeds | minutes | steps | bare network | searched |",
        "|---|---|---:|---:|---|---:|---:|---:|---|---|",
    ]
    for name in sorted(sizes, key=lambda name: -fmean([row["search"] for row in runs[name]] or [0.0])):
        size, found = sizes[name], runs[name]
        cells = [name, f"{size['channels']}x{size['blocks']}", f"{size['parameters']:,}", f"{size['microseconds']:.1f}"]
        if found:
            cells += [", ".join(sorted({row["engine"] for row in found})), str(len(found))]
            cells += [f"{fmean([row['minutes'] for row in found]):.1f}", f"{round(fmean([row['steps'] for row in found])):,}"]
            cells += [interval([row[what] for row in found]) for what in ("bare", "search")]
        else:
            cells += [size["engine"], *[""] * 5]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def read(path: Path) -> list[dict[str, Any]]:
    """The rows so far; what an interrupted call has left of a last one is cut off."""
    whole, _, torn = (path.read_text() if path.exists() else "").rpartition("\n")
    if torn:
        path.write_text(f"{whole}\n" if whole else "")
    return [json.loads(line) for line in whole.splitlines()]


def measure(options: Backbones) -> list[dict[str, Any]]:
    """Does what is missing in the file of rows, and returns all of them. Raises UserError."""
    for name in options.backbones:
        if name not in BLOCKS:
            raise unknown("backbone", name, BLOCKS)
    path, game = Path(options.rows), make(GAME)
    torch.set_num_threads(1)
    positions = PositionSets.load(GAME)["critical"].sample(options.graded)
    rows = read(path)

    def add(row: dict[str, Any]) -> None:
        rows.append(row)
        with path.open("a") as file:
            file.write(json.dumps(row) + "\n")

    for name in options.backbones:
        if not any(row["kind"] == "size" and row["backbone"] == name for row in rows):
            add(sized(game, name, positions))
    if options.only_sizes:
        return rows
    replay = filled(game, options.games, options.positions)
    for seed in range(options.seeds):
        for name in options.backbones:
            if (name, seed) in {(row["backbone"], row["seed"]) for row in rows if row["kind"] == "learned"}:
                continue
            size = next(row for row in rows if row["kind"] == "size" and row["backbone"] == name)
            network, steps, minutes = learned(game, size, replay, seed, options.minutes)
            row = {"kind": "learned", "backbone": name, "seed": seed, "minutes": minutes, "steps": steps}
            row |= graded(game, network, positions)
            add({**row, "positions": len(replay), "processor": processor(), "load": os.getloadavg()[0]})
            sys.stderr.write(f"{name}, seed {seed}: {row['bare']:.3f}, with {SIMULATIONS} simulations {row['search']:.3f}\n")
    return rows


def main() -> None:
    """Measures, prints, and writes JSON where asked."""
    prog = Path(sys.argv[0]).name
    try:
        options: Backbones = parse(Backbones, sys.argv[1:], prog=prog, description=__doc__ or "")
        check_target(options.json)
        rows = measure(options)
    except UserError as error:
        sys.exit(f"{prog}: {error}")
    tell({"kind": "backbones", "rows": rows}, told(rows), target=options.json)


if __name__ == "__main__":
    main()
