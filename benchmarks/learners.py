"""How well a learner learns from games that are already there: what a setting of network, replay or learner is worth, without the
chance and the cost of new self-play.

    python benchmarks/learners.py runs/hour --samples 300000
    python benchmarks/learners.py runs/hour --network.channels 96 --learner.learning-rate 1e-3 --positions tuning.npz

A fresh network is trained on the run's games, all at once in the replay, with a cosine over the samples; the newest games are held
out. Losses are those of the held-out positions: of the policy in nats above the target's own entropy, of the value against the
outcome alone, so that they can be compared whatever the value target is made of. With `--positions` (a file of
benchmarks/make_positions.py; take another seed than the reported sets have) the bare network is graded as well.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from zerodojo.agents.alphazero.config import LearnerConfig, ReplayConfig
from zerodojo.agents.alphazero.learner import Learner
from zerodojo.agents.alphazero.records import GameRecords
from zerodojo.agents.alphazero.replay import Batch, Replay
from zerodojo.agents.alphazero.store import GameStore
from zerodojo.agents.network_evaluator import NetworkEvaluator
from zerodojo.agents.players.network import observations
from zerodojo.agents.run_directory import GameRun, RunDirectory
from zerodojo.cli.arguments import Positional, parse
from zerodojo.cli.output import check_target, tell
from zerodojo.envs import Game, make
from zerodojo.errors import UserError
from zerodojo.evaluation.graded import BATCH, PositionSets, by_policy, grade
from zerodojo.machine import processor
from zerodojo.models.config import NetworkConfig
from zerodojo.models.engines.prepare import prepare
from zerodojo.models.network import PolicyValueNetwork, build, set_weights

HELD_OUT_BATCHES, HELD_OUT_BATCH = 40, 512


@dataclass(frozen=True)
class Learners:
    """The arguments; whatever is not named is as the run has it."""

    run: Positional[str]  # the run directory whose games are learned from
    network: NetworkConfig
    replay: ReplayConfig  # its window is not kept to: all games are there at once
    learner: LearnerConfig
    samples: int = 300_000  # positions drawn
    share: float = 1.0  # of the games; fewer games are more uses of each position
    held_out: int = 1_000  # games, the newest
    positions: str = ""  # a file of positions with known answers
    threads: int = 1
    seed: int = 0
    json: str = ""  # write the numbers there; - prints them instead


def split(game: Game, run: GameRun, *, held_out: int, share: float) -> tuple[list[GameRecords], list[GameRecords]]:
    """The games to learn from and those held out, in whole segments. Raises UserError for a run with too few games."""
    store = GameStore(run.games, game)
    parts = store.tail(store.cursor, store.cursor.positions)
    first_held = len(parts)
    while first_held > 0 and sum(len(part) for part in parts[first_held:]) < held_out:
        first_held -= 1
    learned = parts[: max(1, round(share * first_held))]
    if first_held == 0 or len(parts) < 2:
        raise UserError(f"{run.path} has too few games to hold {held_out} of them out; take fewer with --held-out")
    return learned, parts[first_held:]


def filled(game: Game, config: ReplayConfig, parts: list[GameRecords]) -> Replay:
    """A replay that holds all of these games."""
    everything = max(1, sum(part.positions for part in parts))
    replay = Replay(game, replace(config, window=everything, window_limit=everything))
    for part in parts:
        replay.add(part)
    return replay


@torch.no_grad()
def losses_on(network: PolicyValueNetwork, batches: list[Batch]) -> tuple[float, float]:
    """Mean policy loss in nats above the target's entropy, and mean squared error of the value."""
    policy_loss, value_loss = 0.0, 0.0
    for batch in batches:
        logits, value = network(torch.from_numpy(batch.planes))
        policy, legal = torch.from_numpy(batch.policy), torch.from_numpy(batch.legal)
        log_policy = F.log_softmax(logits.masked_fill(~legal, -torch.inf), dim=1).masked_fill(~legal, 0.0)
        policy_loss += (torch.xlogy(policy, policy) - policy * log_policy).sum(1).mean().item()
        value_loss += F.mse_loss(value, torch.from_numpy(batch.value)).item()
    return policy_loss / len(batches), value_loss / len(batches)


def measure(options: Learners, run: GameRun) -> dict[str, Any]:
    """Learns, and returns the report. Raises UserError."""
    game = make(run.config.game, **run.config.options)
    torch.set_num_threads(options.threads)
    sets = PositionSets.read(game, Path(options.positions)) if options.positions else {}
    learned, held_out = split(game, run, held_out=options.held_out, share=options.share)
    replay = filled(game, options.replay, learned)
    judge = filled(game, replace(options.replay, root_value_weight=0.0), held_out)
    generator = np.random.default_rng(options.seed + 1)
    tests = [judge.sample(HELD_OUT_BATCH, generator) for _ in range(HELD_OUT_BATCHES)]

    spec = game.spec

    def fresh(seed: int = 0) -> PolicyValueNetwork:
        return build(options.network, planes=spec.num_planes, board=spec.board, actions=spec.num_actions, seed=seed)

    steps = max(1, options.samples // options.learner.batch)
    config = replace(options.learner, planned_steps=steps + 1)
    learner = Learner(fresh(options.seed), config)
    start = time.process_time()
    for step in range(steps):
        learner.learn(replay.sample(config.batch, np.random.default_rng((options.seed, step))))
    seconds = time.process_time() - start

    network = fresh()
    set_weights(network, learner.weights())
    policy_loss, value_loss = losses_on(network.eval(), tests)
    grades = {}
    if sets:
        prepared = prepare("auto", network, observations(game, BATCH, seed=0), batch=BATCH, threads=options.threads)
        choose = by_policy(game, NetworkEvaluator(game, prepared.engine))
        found = [grade(choose, positions) for positions in sets.values()]
        grades = {one.name: {"share": one.share, "interval": list(one.interval), "positions": one.positions} for one in found}
    return {
        "kind": "learner",
        "run": options.run,
        "positions": len(replay),
        "samples": steps * config.batch,
        "cpu_seconds": seconds,
        "policy_loss": policy_loss,
        "value_loss": value_loss,
        "grades": grades,
        "network": vars(options.network),
        "learner": vars(config),
        "root_value_weight": options.replay.root_value_weight,
        "machine": {"processor": processor(), "load": os.getloadavg()},
    }


def told(report: dict[str, Any]) -> str:
    """The report for people."""
    lines = [
        f"{report['samples']:,} samples of {report['positions']:,} positions, {report['cpu_seconds']:.0f} CPU seconds",
        f"held out: policy loss {report['policy_loss']:.4f}, value loss {report['value_loss']:.4f}",
    ]
    lines += [f"{name:14} {one['share']:.4f} of {one['positions']:,}" for name, one in report["grades"].items()]
    return "\n".join(lines)


def main() -> None:
    """Measures, prints, and writes JSON where asked."""
    words = sys.argv[1:]
    prog = Path(sys.argv[0]).name
    try:
        named = RunDirectory.open(words[0]) if words and not words[0].startswith("-") else None
        default = Learners(words[0], named.config.network, named.config.replay, named.config.learner) if named else None
        options: Learners = parse(Learners, words, prog=prog, description=__doc__ or "", default=default)
        check_target(options.json)
        run = RunDirectory.open(options.run)
        report = measure(options, run)
    except UserError as error:
        sys.exit(f"{prog}: {error}")
    tell(report, told(report), target=options.json)


if __name__ == "__main__":
    main()
