"""The settings of a Decision Transformer, each with its source. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DecisionTransformerSettings:
    """Chen et al. 2021, appendix A."""

    size: int = 128  # of a token; the paper: 128
    heads: int = 1  # the paper's Gym: 1
    layers: int = 3  # the paper: 3
    span: int = 20  # steps that each layer looks back, and that a stretch has in learning; the paper's Gym: 20
    dropout: float = 0.1  # the paper: 0.1
    batch: int = 64  # stretches a gradient is taken of; the paper's Gym: 64
    learning_rate: float = 1e-4  # of AdamW, at the start, falling to 0; the paper: 1e-4, which stays
    weight_decay: float = 1e-4  # the paper: 1e-4
    gradient_clip: float = 0.25  # norm of the gradient; the paper: 0.25
    foresight_weight: float = 1.0  # of what is foreseen, beside the actions; the paper's code: 0
    beam: int = 1  # sequences of actions that are kept in acting; 1 takes the likeliest action
    horizon: int = 1  # actions of such a sequence, of which the first is taken
