"""The ways that agents take in CliffWalking-v1, as a picture: one panel a run, with the expected return of its greedy policy.

    zerodojo study cliffwalking-q cliffwalking-sarsa --run runs/cliff
    python benchmarks/cliff_walking.py runs/cliff/cliffwalking-q/seed-0 runs/cliff/cliffwalking-sarsa/seed-0 --picture cliff.png

Arrows are the greedy actions beside the way. Needs `zerodojo[study]`.
"""

from __future__ import annotations

import argparse
from contextlib import closing
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from zerodojo.agents.gym.loading import load_policy
from zerodojo.agents.registry import agent_of
from zerodojo.agents.run_directory import RunDirectory
from zerodojo.agents.tabular.model import model_of
from zerodojo.agents.tabular.table import Numbers
from zerodojo.cli.study_picture import COLOURS
from zerodojo.envs.gym.making import make_one
from zerodojo.errors import UserError
from zerodojo.evaluation.exact_model import expected, greedy_actions

TASK = "CliffWalking-v1"
ROWS, COLUMNS = 4, 12  # of its states
MOVES = ((0, -1), (1, 0), (0, 1), (-1, 0))  # right and down by action: up, right, down, left (Gymnasium)
START, GOAL = (0, 3), (11, 3)


def policy_of(path: str) -> tuple[str, Numbers, float]:
    """(agent, greedy actions [48], expected return) of a run. Raises UserError for one of another environment."""
    run = RunDirectory.open_any(path)
    if getattr(run.config, "task", "") != TASK:
        raise UserError(f"{path} is not a run of {TASK}; make one with `zerodojo train {TASK} --run {path}`")
    policy = load_policy(run).policy
    exact = expected(policy, run.config)
    assert exact is not None  # the environment tells its model
    with closing(make_one(TASK, run.config.options, run.config.view)) as env:
        return agent_of(run.config), greedy_actions(policy, model_of(env)), exact.mean


def way(actions: Numbers) -> list[tuple[int, int]]:
    """The points from the start on, until the goal, the cliff or a circle ends it."""
    points = [START]
    while points[-1] != GOAL and len(points) <= ROWS * COLUMNS:
        column, row = points[-1]
        right, down = MOVES[actions[row * COLUMNS + column]]
        points.append((min(max(column + right, 0), COLUMNS - 1), min(max(row + down, 0), ROWS - 1)))
        if row == ROWS - 1 and 0 < points[-1][0] < COLUMNS - 1:
            break
    return points


def panel(axis: Any, name: str, actions: Numbers, value: float, colour: str) -> None:
    """Draws one world with its arrows and the way."""
    axis.set(xlim=(-0.5, COLUMNS - 0.5), ylim=(ROWS - 0.5, -0.5), aspect="equal", xticks=[], yticks=[])
    axis.set_title(f"{name}: {value:g}", loc="left", fontweight="bold")
    for line in np.arange(0.5, COLUMNS - 1):
        axis.axvline(line, color="0.9", linewidth=0.6)
    for line in np.arange(0.5, ROWS - 1):
        axis.axhline(line, color="0.9", linewidth=0.6)
    axis.add_patch(mpl.patches.Rectangle((0.5, 2.5), COLUMNS - 2, 1, color="0.35", zorder=2))
    axis.text((COLUMNS - 1) / 2, 3, "the cliff: -100, and back to the start", ha="center", va="center", color="white", zorder=3)
    for (column, row), word in ((START, "start"), (GOAL, "goal")):
        axis.text(column, row + 0.32, word, ha="center", va="center", fontsize=7)
    taken = way(actions)
    for state, action in enumerate(actions):
        row, column = divmod(state, COLUMNS)
        if (column, row) in taken or row == ROWS - 1:
            continue
        right, down = MOVES[action]
        middle = (column - 0.2 * right, row - 0.2 * down)
        axis.annotate(
            "", (column + 0.2 * right, row + 0.2 * down), middle, arrowprops={"arrowstyle": "->", "color": "0.6", "lw": 0.8}
        )
    columns, rows = np.array(taken).T
    axis.plot(columns, rows, color=colour, linewidth=2.5, solid_capstyle="round", marker="o", markevery=[0, -1])


def main() -> None:
    """Draws."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", help="run directories")
    parser.add_argument("--picture", required=True, help="file to write, a .png or an .svg")
    options = parser.parse_args()
    try:
        found = [policy_of(path) for path in options.runs]
    except UserError as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    with mpl.rc_context({"font.size": 9}):
        figure = Figure(figsize=(6.5, 2.5 * len(found)), layout="constrained")
        for axis, (name, actions, value), colour in zip(
            figure.subplots(len(found), squeeze=False)[:, 0], found, COLOURS, strict=False
        ):
            panel(axis, name, actions, value, colour)
        figure.savefig(options.picture, dpi=130)


if __name__ == "__main__":
    main()
