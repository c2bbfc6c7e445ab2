"""Backpropagation through time by hand (Rumelhart et al. 1986; Werbos 1990), full and truncated, for the plain RNN of `cells`.

It shows what autograd does, why gradients vanish or explode with the distance (Bengio et al. 1994; Pascanu et al. 2013), and what
clipping does about it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ...errors import UserError
from .cells import RNN

Gradients = dict[str, Tensor]  # by the names of the cell's parameters


def hidden_states(cell: RNN, x: Tensor, hidden: Tensor) -> Tensor:
    """x [N, T, F] and the state before it [N, H] -> all states [N, T + 1, H], the given one first; without autograd."""
    with torch.no_grad():
        y, _ = cell(x, {"hidden": hidden})
    return torch.cat([hidden.unsqueeze(1), y], dim=1)


@torch.no_grad()
def backward(cell: RNN, x: Tensor, states: Tensor, upstream: Tensor, *, span: int | None = None) -> tuple[Gradients, Tensor]:
    """The gradient of a loss whose gradient by the outputs is `upstream` [N, T, H].

    x is [N, T, F], states those of `hidden_states`. Gives (gradients of the parameters, gradient by the first state [N, H]).
    With `span` backpropagation is truncated: nothing flows back over the borders of stretches of `span` steps, as if the state had
    been detached there. Raises UserError for a span below 1.
    """
    if span is not None and span < 1:
        raise UserError(f"the span of truncated backpropagation is {span}; it must be at least 1")
    gradients = {name: torch.zeros_like(parameter) for name, parameter in cell.named_parameters()}
    flowing = torch.zeros_like(states[:, 0])  # by the state behind step t, from all later losses
    for t in reversed(range(x.shape[1])):
        if span is not None and (t + 1) % span == 0:
            flowing = torch.zeros_like(flowing)
        inside = (flowing + upstream[:, t]) * _slope(cell, states[:, t + 1])
        gradients["weight_ih_l0"] += inside.T @ x[:, t]
        gradients["weight_hh_l0"] += inside.T @ states[:, t]
        gradients["bias_ih_l0"] += inside.sum(0)
        gradients["bias_hh_l0"] += inside.sum(0)
        flowing = inside @ cell.weight_hh_l0
    return gradients, flowing


@torch.no_grad()
def norms_over_distance(cell: RNN, states: Tensor, upstream: Tensor) -> Tensor:
    """How large the gradient of a loss at the last step still is, 0 to T steps before it: [N, T + 1].

    states [N, T + 1, H] are those of `hidden_states`, upstream [N, H] is the gradient by the last one. Each step back multiplies by
    the recurrent matrix and the slope of the activation: below 1 it vanishes, above 1 it explodes.
    """
    flowing, norms = upstream, [upstream.norm(dim=1)]
    for t in reversed(range(states.shape[1] - 1)):
        flowing = (flowing * _slope(cell, states[:, t + 1])) @ cell.weight_hh_l0
        norms.append(flowing.norm(dim=1))
    return torch.stack(norms, dim=1)


def clip_by_norm(gradients: Gradients, limit: float) -> tuple[Gradients, Tensor]:
    """Scales all gradients by one factor, so that their common norm is at most `limit` (Pascanu et al. 2013).

    Gives (gradients, the norm before). The twin of `torch.nn.utils.clip_grad_norm_`.

    Raises UserError for a limit that is not above 0.
    """
    if not limit > 0:
        raise UserError(f"gradients are clipped to a norm of {limit}; it must be above 0")
    norm = torch.stack([gradient.norm() for gradient in gradients.values()]).norm()
    factor = (limit / (norm + 1e-6)).clamp(max=1.0)
    return {name: gradient * factor for name, gradient in gradients.items()}, norm


def _slope(cell: RNN, outputs: Tensor) -> Tensor:
    """The derivative of the activation, told by what it gave."""
    return 1 - outputs**2 if cell.activation == "tanh" else (outputs > 0).to(outputs.dtype)
