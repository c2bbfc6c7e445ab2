"""Cells gate by gate: equal to PyTorch's fused kernels, in outputs and gradients; peepholes by hand and by ONNX Runtime."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from zerodojo.errors import UserError
from zerodojo.models.counting import parameters
from zerodojo.models.sequence.cells import GRU, LSTM, RNN, Bidirectional, reverse, start_as_identity

N, T, F, H = 3, 7, 4, 5
PAIRS = {
    "rnn": (lambda: RNN(F, H), lambda: nn.RNN(F, H, batch_first=True)),
    "relu": (lambda: RNN(F, H, activation="relu"), lambda: nn.RNN(F, H, nonlinearity="relu", batch_first=True)),
    "lstm": (lambda: LSTM(F, H), lambda: nn.LSTM(F, H, batch_first=True)),
    "gru": (lambda: GRU(F, H), lambda: nn.GRU(F, H, batch_first=True)),
}


@pytest.fixture(autouse=True)
def _doubles():
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("kind", PAIRS)
def test_a_cell_equals_the_fused_kernel_in_outputs_and_gradients(kind):
    cell, fused = (make() for make in PAIRS[kind])
    cell.load_state_dict(fused.state_dict())
    x, upstream = torch.randn(N, T, F, requires_grad=True), torch.randn(N, T, H)
    state = {name: torch.randn(N, H) for name in cell.names}
    held = tuple(part.unsqueeze(0) for part in state.values())
    y, after = cell(x, state)
    expected, last = fused(x, held if len(held) > 1 else held[0])
    last = last if isinstance(last, tuple) else (last,)
    torch.testing.assert_close(y, expected, rtol=0, atol=1e-12)
    for part, other in zip(after.values(), last, strict=True):
        torch.testing.assert_close(part, other[0], rtol=0, atol=1e-12)
    ours = torch.autograd.grad(y, [x, *cell.parameters()], upstream)
    theirs = torch.autograd.grad(expected, [x, *fused.parameters()], upstream)
    for gradient, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(gradient, other, rtol=0, atol=1e-12)


def test_sizes():
    assert [parameters(make(10, 20)) for make in (LSTM, GRU, RNN)] == [2560, 1920, 640]
    assert parameters(LSTM(10, 20, peephole=True)) == 2560 + 60


@pytest.mark.parametrize("cell", [lambda: RNN(F, H), lambda: LSTM(F, H, peephole=True), lambda: GRU(F, H)])
def test_where_an_episode_starts_the_state_is_forgotten(cell):
    cell = cell()
    x, starts = torch.randn(2, T, F), torch.zeros(2, T, dtype=torch.bool)
    starts[1, 3] = True
    y, _ = cell(x, {name: torch.randn(2, H) for name in cell.names}, starts)
    fresh, _ = cell(x[1:, 3:])
    torch.testing.assert_close(y[1:, 3:], fresh)


def test_peepholes_of_zero_are_none():
    peeping, plain = LSTM(F, H, peephole=True), nn.LSTM(F, H, batch_first=True)
    peeping.load_state_dict({**plain.state_dict(), "peephole": torch.zeros(3, H)})
    x = torch.randn(N, T, F)
    torch.testing.assert_close(peeping(x)[0], plain(x)[0], rtol=0, atol=1e-12)


def test_peepholes_by_hand():
    """One unit whose only input to its gates is the cell: i and f see the one before, o the one behind."""
    cell = LSTM(1, 1, peephole=True)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.zero_()
        cell.bias_ih_l0[2] = 0.5
        cell.peephole[:] = torch.tensor([[1.0], [2.0], [3.0]])
        after = cell.step(torch.zeros(1, 1), {"hidden": torch.zeros(1, 1), "cell": torch.full((1, 1), 0.7)})

    def sigmoid(value):
        return 1 / (1 + math.exp(-value))

    expected = sigmoid(2 * 0.7) * 0.7 + sigmoid(0.7) * math.tanh(0.5)
    assert float(after["cell"]) == pytest.approx(expected, abs=1e-12)
    assert float(after["hidden"]) == pytest.approx(sigmoid(3 * expected) * math.tanh(expected), abs=1e-12)


def test_peepholes_equal_those_of_onnx():
    runtime = pytest.importorskip("onnxruntime", reason="it has an LSTM with peepholes (extra `test`); PyTorch has none")
    onnx = pytest.importorskip("onnx", reason="it writes the graph that ONNX Runtime runs (extra `test`)")
    cell = LSTM(F, H, peephole=True).float()
    order = [0, 3, 1, 2]  # ONNX: input, output, forget, cell

    def gates(tensor):
        return torch.cat([tensor.detach().chunk(4)[gate] for gate in order])

    feeds = {
        "X": torch.randn(T, N, F, dtype=torch.float32),
        "W": gates(cell.weight_ih_l0)[None],
        "R": gates(cell.weight_hh_l0)[None],
        "B": torch.cat([gates(cell.bias_ih_l0), gates(cell.bias_hh_l0)])[None],
        "P": cell.peephole.detach()[[0, 2, 1]].reshape(1, -1),  # ONNX: input, output, forget
    }
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    node = helper.make_node("LSTM", ["X", "W", "R", "B", "", "", "", "P"], ["Y"], hidden_size=H)
    inputs = [helper.make_tensor_value_info(name, kind, list(feed.shape)) for name, feed in feeds.items()]
    graph = helper.make_graph([node], "lstm", inputs, [helper.make_tensor_value_info("Y", kind, [T, 1, N, H])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (theirs,) = session.run(None, {name: feed.numpy() for name, feed in feeds.items()})
    ours, _ = cell(feeds["X"].transpose(0, 1))
    np.testing.assert_allclose(ours.detach().numpy(), theirs[:, 0].transpose(1, 0, 2), atol=1e-6)


def test_begun_as_identity_it_holds_what_it_has():
    cell = start_as_identity(RNN(F, H, activation="relu"))
    held = torch.rand(1, H)
    y, _ = cell(torch.zeros(1, 200, F), {"hidden": held})
    torch.testing.assert_close(y[:, -1], held, rtol=0, atol=0)
    y, _ = start_as_identity(cell, scale=0.5)(torch.zeros(1, 3, F), {"hidden": held})
    torch.testing.assert_close(y[:, -1], held / 8)


def test_reversal_keeps_the_padding_in_its_place():
    x = torch.tensor([[1, 2, 3, 0], [4, 5, 6, 7]])
    assert reverse(x, torch.tensor([3, 4])).tolist() == [[3, 2, 1, 0], [7, 6, 5, 4]]
    assert reverse(x).tolist() == [[0, 3, 2, 1], [7, 6, 5, 4]]


def test_both_directions_are_two_runs_and_equal_pytorchs_packed_ones():
    fused = nn.LSTM(F, H, batch_first=True, bidirectional=True)
    both = Bidirectional(LSTM(F, H), LSTM(F, H))
    weights = fused.state_dict()
    both.forwards.load_state_dict({name: tensor for name, tensor in weights.items() if "reverse" not in name})
    both.backwards.load_state_dict({n.removesuffix("_reverse"): tensor for n, tensor in weights.items() if "reverse" in n})
    x, lengths = torch.randn(N, T, F), torch.tensor([4, 7, 1])
    packed, _ = fused(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
    expected, _ = pad_packed_sequence(packed, batch_first=True)
    real = (torch.arange(T) < lengths[:, None]).unsqueeze(2)
    torch.testing.assert_close(both(x, lengths) * real, expected, rtol=0, atol=1e-12)
    alone = torch.cat([both.forwards(x[:1, :4])[0], both.backwards(x[:1, :4].flip(1))[0].flip(1)], dim=2)
    torch.testing.assert_close(both(x, lengths)[:1, :4], alone)


def test_bad_input_is_refused_in_one_line():
    with pytest.raises(UserError, match=r"RNN reads sequences \[N, T, 4\], and got \[3, 7, 2\]"):
        RNN(F, H)(torch.zeros(N, T, 2))
    with pytest.raises(UserError, match="unknown activation 'sigmoid'"):
        RNN(F, H, activation="sigmoid")
