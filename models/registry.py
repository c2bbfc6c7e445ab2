"""The backbones by name. Import strings, so that listing them imports no torch.

`network.build` makes those of boards, `body.Body` those of vectors and images.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Literal, NamedTuple

from ..errors import UserError, unknown

Kind = Literal["board", "vector", "image"]


class BackboneEntry(NamedTuple):
    """Where a backbone's class lives, what it reads, and one line of what it is."""

    path: str  # "module:Class", the module relative to this package; called with (input_shape, config)
    kind: Kind  # board: [N, C, H, W] to a map of that height and width; image: [N, C, H, W] to [N, D]; vector: [N, F] to [N, D]
    summary: str


BACKBONES: dict[str, BackboneEntry] = {
    "resnet": BackboneEntry(".tower:ResidualTower", "board", "boards: the residual tower of AlphaGo Zero (channels, blocks)"),
    "mlp": BackboneEntry(".mlp:Perceptron", "vector", "vectors: a multilayer perceptron (hidden, activation)"),
    "nature": BackboneEntry(".convnet:NatureCNN", "image", "images from 36x36: the convolutions of DQN (Mnih et al. 2015)"),
    "convnet": BackboneEntry(".convnet:ConvNet", "image", "small images: one 3x3 convolution (MinAtar, Young and Tian 2019)"),
}


def backbone(name: str, kind: Kind) -> BackboneEntry:
    """The entry of a backbone that reads this. Raises UserError for an unknown name, or one of another kind."""
    fitting = [other for other, entry in BACKBONES.items() if entry.kind == kind]
    if name not in BACKBONES:
        raise unknown("backbone", name, fitting)
    if BACKBONES[name].kind != kind:
        raise UserError(f"backbone {name} reads {_a(BACKBONES[name].kind)}, not {_a(kind)}; choose {' or '.join(fitting)}")
    return BACKBONES[name]


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeio' else 'a'} {kind}"


def imported(path: str) -> Any:
    """What an import string of this package names, "module:attribute"."""
    module, _, attribute = path.partition(":")
    return getattr(import_module(module, __package__), attribute)
