"""A folded network as a graph of OpenVINO's, built straight from its weights, for one number of rows. Called by `openvino_engine`.

Known are the layers and operations that board backbones and heads are made of; any other is refused by its name.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import fx, nn
from torch.nn import functional as F

from .engine import EngineUnavailable, Floats
from .folding import module_of
from .torch_engine import torch_threads

TINY = 1e-6  # the least range of an 8-bit scale: a dead filter has none of its own
RESHAPES = ("flatten", "unflatten")


class Seen:
    """What passes through a folded network on real positions: shapes, ranges of what is quantised, and what is always the same."""

    def __init__(self, traced: fx.GraphModule, rows: Floats, threads: int) -> None:
        """Computes rows [R, C, H, W], one at least."""
        self.shapes: dict[str, tuple[int, ...]] = {}  # of every result, by its node's name; the first is the number of rows
        self.constants: dict[str, torch.Tensor] = {}
        self.ranges: dict[str, tuple[float, float]] = {}  # least and greatest value
        quantised = {source.name for node in traced.graph.nodes if quantises(traced, node) for source in node.all_input_nodes}
        seen = self

        class Observer(fx.Interpreter):
            def run_node(self, n: fx.Node) -> Any:
                value = super().run_node(n)
                if n.op == "get_attr" or (n.all_input_nodes and all(s.name in seen.constants for s in n.all_input_nodes)):
                    seen.constants[n.name] = value
                elif isinstance(value, torch.Tensor):
                    seen.shapes[n.name] = tuple(value.shape)
                if n.name in quantised:
                    low, high = torch.aminmax(value)
                    seen.ranges[n.name] = (float(low), float(high))
                return value

        with torch.inference_mode(), torch_threads(threads):
            Observer(traced).run(torch.from_numpy(rows).contiguous(memory_format=torch.channels_last))


def quantises(traced: fx.GraphModule, node: fx.Node) -> bool:
    """Convolutions are computed in 8 bits, and the sums of residual blocks that OpenVINO fuses with them; the small rest is not."""
    if node.target is operator.add:
        return any(isinstance(module_of(traced, source), nn.Conv2d) for source in node.args)
    return isinstance(module_of(traced, node), nn.Conv2d)


def filter_bounds(weight: torch.Tensor) -> torch.Tensor:
    """How far the 8-bit grid of each filter reaches, both ways, of weights [filters, ...]; as many dimensions as they have."""
    return weight.detach().abs().amax(tuple(range(1, weight.dim())), keepdim=True).clamp(min=TINY)


def activation_ends(low: float, high: float) -> tuple[float, float]:
    """Where the 8-bit grid of a map ends whose numbers lie between these: it has a point at 0."""
    bound = max(-low, high, TINY)
    return (0.0, bound) if low >= 0 else (-bound * 128 / 127, bound)


class GraphBuilder:
    """Walks a folded network in order and makes the OpenVINO operation of every node."""

    def __init__(self, traced: fx.GraphModule, seen: Seen, *, rows: int, quantise: bool) -> None:
        from openvino import opset8

        self._ops, self._traced, self._seen, self._rows, self._quantise = opset8, traced, seen, rows, quantise
        self._made: dict[str, Any] = {}  # node name -> operation
        self._narrowed: dict[str, Any] = {}  # the same, through 8 bits: one for all who take it

    def model(self) -> Any:
        """The openvino.Model: planes of the fixed shape to logits and values. Raises EngineUnavailable for what is not known."""
        import openvino

        parameter = None
        outputs: list[Any] = []
        for node in self._traced.graph.nodes:
            if node.op == "placeholder":
                parameter = self._made[node.name] = self._ops.parameter(self._shape(node), np.float32)
            elif node.op == "output":
                outputs = [self._made[result.name] for result in node.args[0]]
            elif node.name in self._seen.constants:
                self._made[node.name] = self._constant(self._seen.constants[node.name])
            else:
                self._made[node.name] = self._layer(node) if node.op == "call_module" else self._operation(node)
        return openvino.Model(outputs, [parameter], "network")

    def _layer(self, node: fx.Node) -> Any:
        module, source = module_of(self._traced, node), self._source(node, 0)
        match module:
            case nn.Conv2d() if not isinstance(module.padding, str) and module.padding_mode == "zeros":
                return self._convolution(module, source)
            case nn.Linear():
                return self._shifted(self._ops.matmul(source, self._constant(module.weight), False, True), module.bias)
            case nn.BatchNorm2d():  # one that no convolution has swallowed
                assert module.running_mean is not None
                assert module.running_var is not None
                scale = module.weight / torch.sqrt(module.running_var + module.eps)
                shift = module.bias - module.running_mean * scale
                return self._ops.add(self._scaled(source, scale[:, None, None]), self._constant(shift[:, None, None]))
            case nn.LayerNorm() if module.elementwise_affine and len(module.normalized_shape) == 1:
                last = np.array([-1], np.int64)
                normal = self._ops.mvn(source, last, True, module.eps, "inside_sqrt")
                return self._shifted(self._scaled(normal, module.weight), module.bias)
            case nn.Identity():
                return source
            case nn.ReLU():
                return self._ops.relu(source)
        raise EngineUnavailable(f"does not know the layer {module}")

    def _operation(self, node: fx.Node) -> Any:
        ops, target = self._ops, node.target
        elementwise: dict[Any, Callable[..., Any]] = {
            operator.add: ops.add,
            operator.mul: ops.multiply,
            operator.truediv: ops.divide,
        }
        alone: dict[Any, Callable[..., Any]] = {
            F.relu: ops.relu,
            torch.relu: ops.relu,
            "tanh": ops.tanh,
            "sigmoid": ops.sigmoid,
        }
        if target in elementwise:
            return elementwise[target](self._source(node, 0), self._source(node, 1))
        if target in alone:
            return alone[target](self._source(node, 0))
        if target is operator.matmul:
            return ops.matmul(self._source(node, 0), self._source(node, 1), False, False)
        if target is torch.cat and isinstance(parts := node.args[0], (list, tuple)):
            return ops.concat([self._made[str(part)] for part in parts], int(str(node.args[1])))
        if target == "softmax":
            return ops.softmax(self._source(node, 0), len(self._shape(node)) - 1)
        if target in ("mean", "amax") and node.kwargs == {"keepdim": True}:
            reduce = ops.reduce_mean if target == "mean" else ops.reduce_max
            return reduce(self._source(node, 0), np.array(node.args[1], np.int64), True)
        if target in RESHAPES:
            return ops.reshape(self._source(node, 0), np.array(self._shape(node), np.int64), False)
        if target == "permute":
            return ops.transpose(self._source(node, 0), np.array(node.args[1:], np.int64))
        if target == "transpose":
            order = list(range(len(self._shape(node))))
            one, other = (int(str(axis)) for axis in node.args[1:])
            order[one], order[other] = order[other], order[one]
            return ops.transpose(self._source(node, 0), np.array(order, np.int64))
        raise EngineUnavailable(f"does not know the operation {target}")

    def _convolution(self, module: nn.Conv2d, source: Any) -> Any:
        weight: Any = module.weight.detach()
        bound = filter_bounds(weight).numpy()
        if module.groups > 1:  # [groups, out of each, in of each, h, w]
            weight, bound = weight.unflatten(0, (module.groups, -1)), bound.reshape(module.groups, -1, 1, 1, 1)
        weight = self._constant(weight)
        if self._quantise:  # symmetric, a scale for every filter
            weight = self._ops.fake_quantize(weight, -bound, bound, -bound, bound, 255)
        padding = list(module.padding)
        convolve = self._ops.group_convolution if module.groups > 1 else self._ops.convolution
        product = convolve(source, weight, list(module.stride), padding, padding, list(module.dilation))
        return product if module.bias is None else self._ops.add(product, self._constant(module.bias[None, :, None, None]))

    def _source(self, node: fx.Node, index: int) -> Any:
        """An argument of a node, through 8 bits where the node computes in them."""
        source = node.args[index]
        if not isinstance(source, fx.Node):
            return self._ops.constant(np.float32(float(str(source))))
        if not self._quantise or not quantises(self._traced, node):
            return self._made[source.name]
        if source.name not in self._narrowed:
            ends = [np.float32(end) for end in activation_ends(*self._seen.ranges[source.name])]
            self._narrowed[source.name] = self._ops.fake_quantize(self._made[source.name], *ends, *ends, 256)
        return self._narrowed[source.name]

    def _shape(self, node: fx.Node) -> list[int]:
        return [self._rows, *self._seen.shapes[node.name][1:]]

    def _scaled(self, source: Any, scale: torch.Tensor) -> Any:
        return self._ops.multiply(source, self._constant(scale))

    def _shifted(self, source: Any, bias: torch.Tensor | None) -> Any:
        return source if bias is None else self._ops.add(source, self._constant(bias))

    def _constant(self, tensor: torch.Tensor) -> Any:
        return self._ops.constant(np.ascontiguousarray(tensor.detach().numpy()))
