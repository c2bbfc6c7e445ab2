"""The backbones by name. Import strings, so that listing them imports no torch; `network.build` makes them."""

from __future__ import annotations

from typing import NamedTuple


class BackboneEntry(NamedTuple):
    """Where a backbone's class lives, and one line of what it is."""

    path: str  # "module:Class", the module relative to this package; called with (input_shape, config)
    summary: str


BACKBONES: dict[str, BackboneEntry] = {
    "resnet": BackboneEntry(".tower:ResidualTower", "The residual tower of AlphaGo Zero (channels, blocks)."),
}
