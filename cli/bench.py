"""`zerodojo bench`: how fast this machine does what takes the time. Parses, and hands on to the benchmark that is asked for.

What counts are ratios within one run: a machine that does other things meanwhile disturbs them least.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, NamedTuple

from ..errors import UserError, unknown
from .arguments import Positional, parse
from .output import check_target, tell


@dataclass(frozen=True)
class Bench:
    """The arguments of `zerodojo bench`."""

    what: Positional[str]  # which benchmark: selfplay, games, gym
    game: str = ""  # (`zerodojo list games`); without, connect_four for selfplay, and every game for games
    seconds: float = 30.0  # of measuring (each game, each agent), after some of making ready
    engine: str = "auto"  # of selfplay (`zerodojo list engines`)
    seed: int = 0  # of the games and the weights
    json: str = ""  # write the result as JSON to this file; - prints it in place of the table


class Benchmark(NamedTuple):
    """One benchmark: the module whose `measure(options) -> Result` runs it, and what it measures."""

    module: str  # relative to this package
    summary: str


class Result(NamedTuple):
    """What a benchmark found: numbers for programs, text for people."""

    numbers: Mapping[str, Any]
    text: str


BENCHMARKS: dict[str, Benchmark] = {
    "games": Benchmark(".bench_games", "the rules of games beside OpenSpiel's and PettingZoo's"),
    "gym": Benchmark(".bench_gym", "agents that learn in environments beside Stable-Baselines3's"),
    "selfplay": Benchmark(".bench_selfplay", "one self-play worker beside its engine alone and its search alone"),
}


def main(argv: Sequence[str]) -> int:
    """Measures and tells. Raises UserError for arguments that do not fit."""
    options = parse(
        Bench,
        argv,
        prog="zerodojo bench",
        description="Measure how fast this machine plays: " + "; ".join(f"{name}, {it.summary}" for name, it in BENCHMARKS.items()),
        examples=[
            "zerodojo bench selfplay",
            "zerodojo bench selfplay --game tic_tac_toe --seconds 10",
            "zerodojo bench selfplay --engine torch-bf16 --json -",
            "zerodojo bench games --seconds 10",
            "zerodojo bench gym --json -",
        ],
    )
    if options.what not in BENCHMARKS:
        raise unknown("benchmark", options.what, BENCHMARKS)
    if not 0 < options.seconds < math.inf:
        raise UserError(f"--seconds is {options.seconds:g}; it must be above 0")
    check_target(options.json)
    result: Result = import_module(BENCHMARKS[options.what].module, __package__).measure(options)
    tell(result.numbers, result.text, target=options.json)
    return 0
