"""What a world is remembered as: an eye that tells images by a few numbers, and a memory that foresees them. It learns here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ...envs.gym.spaces import ActionSpace, Observations, ObservationSpace
from ...errors import UserError
from ...models.sequence.mdn_rnn import mdn_rnn
from ...models.vision.vae import kl_from_prior, log_likelihood, vae
from ..parts.seeding import seeded
from .config import WorldModelSettings
from .experience import Recording

AT_ONCE = 256  # images that are encoded at once
REWARD, END = 0, 1  # the outcomes that are foreseen: a number, and a logit


class Told(NamedTuple):
    """A recording as the memory reads it."""

    latent: Tensor  # [L + 1, Z]
    action: Tensor  # [L], choices
    reward: Tensor  # [L]
    terminated: bool


class WorldModel(nn.Module):
    """The eye and the memory."""

    def __init__(self, observation: ObservationSpace, action: ActionSpace, settings: WorldModelSettings, *, seed: int = 0) -> None:
        """Raises UserError for an environment that does not show images, or where more than one choice is made."""
        super().__init__()
        if not action.single:
            raise UserError(f"a world model foresees what one choice leads to, and here an action is {action}")
        if len(observation.shape) != 3 or observation.dtype != np.uint8:
            raise UserError(f"a world model looks at images of bytes, and here an observation is {list(observation.shape)}")
        self.settings, self.action = settings, action
        with seeded(seed):
            self.eye = vae(latent=settings.latent, channels=observation.shape[0], width=settings.width)
            self.memory = mdn_rnn(
                latent=settings.latent, actions=action.sizes[0], units=settings.units, mixtures=settings.mixtures, outcomes=2
            )

    @torch.no_grad()
    def see(self, images: Observations) -> Tensor:
        """Images [N, C, 64, 64] -> the means of their latent numbers [N, Z]."""
        return torch.cat([self.eye.encode(_light(part))[0] for part in np.array_split(images, -(-len(images) // AT_ONCE))])

    @torch.no_grad()
    def draw(self, latent: Tensor) -> NDArray[np.float32]:
        """Latent numbers [N, Z] -> images [N, C, 64, 64], from 0 to 1."""
        return self.eye.decoder(latent).numpy()

    def choices(self, action: Tensor) -> Tensor:
        """Choices [...] as the memory reads them, [..., A]."""
        return F.one_hot(action, self.action.sizes[0]).float()


def learn_to_see(model: WorldModel, images: Observations, *, steps: int, generator: torch.Generator) -> float:
    """Teaches the eye images [N, C, 64, 64] in so many steps; returns the bound of the last ones, in nats an image."""
    settings = model.settings
    optimizer = torch.optim.Adam(model.eye.parameters(), lr=settings.learning_rate)
    model.eye.train()
    bounds = []
    for _ in range(steps):
        x = _light(images[torch.randint(len(images), (settings.batch,), generator=generator).numpy()])
        made, mean, log_variance = model.eye(x, generator=generator)
        bound = (log_likelihood(x, made, "bernoulli") - settings.kl_weight * kl_from_prior(mean, log_variance)).mean()
        optimizer.zero_grad()
        (-bound).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        bounds.append(bound.item())
    model.eye.eval()
    return float(np.mean(bounds[-50:]))


def tell(model: WorldModel, recordings: Sequence[Recording]) -> list[Told]:
    """Recordings as the eye sees them now."""
    seen = model.see(np.concatenate([recording.observation for recording in recordings]))
    parts = torch.split(seen, [len(recording.observation) for recording in recordings])
    return [
        Told(latent, torch.from_numpy(recording.action), torch.from_numpy(recording.reward), recording.terminated)
        for latent, recording in zip(parts, recordings, strict=True)
    ]


def learn_to_foresee(model: WorldModel, told: Sequence[Told], *, steps: int, generator: torch.Generator) -> dict[str, float]:
    """Teaches the memory whole episodes; returns the last losses by name: of a latent number (nats), reward and end."""
    settings = model.settings
    optimizer = torch.optim.Adam(model.memory.parameters(), lr=settings.memory_learning_rate)
    lengths = torch.tensor([float(len(episode.action)) for episode in told])
    losses = []
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = settings.memory_learning_rate * (1 - step / steps)
        chosen = torch.multinomial(lengths, settings.sequences, replacement=True, generator=generator).tolist()  # by their steps
        parts = memory_losses(model, [told[i] for i in chosen])
        optimizer.zero_grad()
        torch.stack(list(parts.values())).sum().backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_value_(model.memory.parameters(), settings.gradient_clip)
        optimizer.step()
        losses.append({name: part.item() for name, part in parts.items()})
    return {name: float(np.mean([loss[name] for loss in losses[-50:]])) for name in losses[-1]}


def memory_losses(model: WorldModel, told: Sequence[Told]) -> dict[str, Tensor]:
    """What the memory says of each step of whole episodes against what came, averaged over the steps (and the latent numbers)."""
    lengths = [len(episode.action) for episode in told]
    latent = nn.utils.rnn.pad_sequence([episode.latent for episode in told], batch_first=True)
    action = nn.utils.rnn.pad_sequence([episode.action for episode in told], batch_first=True)
    reward = nn.utils.rnn.pad_sequence([episode.reward for episode in told], batch_first=True)
    end = torch.zeros_like(reward)
    for row, (episode, length) in enumerate(zip(told, lengths, strict=True)):
        end[row, length - 1] = float(episode.terminated)
    real = torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1)
    foreseen, _ = model.memory(latent[:, :-1], model.choices(action))
    outcomes = foreseen.outcomes[real]
    return {
        "latent": -foreseen.latent.log_prob(latent[:, 1:])[real].mean() / model.settings.latent,
        "reward": F.mse_loss(outcomes[:, REWARD], reward[real]),
        "end": F.binary_cross_entropy_with_logits(outcomes[:, END], end[real]),
    }


def _light(images: Observations) -> Tensor:
    return torch.from_numpy(images).float() / 255
