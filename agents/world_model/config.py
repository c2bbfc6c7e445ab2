"""The settings of a world model, each with its source. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WorldModelSettings:
    """Ha and Schmidhuber 2018, appendix A."""

    latent: int = 32  # numbers that an image is told by; the paper: 32, of the shooter 64
    width: int = 32  # channels of the first convolution; the paper: 32
    units: int = 256  # of the memory; the paper: 256, of the shooter 512
    mixtures: int = 5  # Gaussians that a latent number is foreseen by; the paper: 5
    kl_weight: float = 1.0  # of the divergence beside the likelihood of the image's points
    batch: int = 64  # images a gradient is taken of; the paper's code: 100
    learning_rate: float = 1e-3  # of Adam for images; the paper's code: 1e-4
    sequences: int = 32  # episodes a gradient is taken of; the paper's code: 100 stretches
    memory_learning_rate: float = 3e-3  # of Adam for the memory, at the start, falling to 0; the paper's code: 1e-3
    gradient_clip: float = 1.0  # of each number of the memory's gradient; the paper's code: 1
    temperature: float = 1.0  # of what is dreamed; the paper's shooter: 1.15 came out best
    longest: int = 200  # steps after which a dreamed episode is cut short
