"""Single steps of continuous actions: collected into a replay, and drawn from it as batches of tensors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import DTypeLike
from torch import Tensor

from ..checkpoint import Arrays
from ..gym.agent import Spaces
from .acting import Actor
from .bounded import BoundedPolicy
from .judged import as_tensor
from .replay import Replay


class Transitions(NamedTuple):
    """B steps drawn from a replay."""

    observation: Tensor  # [B, ...]
    action: Tensor  # [B, K], between -1 and 1
    reward: Tensor  # [B]
    terminated: Tensor  # [B], ended by the world; a step that was cut short has a future
    following: Tensor  # [B, ...], the observation it led to
    noise: Tensor  # [draws, B, K], standard normal: what learning from it draws by

    def arrays(self) -> Arrays:
        """For saving a batch that went wrong."""
        return {name: part.cpu().numpy() for name, part in self._asdict().items()}


def transition_replay(capacity: int, spaces: Spaces) -> Replay:
    """An empty replay of such steps."""
    seen = (spaces.observation.shape, spaces.observation.dtype)
    columns: dict[str, tuple[tuple[int, ...], DTypeLike]] = {
        "observation": seen,
        "action": (spaces.action.shape, np.float32),
        "reward": ((), np.float32),
        "terminated": ((), np.bool_),
        "following": seen,
    }
    return Replay(capacity, columns)


def collect_transitions(actor: Actor, policy: BoundedPolicy, length: int, *, uniformly: bool) -> Arrays:
    """Acts `length` times, by the policy or `uniformly` within the bounds; returns the steps that count, as rows of the replay."""
    parts = []
    for _ in range(length):
        if uniformly:
            shape = (actor.n, *actor.environments.action_space.shape)
            scaled = actor.generator.uniform(-1.0, 1.0, shape).astype(np.float32)
            moment = actor.take(policy.bounds.action(scaled), extras={"scaled": scaled})
        else:
            moment = actor.advance()
        step, valid = moment.step, moment.step.valid
        parts.append(
            {
                "observation": moment.observation[valid],
                "action": moment.extras["scaled"][valid],
                "reward": step.reward[valid],
                "terminated": step.terminated[valid],
                "following": step.final[valid],
            }
        )
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def draw_transitions(replay: Replay, n: int, generator: np.random.Generator, *, draws: int, device: torch.device) -> Transitions:
    """n steps drawn uniformly, and the noise of so many draws."""
    rows = replay.rows(replay.sample(n, generator))
    noise = generator.standard_normal((draws, *rows["action"].shape), np.float32)
    return Transitions(noise=as_tensor(noise, device), **{name: as_tensor(rows[name], device) for name in rows})
