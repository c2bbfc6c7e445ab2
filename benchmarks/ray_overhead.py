"""What being on Ray costs self-play: one worker in a plain process and the same worker as an actor, in one run.

    python benchmarks/ray_overhead.py [--json PATH|-] [--game connect_four] [--engine auto] [--seconds 20] [--repeats 5]

Both play with the same weights, through the same loop over a `Pool` (nobody learns), until every slot has begun anew at least once;
then positions are counted for a while. The two take turns, each time in fresh processes; medians and their ratio are printed.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import os
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version as installed
from multiprocessing.connection import Connection
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from zerodojo.agents.alphazero.config import AlphaZeroConfig
from zerodojo.agents.alphazero.pool import LocalPool, Pool
from zerodojo.agents.alphazero.self_play import opening_states
from zerodojo.agents.alphazero.worker import Version
from zerodojo.agents.registry import preset_for
from zerodojo.agents.variants import with_resolved_options
from zerodojo.cli.output import add_target, tell
from zerodojo.distributed.pool import RayPool
from zerodojo.envs import make
from zerodojo.machine import available_cores, processor
from zerodojo.models.network import build, get_weights

CALIBRATION = 1024  # positions to prepare and check an engine on, as in training


def version_of(config: AlphaZeroConfig) -> Version:
    """A fresh network, published."""
    game = make(config.game, **config.options)
    spec = game.spec
    network = build(config.network, planes=spec.num_planes, board=spec.board, actions=spec.num_actions)
    states = opening_states(game, config.self_play, CALIBRATION, np.random.default_rng(0))
    return Version(step=1, weights=get_weights(network), states=states)


def measure(pool: Pool, config: AlphaZeroConfig, seconds: float) -> tuple[float, str]:
    """Positions a second from the time on when the first games are over, and the engine that judged them."""
    pool.publish(version_of(config))
    ended = 0
    while ended < config.self_play.games:
        ended += sum(len(played.records) for played in pool.poll(wait=True) if played.engine != "uniform")
    begin = last = time.perf_counter()
    positions, engine = 0, ""
    while last < begin + seconds:
        for played in pool.poll(wait=True):
            positions += played.records.positions
            engine, last = played.engine, time.perf_counter()
    return positions / (last - begin), engine


def numbers(repeat: int) -> Iterator[int]:
    """Game numbers, others in every repeat."""
    return itertools.count(repeat * 10_000_000)


def plain(config: AlphaZeroConfig, seconds: float, repeat: int) -> tuple[float, str]:
    """In a process of its own, without Ray."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_plain, args=(config, seconds, repeat, theirs))
    process.start()
    theirs.close()
    result: tuple[float, str] = ours.recv()
    process.join()
    return result


def _plain(config: AlphaZeroConfig, seconds: float, repeat: int, result: Connection) -> None:
    import torch

    torch.set_num_threads(config.self_play.threads)
    result.send(measure(LocalPool(config, numbers(repeat)), config, seconds))


def on_ray(config: AlphaZeroConfig, seconds: float, repeat: int) -> tuple[float, str]:
    """As an actor."""
    pool = RayPool(config, numbers(repeat), workers=1, cores=available_cores())
    try:
        return measure(pool, config, seconds)
    finally:
        pool.close()


def main() -> None:
    """Measures, prints, and writes JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_target(parser)
    parser.add_argument("--game", default="connect_four")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--seconds", type=float, default=20.0, help="counted in each turn")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    preset = preset_for(options.game)
    config = with_resolved_options(replace(preset, self_play=replace(preset.self_play, engine=options.engine)))

    rates: dict[str, list[float]] = {"plain": [], "ray": []}
    engines: set[str] = set()
    for repeat in range(options.repeats):
        for name, contestant in (("plain", plain), ("ray", on_ray)):
            rate, engine = contestant(config, options.seconds, repeat)
            rates[name].append(rate)
            engines.add(engine)
    median = {name: statistics.median(values) for name, values in rates.items()}
    report: dict[str, Any] = {
        "kind": "ray_overhead",
        "game": options.game,
        "engines": sorted(engines),
        "positions_per_s": {name: round(value, 1) for name, value in median.items()},
        "ratio": round(median["ray"] / median["plain"], 4),
        "pairs": [round(ray / alone, 4) for alone, ray in zip(rates["plain"], rates["ray"], strict=True)],
        "repeats": {name: [round(value, 1) for value in values] for name, values in rates.items()},
        "machine": {"processor": processor(), "cores": available_cores(), "load": os.getloadavg()},
        "versions": {name: installed(name) for name in ("ray", "torch", "numba")},
    }
    lines = []
    for name, value in median.items():
        lines.append(f"{name:8} {value:10,.0f} positions/s   ({min(rates[name]):,.0f} to {max(rates[name]):,.0f})")
    lines.append(f"on Ray {report['ratio']:.3f} of the plain process ({', '.join(report['engines'])})")
    tell(report, "\n".join(lines), target=options.json)


if __name__ == "__main__":
    main()
