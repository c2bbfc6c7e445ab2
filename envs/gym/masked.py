"""Masks of environments that run in other processes: what only a method tells is put where it travels. Made by `making`."""

from __future__ import annotations

from typing import Any

import gymnasium

from .spaces import MASK, mask_row


def asked_for_masks(env: gymnasium.Env[Any, Any]) -> bool:
    """Whether an environment, or a wrapper around it, tells which actions are open by its method `action_masks()`."""
    return env.has_wrapper_attr("action_masks")


class MasksInInfo(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Asks after every reset and every step, at the end of an episode too, and puts the answer into `info`."""

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """As Gymnasium has it."""
        observation, info = self.env.reset(seed=seed, options=options)
        return observation, self._told(info)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """As Gymnasium has it."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        return observation, reward, terminated, truncated, self._told(info)

    def _told(self, info: dict[str, Any]) -> dict[str, Any]:
        return {**info, MASK: mask_row(self.get_wrapper_attr("action_masks")())}
