"""Stretches of what each environment did, with what was remembered before them, for agents with a replay and a memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...envs.gym.spaces import ActionSpace, ObservationSpace
from ..checkpoint import Arrays
from .acting import Moment

MEMORY = "memory/"  # what the columns of a memory begin with


class Sequences:
    """Cuts the stream of steps of each environment into sequences of L steps, one beginning every `period` steps.

    A sequence is a row of columns: `observation`, `mask`, `starts` and `extra` [L + 1], the last of them what the last step led to;
    `action`, `reward` and `discount` [L], gamma or 0 after an end by the world; and the memory before it. Sequences run on over the
    ends of episodes, where `starts` resets the memory. Behind an episode that was cut short stands an `extra` step, at which
    nothing is done: the observation that it would have gone on from. An episode that was given up has no such end: where another
    begins in its place, what was held is dropped.
    """

    def __init__(
        self,
        observation: ObservationSpace,
        action: ActionSpace,
        memory: Mapping[str, int],
        *,
        length: int,
        period: int,
        environments: int,
        gamma: float,
    ) -> None:
        """`memory` has the units of each part by name."""
        n, size = environments, length + 1
        self._length, self._period, self._gamma = length, period, gamma
        self._count = np.zeros(n, np.int64)  # steps held of each environment
        self._held: dict[str, NDArray[Any]] = {
            "observation": observation.empty(n, size),
            "mask": np.zeros((n, size, sum(action.sizes)), np.bool_),
            "starts": np.zeros((n, size), np.bool_),
            "extra": np.zeros((n, size), np.bool_),
            "action": action.empty(n, size),
            "reward": np.zeros((n, size), np.float32),
            "discount": np.zeros((n, size), np.float32),
            **{MEMORY + name: np.zeros((n, size, units), np.float32) for name, units in memory.items()},
        }

    def columns(self) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
        """Shape and type of each column, as a replay takes them."""
        return {name: (array.shape[1:], array.dtype) for name, array in self._cut(np.zeros(1, np.int64)).items()}

    def add(self, moment: Moment) -> Arrays:
        """The sequences that a step completes, by column."""
        step = moment.step
        n = len(step.reward)
        self._count[moment.starts & self._going()] = 0
        everything = np.ones((n, self._held["mask"].shape[2]), np.bool_)
        parts = [
            self._append(
                np.flatnonzero(step.valid),
                observation=moment.observation,
                mask=everything if moment.mask is None else moment.mask,
                starts=moment.starts,
                extra=np.zeros(n, np.bool_),
                action=moment.action,
                reward=step.reward,
                discount=np.where(step.terminated, 0.0, self._gamma),
                **{MEMORY + name: array for name, array in moment.before.items()},
            )
        ]
        if len(cut := np.flatnonzero(step.truncated & ~step.terminated & step.valid)):
            parts.append(
                self._append(
                    cut,
                    observation=step.final,
                    mask=everything if step.final_mask is None else step.final_mask,
                    starts=np.zeros(n, np.bool_),
                    extra=np.ones(n, np.bool_),
                    action=np.zeros_like(moment.action),
                    reward=np.zeros(n),
                    discount=np.zeros(n),
                    **{MEMORY + name: array for name, array in moment.after.items()},
                )
            )
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def state(self) -> Arrays:
        """The sequences under way."""
        return {"count": self._count.copy(), **{name: array.copy() for name, array in self._held.items()}}

    def load(self, state: Arrays) -> None:
        """Goes on from a state."""
        self._count[:] = state["count"]
        for name, array in self._held.items():
            array[:] = state[name]

    def _going(self) -> NDArray[np.bool_]:
        """Where the last step held has a future [N]: its episode was not over."""
        return (self._count > 0) & (self._held["discount"][np.arange(len(self._count)), self._count - 1] > 0)

    def _append(self, environments: NDArray[np.int64], **step: NDArray[Any]) -> Arrays:
        """One step of some environments, of arrays [N, ...]; returns the sequences that it completes."""
        places = (environments, self._count[environments])
        for name, values in step.items():
            self._held[name][places] = values[environments]
        self._count[environments] += 1
        full = environments[self._count[environments] > self._length]
        sequences = self._cut(full)
        keep = self._length + 1 - self._period
        for array in self._held.values():
            array[full, :keep] = array[full, self._period :]
        self._count[full] = keep
        return sequences

    def _cut(self, environments: NDArray[np.int64]) -> Arrays:
        whole = ("observation", "mask", "starts", "extra")
        return {
            name: array[environments, 0]
            if name.startswith(MEMORY)
            else array[environments]
            if name in whole
            else array[environments, : self._length]
            for name, array in self._held.items()
        }
