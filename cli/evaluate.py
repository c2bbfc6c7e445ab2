"""`zerodojo evaluate`: an agent's match against an opponent and, on request, its grade on positions with known answers."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import FlagCreatePairsOff, UseAppendAction

from ..errors import UserError
from .arguments import Positional, parse
from .games import key_values, title
from .output import check_target, make_folder, tell
from .versions import versions
from .words import switches, task_of, values_of

if TYPE_CHECKING:
    from ..agents import Player
    from ..envs import Game, Position
    from ..evaluation.graded import Grade
    from ..evaluation.match import MatchResult, Record
    from ..evaluation.metrics.classification import Counts

LIBRARIES = ("zerodojo", "numpy", "numba", "torch", "openvino")  # whose versions can change a result


@dataclass(frozen=True)
class Evaluate:
    """The arguments of `zerodojo evaluate`."""

    run: Positional[str]  # runs/x, runs/x@STEP for an earlier checkpoint, runs/x@best, or zoo:NAME; with --game, any player
    opponent: str  # who it plays against (`zerodojo list players`)
    games: int = 100  # an even number: every opening is played with both colours
    simulations: int | None = None  # how far the agent thinks, a move; 0 is its bare network. An opponent that is a network, too
    seed: int = 0  # of the openings, and of everything random in both players
    game: str = ""  # what is played, by players that have learned no game
    option: Annotated[tuple[str, ...], UseAppendAction] = ()  # an option of --game, such as size=9; may be repeated
    sgf: str = ""  # write every game into this directory, as SGF
    json: str = ""  # write the result as JSON to this file; - prints it in place of the table
    positions: FlagCreatePairsOff[bool] = False  # for some minutes, also measure moves and values in positions with known answers


@dataclass(frozen=True)
class _Agent:
    """Who is evaluated: the player, its game, the learner steps behind its weights, and how far it thinks."""

    player: Player
    game: Game
    step: int | None  # None for who has learned nothing
    simulations: int | None  # a move; 0 is the bare network, None for players that do not search


def main(argv: Sequence[str]) -> int:
    """Plays the match and tells the result. Raises UserError for arguments that do not fit."""
    if _plays_episodes(argv):
        from .evaluate_gym import main as evaluate_gym

        return evaluate_gym(argv)
    options = parse(
        Evaluate,
        argv,
        prog="zerodojo evaluate",
        description="Measure a trained agent in a match: both colours from the same varied openings, with a 95% interval. "
        "Of an agent in an environment, `zerodojo evaluate RUN --help` tells the flags: --episodes, --render, --video and more.",
        examples=[
            "zerodojo evaluate runs/connect_four --opponent mcts:1000",
            "zerodojo evaluate runs/connect_four@2000 --opponent runs/connect_four --games 400",
            "zerodojo evaluate zoo:connect_four --opponent minimax:5 --positions --json result.json",
            "zerodojo evaluate runs/othello_ppo@best --opponent mcts:50",
            "zerodojo evaluate runs/cartpole --episodes 3 --render",
            "zerodojo evaluate mcts:200 --game othello --opponent gtp:gtp-rhino --games 20 --sgf games",
        ],
    )
    check_target(options.json)
    # Only now what takes time to import: help must answer at once.
    from rich.console import Console

    from ..agents.players.human import HumanPlayer
    from ..agents.specs import check_seed, player
    from ..agents.specs import parse as parse_spec
    from ..agents.variants import variant_of
    from ..evaluation.graded import PositionSets
    from ..evaluation.match import play_match
    from .table import busy

    check_seed(options.seed)
    console = Console(stderr=True)
    with busy(console, "calling the players"):
        agent = _load(options)
        if options.positions and not PositionSets.cover(agent.game):
            raise UserError(f"no positions with known answers are stored for {variant_of(agent.game)}; leave --positions out")
        _check_sgf(options.sgf, agent.game)
        thinks_alike = parse_spec(options.opponent)[0] in ("run", "zoo")
        simulations = options.simulations if thinks_alike else None
        opponent = player(options.opponent, agent.game, simulations=simulations, seed=options.seed + 1)
    try:
        people = [one for one in (agent.player, opponent) if isinstance(one, HumanPlayer)]
        for person in people:
            person.draw = _drawing(agent.game)
        with contextlib.nullcontext() if people else busy(console, f"playing {options.games} games"):
            match = play_match(agent.player, opponent, agent.game, games=options.games, seed=options.seed)
        _write_sgf(options, agent.game, match)
        grades, outcomes = None, None
        if options.positions:
            with busy(console, "calling the positions with known answers") as say:
                grades, outcomes = _grades(agent, say), _outcomes(agent)
    finally:
        agent.player.close()
        opponent.close()
    result, told = dict(_result(options, agent, match, grades)), _told(options, agent, match, grades)
    if outcomes is not None:
        result["outcomes"] = outcomes.tolist()
        told += _told_outcomes(outcomes)
    tell(result, "\n".join(told), target=options.json)
    return 0


def _plays_episodes(argv: Sequence[str]) -> bool:
    """Whether a run is named that has learned in an environment, and no opponent for a match at the game that may be.

    Raises UserError where whatever else is missing hangs on a run that cannot be read.
    """
    from ..agents.run_directory import is_of_environment
    from ..agents.specs import SPECS
    from .evaluate_gym import EvaluateGym

    spec = task_of(argv, switches(Evaluate, EvaluateGym))
    if not spec or values_of(argv, "--opponent"):
        return False
    is_run = spec.partition(":")[0] not in SPECS or Path(spec).exists()
    if is_run and not is_of_environment(spec) and not {"-h", "--help"}.intersection(argv):
        from ..agents.gym.loading import run_at

        run_at(spec)
    return is_of_environment(spec)


def _load(options: Evaluate) -> _Agent:
    """The agent that RUN names, and its game. Raises UserError."""
    from ..agents import model_zoo
    from ..agents.players.network import network_player
    from ..agents.run_directory import RunDirectory, is_of_environment
    from ..agents.specs import SPECS, player
    from ..envs import make

    spec, simulations, seed = options.run, options.simulations, options.seed
    kind, colon, name = spec.partition(":")
    learned = (bool(colon) and kind == "zoo") or kind not in SPECS or Path(spec).exists()
    if learned and (options.game or options.option):
        raise UserError(f"{spec} plays the game that it has learned; leave --game and --option out")
    if simulations is not None and simulations < 0:
        raise UserError(f"simulations must not be negative, and {simulations} is")
    calibration = None
    if colon and kind == "zoo":
        card, weights = model_zoo.read(name)
        step, config, game = card.step, card.network, make(card.game, **card.options)
    elif not learned:
        if not options.game:
            raise UserError(f"{spec} has learned nothing; add --game GAME, or name a run such as runs/connect_four, or zoo:NAME")
        game = make(options.game, **key_values("--option", options.option))
        agent = player(spec, game, simulations=simulations, seed=seed)
        return _Agent(agent, game, None, agent.simulations)
    elif is_of_environment(spec):
        return _load_policy(spec, seed)
    else:
        run, asked = RunDirectory.at(spec)
        step, weights = run.weights(asked)
        config, game, calibration = run.config.network, make(run.config.game, **run.config.options), run.calibration()
    network = network_player(game, config, weights, simulations=simulations, seed=seed, owner=spec, calibration=calibration)
    network.name = spec
    return _Agent(network, game, step, network.simulations)


def _load_policy(spec: str, seed: int) -> _Agent:
    """The agent of a run that has learned a game in its environment. Raises UserError."""
    from ..agents.gym.loading import load_policy, run_at
    from ..agents.players.policy import PolicyPlayer
    from ..agents.variants import game_learned
    from ..envs import make

    run, step, best = run_at(spec)
    name, options = game_learned(run.config, str(run.path))
    game, learned = make(name, **options), load_policy(run, step, best=best)
    player = PolicyPlayer(game, run.config, learned, seed=seed)
    player.name = spec
    return _Agent(player, game, learned.step, None)


def _drawing(game: Game) -> Callable[[Position], str]:
    """Draws the board as `zerodojo play` does."""
    from .table import board_on, open_console

    console = open_console()
    board = board_on(console, game)

    def draw(position: Position) -> str:
        with console.capture() as drawn:
            console.print()
            console.print(board.draw(position))
        return drawn.get()

    return draw


def _grades(agent: _Agent, say: Callable[[str], None]) -> list[Grade]:
    """The agent's grades in all sets of positions stored for its game; says how far it is."""
    from ..evaluation.graded import PositionSets, by_player, grade

    sets = PositionSets.load(agent.game.spec.name).reported()
    total, done, grades = sum(map(len, sets)), 0, []
    for positions in sets:

        def tell(decided: int, before: int = done) -> None:
            say(f"looking at positions with known answers: {before + decided:,} of {total:,}")

        grades.append(grade(by_player(agent.player, tell), positions))
        done += len(positions)
    return grades


