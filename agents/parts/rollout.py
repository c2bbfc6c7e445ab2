"""A stretch of T steps of N environments: what on-policy agents collect, learn from once, and forget."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...envs.gym.spaces import Actions, Observations
from ..gym.policy import State
from .acting import Actor


class Cut(NamedTuple):
    """An episode that was cut short at step t of environment n: what it would have gone on from."""

    t: int
    n: int
    observation: Observations  # [...]
    memory: State  # [units], behind the last observation but one
    mask: NDArray[np.bool_] | None = None  # [A], which choices were open there


class Rollout(NamedTuple):
    """T steps of N environments."""

    observation: Observations  # [T, N, ...]
    mask: NDArray[np.bool_] | None  # [T, N, A]
    starts: NDArray[np.bool_]  # [T, N]
    action: Actions  # [T, N, ...]
    reward: NDArray[np.float32]  # [T, N]
    ended: NDArray[np.bool_]  # [T, N], by the world or cut short
    valid: NDArray[np.bool_]  # [T, N]
    cuts: list[Cut]
    memory: State  # [N, units], before the first step
    last: Observations  # [N, ...], what follows the last step
    last_starts: NDArray[np.bool_]  # [N]
    last_memory: State  # [N, units]
    last_mask: NDArray[np.bool_] | None = None  # [N, A]

    @property
    def steps(self) -> int:
        """Steps that count."""
        return int(self.valid.sum())


def collect_rollout(actor: Actor, length: int) -> Rollout:
    """Acts `length` times."""
    n, space = actor.n, actor.environments
    observation = space.observation_space.empty(length, n)
    action = space.action_space.empty(length, n)
    starts, ended, valid = (np.zeros((length, n), np.bool_) for _ in range(3))
    reward = np.zeros((length, n), np.float32)
    mask = None if actor.mask is None else np.zeros((length, n, actor.mask.shape[1]), np.bool_)
    cuts: list[Cut] = []
    memory = actor.memory
    for t in range(length):
        moment = actor.advance()
        step = moment.step
        observation[t], starts[t], action[t] = moment.observation, moment.starts, moment.action
        reward[t], ended[t], valid[t] = step.reward, step.ended, step.valid
        if mask is not None:
            mask[t] = moment.mask
        if step.truncated.any():
            cut = np.flatnonzero(step.truncated & ~step.terminated).tolist()
            masks = step.final_mask
            cuts += [
                Cut(
                    t,
                    i,
                    step.final[i],
                    {name: array[i] for name, array in moment.after.items()},
                    None if masks is None else masks[i],
                )
                for i in cut
            ]
    return Rollout(
        observation=observation,
        mask=mask,
        starts=starts,
        action=action,
        reward=reward,
        ended=ended,
        valid=valid,
        cuts=cuts,
        memory=memory,
        last=actor.observation,
        last_starts=actor.starts,
        last_memory=actor.memory,
        last_mask=actor.mask,
    )
