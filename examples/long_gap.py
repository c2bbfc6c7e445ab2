"""A long gap: which of four symbols came first, asked after noise? A plain RNN forgets, an LSTM keeps, and gradients say why.

    python examples/long_gap.py

Bengio et al. 1994; Hochreiter, Schmidhuber 1997; Pascanu et al. 2013 (clipping); Le et al. 2015 (identity start); Gers et al. 2002
(peepholes). The gradient of an answer by what was held some steps before is measured by hand (`models/sequence/bptt.py`) in a plain
RNN: it vanishes, explodes where weights are large, and stays where they begin as the identity. Clipping makes an exploding one a
step of bounded length.
Reached over a gap of 100, seed 0: RNN .23 of a chance of .25, from the identity 1, LSTM 1, with peepholes or without (63 s).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zerodojo.cli.example import Example, main
from zerodojo.cli.study_picture import COLOURS
from zerodojo.models.memory import Memory
from zerodojo.models.sequence.bptt import backward, clip_by_norm, hidden_states, norms_over_distance
from zerodojo.models.sequence.cells import LSTM, RNN, start_as_identity

SYMBOLS, INPUTS = 4, 6  # the symbols' places among the inputs, then noise, then the question
UNITS, BATCH, RATE, CLIP = 32, 64, 3e-3, 1.0
GAPS = (5, 20, 100)  # steps of noise between symbol and question


class Recall(nn.Module):
    """A memory over [N, T, 6], and which symbol it was: [N, 4]."""

    def __init__(self, kind: str, gap: int) -> None:
        super().__init__()
        self.memory = remembering(kind, gap)
        self.output = nn.Linear(UNITS, SYMBOLS)

    def forward(self, x: Tensor) -> Tensor:
        y, _ = self.memory(x)
        return self.output(y[:, -1])


def remembering(kind: str, gap: int) -> nn.Module:
    """What learns: PyTorch's fused kernels, which have no peepholes; an LSTM's gates begin so that they keep for the gap."""
    if kind.startswith("LSTM"):
        fused = Memory("lstm", INPUTS, UNITS, span=gap).cell
        if kind == "LSTM":
            return fused
        peeping = LSTM(INPUTS, UNITS, peephole=True)
        peeping.load_state_dict(peeping.state_dict() | fused.state_dict())
        return peeping
    cell = plain(kind)
    network = nn.RNN(INPUTS, UNITS, nonlinearity=cell.activation, batch_first=True)
    network.load_state_dict(cell.state_dict())
    return network


def plain(kind: str) -> RNN:
    """A plain RNN as it begins: as usual, as the identity, or with recurrent weights three times as large."""
    if kind == "RNN, identity":
        return start_as_identity(RNN(INPUTS, UNITS, activation="relu"))
    cell = RNN(INPUTS, UNITS)
    if kind == "RNN, large weights":
        with torch.no_grad():
            nn.init.orthogonal_(cell.weight_hh_l0).mul_(3.0)
    return cell


def drawn(gap: int, generator: np.random.Generator) -> tuple[Tensor, Tensor]:
    """A batch: (x [N, 2 + gap, 6], the symbols [N])."""
    x = np.zeros((BATCH, gap + 2, INPUTS), np.float32)
    symbols = generator.integers(0, SYMBOLS, BATCH)
    x[np.arange(BATCH), 0, symbols] = 1.0
    x[:, 1:-1, SYMBOLS] = generator.choice((-1.0, 1.0), (BATCH, gap))
    x[:, -1, SYMBOLS + 1] = 1.0
    return torch.from_numpy(x), torch.from_numpy(symbols)


def learned(kind: str, gap: int, steps: int, seed: int) -> float:
    """The accuracy after so many steps of learning, on 20 batches of its own."""
    torch.manual_seed(seed)
    generator = np.random.default_rng((seed, gap))
    network = Recall(kind, gap)
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    for _ in range(steps):
        x, symbols = drawn(gap, generator)
        loss = F.cross_entropy(network(x), symbols)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        optimizer.step()
    with torch.no_grad():
        batches = [drawn(gap, generator) for _ in range(20)]
        return float(torch.cat([network(x).argmax(1) == symbols for x, symbols in batches]).float().mean())


def gradient_norms(kind: str, x: Tensor) -> Tensor:
    """The mean norm of the gradient by what was held 0 to T steps before the answer, 1 at the answer: [T + 1]."""
    cell = plain(kind).double()
    states = hidden_states(cell, x, x.new_zeros(len(x), UNITS))
    upstream = F.normalize(torch.randn(len(x), UNITS, dtype=x.dtype), dim=1)
    return norms_over_distance(cell, states, upstream).mean(0)


def clipping(cell: RNN, x: Tensor) -> tuple[float, float]:
    """The norm of all gradients of the last output's square, by hand and before clipping, and behind it."""
    states = hidden_states(cell, x, x.new_zeros(len(x), UNITS))
    upstream = torch.zeros_like(states[:, 1:])
    upstream[:, -1] = 2 * states[:, -1] / states[:, -1].numel()
    clipped, before = clip_by_norm(backward(cell, x, states, upstream)[0], CLIP)
    return float(before), float(torch.stack([gradient.norm() for gradient in clipped.values()]).norm())


