"""A Decision Transformer acts: it is asked for a return, and does what was done where so much was still to be gained."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from ...envs.gym.spaces import Actions, ActionSpace, Observations
from ...models.sequence.decision_transformer import DecisionTransformer, imagine, imagined
from ...models.sequence.decoding import beam_search
from ..gym.policy import Extras, State
from ..parts.distributions import sample_choices
from .config import DecisionTransformerSettings
from .learning import Scales

NOTHING_YET, NEVER = -1, -2  # the token before an imagined sequence; the one that would end it
OWN = ("asked", "time", "before")  # what is remembered beside the network's cache


class DecisionPolicy:
    """Asks for one return of every episode. Environments do not tell a policy what they pay: what it has got by now is what the
    network foresaw of its actions."""

    def __init__(
        self,
        network: DecisionTransformer,
        scales: Scales,
        space: ActionSpace,
        *,
        asked: float,
        settings: DecisionTransformerSettings,
    ) -> None:
        self._network, self._scales, self._space = network, scales, space
        self._asked, self._beam, self._horizon = asked / scales.total, settings.beam, settings.horizon

    def initial_state(self, n: int) -> State:
        """As `Policy` says: the cache of the steps so far, what is still asked, how many there were, and the last action."""
        state = {name: part.numpy() for name, part in self._network.initial_state(n).items()}
        state["asked"] = np.full((n, 1), self._asked, np.float32)
        state["time"] = np.zeros((n, 1), np.float32)
        state["before"] = np.zeros((n, self._network.actions), np.float32)
        return state

    @torch.no_grad()
    def act(
        self,
        observation: Observations,
        state: State,
        *,
        starts: NDArray[np.bool_],
        mask: NDArray[np.bool_] | None,
        deterministic: bool,
        generator: np.random.Generator,
    ) -> tuple[Actions, State, Extras]:
        """As `Policy` says. Only the likeliest action (`deterministic`) is searched for by a beam; one drawn is drawn at once."""
        if starts.any():
            fresh = self.initial_state(len(starts))
            state = {name: np.where(starts.reshape(-1, *[1] * (part.ndim - 1)), fresh[name], part) for name, part in state.items()}
        now = {name: torch.from_numpy(part) for name, part in state.items()}
        cache = {name: part for name, part in now.items() if name not in OWN}
        seen = torch.from_numpy((observation - self._scales.mean) / self._scales.std)
        decided, cache = self._network(now["asked"], seen[:, None], now["before"][:, None], now["time"], cache)
        if deterministic and self._beam > 1 and mask is None:
            standing = imagined(now["asked"][:, 0], seen, now["time"][:, 0], decided, cache)
            first = torch.full((len(seen),), NOTHING_YET)
            step = partial(imagine, self._network)
            sequences, _ = beam_search(step, standing, first, steps=self._horizon, width=self._beam, end=NEVER)
            action = sequences[:, 0, 0].numpy()
        else:
            action = sample_choices(decided.logits[:, 0].numpy(), self._space, mask, None if deterministic else generator)
        chosen = torch.from_numpy(action)
        paid = decided.reward[torch.arange(len(chosen)), 0, chosen].unsqueeze(1)
        after = cache | {
            "asked": now["asked"] - paid,
            "time": now["time"] + 1,
            "before": F.one_hot(chosen, self._network.actions).float(),
        }
        return action, {name: part.numpy() for name, part in after.items()}, {}
