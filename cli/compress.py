"""`zerodojo compress`: a run made smaller or faster, and how strong and fast it was and is."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from tyro.conf import FlagCreatePairsOff

from ..agents.compression.config import DISTILLED, INT8, PRUNED, ImitationConfig
from ..errors import UserError
from .arguments import Positional, parse, program
from .output import check_target, tell

if TYPE_CHECKING:
    from ..agents.compression.making import Method
    from ..agents.compression.source import Source
    from ..evaluation.compared import Comparison, Measured
    from ..evaluation.graded import Grade


@dataclass(frozen=True)
class Compress:
    """The arguments of `zerodojo compress`."""

    run: Positional[str]  # a run of a game, runs/x or runs/x@STEP, or zoo:NAME
    out: str  # the run to be made; nothing may be there
    int8: FlagCreatePairsOff[bool] = False  # computed in 8 bits; with --steps it also learns to be
    distill: str = ""  # a smaller network with this backbone learns from it (`zerodojo list backbones`: boards)
    prune: float | None = None  # the share of the tower's channels that goes, such as 0.5
    channels: int | None = None  # of the network that --distill makes; as many as the run's without it
    blocks: int | None = None  # of the network that --distill makes; as many as the run's without it
    steps: int | None = None  # batches that it learns from the run's network; 4,000 without it, with --int8 none
    learning_rate: float | None = None  # at its height; without it the method's own
    temperature: float | None = None  # that softens both policies; 2 without it, with --int8 1
    batch: int = DISTILLED.batch  # positions
    positions: int = DISTILLED.positions  # the newest so many of the run; a network without games plays them against itself first
    games: int = 100  # of the match between both, an even number; 0 for none
    simulations: int = 64  # a move, of the match and of the positions with answers
    seed: int = 0
    json: str = ""  # write the result as JSON to this file; - prints it in place of the table


def main(argv: Sequence[str]) -> int:
    """Makes the run and tells both. Raises UserError for arguments that do not fit."""
    options = parse(
        Compress,
        argv,
        prog="zerodojo compress",
        description="Make a smaller or faster run of a run, by exactly one of --int8, --distill and --prune, and measure both.",
        examples=[
            "zerodojo compress runs/connect_four --out runs/fast --int8",
            "zerodojo compress runs/connect_four --out runs/small --distill resnet --channels 32 --blocks 3",
            "zerodojo compress runs/connect_four --out runs/half --prune 0.5",
        ],
    )
    kind = _kind(options)
    check_target(options.json)
    # Only now what takes time to import: help must answer at once.
    from rich.console import Console

    from ..agents.compression.making import compress
    from ..agents.compression.source import load_source
    from ..evaluation.compared import Contender, compare
    from ..evaluation.match import check_games
    from .table import busy

    if options.games:
        check_games(options.games)
    source = load_source(options.run)
    with busy(Console(stderr=True), "reading the run") as say:
        method, imitation = _method(options, source), _imitation(options, kind)
        run = compress(source, method, imitation, out=options.out, seed=options.seed, say=say)
        comparison = compare(
            source.game,
            Contender(options.run, source.config.network, source.weights, source.run.calibration() if source.run else None),
            Contender(options.out, run.config.network, run.weights()[1], run.calibration()),
            games=options.games,
            simulations=options.simulations,
            seed=options.seed,
            say=say,
        )
    numbers = _numbers(options, kind, source.step, imitation, comparison)
    tell(numbers, "\n".join(_told(options, source.config.game, comparison)), target=options.json)
    return 0


def _kind(options: Compress) -> str:
    """The method that is asked for. Raises UserError unless it is one, with flags that are its own."""
    given = {"int8": options.int8, "distill": bool(options.distill), "prune": options.prune is not None}
    asked = [name for name, is_given in given.items() if is_given]
    if len(asked) != 1:
        raise UserError("choose one of --int8, --distill BACKBONE and --prune SHARE; of what comes out another run can be made")
    if asked != ["distill"] and (options.channels is not None or options.blocks is not None):
        raise UserError(f"--channels and --blocks are of the network that --distill makes; leave them out with --{asked[0]}")
    if options.simulations < 1:
        raise UserError(f"--simulations is {options.simulations}; choose from 1")
    return asked[0]


def _method(options: Compress, source: Source) -> Method:
    from ..agents.compression.making import Method
    from ..models.registry import backbone

    if not options.distill:
        return Method(int8=options.int8, prune=options.prune)
    backbone(options.distill, "board")  # refused by name before anything is made
    ours = source.config.network
    channels = ours.channels if options.channels is None else options.channels
    blocks = ours.blocks if options.blocks is None else options.blocks
    return Method(student=replace(ours, backbone=options.distill, channels=channels, blocks=blocks))


def _imitation(options: Compress, kind: str) -> ImitationConfig:
    """How it learns: the method's own settings, but for what is typed."""
    own = {"int8": INT8, "distill": DISTILLED, "prune": PRUNED}[kind]
    typed = {name: getattr(options, name) for name in ("steps", "learning_rate", "temperature", "batch", "positions")}
    return replace(own, **{name: value for name, value in typed.items() if value is not None})


