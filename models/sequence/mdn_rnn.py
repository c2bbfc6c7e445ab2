"""The memory of a world model (Ha and Schmidhuber 2018, section 2.2 and appendix A.2): an LSTM that foresees what is seen next.

It reads latent numbers and the action taken, and tells each latent number of the next step as a mixture of Gaussians (Bishop 1994).
With the paper's sizes it has 422,368 parameters; there an LSTM's gates have one bias, and not PyTorch's two, so here the bias is
the weight of an input that is always 1.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ...errors import UserError
from ..checks import check_counts, check_floats
from ..memory import Memory, State

LEAST_LOG_STD = -5.0  # of a Gaussian: a latent number that is always the same would else have a density without bound


class Mixture(NamedTuple):
    """K Gaussians for each of Z numbers, independent of each other."""

    logits: Tensor  # [..., Z, K], of which Gaussian it is
    mean: Tensor  # [..., Z, K]
    log_std: Tensor  # [..., Z, K]

    def log_prob(self, x: Tensor) -> Tensor:
        """The logarithm of the density at x [..., Z], in nats: [...]."""
        away = (x.unsqueeze(-1) - self.mean) * (-self.log_std).exp()
        each = -0.5 * away**2 - self.log_std - 0.5 * math.log(2 * math.pi)
        return torch.logsumexp(self.logits.log_softmax(-1) + each, -1).sum(-1)

    def sample(self, *, temperature: float = 1.0, generator: torch.Generator | None = None) -> Tensor:
        """One draw [..., Z]. A temperature above 1 makes what is unlikely likelier, one near 0 draws the likeliest mean (A.2)."""
        noise = torch.rand(self.logits.shape, generator=generator, dtype=self.logits.dtype, device=self.logits.device)
        gumbel = -(-noise.clamp(1e-20).log()).clamp(1e-20).log()
        which = (self.logits + temperature * gumbel).argmax(-1, keepdim=True)
        mean, std = self.mean.gather(-1, which).squeeze(-1), self.log_std.gather(-1, which).squeeze(-1).exp()
        return mean + std * math.sqrt(temperature) * torch.randn(
            mean.shape, generator=generator, dtype=mean.dtype, device=mean.device
        )


class Foreseen(NamedTuple):
    """What comes next."""

    latent: Mixture  # [N, T, Z, K]
    outcomes: Tensor  # [N, T, outcomes]: other numbers, such as the reward and the logit of an end


class MDNRNN(nn.Module):
    """Latent numbers and actions to what is seen next, along whole episodes."""

    def __init__(self, latent: int, actions: int, units: int, mixtures: int, outcomes: int) -> None:
        super().__init__()
        self.latent, self.actions = latent, actions
        self.memory = Memory("lstm", latent + actions + 1, units, bias=False)
        self.mixture = nn.Linear(units, 3 * latent * mixtures)
        self.outcome = nn.Linear(units, outcomes) if outcomes else None

    def initial_state(self, n: int) -> State:
        """That of n episodes that begin: "hidden" and "cell", [N, units]."""
        return self.memory.initial_state(n)

    def forward(
        self, latent: Tensor, action: Tensor, state: State | None = None, starts: Tensor | None = None
    ) -> tuple[Foreseen, State]:
        """latent [N, T, Z], action [N, T, A] (a choice as one-hot numbers), the state before them, starts [N, T] -> (what follows
        each step, the state). Raises UserError for other shapes."""
        check_floats("mdn_rnn", latent=latent, actions=action)
        wanted = (*latent.shape[:2], self.latent), (*latent.shape[:2], self.actions)
        if latent.dim() != 3 or not latent.shape[1] or (latent.shape, action.shape) != wanted:
            raise UserError(
                f"mdn_rnn reads latent numbers [N, T, {self.latent}] and actions [N, T, {self.actions}], "
                f"and got {list(latent.shape)} and {list(action.shape)}"
            )
        n, t, _ = latent.shape
        state = self.initial_state(n) if state is None else state
        starts = torch.zeros(n, t, dtype=torch.bool, device=latent.device) if starts is None else starts
        y, state = self.memory(torch.cat([latent, action, torch.ones_like(latent[..., :1])], dim=2), state, starts)
        logits, mean, log_std = self.mixture(y).unflatten(2, (self.latent, -1)).chunk(3, dim=-1)
        outcomes = y[..., :0] if self.outcome is None else self.outcome(y)
        return Foreseen(Mixture(logits, mean, log_std.clamp(min=LEAST_LOG_STD)), outcomes), state


def mdn_rnn(*, latent: int = 32, actions: int = 3, units: int = 256, mixtures: int = 5, outcomes: int = 0) -> MDNRNN:
    """The sizes of the paper's car race; `outcomes` are more numbers to be told of the next step. Raises UserError for a size that
    is not a whole number above 0, or fewer outcomes than none."""
    check_counts("mdn_rnn", latent=latent, actions=actions, units=units, mixtures=mixtures)
    check_counts("mdn_rnn", least=0, outcomes=outcomes)
    return MDNRNN(latent, actions, units, mixtures, outcomes)
