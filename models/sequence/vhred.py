"""VHRED: HRED with a latent variable for every utterance (Serban et al. 2017), learned by a variational bound.

A prior guesses the variable from the context before the utterance; while learning, a posterior sees the utterance as well. Both are
two layers of tanh, then a mean and, through softplus, a variance. The decoder begins from context and variable together; the paper
shows both to it at every word.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...errors import unknown
from ..checks import check_counts, check_share, check_tokens
from .decoding import State
from .hred import HRED, utterances_of

LATENT = ("posterior", "prior")


class Gaussian(nn.Module):
    """What is known, [..., inputs], to the mean and the variance of a diagonal Gaussian, [..., latent] each."""

    def __init__(self, inputs: int, hidden: int, latent: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(inputs, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh())
        self.mean = nn.Linear(hidden, latent)
        self.spread = nn.Linear(hidden, latent)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        inside = self.body(x)
        return self.mean(inside), F.softplus(self.spread(inside)) + 1e-6


def kl_divergence(mean: Tensor, variance: Tensor, other_mean: Tensor, other_variance: Tensor) -> Tensor:
    """KL of one diagonal Gaussian from another, [..., Z] each -> [...], in nats."""
    ratio = variance / other_variance
    return (ratio - 1 - ratio.log() + (mean - other_mean) ** 2 / other_variance).sum(-1) / 2


def kl_weight(step: int, steps: int) -> float:
    """How much the KL term counts at a learner's step: from 0 to 1 in a line over `steps` (Bowman et al. 2016).

    The paper takes 75,000 of them; 0 are no annealing.
    """
    return min(1.0, step / steps) if steps else 1.0


class VHRED(HRED):
    """Dialogues to the probability of each token and the KL of posterior from prior."""

    def __init__(self, vocabulary: int, embedding: int, units: int, context: int, latent: int) -> None:
        super().__init__(vocabulary, embedding, units, context, extra=latent)
        self.prior = Gaussian(context, context, latent)
        self.posterior = Gaussian(context + units, context, latent)

    def forward(  # type: ignore[override]
        self,
        dialogue: Tensor,
        *,
        latent: Literal["posterior", "prior"] = "posterior",
        drop: float = 0.0,
        generator: torch.Generator | None = None,
    ) -> tuple[Tensor, Tensor]:
        """dialogue [N, T] -> (logits of each token given all before it and the latent variable [N, T, V], KL of each dialogue [N]).

        The variable is drawn from the posterior or the prior, and is its mean without a generator; learners hand one in. The loss
        is the cross-entropy of all tokens and `kl_weight` times the KL, which is 0 of the prior. A share of `drop` of the words is
        not shown to the decoder, drawn anew each time, so that it cannot do without the variable (Bowman et al. 2016; the paper
        drops a quarter). Raises UserError for anything but token ids, another variable, or a `drop` that is no share.
        """
        check_tokens("vhred", dialogue, vocabulary=self.vocabulary)
        check_share("vhred", drop=drop)
        if latent not in LATENT:
            raise unknown("latent of vhred", latent, LATENT)
        said = utterances_of(dialogue)
        whole, contexts = self.read(said)
        known = contexts[:, :-1]
        mean, variance = guess = self.prior(known)
        if latent == "posterior":
            mean, variance = self.posterior(torch.cat([known, whole], dim=2))
        divergence = kl_divergence(mean, variance, *guess) * said.spoken
        begins = self.begin(torch.cat([known, _draw(mean, variance, generator)], dim=2))
        dropped = torch.rand(said.words.shape, generator=generator, device=dialogue.device) < drop if drop else None
        return self.write(said, begins, dropped), divergence.sum(1)

    def start(self, dialogue: Tensor, *, generator: torch.Generator | None = None) -> State:
        """As `HRED.start`, the variable drawn from the prior, or its mean without a generator."""
        check_tokens("vhred", dialogue, vocabulary=self.vocabulary)
        _, contexts = self.read(utterances_of(dialogue))
        known = contexts[:, -1]
        mean, variance = self.prior(known)
        return {"hidden": self.begin(torch.cat([known, _draw(mean, variance, generator)], dim=1))}


def _draw(mean: Tensor, variance: Tensor, generator: torch.Generator | None) -> Tensor:
    if generator is None:
        return mean
    return mean + variance.sqrt() * torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)


def vhred(*, vocabulary: int = 10_000, embedding: int = 300, units: int = 500, context: int = 1000, latent: int = 100) -> VHRED:
    """HRED's sizes with a latent variable of the paper's 100 numbers. Raises UserError for a size below 1."""
    check_counts("vhred", vocabulary=vocabulary, embedding=embedding, units=units, context=context, latent=latent)
    return VHRED(vocabulary, embedding, units, context, latent)
