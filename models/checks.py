"""One line for an input or an option that a network of the library does not take: each kind of thing is checked here.

Of inputs shapes and types are looked at, which is no work and waits for no device, and the ids of tokens.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn

from ..errors import UserError

WHOLE = (torch.int64, torch.int32)
WIDEST = 4  # times a paper's channels; more is a number of channels, by mistake

# Inputs ----------------------------------------------------------------------------------------------------------------------


def check_made_for(shape: Sequence[int], x: Any) -> None:
    """Raises UserError unless x is [N, *shape] of floating-point numbers, as the backbone that reads it was made for."""
    if isinstance(x, fx.Proxy):
        return  # an engine traces, and looks itself later
    if not (isinstance(x, Tensor) and [*x.shape[1:]] == [*shape] and x.is_floating_point()):
        raise UserError(
            f"this backbone was made for [N, {', '.join(map(str, shape))}] of floating-point numbers, and got {_told(x)}"
        )


def check_images(name: str, network: nn.Module, x: Tensor, *, channels: int = 3, multiple: int = 1, least: int = 1) -> None:
    """Raises UserError unless x is [N, channels, H, W] of the network's type of numbers (autocast takes any that float), H and W
    multiples of `multiple` and at least `least`."""
    if not isinstance(x, Tensor) or x.dim() != 4 or x.shape[1] != channels:
        raise UserError(f"{name} reads images [N, {channels}, H, W], and got {_told(x)}")
    dtype, device = next(network.parameters()).dtype, x.device.type
    if x.dtype != dtype and not (x.is_floating_point() and device != "meta" and torch.is_autocast_enabled(device)):
        raise UserError(f"{name} reads floating-point images, {dtype} as its weights are, and got {x.dtype}; convert them first")
    if min(x.shape[2:]) < least or any(side % multiple for side in x.shape[2:]):
        sides = f"sides of {least} at least" + (f", multiples of {multiple}" if multiple > 1 else "")
        raise UserError(f"{name} reads images with {sides}, and got {x.shape[2]}x{x.shape[3]}")


def check_tokens(name: str, tokens: Tensor, *, vocabulary: int) -> None:
    """Raises UserError unless tokens is [N, T] of ids below `vocabulary`; on the meta device there are no ids to look at."""
    if not isinstance(tokens, Tensor) or tokens.dim() != 2 or tokens.dtype not in WHOLE:
        raise UserError(f"{name} reads token ids [N, T] of int64 or int32, and got {_told(tokens)}")
    if not tokens.shape[1]:
        raise UserError(f"{name} reads one token at least, and got {list(tokens.shape)}")
    if tokens.numel() and not tokens.is_meta and not (int(tokens.min()) >= 0 and int(tokens.max()) < vocabulary):
        raise UserError(f"{name} knows tokens 0 to {vocabulary - 1}, and got ids from {int(tokens.min())} to {int(tokens.max())}")


def check_step(name: str, tokens: Tensor, state: Mapping[str, Tensor]) -> None:
    """Raises UserError unless tokens is [N], and the state that they go on from has as many rows; `check_tokens` knows the ids."""
    if not isinstance(tokens, Tensor) or tokens.dim() != 1 or tokens.dtype not in WHOLE:
        raise UserError(f"a step of {name} reads token ids [N] of int64 or int32, and got {_told(tokens)}")
    _check_rows(name, tokens, state)


def check_stretch(name: str, x: Tensor, state: Mapping[str, Tensor], starts: Tensor) -> None:
    """Raises UserError unless starts are truths [N, T] for x [N, T, ...], and the state before them has N rows."""
    if starts.dtype != torch.bool or starts.shape != x.shape[:2]:
        raise UserError(f"{name} reads starts {list(x.shape[:2])} of torch.bool, and got {_told(starts)}")
    _check_rows(name, x, state)


def check_mask(name: str, mask: Tensor | None, tokens: Tensor) -> None:
    """Raises UserError unless a mask, if there is one, is truths, and as many as the tokens."""
    if mask is not None and not (isinstance(mask, Tensor) and mask.dtype == torch.bool and mask.shape == tokens.shape):
        raise UserError(f"{name} reads a mask {list(tokens.shape)} of torch.bool, as large as the tokens, and got {_told(mask)}")


def check_lengths(name: str, lengths: Tensor | None, tokens: Tensor) -> None:
    """Raises UserError unless lengths, if there are any, are whole numbers [N] from 1 to T for tokens [N, T]."""
    rows, most = tokens.shape
    if lengths is None:
        return
    if not (isinstance(lengths, Tensor) and lengths.dtype in WHOLE and lengths.shape == (rows,)):
        raise UserError(f"{name} reads lengths [{rows}] of int64 or int32, and got {_told(lengths)}")
    if rows and not 1 <= int(lengths.min()) <= int(lengths.max()) <= most:
        raise UserError(f"{name} reads lengths [{rows}] from 1 to {most}, and got {lengths.tolist()}")


def check_floats(name: str, **parts: Tensor) -> None:
    """Raises UserError unless all parts are floating-point numbers."""
    for what, part in parts.items():
        if not isinstance(part, Tensor) or not part.is_floating_point():
            raise UserError(f"{name} reads {what} of floating-point numbers, and got {_told(part)}")


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


def check_width(name: str, width: float) -> None:
    """Raises UserError for a width that multiplies the paper's channels and is no such number: above 0, and a few at most."""
    if not (_is_number(width) and 0 < width <= WIDEST):
        raise UserError(f"width of {name} is {width!r}; it multiplies the paper's channels: a number above 0, {WIDEST} at most")


def check_share(name: str, **shares: float) -> None:
    """Raises UserError for an option that is not a number from 0 to 1."""
    for option, share in shares.items():
        if not (_is_number(share) and 0 <= share <= 1):
            raise UserError(f"{option} of {name} is {share!r}; it must be a number from 0 to 1")


def check_truth(name: str, **truths: bool) -> None:
    """Raises UserError for an option that is neither True nor False."""
    for option, truth in truths.items():
        if not isinstance(truth, bool):
            raise UserError(f"{option} of {name} is {truth!r}; it must be True or False")


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


def _check_rows(name: str, x: Tensor, state: Mapping[str, Tensor]) -> None:
    for part, numbers in state.items():
        if numbers.shape[0] != x.shape[0]:
            raise UserError(f"{name} goes on from a state of {x.shape[0]} rows, and got one of {numbers.shape[0]} ({part})")


def _told(x: object) -> str:
    return f"{list(x.shape)} of {x.dtype}" if isinstance(x, Tensor) else f"a {type(x).__name__} in place of a tensor"


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_count(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
