"""A Decision Transformer learns episodes by heart: which action came, where so much was still to be gained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ...models.sequence.decision_transformer import DecisionTransformer, decision_transformer
from ..parts.seeding import seeded
from .config import DecisionTransformerSettings
from .episodes import Episode


class Scales(NamedTuple):
    """What brings numbers to one size."""

    mean: NDArray[np.float32]  # [F], of what is seen
    std: NDArray[np.float32]  # [F]
    total: float  # the largest return, which becomes 1
    reward: float  # the largest reward, the unit that rewards are foreseen in

    @classmethod
    def of(cls, episodes: Sequence[Episode]) -> Scales:
        """Those of episodes."""
        seen = np.concatenate([episode.observation for episode in episodes])
        total = max(float(np.abs(episode.to_go).max()) for episode in episodes)
        reward = max(float(np.abs(episode.reward).max()) for episode in episodes)
        return cls(seen.mean(0), seen.std(0) + 1e-6, total or 1.0, reward or 1.0)


class Stretches(NamedTuple):
    """N stretches of T steps; what lies behind the end of an episode is not `real`."""

    asked: Tensor  # [N, T], over `Scales.total`
    seen: Tensor  # [N, T, F], by `Scales`
    before: Tensor  # [N, T, A]
    time: Tensor  # [N, T]
    action: Tensor  # [N, T]
    reward: Tensor  # [N, T], over `Scales.total`
    change: Tensor  # [N, T, F], by `Scales.std`
    real: Tensor  # [N, T]


def make_network(scales: Scales, actions: int, settings: DecisionTransformerSettings, *, seed: int) -> DecisionTransformer:
    """A network for episodes of these scales, its weights drawn from a seed. Raises UserError for sizes that do not fit."""
    with seeded(seed):
        return decision_transformer(
            observation=len(scales.mean),
            actions=actions,
            size=settings.size,
            heads=settings.heads,
            hidden=4 * settings.size,
            layers=settings.layers,
            span=settings.span,
            dropout=settings.dropout,
            reward_unit=scales.reward / scales.total,
        )


class Library:
    """All steps of some episodes one behind the other, to draw stretches of them."""

    def __init__(self, episodes: Sequence[Episode], scales: Scales, *, actions: int) -> None:
        lengths = [len(episode.action) for episode in episodes]
        self._end = np.repeat(np.cumsum(lengths), lengths)  # [steps], behind the last step of each one's episode
        time = np.concatenate([np.arange(length) for length in lengths])
        action = torch.from_numpy(np.concatenate([episode.action for episode in episodes]))
        choices = F.one_hot(action, actions).float()
        before = torch.cat([choices[:1], choices[:-1]]) * torch.from_numpy(time > 0).unsqueeze(1)
        seen = np.concatenate([(episode.observation - scales.mean) / scales.std for episode in episodes])
        change = np.concatenate([(episode.following - episode.observation) / scales.std for episode in episodes])
        reward, asked = (
            np.concatenate(parts) / np.float32(scales.total)
            for parts in ([episode.reward for episode in episodes], [episode.to_go for episode in episodes])
        )
        tensors = (torch.from_numpy(asked), torch.from_numpy(seen), before, torch.from_numpy(time).float(), action)
        self._columns = (*tensors, torch.from_numpy(reward), torch.from_numpy(change))

    def draw(self, n: int, steps: int, generator: np.random.Generator) -> Stretches:
        """n stretches that begin at steps drawn uniformly: episodes by their length, as in the paper."""
        places = generator.integers(len(self._end), size=n)[:, None] + np.arange(steps)
        real = places < self._end[places[:, :1]]
        rows = torch.from_numpy(np.minimum(places, len(self._end) - 1))
        return Stretches._make([*(column[rows] for column in self._columns), torch.from_numpy(real)])


def learn(
    network: DecisionTransformer, library: Library, settings: DecisionTransformerSettings, *, steps: int, seed: int
) -> dict[str, float]:
    """So many steps of AdamW; returns the last losses by name: of actions (nats), and of what is foreseen (squared)."""
    generator = np.random.default_rng((seed, 2))
    optimizer = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    network.train()
    last: list[list[float]] = []
    with seeded(seed):  # of the dropout
        for step in range(steps):
            optimizer.param_groups[0]["lr"] = settings.learning_rate * (1 - step / steps)
            action, foreseen = losses(network, library.draw(settings.batch, settings.span, generator))
            optimizer.zero_grad()
            (action + settings.foresight_weight * foreseen).backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), settings.gradient_clip)
            optimizer.step()
            last = [*last[-49:], [action.item(), foreseen.item()]]
    network.eval()
    return dict(zip(("action", "foreseen"), np.mean(last, 0).tolist(), strict=True))


def losses(network: DecisionTransformer, stretches: Stretches) -> tuple[Tensor, Tensor]:
    """The cross-entropy of the actions taken, and the squared error of what is foreseen of them."""
    decided, _ = network(stretches.asked, stretches.seen, stretches.before, stretches.time)
    real, taken = stretches.real, stretches.action[stretches.real]
    rows = torch.arange(len(taken))
    change, reward = decided.change[real][rows, taken], decided.reward[real][rows, taken]
    wrong = (reward - stretches.reward[real]) / network.reward_unit
    foreseen = F.mse_loss(change, stretches.change[real]) + wrong.square().mean()
    return F.cross_entropy(decided.logits[real], taken), foreseen
