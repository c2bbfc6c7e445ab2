"""`zerodojo evaluate`: a trained agent's match against an opponent and, on request, its grade on positions with known answers."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tyro.conf import FlagCreatePairsOff

from ..errors import UserError
from .arguments import Positional, parse
from .output import check_target, tell

if TYPE_CHECKING:
    from ..agents import Player
    from ..envs import Game
    from ..evaluation.graded import Grade
    from ..evaluation.match import MatchResult, Record

LIBRARIES = ("zerodojo", "numpy", "numba", "torch", "openvino")  # whose versions can change a result


@dataclass(frozen=True)
class Evaluate:
    """The arguments of `zerodojo evaluate`."""

    run: Positional[str]  # runs/x, runs/x@STEP for an earlier checkpoint, or zoo:NAME
    opponent: str  # who it plays against (`zerodojo list players`)
    games: int = 100  # an even number: every opening is played with both colours
    simulations: int | None = None  # how far the agent thinks, a move; 0 is its bare network. An opponent that is a network, too
    seed: int = 0  # of the openings, and of everything random in both players
    json: str = ""  # write the result as JSON to this file; - prints it in place of the table
    positions: FlagCreatePairsOff[bool] = False  # for some minutes, also count the best outcomes kept in positions with answers


@dataclass(frozen=True)
class _Agent:
    """Who is evaluated: the player, its game, the learner steps behind its weights, and how far it thinks."""

    player: Player
    game: Game
    step: int
    simulations: int  # a move; 0 is the bare network


def main(argv: Sequence[str]) -> int:
    """Plays the match and tells the result. Raises UserError for arguments that do not fit."""
    options = parse(
        Evaluate,
        argv,
        prog="zerodojo evaluate",
        description="Measure a trained agent in a match: both colours from the same varied openings, with a 95% interval.",
        examples=[
            "zerodojo evaluate runs/connect_four --opponent mcts:1000",
            "zerodojo evaluate runs/connect_four@2000 --opponent runs/connect_four --games 400",
            "zerodojo evaluate zoo:connect_four --opponent minimax:5 --positions --json result.json",
        ],
    )
    check_target(options.json)
    # Only now what takes time to import: help must answer at once.
    from rich.console import Console

    from ..agents.specs import check_seed, player
    from ..agents.specs import parse as parse_spec
    from ..agents.variants import variant_of
    from ..evaluation.graded import PositionSets, by_player, grade
    from ..evaluation.match import play_match
    from .table import busy

    check_seed(options.seed)
    console = Console(stderr=True)
    with busy(console, "calling the players"):
        agent = _load(options.run, simulations=options.simulations, seed=options.seed)
        if options.positions and not PositionSets.cover(agent.game):
            raise UserError(f"no positions with known answers are stored for {variant_of(agent.game)}; leave --positions out")
        thinks_alike = parse_spec(options.opponent)[0] in ("run", "zoo")
        simulations = options.simulations if thinks_alike else None
        opponent = player(options.opponent, agent.game, simulations=simulations, seed=options.seed + 1)
    try:
        with busy(console, f"playing {options.games} games"):
            match = play_match(agent.player, opponent, agent.game, games=options.games, seed=options.seed)
        grades = None
        if options.positions:
            with busy(console, "looking at positions with known answers, which takes minutes"):
                sets = PositionSets.load(agent.game.spec.name).reported()
                grades = [grade(by_player(agent.player), positions) for positions in sets]
    finally:
        agent.player.close()
        opponent.close()
    tell(_result(options, agent, match, grades), "\n".join(_told(options, agent, match, grades)), target=options.json)
    return 0


def _load(spec: str, *, simulations: int | None, seed: int) -> _Agent:
    """The agent that RUN names. Raises UserError."""
    from ..agents import model_zoo
    from ..agents.players.network import SIMULATIONS, network_player
    from ..agents.run_directory import RunDirectory
    from ..agents.specs import SPECS
    from ..envs import make

    kind, colon, name = spec.partition(":")
    if simulations is not None and simulations < 0:
        raise UserError(f"simulations must not be negative, and {simulations} is")
    if colon and kind == "zoo":
        card, weights = model_zoo.read(name)
        step, network, game = card.step, card.network, make(card.game, **card.options)
    elif kind in SPECS and not Path(spec).exists():
        raise UserError(f"{spec} has learned nothing; name a run such as runs/connect_four, or zoo:NAME, and {spec} as --opponent")
    else:
        run, asked = RunDirectory.at(spec)
        step, weights = run.weights(asked)
        network, game = run.config.network, make(run.config.game, **run.config.options)
    player = network_player(game, network, weights, simulations=simulations, seed=seed, owner=spec)
    player.name = spec
    return _Agent(player, game, step, SIMULATIONS if simulations is None else simulations)


def _result(options: Evaluate, agent: _Agent, match: MatchResult, grades: Sequence[Grade] | None) -> Mapping[str, Any]:
    """The result as JSON has it."""
    result: dict[str, Any] = {
        "kind": "match",
        "task": agent.game.spec.name,
        "agent": options.run,
        "checkpoint": agent.step,
        "opponent": options.opponent,
        "simulations": agent.simulations,
        "seed": options.seed,
        "games": match.games,
        "wins": match.wins,
        "draws": match.draws,
        "losses": match.losses,
        "score": match.score,
        "score_interval": list(match.score_interval),
        "as_first": match.as_first._asdict(),
        "as_second": match.as_second._asdict(),
        "versions": _versions(),
    }
    if grades is not None:
        result["positions"] = {
            found.name: {"positions": found.positions, "kept": found.kept, "share": found.share, "interval": list(found.interval)}
            for found in grades
        }
    return result


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for library in LIBRARIES:
        try:
            versions[library] = version(library)
        except PackageNotFoundError:
            continue
    return versions


def _told(options: Evaluate, agent: _Agent, match: MatchResult, grades: Sequence[Grade] | None) -> list[str]:
    """The result for people."""
    low, high = match.score_interval
    verdict = "is stronger than" if low > 0.5 else "is weaker than" if high < 0.5 else "cannot be told apart from"
    lines = [
        f"{agent.game.spec.name}: {options.run} (step {agent.step}, {agent.simulations} simulations) against {options.opponent}",
        "",
        f"{'':12}{'games':>7}{'won':>7}{'drawn':>7}{'lost':>7}{'score':>9}",
        _row("as first", match.as_first),
        _row("as second", match.as_second),
        _row("together", match),
        "",
        *match.forfeits,
        f"{options.run} {verdict} {options.opponent}: it scores {match.score:.1%} (95% interval {low:.1%} to {high:.1%}).",
    ]
    if grades is not None:
        lines += [
            "",
            "Positions in which the best outcome was kept:",
            "",
            f"{'':16}{'positions':>9}{'kept':>9}{'95% interval':>20}",
        ]
        for found in grades:
            interval = f"{found.interval[0]:.1%} to {found.interval[1]:.1%}"
            lines.append(f"{found.name:16}{found.positions:9,}{found.share:9.1%}{interval:>20}")
        lines += ["", "In `critical` the choice matters; the other sets hold any position of their stage."]
    return lines


def _row(label: str, record: Record | MatchResult) -> str:
    games = record.wins + record.draws + record.losses
    score = (record.wins + record.draws / 2) / games
    return f"{label:12}{games:7}{record.wins:7}{record.draws:7}{record.losses:7}{score:9.1%}"
