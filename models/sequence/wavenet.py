"""WaveNet (van den Oord et al. 2016): dilated causal convolutions with gates, for sound and as a memory (`wavenet` in
`models.memory`).

Its receptive field is (kernel - 1) * (sum of dilations) + 1 steps: 1,024 for kernels of 2 and dilations of 1, 2, 4 to 512.
What came before is a state, so that one step at a time equals the whole sequence at once. The first convolution is a table of
vectors and reaches over one step, where the paper's may reach further.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...errors import UserError
from ..checks import check_counts, check_step, check_stretch, check_tokens

State = dict[str, Tensor]


def receptive_field(dilations: Sequence[int], kernel: int = 2) -> int:
    """How many steps an output sees, itself among them."""
    return (kernel - 1) * sum(dilations) + 1


class CausalConv(nn.Module):
    """A dilated convolution over time that sees the past only, and nothing of an earlier episode."""

    def __init__(self, inputs: int, outputs: int, kernel: int, dilation: int) -> None:
        super().__init__()
        self.reach, self.dilation = (kernel - 1) * dilation, dilation
        bound = 1 / math.sqrt(inputs * kernel)
        self.weight = nn.Parameter(torch.empty(outputs, inputs, kernel).uniform_(-bound, bound))  # as `torch.nn.Conv1d` has it
        self.bias = nn.Parameter(torch.empty(outputs).uniform_(-bound, bound))

    def forward(self, x: Tensor, past: Tensor, episode: Tensor) -> Tensor:
        """x [N, T, inputs], the `reach` steps before it, which episode each of the steps of both is in -> [N, T, outputs]."""
        steps, whole = x.shape[1], torch.cat([past, x], dim=1)
        y: Tensor = self.bias
        for tap in range(self.weight.shape[2]):
            begin = tap * self.dilation
            same = (episode[:, begin : begin + steps] == episode[:, self.reach :]).unsqueeze(2)
            y = y + (whole[:, begin : begin + steps] * same) @ self.weight[:, :, tap].T
        return y


class DilatedStack(nn.Module):
    """Gated layers with residual and skip connections (sections 2.3 and 2.4): [N, T, channels] -> [N, T, skip].

    Keeps the contract of sequence backbones; the state is what each layer needs of the past, [N, reach * channels] by layer.
    """

    def __init__(self, channels: int, skip: int, dilations: Sequence[int], kernel: int = 2) -> None:
        """Raises UserError for no layers, or a kernel below 2."""
        super().__init__()
        if not dilations or min(dilations) < 1 or kernel < 2:
            raise UserError(f"wavenet needs dilations of 1 at least and a kernel of 2, not {list(dilations)} and {kernel}")
        self.channels = channels
        self.names = tuple(f"layer_{i}" for i in range(len(dilations)))
        self.convs = nn.ModuleList(CausalConv(channels, 2 * channels, kernel, dilation) for dilation in dilations)
        self.residuals = nn.ModuleList(nn.Linear(channels, channels) for _ in dilations[1:])  # nobody reads the last layer's
        self.skips = nn.ModuleList(nn.Linear(channels, skip) for _ in dilations)
        self.receptive_field = receptive_field(dilations, kernel)

    def initial_state(self, n: int) -> State:
        """That of n sequences that begin: silence."""
        make = next(self.parameters()).new_zeros
        return {name: make(n, self._reach(i) * self.channels) for i, name in enumerate(self.names)}

    def forward(self, x: Tensor, state: State, starts: Tensor) -> tuple[Tensor, State]:
        """x [N, T, channels], the state before them, starts [N, T] -> (the sum of the skips [N, T, skip], the state behind)."""
        check_stretch("wavenet", x, state, starts)
        steps, episode = x.shape[1], starts.cumsum(1)
        after: State = {}
        total: Tensor | None = None
        for i, (conv, skip) in enumerate(zip(self.convs, self.skips, strict=True)):
            reach = self._reach(i)
            past = state[f"layer_{i}"].view(-1, reach, self.channels)
            all_episodes = torch.cat([episode.new_zeros(len(x), reach), episode], dim=1)
            lasting = (all_episodes[:, -reach:] == episode[:, -1:]).unsqueeze(2)
            after[f"layer_{i}"] = (torch.cat([past, x], dim=1)[:, steps:] * lasting).flatten(1)
            signal, gate = conv(x, past, all_episodes).chunk(2, dim=2)
            gated = torch.tanh(signal) * torch.sigmoid(gate)
            total = skip(gated) if total is None else total + skip(gated)
            if i < len(self.residuals):
                x = x + self.residuals[i](gated)
        assert total is not None
        return total, after

    def _reach(self, layer: int) -> int:
        return int(self.convs[layer].reach)  # type: ignore[arg-type]


class WaveNetMemory(nn.Module):
    """The stack as a memory of agents: it sees `span` steps back at least, with dilations of 1, 2, 4 and so on."""

    def __init__(self, inputs: int, units: int, *, span: int = 32) -> None:
        super().__init__()
        self.units = units
        self.inward = nn.Linear(inputs, units)
        self.stack = DilatedStack(units, units, [2**i for i in range(max(1, math.ceil(math.log2(span + 1))))])
        self.names = self.stack.names

    def initial_state(self, n: int) -> State:
        """That of n episodes that begin."""
        return self.stack.initial_state(n)

    def forward(self, x: Tensor, state: State, starts: Tensor) -> tuple[Tensor, State]:
        """x [N, T, F], the state before them, starts [N, T] -> (y [N, T, units], the state behind)."""
        y, state = self.stack(self.inward(x), state, starts)
        return torch.relu(y), state


class WaveNet(nn.Module):
    """Classes of sound to the logits of the next one."""

    def __init__(self, classes: int, channels: int, skip: int, dilations: Sequence[int], kernel: int) -> None:
        super().__init__()
        self.classes = classes
        self.embedding = nn.Embedding(classes, channels)
        self.stack = DilatedStack(channels, skip, dilations, kernel)
        self.head = nn.Sequential(nn.ReLU(), nn.Linear(skip, skip), nn.ReLU(), nn.Linear(skip, classes))

    def initial_state(self, n: int) -> State:
        """That of n sounds that begin."""
        return self.stack.initial_state(n)

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """tokens [N, T], the state before them (None: silence) -> (logits of what follows each [N, T, classes], the state).

        Raises UserError for anything but ids of classes.
        """
        check_tokens("wavenet", tokens, vocabulary=self.classes)
        state = self.initial_state(len(tokens)) if state is None else state
        y, state = self.stack(self.embedding(tokens), state, torch.zeros_like(tokens, dtype=torch.bool))
        return self.head(y), state

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """tokens [N] -> (log-probabilities of the next ones [N, classes], state), as `decoding` wants it."""
        check_step("wavenet", tokens, state)
        logits, state = self(tokens.unsqueeze(1), state)
        return logits.squeeze(1).log_softmax(1), state


def mu_law_encode(x: Tensor, classes: int = 256) -> Tensor:
    """Sound in [-1, 1] to classes, fine where it is quiet (section 2.2; ITU-T G.711)."""
    mu = classes - 1
    squeezed = x.clamp(-1, 1).sign() * torch.log1p(mu * x.clamp(-1, 1).abs()) / math.log1p(mu)
    return ((squeezed + 1) / 2 * mu + 0.5).long()


def mu_law_decode(tokens: Tensor, classes: int = 256) -> Tensor:
    """Classes back to sound in [-1, 1]."""
    mu = classes - 1
    squeezed = 2 * tokens / mu - 1
    return squeezed.sign() * torch.expm1(squeezed.abs() * math.log1p(mu)) / mu


def wavenet(
    *, num_classes: int = 256, channels: int = 64, skip: int = 256, blocks: int = 3, doublings: int = 10, kernel: int = 2
) -> WaveNet:
    """`blocks` times the dilations 1, 2, 4 to 2 ** (doublings - 1). The paper tells no widths; 3 blocks see 3,070 steps.

    Raises UserError for a size below 1, or a kernel below 2.
    """
    check_counts("wavenet", least=2, kernel=kernel)
    check_counts("wavenet", num_classes=num_classes, channels=channels, skip=skip, blocks=blocks, doublings=doublings)
    return WaveNet(num_classes, channels, skip, [2**i for i in range(doublings)] * blocks, kernel)
