"""A stretch of T steps of N environments: what on-policy agents collect, learn from once, and forget."""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from ...envs.gym.spaces import Actions, Observations
from ..checkpoint import Arrays
from ..gym.policy import State
from .acting import Actor, Moment
from .named import joined, part_of


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
    valid: NDArray[np.bool_]  # [T, N], what is learned from
    cuts: list[Cut]
    memory: State  # [N, units], before the first step
    last: Observations  # [N, ...], what follows the last step
    last_starts: NDArray[np.bool_]  # [N]
    last_memory: State  # [N, units]
    steps: int  # that were taken
    last_mask: NDArray[np.bool_] | None = None  # [N, A]
    policy: NDArray[np.float32] | None = None  # [T, N, parameters], what was acted by; None where the policy did not tell
    value: NDArray[np.float32] | None = None  # [T, N], what was expected then; as above

    def arrays(self) -> Arrays:
        """For writing it down; `of` reads them."""
        arrays: Arrays = {name: part for name, part in self._asdict().items() if isinstance(part, np.ndarray)}
        arrays["steps"] = np.array(self.steps)
        arrays |= joined({"memory": self.memory, "last_memory": self.last_memory})
        if self.cuts:
            arrays["cuts"] = np.array([(cut.t, cut.n) for cut in self.cuts])
            arrays["cuts/observation"] = np.stack([cut.observation for cut in self.cuts])
            arrays |= {f"cuts/memory/{name}": np.stack([cut.memory[name] for cut in self.cuts]) for name in self.memory}
            masks = [cut.mask for cut in self.cuts if cut.mask is not None]
            arrays |= {"cuts/mask": np.stack(masks)} if masks else {}
        return arrays

    @classmethod
    def of(cls, arrays: Arrays) -> Rollout:
        """The rollout that `arrays` came of."""
        memory, last_memory, cut_memory = (part_of(arrays, name) for name in ("memory", "last_memory", "cuts/memory"))
        places = arrays.get("cuts", np.zeros((0, 2), np.int64)).tolist()
        cuts = [
            Cut(
                t,
                n,
                arrays["cuts/observation"][i],
                {name: part[i] for name, part in cut_memory.items()},
                arrays["cuts/mask"][i] if "cuts/mask" in arrays else None,
            )
            for i, (t, n) in enumerate(places)
        ]
        plain = {name: arrays.get(name) for name in cls._fields if name not in ("cuts", "memory", "last_memory", "steps")}
        steps = int(arrays["steps"])
        return cls(**plain, cuts=cuts, memory=memory, last_memory=last_memory, steps=steps)  # type: ignore[arg-type]


def collect_rollout(actor: Actor, length: int) -> Rollout:
    """Acts `length` times."""
    memory = actor.memory
    return _rollout([actor.advance() for _ in range(length)], memory, actor)


def collect_episodes(actor: Actor, count: int) -> Rollout:
    """Plays `count` whole episodes in each environment, all of them begun here; all must end some time. Those that have done so go
    on beside the others, but their steps are not valid: to take what is finished first would prefer short episodes."""
    if not actor.starts.all():
        actor.begin()
    memory, moments, valid = actor.memory, [], []
    missing = np.full(actor.n, count)
    while missing.any():
        moments.append(actor.advance())
        valid.append(moments[-1].step.valid & (missing > 0))
        missing = np.maximum(missing - moments[-1].step.ended, 0)
    return _rollout(moments, memory, actor)._replace(valid=np.stack(valid))


def _rollout(moments: list[Moment], memory: State, actor: Actor) -> Rollout:
    """The moments one behind the other, and where they lead."""
    steps = [moment.step for moment in moments]
    told = {
        name: np.stack([moment.extras[name] for moment in moments]) for name in ("policy", "value") if name in moments[0].extras
    }
    cuts = [
        Cut(
            t,
            i,
            step.final[i],
            {name: array[i] for name, array in moments[t].after.items()},
            None if step.final_mask is None else step.final_mask[i],
        )
        for t, step in enumerate(steps)
        if step.truncated.any()
        for i in np.flatnonzero(step.truncated & ~step.terminated).tolist()
    ]
    return Rollout(
        observation=np.stack([moment.observation for moment in moments]),
        mask=None if actor.mask is None else np.stack([cast(NDArray[np.bool_], moment.mask) for moment in moments]),
        starts=np.stack([moment.starts for moment in moments]),
        action=np.stack([moment.action for moment in moments]),
        reward=np.stack([step.reward for step in steps]),
        ended=np.stack([step.ended for step in steps]),
        valid=np.stack([step.valid for step in steps]),
        cuts=cuts,
        memory=memory,
        last=actor.observation,
        last_starts=actor.starts,
        last_memory=actor.memory,
        steps=int(sum(step.valid.sum() for step in steps)),
        last_mask=actor.mask,
        policy=told.get("policy"),
        value=told.get("value"),
    )
