"""Training positions a second, ours beside OpenSpiel's Python AlphaZero: one run, the same cores, in turns, both learning.

    python -m venv /tmp/peer && /tmp/peer/bin/pip install open_spiel jax flax optax chex
    python benchmarks/openspiel_alphazero.py [--seconds 90] [--rounds 2] [--simulations 24] [--json PATH|-]

The peer has an environment of its own (`--peer PYTHON`), because it brings JAX. It runs as its example does
(`open_spiel.python.examples.alpha_zero`), with the example's two actor processes and its learner; without the evaluators, which
would take half of the cores, and on `nnx`, the library's default, which is several times faster than the example's `linen`. Its
rate is that of its actors' logs: the plies of an actor's games, from the end of its second game (by then it has compiled, and has
loaded the learner's first checkpoint) to the end of its last, summed over the actors. Ours is `zerodojo.train` with the preset
connect_four on a new run, from the moment self-play has its first network; before it positions come much faster. Every position
counted was searched.

The same on both sides: Connect Four from nothing, a residual tower of `--width` and `--depth`, heads of 2 and 1 filters with
`--width` hidden units, the simulations of a move, at most four uses of a position. What differs, and whom it favours:
- OpenSpiel reads the planes [3, 6, 7] as a map of 3 by 6 points with 7 channels, so its network has 18 points to compute where ours
  has 42 (favours the peer); its policy head has a hidden layer of `--width` units, ours none (a hundredth of the network).
- OpenSpiel learns whenever a quarter of its replay is new. With the 8,192 positions of its example that takes ten minutes; here its
  replay has 1,024, so that its learner runs from the first minutes on as it does later, with the same uses of a position.
  `learner_steps` says how often it learned while it was measured.
- Its search is PUCT with Dirichlet noise, one position at a time; ours plays 256 games side by side by Gumbel rules, ends searches
  and games that are proven, and begins 60% of the games after random plies, which are not counted.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import psutil

import zerodojo
from zerodojo.agents.alphazero.training import Progress
from zerodojo.agents.registry import preset_for
from zerodojo.cli.output import add_target, tell
from zerodojo.errors import UserError
from zerodojo.machine import available_cores, processor

GAME = "connect_four"
INSTALL = "make one with `python -m venv /tmp/peer && /tmp/peer/bin/pip install open_spiel jax flax optax chex`"
WARM_GAMES = 2  # of every peer's actor, not counted
PEER_REPLAY = 1_024  # positions
PATIENCE = 600.0  # seconds that a side may take until it can be measured
GAME_LINE = re.compile(r"\[([^]]+)\] Game \d+: Returns: .*; Actions: (.+)")
PEER_LIBRARIES = ("open_spiel", "jax", "flax", "optax", "chex")


class Measured(NamedTuple):
    """What one side did while it was measured."""

    positions: int
    seconds: float
    rate: float  # positions a second
    learner_steps: int


# Ours ------------------------------------------------------------------------------------------------------------------------


class Watch:
    """Looks at a training of ours, and ends it when it has been measured for so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._begun = time.monotonic()
        self._first: tuple[float, Progress] | None = None
        self._last: tuple[float, Progress] | None = None

    def report(self, progress: Progress) -> None:
        """Several times a second. What counts begins with the first games that a network had a part in."""
        if progress.version and progress.engine != "uniform" and not self.is_over():
            self._last = (time.monotonic(), progress)
            self._first = self._first or self._last

    def is_over(self) -> bool:
        """Whether the measurement is complete, or never began."""
        since, limit = (self._begun, PATIENCE) if self._first is None else (self._first[0], self._seconds)
        return time.monotonic() - since >= limit

    def result(self) -> Measured:
        """What was measured. Raises UserError if nothing was."""
        if self._first is None or self._last is None or self._last[0] <= self._first[0]:
            raise UserError(f"our training had no network after {PATIENCE:.0f} s; look at `zerodojo train {GAME}` alone")
        (start, first), (end, last) = self._first, self._last
        positions, seconds = last.positions - first.positions, end - start
        return Measured(positions, seconds, positions / seconds, last.step - first.step)


