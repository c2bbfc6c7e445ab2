"""What the token networks agree on: three ids that are no words, and where a sentence ends."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

PAD, START, END = 0, 1, 2  # fills rows up; begins what is written; ends every sentence
SPECIAL = 3  # words begin here


def padded(rows: Sequence[Sequence[int]]) -> Tensor:
    """Rows of ids as one array, the shorter ones filled up: [N, T]."""
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[PAD] * (longest - len(row))] for row in rows])


def lengths_of(tokens: Tensor) -> Tensor:
    """How many tokens of each row [N, T] stand before the padding: [N]."""
    return (tokens != PAD).sum(1)


def token_loss(logits: Tensor, targets: Tensor, *, smoothing: float = 0.0) -> Tensor:
    """The mean cross-entropy of logits [..., V] at targets [...] that are not PAD.

    With `smoothing` that share of the target is spread evenly over all V tokens (Szegedy et al. 2016, section 7).
    """
    return F.cross_entropy(logits.flatten(0, -2), targets.flatten(), ignore_index=PAD, label_smoothing=smoothing)
