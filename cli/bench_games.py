"""`zerodojo bench games`: how fast the rules are, beside OpenSpiel's and PettingZoo's where these are installed. Called by `bench`.

Rates are plies of random play a second of processor time on one core, and simulations of a search with random rollouts from the
start. Ours and a peer's are measured in turns in one run, and medians count.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from rich.console import Console

from ..agents import Limit, player
from ..envs import GAMES, Game, make
from ..envs.stones import StoneGame
from ..errors import UserError
from .bench import Bench, Result
from .table import busy

ROUNDS = 3
SIDE_BY_SIDE = 256  # games of the batched contract
PLAYOUTS = 256  # games of a call of the playout kernel
SAMPLE = 200  # random games that tell how long OpenSpiel's rollouts are
ROLLOUTS, ROLLED_OUT = 64, 4  # rollouts of a leaf of OpenSpiel's search, and leaves, where rollouts are measured
SIMULATIONS = 1000  # of a search
UCT_C = 2.0  # OpenSpiel's example value
MEBIBYTES = 100  # of its tree

OPENSPIEL = {  # the same variant there
    "breakthrough": "breakthrough",
    "chess": "chess",
    "connect_four": "connect_four",
    "go": "go(board_size=9)",
    "gomoku": "gomoku",
    "hex": "hex(swap=true)",
    "othello": "othello",
    "tic_tac_toe": "tic_tac_toe",
}
PETTINGZOO = {
    "chess": "chess.chess",
    "connect_four": "connect_four.connect_four",
    "go": "go.go",
    "tic_tac_toe": "tictactoe.tictactoe",
}
PEERS = 'pip install "zerodojo[chess,openspiel,pettingzoo]"'
PETTINGZOO_OPTIONS: dict[str, dict[str, int | float]] = {"go": {"board_size": 9, "komi": 7.5}}


@dataclass(frozen=True)
class Rates:
    """Plies of random play a second, and simulations of a search; None for a peer that lacks the game, or is not installed."""

    game: str
    playouts: float  # the playout kernel
    contract: float  # legal mask, choice and step, many games side by side
    openspiel: float | None  # rollouts in C++
    pettingzoo: float | None  # mask, choice and step of an environment
    search: float | None  # `mcts:1000`, one position; None for a game that is not compiled
    openspiel_search: float | None  # MCTSBot in C++

    def numbers(self) -> dict[str, Any]:
        """The result for programs."""
        ratios = {
            "over_openspiel": times(self.playouts, self.openspiel),
            "over_pettingzoo": times(self.contract, self.pettingzoo),
            "search_over_openspiel": times(self.search, self.openspiel_search),
        }
        return {**vars(self), **ratios}


def times(ours: float | None, theirs: float | None) -> float | None:
    """How many times as fast ours is; None where one of them was not measured."""
    return ours / theirs if ours and theirs else None


def measure(options: Bench) -> Result:
    """The rates of one game, or of all that can be made; `seconds` are those of one game. Raises UserError for an unknown game."""
    games, left_out = games_of(options.game)
    console, found = Console(stderr=True), []
    for game in games:
        with busy(console, f"measuring {game.spec.name} for {options.seconds:.0f} seconds, once all has warmed up"):
            found.append(rates_of(game, options.seconds, options.seed))
    return Result({"games": [rates.numbers() for rates in found], "left_out": left_out}, told(found, left_out))


def games_of(name: str) -> tuple[list[Game], dict[str, str]]:
    """The game of a name, or without one every game; and those whose library is not installed, with what they lack."""
    if name:
        return [make(name)], {}
    games: list[Game] = []
    left_out: dict[str, str] = {}
    for each in GAMES:
        try:
            games.append(make(each))
        except UserError as error:
            left_out[each] = str(error)
    return games, left_out


def rates_of(game: Game, seconds: float, seed: int) -> Rates:
    """All rates of one game."""
    name = game.spec.name
    every: dict[str, Callable[[float], float] | None] = {
        "playouts": playouts_of(game, seed),
        "contract": contract_of(game, seed),
        "openspiel": openspiel_of(game, seed),
        "pettingzoo": pettingzoo_of(name, seed),
        "search": search_of(game, seed),
        "openspiel_search": openspiel_search_of(game, seed),
    }
    contestants = {key: work for key, work in every.items() if work is not None}
    each = seconds / (ROUNDS * len(contestants))
    for work in contestants.values():
        work(0.0)  # compiles, and warms up
    rates: dict[str, list[float]] = {key: [] for key in contestants}
    for _ in range(ROUNDS):
        for key, work in contestants.items():
            rates[key].append(work(each))
    median = {key: statistics.median(values) for key, values in rates.items()}
    peers = {key: median.get(key) for key in ("openspiel", "pettingzoo", "search", "openspiel_search")}
    return Rates(name, median["playouts"], median["contract"], **peers)


def a_second(work: Callable[[], float], seconds: float) -> float:
    """How much `work` says it did a second of processor time, called for at least so many seconds."""
    started, done = time.process_time(), work()
    while (spent := time.process_time() - started) < seconds:
        done += work()
    return done / max(spent, 1e-9)


def playouts_of(game: Game, seed: int) -> Callable[[float], float]:
    """The playout kernel, from the start."""
    states, generator = game.new_states(PLAYOUTS), np.random.default_rng(seed)

    def play() -> int:
        return int(game.playout(states, generator.integers(0, 2**64, PLAYOUTS, np.uint64)).plies.sum())

    return lambda seconds: a_second(play, seconds)


def contract_of(game: Game, seed: int) -> Callable[[float], float]:
    """Games side by side through `legal_mask` and `step`; one that is over begins anew."""
    generator = np.random.default_rng(seed)
    states = game.new_states(SIDE_BY_SIDE)

    def play() -> int:
        mask = game.legal_mask(states)
        drawn = (generator.random(SIDE_BY_SIDE) * mask.sum(axis=1)).astype(np.int64)
        actions = (mask.cumsum(axis=1) > drawn[:, None]).argmax(axis=1).astype(np.int32)
        over = game.step(states, actions).terminal
        states[over] = game.new_states(int(over.sum()))
        return SIDE_BY_SIDE

    return lambda seconds: a_second(play, seconds)


def openspiel_of(game: Game, seed: int) -> Callable[[float], float] | None:
    """Rollouts in C++, those that its search asks for; their plies are counted in a sample of the same random games."""
    pyspiel = openspiel_with(game)
    if pyspiel is None:
        return None
    theirs, generator, lengths = pyspiel.load_game(OPENSPIEL[game.spec.name]), np.random.default_rng(seed), []
    for _ in range(SAMPLE):
        state = theirs.new_initial_state()
        while not state.is_terminal():
            state.apply_action(int(generator.choice(state.legal_actions())))
        lengths.append(state.move_number())
    mean = statistics.fmean(lengths)
    bot = pyspiel.MCTSBot(theirs, pyspiel.RandomRolloutEvaluator(ROLLOUTS, seed), UCT_C, ROLLED_OUT, MEBIBYTES, False, seed, False)
    start = theirs.new_initial_state()

    def play() -> float:
        bot.mcts_search(start)
        return ROLLOUTS * ROLLED_OUT * mean

    return lambda seconds: a_second(play, seconds)


def pettingzoo_of(name: str, seed: int) -> Callable[[float], float] | None:
    """An environment of PettingZoo's own, without the wrappers that watch over its use."""
    if name not in PETTINGZOO:
        return None
    module = installed(f"pettingzoo.classic.{PETTINGZOO[name]}")
    if module is None:
        return None
    env, generator = module.raw_env(**PETTINGZOO_OPTIONS.get(name, {})), np.random.default_rng(seed)

    def play() -> int:
        env.reset(seed=0)
        plies = 0
        while True:
            observation, _, terminated, truncated, _ = env.last()
            if terminated or truncated:
                return plies
            legal = np.flatnonzero(observation["action_mask"])
            env.step(int(legal[int(generator.random() * len(legal))]))
            plies += 1

    return lambda seconds: a_second(play, seconds)