def _numbers(options: Compress, kind: str, step: int, imitation: ImitationConfig, comparison: Comparison) -> dict[str, Any]:
    """The result as JSON has it."""
    match = comparison.match
    return {
        "kind": "compress",
        "run": options.run,
        "checkpoint": step,
        "out": options.out,
        "method": kind,
        "imitation": asdict(imitation),
        "simulations": options.simulations,
        "seed": options.seed,
        "before": _side(comparison.before),
        "after": _side(comparison.after),
        "match": match
        and {
            "games": match.games,
            "wins": match.wins,
            "draws": match.draws,
            "losses": match.losses,
            "score": match.score,
            "score_interval": list(match.score_interval),
        },
    }


def _side(measured: Measured) -> dict[str, Any]:
    def graded(grade: Grade | None) -> dict[str, Any] | None:
        return grade and {"positions": grade.positions, "share": grade.share, "interval": list(grade.interval)}

    return {**measured._asdict(), "bare": graded(measured.bare), "searched": graded(measured.searched)}


def _told(options: Compress, game: str, comparison: Comparison) -> list[str]:
    """The result for people."""
    before, after, match = comparison
    lines = [
        _row("", "before", "after"),
        _row("parameters", f"{before.parameters:,}", f"{after.parameters:,}"),
        _row("multiply-adds a position", f"{before.multiply_adds:,}", f"{after.multiply_adds:,}"),
        _row("engine", before.engine, after.engine),
        _row("positions/s", f"{before.positions_per_second:,.0f}", f"{after.positions_per_second:,.0f}"),
    ]
    for label, one, other in (
        ("best outcome kept, bare", before.bare, after.bare),
        (f"  with {options.simulations} simulations", before.searched, after.searched),
    ):
        if one is not None and other is not None:
            lines.append(_row(label, f"{one.share:.1%}", f"{other.share:.1%}"))
    if before.bare is not None:
        low, high = before.bare.interval
        lines += [
            "",
            f"Kept in {before.bare.positions:,} positions where the choice matters; of the first, {low:.1%} to {high:.1%} (95%).",
        ]
    if match is not None:
        low, high = match.score_interval
        result = f"{match.wins} won, {match.draws} drawn, {match.losses} lost"
        lines += ["", f"{options.out} against {options.run}, {match.games} games with {options.simulations} simulations a move:"]
        lines.append(f"{result}, a score of {match.score:.1%} (95% interval {low:.1%} to {high:.1%}).")
    if after.positions_per_second <= before.positions_per_second:
        lines += ["", f"It is no faster here: play on with {options.run}."]
    play = shlex.join([program(), "play", game, "--opponent", options.out])
    lines += ["", f"{options.out} is the new run.", f"Play it:     {play}"]
    return lines


def _row(label: str, before: str, after: str) -> str:
    return f"{label:28}{before:>18}{after:>18}"
