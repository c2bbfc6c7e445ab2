"""Decisions as a sequence (Chen et al. 2021, section 3): what is still to be gained, what is seen, and what was done, as one text.

A step is three tokens: the action before it, the return that is asked of it and all that follow, and what is seen; the action is
read off the last of them. As the paper's code has it the network also foresees, here for each action: the reward, and the change of
what is seen. So a beam search can write on from an imagined step.

Each layer looks back `span` steps at most, and the cache holds as many: steps one by one equal the whole episode at once. Places
are told by sinusoids and not by learned vectors, so that an episode may be as long as it likes.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ...errors import UserError
from ..checks import check_counts, check_dropout, check_floats, check_positive
from .decoding import State
from .transformer import CausalTransformer
from .transformer_blocks import sinusoids

TOKENS = 3  # of one step


class Decided(NamedTuple):
    """What is said of each step."""

    logits: Tensor  # [N, T, A], of the action
    reward: Tensor  # [N, T, A], of each
    change: Tensor  # [N, T, A, F], of what is seen, from this step to the next


class DecisionTransformer(nn.Module):
    """Returns asked for, observations and actions to the next action."""

    def __init__(
        self,
        observation: int,
        actions: int,
        size: int,
        heads: int,
        hidden: int,
        layers: int,
        span: int,
        dropout: float,
        *,
        reward_unit: float,
    ) -> None:
        super().__init__()
        self.observation, self.actions, self.span, self.reward_unit = observation, actions, span, reward_unit
        self._shape = (heads, TOKENS * span, size // heads)
        self._layers = layers
        self.before = nn.Linear(actions, size)
        self.asked = nn.Linear(1, size)
        self.seen = nn.Linear(observation, size)
        self.norm, self.dropout = nn.LayerNorm(size), nn.Dropout(dropout)
        self.body = CausalTransformer(size, heads, hidden, layers, dropout)
        self.output = nn.Linear(size, actions * (2 + observation))

    def initial_state(self, n: int) -> State:
        """That of n episodes that begin: room for keys and values of `span` steps, and how many of them there are, [N, 1]."""
        weight = self.output.weight
        names = (f"{what}_{i}" for i in range(self._layers) for what in ("keys", "values"))
        return {name: weight.new_zeros(n, *self._shape) for name in names} | {"past": weight.new_zeros(n, 1)}

    def forward(
        self, asked: Tensor, seen: Tensor, before: Tensor, time: Tensor, state: State | None = None
    ) -> tuple[Decided, State]:
        """Returns asked for [N, T], what is seen [N, T, F], the actions before it as one-hot numbers [N, T, A] (zeros at the
        beginning), the steps' numbers in their episodes [N, T], the state of earlier steps -> (what is said, the state).

        Raises UserError for other shapes.
        """
        check_floats("decision_transformer", returns=asked, observations=seen, actions=before)
        wanted = [asked.shape, (*asked.shape, self.observation), (*asked.shape, self.actions)]
        if asked.dim() != 2 or not asked.shape[1] or [time.shape, seen.shape, before.shape] != wanted:
            raise UserError(
                f"decision_transformer reads observations [N, T, {self.observation}] and actions [N, T, {self.actions}] for "
                f"returns and times [N, T], and got {list(seen.shape)} and {list(before.shape)} for {list(asked.shape)} and "
                f"{list(time.shape)}"
            )
        n, t = asked.shape
        state = self.initial_state(n) if state is None else state
        parts = torch.stack([self.before(before), self.asked(asked.unsqueeze(2)), self.seen(seen)], dim=2)  # [N, T, 3, D]
        parts = parts + sinusoids(time.flatten(), parts.shape[3]).view(n, t, 1, parts.shape[3])
        x = self.dropout(self.norm(parts.flatten(1, 2)))
        cache = {name: part for name, part in state.items() if name != "past"}
        y, grown = self.body(x, cache, self._looking(t, state["past"]))
        room = TOKENS * self.span
        after = {name: part[:, :, -room:] for name, part in grown.items()}
        after["past"] = (state["past"] + t).clamp(max=self.span)
        told = self.output(y[:, TOKENS - 1 :: TOKENS]).unflatten(2, (self.actions, -1))
        return Decided(told[..., 0], told[..., 1] * self.reward_unit, told[..., 2:]), after

    def _looking(self, steps: int, past: Tensor) -> Tensor:
        """What each token may look at, [N, 3 T, 3 (span + T)]: its own step and the `span` before it, as far as they are there."""
        at = torch.arange(-self.span, steps, device=past.device).repeat_interleave(TOKENS)  # steps, this stretch beginning at 0
        near = at[TOKENS * self.span :].unsqueeze(1) - at <= self.span
        return near & (at >= -past.unsqueeze(2))


def imagine(network: DecisionTransformer, tokens: Tensor, state: State) -> tuple[Tensor, State]:
    """A step of a beam search (`decoding`): actions [N] -> (log-probabilities of the ones behind them [N, A], state).

    `imagined` makes the state; the first step takes tokens below 0, for what is chosen first is told already.
    """
    if int(tokens[0]) >= 0:
        rows = torch.arange(len(tokens), device=tokens.device)
        seen = state["seen"] + state["change"][rows, tokens]
        asked, time = state["asked"] - state["reward"][rows, tokens], state["time"] + 1
        before = nn.functional.one_hot(tokens, network.actions).to(seen.dtype)
        cache = {name: part for name, part in state.items() if name not in _OF_THE_MOMENT}
        decided, cache = network(asked[:, None], seen[:, None], before[:, None], time[:, None], cache)
        state = imagined(asked, seen, time, decided, cache)
    return state["logits"].log_softmax(1), state


def imagined(asked: Tensor, seen: Tensor, time: Tensor, decided: Decided, cache: State) -> State:
    """Where a beam search stands at a step [N, ...] of which this was decided, the cache with it."""
    last = Decided(*(part[:, -1] for part in decided))
    return cache | {"asked": asked, "seen": seen, "time": time, **last._asdict()}


_OF_THE_MOMENT = ("asked", "seen", "time", *Decided._fields)


def decision_transformer(
    *,
    observation: int = 17,
    actions: int = 6,
    size: int = 128,
    heads: int = 1,
    hidden: int = 512,
    layers: int = 3,
    span: int = 20,
    dropout: float = 0.1,
    reward_unit: float = 1.0,
) -> DecisionTransformer:
    """The sizes of the paper's Gym experiments (table 9). `reward_unit` is the size of a reward where the largest return is 1.

    Raises UserError for a size that is not a whole number above 0, one that heads do not divide, a dropout that is no share, or a
    unit that is not above 0.
    """
    counts = {"observation": observation, "actions": actions, "size": size, "heads": heads, "hidden": hidden}
    check_counts("decision_transformer", **counts, layers=layers, span=span)
    check_positive("decision_transformer", reward_unit=reward_unit)
    check_dropout("decision_transformer", dropout)
    return DecisionTransformer(observation, actions, size, heads, hidden, layers, span, dropout, reward_unit=reward_unit)
