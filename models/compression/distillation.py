"""What a student learns from its teacher (Hinton, Vinyals and Dean 2015, "Distilling the knowledge in a neural network")."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ..checks import check_positive


def soft_loss(student: Tensor, teacher: Tensor, *, temperature: float = 1.0, legal: Tensor | None = None) -> Tensor:
    """T^2 KL(teacher || student) of the softened distributions, in nats, the mean over N: how far the student's logits [N, A] are.

    Both softmaxes take logits / T (section 2); the factor T^2 keeps gradients as large for every T. Equal logits give 0, and for a
    large T half the mean squared difference of logits less their means (section 2.1). `legal` [N, A] leaves the other choices out;
    every row has one at least. Gradients flow into the student alone. Raises UserError for a temperature that is not above 0.
    """
    check_positive("a distillation", temperature=temperature)
    if legal is None:
        legal = torch.ones_like(student, dtype=torch.bool)
    wanted, got = (F.log_softmax((z / temperature).masked_fill(~legal, -torch.inf), dim=1) for z in (teacher.detach(), student))
    difference = torch.where(legal, wanted - got, 0.0)
    return temperature**2 * (wanted.exp() * difference).sum(1).mean()
