"""How fast the search is beside OpenSpiel's, in one run on one core.

    python benchmarks/search_speed.py [--game go] [--json PATH|-] [--repeats 5]        # needs open_spiel (the `bench` extra)

Connect Four, or Othello, or Go on 9x9, from positions 0 to 30 random plies in, the same for all. Two pairs of peers:
- every position is worth the same: our Gumbel search of 32 simulations in 256 games side by side, without solving, through the Game
  contract, against OpenSpiel's Python MCTS (which also is given no rollouts);
- random rollouts: our player `mcts:N` deciding one position at a time, and 256 side by side, against OpenSpiel's C++ MCTSBot.

A repeat measures every contestant once, one after the other, in CPU time, so that a machine shared with others slows all alike; the
medians over the repeats are printed. A simulation is one descent that ended in an evaluation, a known end or a terminal state.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pyspiel
from open_spiel.python.algorithms import mcts

from zerodojo.agents import Limit, player
from zerodojo.cli.output import add_target, tell
from zerodojo.envs import Game, Position, make
from zerodojo.search.config import SearchConfig
from zerodojo.search.evaluator import UniformEvaluator
from zerodojo.search.search import Search, run

GAMES = 256  # side by side
SIMULATIONS = 32  # of the Gumbel search
PEER_SIMULATIONS = 1000  # of the anytime searches
DEEPEST = 30  # random plies
UCT_C = 2.0  # OpenSpiel's example value


PEERS = {"connect_four": "connect_four", "go": "go(board_size=9,komi=7.5)", "othello": "othello"}


class Constant(mcts.Evaluator):  # type: ignore[misc]
    """OpenSpiel's side of the uniform evaluator."""

    def evaluate(self, state: Any) -> Any:
        """Nobody is ahead."""
        return np.zeros(2)

    def prior(self, state: Any) -> list[tuple[int, float]]:
        """All legal moves alike."""
        legal = state.legal_actions()
        return [(action, 1.0 / len(legal)) for action in legal]


def positions(game: Game, count: int, seed: int) -> list[Position]:
    """Positions after 0 to DEEPEST random plies, none of them over."""
    generator = np.random.default_rng(seed)
    found: list[Position] = []
    while len(found) < count:
        position = game.start()
        for _ in range(generator.integers(0, DEEPEST + 1)):
            if not position.terminal:
                position = position.after(int(generator.choice(position.legal_actions())))
        if not position.terminal:
            found.append(position)
    return found


def cpu_rate(work: Callable[[], float]) -> float:
    """What `work` says it did, for a second of CPU time."""
    started = time.process_time()
    done = work()
    return done / (time.process_time() - started)


def peer_state(peer_game: Any, position: Position) -> Any:
    """OpenSpiel's state of a position; in Go its actions are found by their names."""
    game, state = position.game, peer_game.new_initial_state()
    for action in position.history:
        name = game.action_name(action).lower()
        named = {state.action_to_string(a).split()[-1].lower(): a for a in state.legal_actions()} if game.spec.name == "go" else {}
        state.apply_action(named.get(name, action))
    return state


def contestants(game: Game, sample: list[Position], few: list[Position], config: SearchConfig) -> dict[str, Callable[[], float]]:
    """Each a function that searches and returns the number of simulations."""
    search, evaluator, rows = Search(game, config, games=len(sample)), UniformEvaluator(game), np.arange(len(sample))
    states = np.stack([position.row for position in sample])
    thinker = player(f"mcts:{PEER_SIMULATIONS}", game)
    peer_game = pyspiel.load_game(PEERS[game.spec.name])
    rollouts = pyspiel.RandomRolloutEvaluator(1, 0)

    states_there = [peer_state(peer_game, position) for position in few]

    def ours() -> float:
        total = 0.0
        for repeat in range(20):
            search.begin(rows, states, rows.astype(np.uint64) + np.uint64(repeat * len(rows)))
            run(search, evaluator)
            total += float(search.simulations(rows).sum())
        return total

    def ours_one_by_one() -> float:
        total = 0.0
        for position in few:
            thinker.new_game()
            total += float(thinker.decide(position, Limit(simulations=PEER_SIMULATIONS)).visits.sum())
        return total

    def ours_side_by_side() -> float:
        return float(sum(decision.visits.sum() for decision in thinker.decide_many(sample)))

    def python_peer() -> float:
        bot = mcts.MCTSBot(peer_game, UCT_C, PEER_SIMULATIONS, Constant(), solve=False, random_state=np.random.RandomState(0))
        return float(sum(bot.mcts_search(state).explore_count for state in states_there))

    def cpp_peer() -> float:
        bot = pyspiel.MCTSBot(peer_game, rollouts, UCT_C, PEER_SIMULATIONS, 100, False, 0, False)
        return float(sum(bot.mcts_search(state).explore_count for state in states_there))

    return {
        "constant evaluator, ours (Gumbel, 256 games)": ours,
        "constant evaluator, OpenSpiel Python MCTS": python_peer,
        "rollouts, ours (mcts:N, 256 games)": ours_side_by_side,
        "rollouts, ours (mcts:N, one game)": ours_one_by_one,
        "rollouts, OpenSpiel C++ MCTS": cpp_peer,
    }


def main() -> None:
    """Measures, prints, and writes JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_target(parser)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--game", choices=PEERS, default="connect_four")
    options = parser.parse_args()
    game = make(options.game)
    config = SearchConfig(rule="gumbel", simulations=SIMULATIONS, solve=False)
    runners = contestants(game, positions(game, GAMES, seed=0), positions(game, 8, seed=1), config)
    for work in runners.values():
        work()  # compiles, and warms the caches
    rates: dict[str, list[float]] = {name: [] for name in runners}
    for _ in range(options.repeats):
        for name, work in runners.items():
            rates[name].append(cpu_rate(work))
    median = {name: statistics.median(values) for name, values in rates.items()}
    constant, peer, side_by_side, one, cpp = median.values()
    report: dict[str, Any] = {
        "kind": "search_speed",
        "task": options.game,
        "simulations_per_s": {name: round(value) for name, value in median.items()},
        "repeats": {name: [round(value) for value in values] for name, values in rates.items()},
        "ratios": {
            "constant evaluator, over OpenSpiel Python": round(constant / peer, 1),
            "rollouts 256 games, over OpenSpiel C++": round(side_by_side / cpp, 2),
            "rollouts one game, over OpenSpiel C++": round(one / cpp, 2),
        },
        "machine": {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count(), "load": os.getloadavg()},
        "versions": {name: version(name) for name in ("open_spiel", "numba", "numpy")},
    }
    lines = []
    for name, value in median.items():
        low, high = min(rates[name]), max(rates[name])
        lines.append(f"{name:48} {value:12,.0f} simulations/s   ({low:,.0f} to {high:,.0f})")
    lines += [f"{name:48} {ratio:12} times" for name, ratio in report["ratios"].items()]
    tell(report, "\n".join(lines), target=options.json)


if __name__ == "__main__":
    main()