def ours(options: argparse.Namespace) -> Measured:
    """One training of ours in a new run directory, on Ray as the command does it."""
    config = preset_for(GAME)
    network = replace(
        config.network,
        channels=options.width,
        blocks=options.depth,
        policy_channels=2,
        value_channels=1,
        value_hidden=options.width,
    )
    config = replace(config, network=network, search=replace(config.search, simulations=options.simulations))
    watch = Watch(options.seconds)
    with tempfile.TemporaryDirectory(prefix="ours-") as folder:
        zerodojo.train(GAME, run=Path(folder) / "run", config=config, report=watch.report, stopped=watch.is_over)
    return watch.result()


# The peer --------------------------------------------------------------------------------------------------------------------


def peer(options: argparse.Namespace) -> Measured:
    """One training of OpenSpiel's, ended with all its processes. Raises UserError if it stops by itself or plays too little."""
    with tempfile.TemporaryDirectory(prefix="peer-") as name:
        folder = Path(name)
        command = [options.peer, "-m", "open_spiel.python.examples.alpha_zero", f"--game={GAME}", f"--path={folder / 'run'}"]
        command += ["--nn_model=resnet", f"--nn_width={options.width}", f"--nn_depth={options.depth}"]
        command += [f"--max_simulations={options.simulations}", f"--actors={options.actors}"]
        command += [f"--nn_api={options.peer_api}", "--evaluators=0", "--max_steps=0", f"--replay_buffer_size={PEER_REPLAY}"]
        with (folder / "output.txt").open("wb") as output:
            environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
            process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, env=environment, cwd=folder, start_new_session=True
            )
            try:
                wait_for(process, folder, options)
            finally:
                end_session(process)
        return peer_result(folder / "run", options.actors)


def wait_for(process: subprocess.Popen[bytes], folder: Path, options: argparse.Namespace) -> None:
    """Waits until every actor is warm, then for the seconds of measuring, and on until every actor has ended two games in them.

    Raises UserError if the process ends by itself, or plays too slowly to be measured.
    """
    begun, warm = time.monotonic(), math.inf
    while True:
        time.sleep(0.2)
        if process.poll() is not None:
            tail = (folder / "output.txt").read_text(errors="replace").strip().splitlines()[-1:]
            raise UserError(f"OpenSpiel's AlphaZero ended by itself: {' '.join(tail)}")
        now, games = time.monotonic(), min(len(actor_games(folder / "run", actor)) for actor in range(options.actors))
        if games >= WARM_GAMES:
            warm = min(warm, now)
        if now - warm >= options.seconds and games >= WARM_GAMES + 2:
            return
        if now - begun >= PATIENCE + options.seconds:
            raise UserError(
                f"an actor of OpenSpiel's ended only {games} games in {now - begun:.0f} s; nothing can be said from that"
            )


def actor_games(run: Path, actor: int) -> list[tuple[float, int]]:
    """When each game of an actor ended (seconds), and its plies, from the actor's log."""
    log = run / f"log-actor-{actor}.txt"
    whole = log.read_text().rpartition("\n")[0] if log.exists() else ""
    found = [match for line in whole.splitlines() if (match := GAME_LINE.match(line))]
    return [(datetime.fromisoformat(match[1]).timestamp(), len(match[2].split())) for match in found]


def peer_result(run: Path, actors: int) -> Measured:
    """Positions and rates of the actors, added up; the seconds are their mean."""
    positions, seconds, rate, start = 0, 0.0, 0.0, 0.0
    for actor in range(actors):
        games = actor_games(run, actor)[WARM_GAMES - 1 :]
        plies, span = sum(played for _, played in games[1:]), games[-1][0] - games[0][0]
        positions, seconds, rate, start = positions + plies, seconds + span / actors, rate + plies / span, max(start, games[0][0])
    log = run / "learner.jsonl"
    steps = [json.loads(line) for line in log.read_text().split("\n")[:-1]] if log.exists() else []
    return Measured(positions, seconds, rate, sum(step["time_abs"] >= start for step in steps))


