"""Recurrent cells gate by gate beside PyTorch's kernels, and backpropagation through time by hand, full and truncated.

    python examples/gate_by_gate.py

Elman 1990; Hochreiter, Schmidhuber 1997; Cho et al. 2014; Schuster, Paliwal 1997; Werbos 1990; Williams, Peng 1990 (truncation).
The cells of `models/sequence/cells.py` say what the kernels do and give the same, forwards, in both directions, and in gradients.
Then a plain RNN learns, by gradients made by hand (`models/sequence/bptt.py`), to say what it was told some steps ago: it can where
gradients flow back so far, and cannot where they are cut before: what a fresh network happens to hold, it loses.
Reached, seed 0: cut into 4 steps .58 of a chance of .5, into 8 and 24 all; every difference at most 1e-14 (11 s).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from zerodojo.cli.example import Example, main
from zerodojo.cli.study_picture import COLOURS
from zerodojo.models.sequence.bptt import Gradients, backward, clip_by_norm, hidden_states
from zerodojo.models.sequence.cells import GRU, LSTM, RNN, Bidirectional, Recurrence

INPUTS, UNITS, ROWS, STEPS = 5, 7, 4, 12  # of what is compared
DELAY, SPANS, LONG, HELD, BATCH = 6, (4, 8, 24), 48, 32, 32  # what was said 6 steps ago; stretches that gradients flow back in


def apart(one: Tensor, other: Tensor) -> float:
    """The greatest difference."""
    return float((one - other).detach().abs().max())


def compared(cell: Recurrence, kernel: nn.RNNBase, x: Tensor) -> tuple[float, float]:
    """How far outputs, and gradients of their squares by all weights, are from the kernel's with the same weights."""
    kernel.load_state_dict(cell.state_dict())
    ours, theirs = cell(x)[0], kernel(x)[0]
    for y in (ours, theirs):
        y.square().sum().backward()
    weights = dict(kernel.named_parameters())
    gradients = [apart(weight.grad, weights[name].grad) for name, weight in cell.named_parameters()]  # type: ignore[arg-type]
    return apart(ours, theirs), max(gradients)


def both_ways(x: Tensor, lengths: Tensor) -> float:
    """The same of two cells that read rows of several lengths forwards and backwards, and the kernel on packed rows."""
    kernel = nn.LSTM(INPUTS, UNITS, batch_first=True, bidirectional=True).double()
    forwards, backwards = LSTM(INPUTS, UNITS).double(), LSTM(INPUTS, UNITS).double()
    for cell, ending in ((forwards, ""), (backwards, "_reverse")):
        cell.load_state_dict({name: kernel.get_parameter(f"{name}{ending}") for name in cell.state_dict()})
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    theirs, _ = pad_packed_sequence(kernel(packed)[0], batch_first=True)
    real = torch.arange(x.shape[1]) < lengths.unsqueeze(1)
    return apart(Bidirectional(forwards, backwards)(x, lengths)[real], theirs[real])


def by_hand(cell: RNN, output: nn.Linear, x: Tensor, wanted: Tensor, span: int | None) -> tuple[float, Gradients]:
    """The loss of saying what was wanted [N, T] (-1: nothing), and its gradient by all weights of cell and output."""
    states = hidden_states(cell, x, x.new_zeros(len(x), cell.units))
    logits = output(states[:, 1:]).detach().requires_grad_()
    loss = F.cross_entropy(logits.flatten(0, 1), wanted.flatten(), ignore_index=-1)
    (slope,) = torch.autograd.grad(loss, logits)  # of the softmax alone; all the rest is by hand
    gradients, _ = backward(cell, x, states, slope @ output.weight.detach(), span=span)
    flat, hidden = slope.flatten(0, 1), states[:, 1:].flatten(0, 1)
    return float(loss.detach()), gradients | {"output.weight": flat.T @ hidden, "output.bias": flat.sum(0)}


def drawn(generator: np.random.Generator) -> tuple[Tensor, Tensor]:
    """A batch of bits: (x [N, T, 1], 1 or -1, what was said `DELAY` steps ago [N, T])."""
    bits = torch.from_numpy(generator.integers(0, 2, (BATCH, LONG)))
    wanted = torch.full_like(bits, -1)
    wanted[:, DELAY:] = bits[:, :-DELAY]
    return (2.0 * bits - 1).unsqueeze(2), wanted


