"""The engines on OpenVINO: bf16, and int8 by post-training quantisation. `prepare` makes them; openvino is imported with the first.

The graph is built straight from the weights, and its ranges are plain minima and maxima: a new version comes every few seconds, and
tracing it and quantising with NNCF takes five times as long, for less agreement with fp32 (docs/results.md). Only a few layers are
known: those that board networks are made of.
"""

from __future__ import annotations

import operator
import sys
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import fx, nn

from .. import hardware
from ..network import PolicyValueNetwork
from .engine import EngineUnavailable, FixedShapeEngine, Floats
from .torch_engine import fold, torch_threads

TINY = 1e-6  # the least range of an 8-bit scale: a dead filter has none of its own
WORK = 2e8  # multiplications a submission and thread: with 64x5, 16 rows are as fast as 512 (measured)


class OpenVINOEngine(FixedShapeEngine):
    """One compiled graph of a fixed shape, one request, its input and outputs shared with numpy."""

    def __init__(self, name: str, network: PolicyValueNetwork, rows: Floats, *, batch: int, threads: int, precision: str) -> None:
        """`rows` [R, C, H, W] are real positions: int8 takes the ranges of activations from them.

        Raises EngineUnavailable without openvino, for a layer not known here, or where the processor lacks the instructions.
        """
        if not (hardware.has_int8() if precision == "int8" else hardware.has_bf16()):
            raise EngineUnavailable(f"needs a processor with {precision} instructions")
        openvino = import_openvino()
        super().__init__(name, network, batch=batch, threads=threads, work=WORK)
        traced = fx.symbolic_trace(fold(network))
        ranges = activation_ranges(traced, rows, threads) if precision == "int8" else {}
        model = _Builder(traced, ranges, self._input.shape).model()
        settings = {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "ENABLE_CPU_PINNING": False,  # workers beside each other would be pinned to the same cores
            "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",  # of what is not quantised
        }
        self._request = openvino.Core().compile_model(model, "CPU", settings).create_infer_request()
        self._request.set_input_tensor(openvino.Tensor(self._input, shared_memory=True))
        self._outputs = [self._request.get_output_tensor(i) for i in range(2)]

    def _run(self) -> tuple[Floats, Floats]:
        self._request.infer()
        return self._outputs[0].data, self._outputs[1].data


def import_openvino() -> ModuleType:
    """The openvino module, imported so that it reports to nobody. Raises EngineUnavailable without it.

    Its import alone would send a message from a forked process and write into the home directory; where its telemetry package is
    not installed it does neither, so that package is hidden meanwhile.
    """
    hidden = "openvino_telemetry" not in sys.modules
    if hidden:
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    try:
        import openvino
    except ImportError as error:
        raise EngineUnavailable(f"needs openvino, which cannot be imported ({error})") from None
    finally:
        if hidden:
            del sys.modules["openvino_telemetry"]
    return openvino


def activation_ranges(traced: fx.GraphModule, rows: Floats, threads: int) -> dict[str, tuple[float, float]]:
    """The least and greatest value, over real positions, of every tensor that is quantised: what convolutions and sums take in."""
    ranges: dict[str, tuple[float, float]] = {}
    quantised = {source.name for node in traced.graph.nodes if quantises(traced, node) for source in node.all_input_nodes}

    class Observer(fx.Interpreter):
        def run_node(self, n: fx.Node) -> Any:
            value = super().run_node(n)
            if n.name in quantised:
                low, high = torch.aminmax(value)
                ranges[n.name] = (float(low), float(high))
            return value

    with torch.inference_mode(), torch_threads(threads):
        Observer(traced).run(torch.from_numpy(rows).contiguous(memory_format=torch.channels_last))
    return ranges


def quantises(traced: fx.GraphModule, node: fx.Node) -> bool:
    """Convolutions are computed in 8 bits, and the sums of residual blocks that OpenVINO fuses with them; the small rest is not."""
    if node.op == "call_module":
        return isinstance(traced.get_submodule(str(node.target)), nn.Conv2d)
    return node.target is operator.add