def _outcomes(agent: _Agent) -> Counts | None:
    """How well the network's bare value tells outcomes in any position of any stage; None for who has no network."""
    from ..agents.players.search_player import SearchPlayer
    from ..evaluation.graded import PositionSets, judge

    if agent.step is None or not isinstance(agent.player, SearchPlayer):
        return None
    stages = [positions for positions in PositionSets.load(agent.game.spec.name).reported() if positions.name != "critical"]
    return sum((judge(agent.player.evaluator, positions) for positions in stages[1:]), judge(agent.player.evaluator, stages[0]))


def _check_sgf(directory: str, game: Game) -> None:
    """Raises UserError, before hours of playing, if the games could not be written in the end. Empty: they are not."""
    from ..envs.notation.sgf_conventions import SGF_GAMES

    if not directory:
        return
    if game.spec.name not in SGF_GAMES:
        raise UserError(f"SGF is written for {', '.join(SGF_GAMES)}, and not for {game.spec.name}; leave --sgf out")
    make_folder(directory)


def _write_sgf(options: Evaluate, game: Game, match: MatchResult) -> None:
    """Every game of the match as game-1.sgf and so on, in the order of `match.outcomes`."""
    from ..envs.notation.sgf_conventions import Reason, Result
    from ..envs.notation.sgf_games import write_game

    for i, outcome in enumerate(match.outcomes if options.sgf else ()):
        players = (options.run, options.opponent) if i < match.games // 2 else (options.opponent, options.run)
        result = None
        if outcome.forfeit or outcome.resigned:
            reason: Reason = "resignation" if outcome.resigned else "forfeit"
            result = Result((1.0, -1.0) if outcome.points else (-1.0, 1.0), reason)
        comments = {0: outcome.forfeit} if outcome.forfeit else None
        data = write_game(game.start().play(outcome.history), players=players, result=result, comments=comments, round=str(i + 1))
        (Path(options.sgf) / f"game-{i + 1}.sgf").write_bytes(data)


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
        "versions": versions(LIBRARIES),
    }
    if grades is not None:
        result["positions"] = {
            found.name: {"positions": found.positions, "kept": found.kept, "share": found.share, "interval": list(found.interval)}
            for found in grades
        }
    return result


