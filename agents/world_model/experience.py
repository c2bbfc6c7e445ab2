"""Whole episodes as they were seen, for a world model to learn from. Called by whoever trains one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...envs.gym.environments import Environments
from ...envs.gym.spaces import Actions, ActionSpace, Observations
from ..gym.policy import Extras, Policy, State
from ..parts.acting import Actor, Moment
from ..parts.distributions import parameters, sample_choices


class Recording(NamedTuple):
    """One episode, or its beginning."""

    observation: Observations  # [L + 1, ...], with what the last action led to
    action: Actions  # [L]
    reward: NDArray[np.float32]  # [L]
    terminated: bool  # ended by the world; else nothing is known of an end


def record(environments: Environments, policy: Policy, *, steps: int, seed: int, longest: int = 200) -> list[Recording]:
    """Plays, actions drawn, until so many steps are recorded. Of an episode only the first `longest` are, and the others not
    counted: where a policy has become good they look alike."""
    actor = Actor(environments, policy, generator=np.random.default_rng((seed, 4)), seed=seed)
    under_way: list[list[Moment]] = [[] for _ in range(actor.n)]
    recordings, count = [], 0
    while count < steps:
        moment = actor.advance()
        for i in np.flatnonzero(moment.step.valid).tolist():
            if len(under_way[i]) < longest:
                under_way[i].append(moment)
                count += 1
            if moment.step.ended[i]:
                recordings.append(_recording(under_way[i], i))
                under_way[i] = []
    return recordings + [_recording(moments, i) for i, moments in enumerate(under_way) if moments]


def _recording(moments: list[Moment], i: int) -> Recording:
    last = moments[-1].step
    return Recording(
        np.stack([*(moment.observation[i] for moment in moments), last.final[i]]),
        np.stack([moment.action[i] for moment in moments]),
        np.array([moment.step.reward[i] for moment in moments], np.float32),
        bool(last.terminated[i]),
    )


class RandomPolicy:
    """Draws choices with equal chances."""

    def __init__(self, space: ActionSpace) -> None:
        self._space = space

    def initial_state(self, n: int) -> State:
        """As `Policy` says: nothing."""
        return {}

    def act(
        self,
        observation: Observations,
        state: State,
        *,
        starts: NDArray[np.bool_],
        mask: NDArray[np.bool_] | None,
        deterministic: bool,
        generator: np.random.Generator,
    ) -> tuple[Actions, State, Extras]:
        """As `Policy` says; it draws where `deterministic` too, for nothing is likelier."""
        logits = np.zeros((len(observation), parameters(self._space)), np.float32)
        return sample_choices(logits, self._space, mask, generator), state, {}
