"""What weights of board networks are called by now, where the runs of an earlier version have another name for them."""

from __future__ import annotations

import re

_PARTS = {("first", "0"): "conv1", ("first", "1"): "bn1", ("second", "0"): "conv2", ("second", "1"): "bn2"}


def current_name(name: str) -> str:
    """A residual block's convolutions were `first` and `second`, each with its normalisation; now they are called as in ResNet."""
    return re.sub(r"(?<=blocks\.)(\d+)\.(first|second)\.([01])\.", lambda m: f"{m[1]}.{_PARTS[m[2], m[3]]}.", name)