def _told(options: Evaluate, agent: _Agent, match: MatchResult, grades: Sequence[Grade] | None) -> list[str]:
    """The result for people."""
    low, high = match.score_interval
    verdict = "is stronger than" if low > 0.5 else "is weaker than" if high < 0.5 else "in so few games cannot be told apart from"
    about = ", ".join(
        [
            *([] if agent.step is None else [f"step {agent.step}"]),
            *([] if agent.simulations is None else [f"{agent.simulations} simulations"]),
        ]
    )
    lines = [
        f"{title(agent.game.spec.name)}: {options.run}{f' ({about})' if about else ''} against {options.opponent}",
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


def _told_outcomes(outcomes: Counts) -> list[str]:
    """The confusion matrix of values for people."""
    from ..evaluation.graded import OUTCOMES
    from ..evaluation.metrics.classification import precision, recall

    lines = ["", "What the bare value takes positions of any stage for, by what perfect play leads to:", ""]
    lines.append(f"{'':16}" + "".join(f"{f'as {name}':>9}" for name in OUTCOMES) + f"{'recall':>9}{'precision':>11}")
    for name, row, found, right in zip(OUTCOMES, outcomes, recall(outcomes), precision(outcomes), strict=True):
        lines.append(f"{name:16}" + "".join(f"{count:9,}" for count in row) + f"{found:9.1%}{right:11.1%}")
    return lines


def _row(label: str, record: Record | MatchResult) -> str:
    games = record.wins + record.draws + record.losses
    score = (record.wins + record.draws / 2) / games
    return f"{label:12}{games:7}{record.wins:7}{record.draws:7}{record.losses:7}{score:9.1%}"
