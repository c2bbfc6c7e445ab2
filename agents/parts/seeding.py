"""Torch's own generator, used for the initial weights of networks only, and left as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Within the block torch draws from this seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