def end_session(process: subprocess.Popen[bytes]) -> None:
    """Ends a process and everything it started, which lives in a session of its own, and waits until all of it is gone."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()
    while any(is_of_group(other, process.pid) for other in psutil.process_iter()):
        time.sleep(0.05)


def is_of_group(process: psutil.Process, group: int) -> bool:
    """Whether a process belongs to a group and has not ended."""
    try:
        return os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False


def peer_versions(python: str) -> dict[str, str]:
    """The versions of the peer's libraries. Raises UserError if they are not there."""
    ask = f"import json, importlib.metadata as m; print(json.dumps({{name: m.version(name) for name in {PEER_LIBRARIES!r}}}))"
    try:
        answer = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise UserError(f"{python} is no Python with {', '.join(PEER_LIBRARIES)}; {INSTALL}") from error
    found: dict[str, str] = json.loads(answer.stdout)
    return found


# Together --------------------------------------------------------------------------------------------------------------------


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Both sides in turns; the medians of the rounds count."""
    versions = peer_versions(options.peer)
    rounds: dict[str, list[Measured]] = {"ours": [], "peer": []}
    for number in range(options.rounds):
        for name, side in (("ours", ours), ("peer", peer)):
            found = side(options)
            rounds[name].append(found)
            sys.stderr.write(f"round {number + 1}, {name}: {found.rate:,.1f} positions/s in {found.seconds:.0f} s\n")
    ours_rate, peer_rate = (statistics.median(found.rate for found in rounds[name]) for name in ("ours", "peer"))
    return {
        "kind": "openspiel_alphazero",
        "game": GAME,
        "simulations": options.simulations,
        "width": options.width,
        "depth": options.depth,
        "actors": options.actors,
        "peer_api": options.peer_api,
        "ours_positions_per_s": ours_rate,
        "peer_positions_per_s": peer_rate,
        "ratio": ours_rate / peer_rate,
        "rounds": {name: [found._asdict() for found in all_found] for name, all_found in rounds.items()},
        "machine": {"processor": processor(), "cores": available_cores(), "load": os.getloadavg()},
        "versions": {"zerodojo": zerodojo.__version__, **{name: version(name) for name in ("torch", "ray", "numba")}},
        "peer_versions": versions,
    }


def told(report: dict[str, Any]) -> str:
    """The report for people."""
    tower = f"residual tower {report['width']}x{report['depth']}"
    lines = [f"{report['game']}, {tower}, {report['simulations']} simulations a move, {report['machine']['cores']} cores", ""]
    for name, label in (("ours", "zerodojo"), ("peer", f"OpenSpiel {report['peer_versions']['open_spiel']}")):
        rates = [found["rate"] for found in report["rounds"][name]]
        steps = sum(found["learner_steps"] for found in report["rounds"][name])
        median = report[f"{name}_positions_per_s"]
        lines.append(f"{label:18}{median:10,.1f} positions/s   ({min(rates):,.1f} to {max(rates):,.1f}; {steps:,} learner steps)")
    lines.append(f"{'ratio':18}{report['ratio']:10,.0f}")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measures, prints, and writes JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", metavar="PYTHON", default="/tmp/peer/bin/python", help="the Python that has OpenSpiel and JAX")
    parser.add_argument("--seconds", type=float, default=90.0, help="of measuring each side in each round, warmed up")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--simulations", type=int, default=24, help="of a move, on both sides")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--depth", type=int, default=5)
    parser.add_argument("--actors", type=int, default=2, help="processes of OpenSpiel's that play; its example's number is 2")
    parser.add_argument("--peer-api", choices=("nnx", "linen"), default="nnx", help="which of its two networks OpenSpiel uses")
    add_target(parser)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # so that the peer's processes end here too
    try:
        report = measure(options)
    except UserError as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    tell(report, told(report), target=options.json)


if __name__ == "__main__":
    main()
