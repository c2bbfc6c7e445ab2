"""A network learns to say what another says, on positions that were played. Called by `making`."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from ...models.compression.distillation import soft_loss
from ...models.compression.quantisation import QuantisationAware
from ...models.hardware import has_bf16
from ...models.network import PolicyValueNetwork
from ..alphazero.config import LearnerConfig
from ..alphazero.learner import learning_rate
from ..alphazero.optimizer import Optimizer, filters_of
from ..alphazero.replay import Replay
from .config import ImitationConfig, unfinished

WARMUP = 0.05  # of the steps


def imitate(
    student: PolicyValueNetwork | QuantisationAware,
    teacher: PolicyValueNetwork,
    replay: Replay,
    config: ImitationConfig,
    *,
    seed: int,
    bf16: bool = True,
    tell: Callable[[int, float], None] = lambda step, loss: None,
) -> None:
    """Trains the student in place towards the teacher's logits over legal moves, softened, and values.

    The student is called as a `PolicyValueNetwork` is. `bf16` multiplies its convolutions so where the processor can; `tell` is
    told every step and its loss. The positions of a step are keyed by (seed, step). Raises UserError for a loss that is not finite.
    """
    warmup = max(1, int(WARMUP * config.steps))
    rates = LearnerConfig(learning_rate=config.learning_rate, warmup_steps=warmup, planned_steps=config.steps)
    student.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    teacher = teacher.to(memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
    filters = student.filters() if isinstance(student, QuantisationAware) else filters_of(student)
    optimizer = Optimizer(student, LearnerConfig(weight_decay=config.weight_decay), filters=filters)
    for step in range(config.steps):
        batch = replay.sample(config.batch, np.random.default_rng((seed, step)))
        planes = torch.from_numpy(batch.planes).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=has_bf16()), torch.no_grad():
            wanted, worth = teacher(planes)
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16 and has_bf16()):
            logits, values = student(planes)
        legal = torch.from_numpy(batch.legal)
        loss = soft_loss(logits.float(), wanted.float(), temperature=config.temperature, legal=legal)
        loss = loss + config.value_weight * F.mse_loss(values.float(), worth.float())
        student.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(student.parameters(), rates.gradient_clip)
        if not math.isfinite(loss.item()):
            raise unfinished(step)
        optimizer.step(learning_rate(rates, step))
        tell(step + 1, loss.item())
    student.eval()
