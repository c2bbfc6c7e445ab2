"""The gradient of a loss, bounded: what every optimiser steps along."""

from __future__ import annotations

import math

from torch import Tensor, nn


def clipped_gradient(loss: Tensor, parameters: list[nn.Parameter], clip: float) -> float:
    """Leaves the gradient at the parameters, its norm cut to `clip`; returns the norm before. Raises FloatingPointError where it is
    not finite."""
    for parameter in parameters:
        parameter.grad = None
    loss.backward()  # type: ignore[no-untyped-call]
    norm = nn.utils.clip_grad_norm_(parameters, clip).item()
    if not math.isfinite(norm):
        raise FloatingPointError("the gradient is not finite")
    return norm
