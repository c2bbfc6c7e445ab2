"""Every network of the library as small as it may be, and what it reads."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from zerodojo.models import create
from zerodojo.models.library import LIBRARY
from zerodojo.models.sequence.tokens import END

VISION = [name for name, entry in LIBRARY.items() if entry.path.startswith(".vision.")]
SEQUENCE = {
    "causal_transformer": {"vocabulary": 9, "size": 8, "heads": 2, "hidden": 8, "layers": 1},
    "decision_transformer": {"observation": 17, "actions": 6, "size": 8, "heads": 2, "hidden": 8, "layers": 1, "span": 4},
    "hred": {"vocabulary": 9, "embedding": 4, "units": 5, "context": 6},
    "language_model": {"vocabulary": 9, "embedding": 4, "units": 5},
    "mdn_rnn": {"latent": 32, "actions": 3, "units": 5, "mixtures": 2},
    "seq2seq": {"source_vocabulary": 9, "target_vocabulary": 9, "embedding": 4, "units": 5},
    "transformer": {"vocabulary": 9, "size": 8, "heads": 2, "hidden": 8, "layers": 1},
    "vhred": {"vocabulary": 9, "embedding": 4, "units": 5, "context": 6, "latent": 3},
    "wavenet": {"num_classes": 9, "channels": 4, "skip": 4, "blocks": 1, "doublings": 2},
    "word2vec": {"vocabulary": 9, "size": 4},
}
SSD = {"ssd": {"width": 0.1, "size": 64}, "ssd300": {"width": 0.02}, "ssd512": {"width": 0.02}}
SIDES = {
    "autoencoder": 64,
    "ssd300": 300,
    "ssd512": 512,
    "unet": 188,
    "vae": 64,
}  # of images; 64 for all the others, 2x2 at the end
WIDTHS = {"autoencoder": 8, "mobilenet_v1": 0.125, "vae": 8}  # 4 of all the others
STEPS = 8


def small(name: str, **options: Any) -> nn.Module:
    """With fresh weights, drawn from torch's generator."""
    size = SEQUENCE.get(name) or SSD.get(name) or {"width": WIDTHS.get(name, 4)}
    return create(name, **(size | options))


def inputs(name: str, n: int = 2, *, seed: int = 0) -> tuple[Tensor, ...]:
    """All arguments of a network, n examples: images and numbers from 0 to 1, and tokens of three sentences."""
    entry, generator = LIBRARY[name], torch.Generator().manual_seed(seed)
    if name not in SEQUENCE:
        side = SIDES.get(name, 64)
        return (torch.rand(n, entry.input_shape[0], side, side, generator=generator),)
    shapes = [(n, min(shape[0], STEPS), *shape[1:]) for shape in (entry.input_shape, *entry.more_inputs)]
    if entry.tokens:
        tokens = tuple(torch.randint(3, 9, shape, generator=generator) for shape in shapes)
        tokens[0][:, 2::3] = END  # three utterances, which is when a dialogue's context is made of an earlier one
        return tokens
    return tuple(torch.rand(shape, generator=generator) for shape in shapes)


def answers(network: nn.Module, given: tuple[Tensor, ...]) -> list[Tensor]:
    """All that a network gives, states behind the inputs among it, as a list; rows come first in each."""
    return tree_leaves(network(*given))