def learned(span: int, steps: int, seed: int) -> list[float]:
    """The share that is told rightly, every 20 steps of learning with gradients that flow back within stretches of `span`."""
    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    cell, output = RNN(1, HELD), nn.Linear(HELD, 2)
    weights = dict(cell.named_parameters()) | {f"output.{name}": weight for name, weight in output.named_parameters()}
    optimizer = torch.optim.Adam(weights.values(), lr=3e-3)
    curve = []
    for step in range(steps):
        x, wanted = drawn(generator)
        gradients, _ = clip_by_norm(by_hand(cell, output, x, wanted, span)[1], 1.0)
        for name, weight in weights.items():
            weight.grad = gradients[name]
        optimizer.step()
        if step % 20 == 19:
            with torch.no_grad():
                told = output(cell(x)[0]).argmax(2)
            curve.append(float((told == wanted)[:, DELAY:].float().mean()))
    return curve


def run(example: Example) -> None:
    """Cells beside kernels, gradients beside autograd's, and learning with gradients that are cut."""
    torch.manual_seed(example.seed)
    x = torch.randn(ROWS, STEPS, INPUTS, dtype=torch.float64)
    example.say("Gate by gate beside the kernel: greatest differences")
    kinds: tuple[tuple[str, Recurrence, nn.RNNBase], ...] = (
        ("RNN", RNN(INPUTS, UNITS), nn.RNN(INPUTS, UNITS, batch_first=True)),
        ("LSTM", LSTM(INPUTS, UNITS), nn.LSTM(INPUTS, UNITS, batch_first=True)),
        ("GRU", GRU(INPUTS, UNITS), nn.GRU(INPUTS, UNITS, batch_first=True)),
    )
    for name, cell, kernel in kinds:
        outputs, gradients = compared(cell.double(), kernel.double(), x)
        example.check(f"{name}: outputs", outputs, at_most=1e-12)
        example.check(f"{name}: gradients", gradients, at_most=1e-12)
    example.check("LSTM in both directions: outputs", both_ways(x, torch.tensor([12, 3, 7, 1])), at_most=1e-12)

    example.say("Backpropagation through time by hand")
    cell, output = RNN(1, UNITS).double(), nn.Linear(UNITS, 2).double()
    bits, wanted = drawn(np.random.default_rng(example.seed))
    y, _ = cell(bits.double())
    F.cross_entropy(output(y).flatten(0, 1), wanted.flatten(), ignore_index=-1).backward()  # type: ignore[no-untyped-call]
    _, ours = by_hand(cell, output, bits.double(), wanted, None)
    theirs = {name: weight.grad for name, weight in cell.named_parameters()} | {"output.weight": output.weight.grad}
    away = max(apart(ours[name], gradient) for name, gradient in theirs.items() if gradient is not None)
    example.check("off autograd's by", away, at_most=1e-12)

    example.say(f"What was said {DELAY} steps ago, told rightly after learning with gradients cut into stretches")
    curves = {}
    for span in SPANS:
        curve = curves[span] = learned(span, example.choose(600, 100), example.seed)
        long_enough = span > DELAY
        least, most = (example.choose(0.95, 0.85), None) if long_enough else (None, example.choose(0.7, 0.9))
        example.check(f"of {span} steps", sum(curve[-5:]) / 5, at_least=least, at_most=most)
    example.picture(lambda figure: draw(figure, curves))


def draw(figure: Any, curves: dict[int, list[float]]) -> None:
    """The share told rightly over the steps of learning."""
    axes = figure.subplots()
    for colour, (span, curve) in zip(COLOURS, curves.items(), strict=False):
        axes.plot([20 * (i + 1) for i in range(len(curve))], curve, color=colour, label=f"gradients over {span} steps")
    axes.axhline(0.5, color="#555555", linewidth=0.8, linestyle=":")
    axes.set(xlabel="steps of learning", ylabel="told rightly (dotted: chance)", ylim=(0.4, 1.02))
    axes.set_title(f"Saying what was said {DELAY} steps ago")
    axes.legend(loc="center right")


if __name__ == "__main__":
    main(run, doc=__doc__, name="gate_by_gate")
