"""What a network that judges positions takes of memory, counted without making it. Called before a run is made."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from .config import NetworkConfig
from .network import build

COUNTED = 36  # blocks at most that are really counted; backbones repeat themselves after three
POINTS = (12, 24, 36)  # blocks that more are reckoned from: no backbone grows faster than their square
WIDEST = 2**24  # of anything: wider layers are not counted, for nothing holds them, and torch counts up to 2**63
MANY = 2**63


class Footprint(NamedTuple):
    """Numbers, not bytes."""

    parameters: int  # that are learned
    kept: int  # of one position, held by a step for the way back


def footprint(config: NetworkConfig, *, planes: int, board: tuple[int, int], actions: int) -> Footprint:
    """Of the network that `build` makes; exact up to 36 blocks. Raises UserError as `build` does."""
    sizes = (value for name, value in vars(config).items() if name not in ("backbone", "blocks"))
    if max(sizes) > WIDEST:
        return Footprint(MANY, MANY)
    if config.blocks <= COUNTED:
        return _counted(config, planes, board, actions)
    at = [_counted(replace(config, blocks=blocks), planes, board, actions) for blocks in POINTS]
    return Footprint(*(_on_parabola(column, config.blocks) for column in zip(*at, strict=True)))


def _counted(config: NetworkConfig, planes: int, board: tuple[int, int], actions: int) -> Footprint:
    held: dict[int, Tensor] = {}

    def hold(tensor: Tensor) -> Tensor:
        return held.setdefault(tensor.untyped_storage()._cdata, tensor)

    n = 2
    with torch.device("meta"), saved_tensors_hooks(hold, lambda tensor: tensor):
        network = build(config, planes=planes, board=board, actions=actions).train()
        network(torch.zeros(n, planes, *board))
    own = {p.untyped_storage()._cdata for p in network.parameters()}
    numbers = sum(t.untyped_storage().nbytes() // t.element_size() for key, t in held.items() if key not in own)
    return Footprint(sum(p.numel() for p in network.parameters()), numbers // n)


def _on_parabola(values: tuple[int, ...], blocks: int) -> int:
    """Where the parabola through the values at POINTS is at so many blocks."""
    first, second, third = values
    step = POINTS[1] - POINTS[0]
    t = (blocks - POINTS[0]) / step
    return round(first + t * (second - first) + t * (t - 1) / 2 * (third - 2 * second + first))
