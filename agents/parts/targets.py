"""Target networks: slow copies that what is learned is measured by."""

from __future__ import annotations

import torch
from torch import nn


@torch.no_grad()
def approach(target: nn.Module, source: nn.Module, tau: float) -> None:
    """Moves the target's parameters a share tau of the way to the source's (Lillicrap et al. 2016)."""
    torch._foreach_lerp_(list(target.parameters()), list(source.parameters()), tau)
