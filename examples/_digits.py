"""Handwritten digits for the examples that read them: scikit-learn's 1,797 of 8x8 points, in 17 shades of grey."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from zerodojo.errors import UserError

HELD_BACK = 297


class Digits(NamedTuple):
    """Digits and what they are."""

    images: Tensor  # [N, 1, 8, 8] times the scale, from 0 to 1
    labels: Tensor  # [N]


def read() -> Digits:
    """All of them, in scikit-learn's order. Raises UserError without scikit-learn."""
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError as error:
        raise UserError("this example reads scikit-learn's digits: pip install 'zerodojo[examples]'") from error
    images, labels = load_digits(return_X_y=True)
    return Digits(torch.from_numpy(images.reshape(-1, 1, 8, 8) / 16).float(), torch.from_numpy(labels))


def load(*, seed: int, scale: int = 1) -> tuple[Digits, Digits]:
    """1,500 to learn from and 297 held back, which ones by the seed, made `scale` times as large.

    Raises UserError without scikit-learn.
    """
    images, labels = read()
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(images)))
    shown, named = F.interpolate(images[order], scale_factor=scale, mode="bilinear"), labels[order]
    return Digits(shown[:-HELD_BACK], named[:-HELD_BACK]), Digits(shown[-HELD_BACK:], named[-HELD_BACK:])