def search_of(game: Game, seed: int) -> Callable[[float], float] | None:
    """The player `mcts:1000`, deciding the start position by itself."""
    if not isinstance(game, StoneGame):
        return None
    thinker, start = player(f"mcts:{SIMULATIONS}", game, seed=seed), game.start()

    def think() -> int:
        thinker.new_game()
        return int(thinker.decide(start, Limit(simulations=SIMULATIONS)).visits.sum())

    return lambda seconds: a_second(think, seconds)


def openspiel_search_of(game: Game, seed: int) -> Callable[[float], float] | None:
    """OpenSpiel's MCTSBot, one rollout a leaf, deciding the start position."""
    pyspiel = openspiel_with(game)
    if pyspiel is None or not isinstance(game, StoneGame):  # where ours does not search, theirs stands beside nothing
        return None
    theirs = pyspiel.load_game(OPENSPIEL[game.spec.name])
    bot = pyspiel.MCTSBot(theirs, pyspiel.RandomRolloutEvaluator(1, seed), UCT_C, SIMULATIONS, MEBIBYTES, False, seed, False)
    start = theirs.new_initial_state()
    return lambda seconds: a_second(lambda: int(bot.mcts_search(start).explore_count), seconds)


def openspiel_with(game: Game) -> Any:
    """OpenSpiel; None where it is not installed, or does not have the game."""
    return installed("pyspiel") if game.spec.name in OPENSPIEL else None


def installed(module: str) -> Any:
    """A module that is a peer's; None where it is not installed."""
    try:
        return import_module(module)
    except ImportError:
        return None


def told(found: list[Rates], left_out: Mapping[str, str]) -> str:
    """The result for people."""

    def beside(ours: float | None, theirs: float | None) -> str:
        ratio = times(ours, theirs)
        rates = (f"{rate:14,.0f}" if rate else f"{'-':>14}" for rate in (ours, theirs))
        return "".join(rates) + (f"{ratio:7.1f}x" if ratio else f"{'':8}")

    lines = [
        "Random play, plies a second of processor time on one core; behind a peer's rate how many times as fast ours is",
        "",
        f"  {'game':12}{'playouts':>14}{'OpenSpiel C++':>14}{'':8}{'contract':>14}{'PettingZoo':>14}",
        *(
            f"  {rates.game:12}{beside(rates.playouts, rates.openspiel)}{beside(rates.contract, rates.pettingzoo)}".rstrip()
            for rates in found
        ),
        "",
        f"Searches with random rollouts from the start, simulations a second, {SIMULATIONS:,} a move",
        "",
        f"  {'game':12}{f'mcts:{SIMULATIONS}':>14}{'C++ MCTSBot':>14}",
        *(f"  {rates.game:12}{beside(rates.search, rates.openspiel_search)}".rstrip() for rates in found),
        "",
        f"-: a game that is not compiled, or that a peer does not have; or the peer is not installed ({PEERS}).",
        *(f"{name} is left out: {why}" for name, why in left_out.items()),
    ]
    return "\n".join(lines)