def filter_bounds(weight: torch.Tensor) -> torch.Tensor:
    """How far the 8-bit grid of each filter reaches, both ways, of weights [filters, ...]; as many dimensions as they have."""
    return weight.detach().abs().amax(tuple(range(1, weight.dim())), keepdim=True).clamp(min=TINY)


def activation_ends(low: float, high: float) -> tuple[float, float]:
    """Where the 8-bit grid of a map ends whose numbers lie between these: it has a point at 0."""
    bound = max(-low, high, TINY)
    return (0.0, bound) if low >= 0 else (-bound * 128 / 127, bound)


class _Builder:
    """Walks a traced, folded network in order and makes the OpenVINO operation of every node."""

    def __init__(self, traced: fx.GraphModule, ranges: dict[str, tuple[float, float]], shape: tuple[int, ...]) -> None:
        from openvino import opset8

        self._ops, self._traced, self._ranges, self._shape = opset8, traced, ranges, shape
        self._made: dict[str, Any] = {}  # node name -> operation
        self._narrowed: dict[str, Any] = {}  # the same, through 8 bits: one for all who take it

    def model(self) -> Any:
        """The openvino.Model: planes of the fixed shape to logits and values."""
        import openvino

        parameter = None
        outputs: list[Any] = []
        for node in self._traced.graph.nodes:
            if node.op == "placeholder":
                parameter = self._made[node.name] = self._ops.parameter(list(self._shape), np.float32)
            elif node.op == "output":
                outputs = [self._made[result.name] for result in node.args[0]]
            else:
                self._made[node.name] = self._operation(node)
        return openvino.Model(outputs, [parameter], "network")

    def _operation(self, node: fx.Node) -> Any:
        if node.op == "call_module":
            module = self._traced.get_submodule(str(node.target))
            match module:
                case nn.Conv2d() if module.groups == 1 and not isinstance(module.padding, str) and module.padding_mode == "zeros":
                    return self._convolution(module, self._source(node, 0))
                case nn.Linear():
                    product = self._ops.matmul(self._source(node, 0), self._constant(module.weight), False, True)
                    return self._ops.add(product, self._constant(module.bias))
                case nn.Identity():
                    return self._source(node, 0)
                case nn.ReLU():
                    return self._ops.relu(self._source(node, 0))
            raise EngineUnavailable(f"does not know the layer {module}")
        if node.target is operator.add and all(isinstance(source, fx.Node) for source in node.args):
            return self._ops.add(self._source(node, 0), self._source(node, 1))
        if node.target is nn.functional.relu:
            return self._ops.relu(self._source(node, 0))
        if node.target == "tanh":
            return self._ops.tanh(self._source(node, 0))
        if node.target == "flatten":
            shape = (self._shape[0], -1) if node.args[1:] == (1,) else (-1,)
            return self._ops.reshape(self._source(node, 0), np.array(shape, np.int64), False)
        raise EngineUnavailable(f"does not know the operation {node.target}")

    def _convolution(self, module: nn.Conv2d, source: Any) -> Any:
        weight: Any = self._constant(module.weight)
        if self._ranges:  # symmetric, a scale for every filter
            bound = filter_bounds(module.weight).numpy()
            weight = self._ops.fake_quantize(weight, -bound, bound, -bound, bound, 255)
        padding = list(module.padding)
        product = self._ops.convolution(source, weight, list(module.stride), padding, padding, list(module.dilation))
        return product if module.bias is None else self._ops.add(product, self._constant(module.bias[None, :, None, None]))

    def _source(self, node: fx.Node, index: int) -> Any:
        """An argument of a node, through 8 bits where the node computes in them."""
        source = node.args[index]
        assert isinstance(source, fx.Node)
        if not self._ranges or not quantises(self._traced, node):
            return self._made[source.name]
        if source.name not in self._narrowed:
            ends = [np.float32(end) for end in activation_ends(*self._ranges[source.name])]
            self._narrowed[source.name] = self._ops.fake_quantize(self._made[source.name], *ends, *ends, 256)
        return self._narrowed[source.name]

    def _constant(self, tensor: torch.Tensor) -> Any:
        return self._ops.constant(tensor.detach().numpy())
