"""An autoencoder (Hinton and Salakhutdinov 2006) and a variational one (Kingma and Welling 2014, whose sections are named).

Both have the convolutions of the world model of Ha and Schmidhuber 2018 (appendix A.1): images of 64x64, 32 latent numbers.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...errors import UserError, unknown
from ..checks import check_counts, check_images

SIDE = 64  # points a side of an image
Likelihood = Literal["gaussian", "bernoulli"]
LIKELIHOODS = ("gaussian", "bernoulli")


class Encoder(nn.Sequential):
    """Images [N, channels, 64, 64] -> [N, 32 * width]: four 4x4 convolutions with strides of 2, without padding."""

    def __init__(self, channels: int, width: int) -> None:
        layers: list[nn.Module] = []
        for outputs in (width, 2 * width, 4 * width, 8 * width):
            layers += [nn.Conv2d(channels, outputs, 4, stride=2), nn.ReLU()]
            channels = outputs
        super().__init__(*layers, nn.Flatten())


class Decoder(nn.Sequential):
    """Latent numbers [N, latent] -> images [N, channels, 64, 64] in (0, 1): a linear layer, then transposed convolutions."""

    def __init__(self, latent: int, channels: int, width: int) -> None:
        super().__init__(
            nn.Linear(latent, 32 * width),
            nn.Unflatten(1, (32 * width, 1, 1)),
            nn.ConvTranspose2d(32 * width, 4 * width, 5, stride=2),
            nn.ReLU(),
            nn.ConvTranspose2d(4 * width, 2 * width, 5, stride=2),
            nn.ReLU(),
            nn.ConvTranspose2d(2 * width, width, 6, stride=2),
            nn.ReLU(),
            nn.ConvTranspose2d(width, channels, 6, stride=2),
            nn.Sigmoid(),
        )


class Autoencoder(nn.Module):
    """An image through `latent` numbers and back."""

    def __init__(self, *, latent: int, channels: int, width: int) -> None:
        super().__init__()
        self.channels = channels
        self.encoder = Encoder(channels, width)
        self.inward = nn.Linear(32 * width, latent)
        self.decoder = Decoder(latent, channels, width)

    def encode(self, x: Tensor) -> Tensor:
        """Images [N, channels, 64, 64] from 0 to 1 -> codes [N, latent]. Raises UserError for another input."""
        _check("autoencoder", self, x, self.channels)
        code: Tensor = self.inward(self.encoder(x))
        return code

    def forward(self, x: Tensor) -> Tensor:
        """Images [N, channels, 64, 64] from 0 to 1 -> the same, made again from their codes."""
        out: Tensor = self.decoder(self.encode(x))
        return out


class VAE(nn.Module):
    """An image to a Gaussian over `latent` numbers, and a number drawn from it back to an image."""

    def __init__(self, *, latent: int, channels: int, width: int) -> None:
        super().__init__()
        self.channels = channels
        self.encoder = Encoder(channels, width)
        self.mean = nn.Linear(32 * width, latent)
        self.log_variance = nn.Linear(32 * width, latent)
        self.decoder = Decoder(latent, channels, width)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Images [N, channels, 64, 64] from 0 to 1 -> mean and log variance [N, latent]. Raises UserError for another input."""
        _check("vae", self, x, self.channels)
        seen = self.encoder(x)
        return self.mean(seen), self.log_variance(seen)

    def forward(self, x: Tensor, *, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Images -> (images made again, mean, log variance); in training from a draw of the latent numbers, else from the mean."""
        mean, log_variance = self.encode(x)
        latent = draw(mean, log_variance, generator=generator) if self.training else mean
        return self.decoder(latent), mean, log_variance


def draw(mean: Tensor, log_variance: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
    """One draw from each Gaussian, differentiable in both [N, latent] (section 2.4, the reparameterisation)."""
    noise = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
    return mean + (0.5 * log_variance).exp() * noise


def kl_from_prior(mean: Tensor, log_variance: Tensor) -> Tensor:
    """The divergence of N(mean, variance) from N(0, 1), in nats: [N, latent] -> [N] (appendix B)."""
    return 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1)


def log_likelihood(x: Tensor, made: Tensor, likelihood: Likelihood = "gaussian") -> Tensor:
    """log p(x | z) of images [N, ...] where z makes `made`, in nats: [N].

    Gaussian: of variance 1, the squared error of the world model but for constants. Bernoulli: x and made from 0 to 1 (appendix C).
    """
    if likelihood == "gaussian":
        return -0.5 * ((x - made) ** 2 + math.log(2 * math.pi)).flatten(1).sum(1)
    if likelihood == "bernoulli":
        return -F.binary_cross_entropy(made, x, reduction="none").flatten(1).sum(1)
    raise unknown("likelihood", str(likelihood), LIKELIHOODS)


def elbo(x: Tensor, made: Tensor, mean: Tensor, log_variance: Tensor, *, likelihood: Likelihood = "gaussian") -> Tensor:
    """The bound on log p(x) that is maximised, from one draw, in nats: [N] (equation 10)."""
    return log_likelihood(x, made, likelihood) - kl_from_prior(mean, log_variance)


def vae(*, latent: int = 32, channels: int = 3, width: int = 32) -> VAE:
    """A variational autoencoder whose first convolution has `width` channels. Raises UserError for an option that does not fit."""
    check_counts("vae", latent=latent, channels=channels, width=width)
    return VAE(latent=latent, channels=channels, width=width)


def autoencoder(*, latent: int = 32, channels: int = 3, width: int = 32) -> Autoencoder:
    """An autoencoder whose first convolution has `width` channels. Raises UserError for an option that does not fit."""
    check_counts("autoencoder", latent=latent, channels=channels, width=width)
    return Autoencoder(latent=latent, channels=channels, width=width)


def _check(name: str, network: nn.Module, x: Tensor, channels: int) -> None:
    check_images(name, network, x, channels=channels)
    if tuple(x.shape[2:]) != (SIDE, SIDE):
        raise UserError(f"{name} reads images of {SIDE}x{SIDE}, and got {x.shape[2]}x{x.shape[3]}; scale them first")
