"""From step-by-step probabilities to sentences: greedy and beam search over anything that has a step.

A step is `step(tokens [N], state) -> (log-probabilities [N, V], state)`; a state is a dict of tensors whose first dimension is the
N sentences, so that a search can keep, drop and double them.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ...errors import UserError
from .tokens import END, PAD

State = dict[str, Tensor]
Step = Callable[[Tensor, State], tuple[Tensor, State]]


def length_penalty(lengths: Tensor, alpha: float) -> Tensor:
    """((5 + length) / 6) ** alpha, by which a sentence's log-probability is divided (Wu et al. 2016, equation 14)."""
    return ((5 + lengths) / 6) ** alpha


def greedy(step: Step, state: State, first: Tensor, *, steps: int, end: int = END) -> tuple[Tensor, Tensor]:
    """Always the likeliest token: (tokens [N, T], log-probabilities [N]), T at most `steps`; behind `end` stands PAD.

    `first` [N] is what each sentence begins with; it is not given back. Raises UserError for fewer than one step.
    """
    _check(steps, 1)
    token, chosen = first, []
    score, running = torch.zeros(len(first), device=first.device), torch.ones_like(first, dtype=torch.bool)
    for _ in range(steps):
        log_probabilities, state = step(token, state)
        best, token = log_probabilities.max(1)
        score = score + best.masked_fill(~running, 0.0)
        token = token.masked_fill(~running, PAD)
        chosen.append(token)
        running = running & (token != end)
        if not running.any():
            break
    return torch.stack(chosen, dim=1), score


def beam_search(
    step: Step, state: State, first: Tensor, *, steps: int, width: int, alpha: float = 0.0, end: int = END
) -> tuple[Tensor, Tensor]:
    """The `width` best sentences found by keeping `width` beginnings at every step: (tokens [N, width, T], scores [N, width]).

    Best first; a score is the log-probability over the length penalty, and -inf where there are fewer sentences. A sentence that
    has ended keeps its place among the beginnings until better ones push it out. Behind `end` stands PAD; `first` [N] is not given
    back. Width 1 is `greedy`; a width that nothing is pushed out of is exhaustive.

    Raises UserError for fewer than one step or beginning.
    """
    _check(steps, width)
    n = len(first)
    rows = torch.arange(n, device=first.device).unsqueeze(1)
    state = {name: part.repeat_interleave(width, dim=0) for name, part in state.items()}
    token = first.repeat_interleave(width)
    tokens = torch.empty(n, width, 0, dtype=torch.long, device=first.device)
    total = torch.full((n, width), -torch.inf, device=first.device)  # log-probabilities
    total[:, 0] = 0.0  # all beginnings are still the same one
    lengths, running = torch.zeros_like(total), torch.ones_like(total, dtype=torch.bool)
    for _ in range(steps):
        log_probabilities, state = step(token, state)
        size = log_probabilities.shape[1]
        after = total.unsqueeze(2) + torch.where(
            running.unsqueeze(2), log_probabilities.view(n, width, size), _ended(size, first.device)
        )
        grown = lengths + running
        score = after / length_penalty(grown, alpha).unsqueeze(2)
        best = score.flatten(1).topk(width, dim=1).indices
        parent, token = best // size, best % size
        total = after.flatten(1).gather(1, best)
        lengths, running = grown.gather(1, parent), running.gather(1, parent)
        token = token.masked_fill(~running, PAD)
        tokens = torch.cat([tokens.gather(1, parent.unsqueeze(2).expand(-1, -1, tokens.shape[2])), token.unsqueeze(2)], dim=2)
        running = running & (token != end)
        state = {name: part[(rows * width + parent).flatten()] for name, part in state.items()}
        token = token.flatten()
        if not running.any():
            break
    score = total / length_penalty(lengths, alpha)
    order = score.argsort(dim=1, descending=True, stable=True)
    return tokens.gather(1, order.unsqueeze(2).expand_as(tokens)), score.gather(1, order)


def _ended(size: int, device: torch.device) -> Tensor:
    """What follows the end of a sentence: one PAD, for sure."""
    only = torch.full((size,), -torch.inf, device=device)
    only[PAD] = 0.0
    return only


def _check(steps: int, width: int) -> None:
    if steps < 1 or width < 1:
        raise UserError(f"a search over {steps} steps with {width} beginnings finds nothing; both must be at least 1")
