"""`zerodojo bench games`: how fast the rules are, beside OpenSpiel's and PettingZoo's where these are installed. Called by `bench`.

Every rate is plies of random play a second of processor time on one core. Ours and a peer's are measured in turns in one run, and
medians count.
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

from ..envs import GAMES, Game, make
from ..errors import UserError
from .bench import Bench, Result
from .table import busy

ROUNDS = 3
SIDE_BY_SIDE = 256  # games of the batched contract
PLAYOUTS = 256  # games of a call of the playout kernel
SAMPLE = 200  # random games that tell how long OpenSpiel's rollouts are
ROLLOUTS, ROLLED_OUT = 64, 4  # rollouts of a leaf of OpenSpiel's search, and leaves

OPENSPIEL = {  # the same variant there
    "breakthrough": "breakthrough",
    "chess": "chess",
    "connect_four": "connect_four",
    "go": "go(board_size=9)",
    "gomoku": "gomoku",
    "hex": "hex",
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
    """Plies of random play a second; None for a peer that does not have the game, or is not installed."""

    game: str
    playouts: float  # the playout kernel
    contract: float  # legal mask, choice and step, many games side by side
    openspiel: float | None  # rollouts in C++
    pettingzoo: float | None  # mask, choice and step of an environment

    def numbers(self) -> dict[str, Any]:
        """The result for programs."""
        return {**vars(self), "over_openspiel": self.over_openspiel, "over_pettingzoo": self.over_pettingzoo}

    @property
    def over_openspiel(self) -> float | None:
        """How many times as fast the playout kernel is."""
        return self.playouts / self.openspiel if self.openspiel else None

    @property
    def over_pettingzoo(self) -> float | None:
        """How many times as fast the batched contract is."""
        return self.contract / self.pettingzoo if self.pettingzoo else None


def measure(options: Bench) -> Result:
    """The rates of one game, or of all that can be made; `seconds` are those of one game. Raises UserError for an unknown game."""
    games, left_out = games_of(options.game)
    console, found = Console(stderr=True), []
    for game in games:
        with busy(console, f"measuring {game.spec.name} for about {options.seconds:.0f} seconds"):
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
        "openspiel": openspiel_of(name, seed),
        "pettingzoo": pettingzoo_of(name, seed),
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
    return Rates(
        name, median["playouts"], median["contract"], openspiel=median.get("openspiel"), pettingzoo=median.get("pettingzoo")
    )


def plies_a_second(play: Callable[[], float], seconds: float) -> float:
    """How many plies `play` makes a second of processor time, called for at least so many seconds."""
    started, plies = time.process_time(), play()
    while (spent := time.process_time() - started) < seconds:
        plies += play()
    return plies / max(spent, 1e-9)


def playouts_of(game: Game, seed: int) -> Callable[[float], float]:
    """The playout kernel, from the start."""
    states, generator = game.new_states(PLAYOUTS), np.random.default_rng(seed)

    def play() -> int:
        return int(game.playout(states, generator.integers(0, 2**64, PLAYOUTS, np.uint64)).plies.sum())

    return lambda seconds: plies_a_second(play, seconds)


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

    return lambda seconds: plies_a_second(play, seconds)


def openspiel_of(name: str, seed: int) -> Callable[[float], float] | None:
    """Rollouts in C++, those that its search asks for; their plies are counted in a sample of the same random games."""
    pyspiel = installed("pyspiel")
    if pyspiel is None or name not in OPENSPIEL:
        return None
    game, generator, lengths = pyspiel.load_game(OPENSPIEL[name]), np.random.default_rng(seed), []
    for _ in range(SAMPLE):
        state = game.new_initial_state()
        while not state.is_terminal():
            state.apply_action(int(generator.choice(state.legal_actions())))
        lengths.append(state.move_number())
    mean = statistics.fmean(lengths)
    bot = pyspiel.MCTSBot(game, pyspiel.RandomRolloutEvaluator(ROLLOUTS, seed), 2.0, ROLLED_OUT, 100, False, seed, False)
    start = game.new_initial_state()

    def play() -> float:
        bot.mcts_search(start)
        return ROLLOUTS * ROLLED_OUT * mean

    return lambda seconds: plies_a_second(play, seconds)


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

    return lambda seconds: plies_a_second(play, seconds)


def installed(module: str) -> Any:
    """A module that is a peer's; None where it is not installed."""
    try:
        return import_module(module)
    except ImportError:
        return None


def told(found: list[Rates], left_out: Mapping[str, str]) -> str:
    """The result for people."""

    def cell(rate: float | None, ratio: float | None) -> str:
        return f"{'-':>14}{'':8}" if rate is None else f"{rate:14,.0f}{ratio:7.1f}x"

    lines = [
        "Random play, plies a second of processor time on one core; behind a peer's rate how many times as fast ours is",
        "",
        f"  {'game':16}{'playouts':>14}{'OpenSpiel C++':>16}{'':6}{'contract':>14}{'PettingZoo':>16}",
    ]
    lines += [
        f"  {rates.game:16}{rates.playouts:14,.0f}  {cell(rates.openspiel, rates.over_openspiel)}{rates.contract:12,.0f}  "
        f"{cell(rates.pettingzoo, rates.over_pettingzoo)}"
        for rates in found
    ]
    lines += ["", f"-: a peer that does not have the game, or is not installed ({PEERS})."]
    return "\n".join([*lines, *(f"{name} is left out: {why}" for name, why in left_out.items())])
