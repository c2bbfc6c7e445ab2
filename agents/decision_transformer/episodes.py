"""Whole episodes from the replay that a run saved. Called by who learns from what others did."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import UserError
from ..checkpoint import Arrays
from ..gym.config import GymConfig
from ..gym.replay_store import ReplayStore
from ..run_directory import RunDirectory


class Episode(NamedTuple):
    """One episode from its beginning to its end, by the world or cut short."""

    observation: NDArray[np.float32]  # [L, F]
    action: NDArray[np.int64]  # [L]
    reward: NDArray[np.float32]  # [L]
    following: NDArray[np.float32]  # [L, F], what each action led to

    @property
    def to_go(self) -> NDArray[np.float32]:
        """What was still paid from each step on, [L]."""
        return np.cumsum(self.reward[::-1])[::-1].astype(np.float32)


def episodes_of_run(run: RunDirectory[GymConfig[Any]]) -> list[Episode]:
    """The episodes that a run's replay holds whole. Raises UserError where there is no replay of single steps and one choice."""
    config = run.config
    if getattr(config.settings, "n_step", 1) != 1:
        raise UserError(f"{run.path} keeps returns of several steps, of which no episodes can be made; train one with n_step 1")
    first, rows = ReplayStore(run.path / "replay").read()
    if "discount" not in rows or rows["observation"].ndim != 2 or rows["action"].ndim != 1:
        raise UserError(f"{run.path} does not keep single steps of vectors and one choice; take a run of dqn on such a task")
    episodes = episodes_in(rows, environments=config.environments, from_the_first=first == 0)
    if not episodes:
        raise UserError(f"the replay of {run.path} holds no whole episode; train for longer")
    return episodes


def episodes_in(rows: Arrays, *, environments: int, from_the_first: bool) -> list[Episode]:
    """Episodes of transitions in the order in which they were made, those of several environments between each other.

    A transition goes on where another led to what it saw. What was under way at the end is left out, and where rows are missing
    before the first (`from_the_first`) also what may have begun among them.
    """
    seen, led_to = rows["observation"], rows["following"]
    under_way: defaultdict[bytes, deque[list[int]]] = defaultdict(deque)  # by what is seen next
    chains: list[list[int]] = []
    for row in range(len(seen)):
        waiting = under_way.get(seen[row].tobytes())
        chain = waiting.popleft() if waiting else []
        if not chain:
            chains.append(chain)
        chain.append(row)
        if rows["discount"][row] > 0:
            under_way[led_to[row].tobytes()].append(chain)
    return [
        Episode(seen[chain], rows["action"][chain], rows["reward"][chain], led_to[chain])
        for chain in chains
        if (from_the_first or chain[0] >= environments)
        and (rows["discount"][chain[-1]] == 0 or chain[-1] < len(seen) - environments)
    ]
