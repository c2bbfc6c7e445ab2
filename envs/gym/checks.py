"""What environments must keep to, however they run: numbers that are numbers, and masks always or never."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .environments import BadEnvironment
from .spaces import MASK, ActionSpace, Observations, mask_row


class Checks:
    """Looks at what the environments of one name give."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._masked: bool | None = None  # whether masks stand in infos, once that is known

    def numbers(self, shown: Observations, length: NDArray[np.int64], reward: NDArray[np.float32] | None = None) -> None:
        """Raises BadEnvironment where what is shown [N, ...] or paid [N] is no number; `length` [N] are the steps that an episode
        has had, 0 where it only begins."""
        if reward is not None and not np.isfinite(reward).all():
            i = int(np.flatnonzero(~np.isfinite(reward))[0])
            self._refuse(i, f"paid {reward[i]}", shown, length, reward)
        if shown.dtype.kind == "f" and not np.isfinite(shown).all():
            i = int(np.flatnonzero(~np.isfinite(shown).reshape(len(shown), -1).all(1))[0])
            self._refuse(i, "showed what is no number", shown, length, reward)

    def masks(self, given: Sequence[bool] | NDArray[np.bool_], which: Sequence[int]) -> bool:
        """Whether masks stand in the infos of these environments. Raises BadEnvironment where they do at times only: who acts
        could not tell whether all is open or nothing was said."""
        if self._masked is None:
            self._masked = any(given)
        for i, one in zip(which, given, strict=True):
            if one != self._masked:
                raise BadEnvironment(
                    f"environment {i} of {self._name} gives info[{MASK!r}] at times only; give it with every reset and every step"
                )
        return self._masked

    def rows(self, masks: Sequence[Any], space: ActionSpace) -> NDArray[np.bool_]:
        """The masks of N environments [N, A], one truth for every alternative of every choice. Raises BadEnvironment for others."""
        rows = [mask_row(mask) for mask in masks]
        for row in rows:
            if not space.continuous and len(row) != sum(space.sizes):
                raise BadEnvironment(
                    f"{self._name} gives a mask of {len(row)} where {sum(space.sizes)} are needed, one for every alternative of "
                    f"every choice ({space}); mend the environment"
                )
        return np.array(rows)

    def _refuse(
        self, i: int, what: str, shown: Observations, length: NDArray[np.int64], reward: NDArray[np.float32] | None
    ) -> None:
        where = f"at step {length[i]} of its episode" if length[i] else "as an episode began"
        raise BadEnvironment(
            f"environment {i} of {self._name} {what} {where}; mend the environment",
            {"shown": shown} if reward is None else {"shown": shown, "reward": reward},
        )