def run(example: Example) -> None:
    """Accuracy over gaps of four networks, then gradients over distance, and what clipping makes of one that explodes."""
    gaps, steps = example.choose(GAPS, GAPS[:1]), example.choose(600, 60)
    kinds = ("RNN", "RNN, identity", "LSTM", "LSTM, peepholes")
    accuracy = {kind: [learned(kind, gap, steps, example.seed) for gap in gaps] for kind in kinds}
    for kind, reached in accuracy.items():
        for gap, share in zip(gaps, reached, strict=True):
            bounds = {"LSTM": (0.99, None), "LSTM, peepholes": (0.99, None), "RNN": (None, 0.5)} if gap == GAPS[-1] else {}
            least, most = bounds.get(kind, (None, None))
            example.check(f"accuracy over a gap of {gap}, {kind}", share, at_least=least, at_most=most)

    torch.manual_seed(example.seed)
    x, _ = drawn(GAPS[-1], np.random.default_rng(example.seed))
    norms = {kind: gradient_norms(kind, x.double()) for kind in ("RNN", "RNN, large weights", "RNN, identity")}
    example.check("gradient 100 steps back, RNN", float(norms["RNN"][100]), at_most=1e-6)
    example.check("gradient 100 steps back, large weights", float(norms["RNN, large weights"][100]), at_least=1e6)
    example.check("gradient 100 steps back, identity", float(norms["RNN, identity"][100]), at_least=0.1, at_most=1.5)
    before, after = clipping(plain("RNN, large weights").double(), x.double())
    example.check("all gradients together, large weights", before, at_least=1e3)
    example.check("the same, clipped", after, at_most=CLIP)
    example.picture(lambda figure: draw(figure, gaps, accuracy, norms))


def draw(figure: Any, gaps: tuple[int, ...], accuracy: dict[str, list[float]], norms: dict[str, Tensor]) -> None:
    """Accuracy over the gap, and gradients over the distance."""
    recall, gradient = figure.subplots(1, 2)
    colours = dict(zip((*accuracy, "RNN, large weights"), COLOURS, strict=False))
    for width, (kind, reached) in zip(
        (1.5, 8, 4.5, 1.5), accuracy.items(), strict=True
    ):  # those that lie on each other are all seen
        recall.plot(gaps, reached, "o-", color=colours[kind], label=kind, linewidth=width, markersize=width + 3)
    recall.axhline(1 / SYMBOLS, color="#555555", linewidth=0.8, linestyle=":")
    recall.set(xlabel="steps between symbol and question", ylabel="accuracy (dotted: chance)", ylim=(0, 1.05), title="What is kept")
    recall.legend()
    for kind, norm in norms.items():
        gradient.semilogy(norm, color=colours[kind], label=kind)
    gradient.set(xlabel="steps before the answer", ylabel="norm of the gradient", title="What an answer can teach")
    gradient.legend()


if __name__ == "__main__":
    main(run, doc=__doc__, name="long_gap")
