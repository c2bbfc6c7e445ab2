"""An environment in a process of its own that tells of its failure in place of raising: Gymnasium's processes end where one raises,
and nobody hears which it was. Called by `making`."""

from __future__ import annotations

from typing import Any

import gymnasium

FAILED = "failed"  # the key in infos: what an environment said as it failed


class Guarded(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Shows, where the environment fails, anything at all, and says so in infos."""

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """As Gymnasium says, or what failed."""
        try:
            return super().reset(seed=seed, options=options)
        except Exception as error:
            return self.observation_space.sample(), _said(error)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """As Gymnasium says, or what failed."""
        try:
            return super().step(action)
        except Exception as error:
            return self.observation_space.sample(), 0.0, False, False, _said(error)


def _said(error: Exception) -> dict[str, Any]:
    return {FAILED: f"{type(error).__name__}: {error}"}
