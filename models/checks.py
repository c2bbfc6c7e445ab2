"""One line for an input that a network of the library does not read."""

from __future__ import annotations

from torch import Tensor

from ..errors import UserError


def check_images(name: str, x: Tensor, *, channels: int = 3, multiple: int = 1, least: int = 1) -> None:
    """Raises UserError unless x is [N, channels, H, W] of numbers, H and W multiples of `multiple` and at least `least`."""
    if x.dim() != 4 or x.shape[1] != channels:
        raise UserError(f"{name} reads images [N, {channels}, H, W], and got {list(x.shape)}")
    if not x.is_floating_point():
        raise UserError(f"{name} reads floating-point images, and got {x.dtype}; convert them first")
    if min(x.shape[2:]) < least or any(side % multiple for side in x.shape[2:]):
        sides = f"sides of {least} at least" + (f", multiples of {multiple}" if multiple > 1 else "")
        raise UserError(f"{name} reads images with {sides}, and got {x.shape[2]}x{x.shape[3]}")


def check_tokens(name: str, tokens: Tensor, *, vocabulary: int) -> None:
    """Raises UserError unless tokens is [N, T] of ids below `vocabulary`; on the meta device there are no ids to look at."""
    if tokens.dim() != 2 or tokens.is_floating_point():
        raise UserError(f"{name} reads token ids [N, T], and got {list(tokens.shape)} of {tokens.dtype}")
    if tokens.numel() and not tokens.is_meta and not (int(tokens.min()) >= 0 and int(tokens.max()) < vocabulary):
        raise UserError(f"{name} knows tokens 0 to {vocabulary - 1}, and got ids from {int(tokens.min())} to {int(tokens.max())}")


def check_positive(name: str, **sizes: float) -> None:
    """Raises UserError for an option that is not above 0."""
    for option, size in sizes.items():
        if not isinstance(size, (int, float)) or not size > 0:
            raise UserError(f"{option} of {name} is {size!r}; it must be a number above 0")


def check_counts(name: str, **counts: int) -> None:
    """Raises UserError for an option that is not a whole number above 0."""
    for option, count in counts.items():
        if not isinstance(count, int) or count < 1:
            raise UserError(f"{option} of {name} is {count!r}; it must be a whole number above 0")
