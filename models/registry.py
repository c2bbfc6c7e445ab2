"""The backbones by name. Import strings, so that listing them imports no torch.

`network.build` makes those of boards, `body.Body` those of vectors and images.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Literal, NamedTuple

from ..errors import UserError, unknown

Kind = Literal["board", "vector", "image"]


OPTIONS: dict[Kind, tuple[str, ...]] = {  # what every backbone of a kind reads of its configuration
    "board": ("channels", "blocks"),
    "vector": ("hidden", "activation", "layer_norm"),
    "image": ("hidden", "layer_norm"),
}


class BackboneEntry(NamedTuple):
    """Where a backbone's class lives, what it reads, and one line of what it is."""

    path: str  # "module:Class", the module relative to this package; called with (input_shape, config)
    kind: Kind  # board: [N, C, H, W] to a map of that height and width; image: [N, C, H, W] to [N, D]; vector: [N, F] to [N, D]
    summary: str
    more_options: tuple[str, ...] = ()  # of its configuration, that it reads beside those of its kind


BACKBONES: dict[str, BackboneEntry] = {
    "resnet": BackboneEntry(
        ".board.resnet:ResidualTower", "board", "boards: the residual tower of AlphaGo Zero (channels, blocks)"
    ),
    "bottleneck": BackboneEntry(
        ".board.bottleneck:BottleneckTower", "board", "boards: 3x3 convolutions in a quarter of the channels (He et al. 2016)"
    ),
    "nested_bottleneck": BackboneEntry(
        ".board.nested_bottleneck:NestedBottleneckTower",
        "board",
        "boards: two residual blocks in half of the channels (Danihelka et al. 2022; KataGo)",
    ),
    "densenet": BackboneEntry(
        ".board.densenet:DenseTower", "board", "boards: every layer reads all before it (Huang et al. 2017; blocks are layers)"
    ),
    "mobilenet": BackboneEntry(
        ".board.mobilenet:MobileTower", "board", "boards: depthwise separable convolutions (Howard et al. 2017)"
    ),
    "transformer": BackboneEntry(
        ".board.transformer:TransformerTower",
        "board",
        "boards: a token a point, offsets as biases (Vaswani et al. 2017; heads)",
        ("heads",),
    ),
    "dilated": BackboneEntry(
        ".board.dilated:DilatedTower", "board", "boards: residual blocks whose kernels reach further in turn (Yu et al. 2017)"
    ),
    "global_pooling": BackboneEntry(
        ".board.global_pooling:GlobalPoolingTower", "board", "boards: some blocks pool the whole board (Wu 2019, KataGo)"
    ),
    "squeeze_excite": BackboneEntry(
        ".board.squeeze_excite:SqueezeExciteTower", "board", "boards: channels scaled by the whole board (Hu et al. 2018; Lc0)"
    ),
    "mlp": BackboneEntry(".mlp:Perceptron", "vector", "vectors: a multilayer perceptron (hidden, activation)"),
    "nature": BackboneEntry(".convnet:NatureCNN", "image", "images from 36x36: the convolutions of DQN (Mnih et al. 2015)"),
    "convnet": BackboneEntry(".convnet:ConvNet", "image", "small images: one 3x3 convolution (MinAtar, Young and Tian 2019)"),
    "resnet18": BackboneEntry(".vision.encoders:resnet18", "image", "images: ResNet-18 with group norm (He et al. 2016)"),
    "resnet34": BackboneEntry(".vision.encoders:resnet34", "image", "images: ResNet-34 with group norm (He et al. 2016)"),
    "resnet50": BackboneEntry(".vision.encoders:resnet50", "image", "images: ResNet-50 with group norm (He et al. 2016)"),
    "densenet121": BackboneEntry(
        ".vision.encoders:densenet121", "image", "images: DenseNet-121 with group norm (Huang et al. 2017)"
    ),
    "mobilenet_v1": BackboneEntry(
        ".vision.encoders:mobilenet_v1", "image", "images: MobileNet with group norm (Howard et al. 2017)"
    ),
}


class MemoryEntry(NamedTuple):
    """One line of what a memory is; `memory.make_memory` makes it."""

    summary: str


MEMORIES: dict[str, MemoryEntry] = {  # sequence backbones, by `BodyConfig.memory`
    "gru": MemoryEntry("gated recurrent unit (Cho et al. 2014)"),
    "lstm": MemoryEntry("long short-term memory (Hochreiter and Schmidhuber 1997)"),
    "gtrxl": MemoryEntry("gated Transformer-XL, two layers that look back (Parisotto et al. 2020)"),
    "wavenet": MemoryEntry("dilated causal convolutions (van den Oord et al. 2016)"),
}


def backbone(name: str, kind: Kind | None = None) -> BackboneEntry:
    """The entry of a backbone that reads this (None: anything). Raises UserError for an unknown name, or one of another kind."""
    fitting = [other for other, entry in BACKBONES.items() if kind in (None, entry.kind)]
    if name in MEMORIES and kind != "board":
        others = " or ".join(fitting) if kind else "one that `zerodojo list backbones` names"
        raise UserError(f"{name} is a memory behind a backbone; ask for it by --body.memory {name}, or choose {others}")
    if name not in BACKBONES:
        raise unknown("backbone", name, fitting)
    if kind and BACKBONES[name].kind != kind:
        raise UserError(f"backbone {name} reads {_a(BACKBONES[name].kind)}, not {_a(kind)}; choose {' or '.join(fitting)}")
    return BACKBONES[name]


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeio' else 'a'} {kind}"


def imported(path: str) -> Any:
    """What an import string of this package names, "module:attribute"."""
    module, _, attribute = path.partition(":")
    return getattr(import_module(module, __package__), attribute)
