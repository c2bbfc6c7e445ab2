"""One line for an input or an option that a network of the library does not take: each kind of thing is checked here.

Of inputs shapes and types are looked at, which is no work and waits for no device, and the ids of tokens.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import UserError

# Inputs ----------------------------------------------------------------------------------------------------------------------


def check_made_for(shape: Sequence[int], x: Any) -> None:
    """Raises UserError unless x is [N, *shape], as the backbone that reads it was made for."""
    if isinstance(x, Tensor) and [*x.shape[1:]] != [*shape]:  # an engine traces with what is no tensor, and looks itself later
        raise UserError(f"this backbone was made for [N, {', '.join(map(str, shape))}], and got {list(x.shape)}")


def check_images(name: str, network: nn.Module, x: Tensor, *, channels: int = 3, multiple: int = 1, least: int = 1) -> None:
    """Raises UserError unless x is [N, channels, H, W] of the network's type of numbers (autocast takes any that float), H and W
    multiples of `multiple` and at least `least`."""
    if x.dim() != 4 or x.shape[1] != channels:
        raise UserError(f"{name} reads images [N, {channels}, H, W], and got {list(x.shape)}")
    dtype, device = next(network.parameters()).dtype, x.device.type
    if x.dtype != dtype and not (x.is_floating_point() and device != "meta" and torch.is_autocast_enabled(device)):
        raise UserError(f"{name} reads floating-point images, {dtype} as its weights are, and got {x.dtype}; convert them first")
    if min(x.shape[2:]) < least or any(side % multiple for side in x.shape[2:]):
        sides = f"sides of {least} at least" + (f", multiples of {multiple}" if multiple > 1 else "")
        raise UserError(f"{name} reads images with {sides}, and got {x.shape[2]}x{x.shape[3]}")


def check_tokens(name: str, tokens: Tensor, *, vocabulary: int) -> None:
    """Raises UserError unless tokens is [N, T] of ids below `vocabulary`; on the meta device there are no ids to look at."""
    if tokens.dim() != 2 or tokens.dtype not in (torch.int64, torch.int32):
        raise UserError(f"{name} reads token ids [N, T] of int64 or int32, and got {list(tokens.shape)} of {tokens.dtype}")
    if not tokens.shape[1]:
        raise UserError(f"{name} reads one token at least, and got {list(tokens.shape)}")
    if tokens.numel() and not tokens.is_meta and not (int(tokens.min()) >= 0 and int(tokens.max()) < vocabulary):
        raise UserError(f"{name} knows tokens 0 to {vocabulary - 1}, and got ids from {int(tokens.min())} to {int(tokens.max())}")


def check_mask(name: str, mask: Tensor | None, tokens: Tensor) -> None:
    """Raises UserError unless a mask, if there is one, is as large as the tokens."""
    if mask is not None and mask.shape != tokens.shape:
        raise UserError(f"{name} reads a mask {list(tokens.shape)}, as large as the tokens, and got {list(mask.shape)}")


def check_one_batch(name: str, **parts: Tensor) -> None:
    """Raises UserError unless all parts have as many rows."""
    if len({len(part) for part in parts.values()}) > 1:
        rows = " and ".join(f"{len(part)} of {what}" for what, part in parts.items())
        raise UserError(f"{name} reads as many rows of {' as of '.join(parts)}, and got {rows}")


# Options ---------------------------------------------------------------------------------------------------------------------


def check_positive(name: str, **sizes: float) -> None:
    """Raises UserError for an option that is not a finite number above 0."""
    for option, size in sizes.items():
        if not (_is_number(size) and 0 < size < math.inf):
            raise UserError(f"{option} of {name} is {size!r}; it must be a number above 0")


def check_dropout(name: str, dropout: float) -> None:
    """Raises UserError for what is no share: at least 0, and below 1, which would leave nothing."""
    if not (_is_number(dropout) and 0 <= dropout < 1):
        raise UserError(f"dropout of {name} is {dropout!r}; it must be a number at least 0 and below 1")


def check_counts(name: str, *, least: int = 1, **counts: int) -> None:
    """Raises UserError for an option that is not a whole number, `least` or more."""
    for option, count in counts.items():
        if not _is_count(count, least):
            raise UserError(
                f"{option} of {name} is {count!r}; it must be a whole number {'above 0' if least == 1 else f'of {least} at least'}"
            )


def check_several(name: str, *, many: int | None = None, **several: Sequence[int]) -> None:
    """Raises UserError for an option that is not a tuple of whole numbers above 0, `many` of them if that is told."""
    for option, counts in several.items():
        fits = isinstance(counts, (tuple, list)) and len(counts) == (many or len(counts))
        if not fits or not all(_is_count(count, 1) for count in counts):
            raise UserError(f"{option} of {name} is {counts!r}; it must be a tuple of {many or 'some'} whole numbers above 0")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_count(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
