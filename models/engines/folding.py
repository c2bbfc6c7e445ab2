"""Networks as engines take them: traced, for inference, with convolutions that have swallowed the normalisation behind them."""

from __future__ import annotations

import copy

import torch
from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ..network import PolicyValueNetwork


class _Tracer(fx.Tracer):
    """Takes normalisations of our own for whole layers, as it takes PyTorch's."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, nn.BatchNorm2d) or super().is_leaf_module(m, module_qualified_name)


def fold(network: PolicyValueNetwork) -> fx.GraphModule:
    """A copy on the processor and in fp32, traced: planes [N, C, H, W] -> (logits [N, A], values [N])."""
    return folded(network)[0]


def folded(network: PolicyValueNetwork) -> tuple[fx.GraphModule, dict[str, str]]:
    """The same, and which convolutions have swallowed which normalisations, by the names of both."""
    plain = copy.deepcopy(network).to("cpu", torch.float32).eval().requires_grad_(False)
    traced = fx.GraphModule(plain, _Tracer().trace(plain))
    swallowed: dict[str, str] = {}
    for node in list(traced.graph.nodes):
        norm, conv = module_of(traced, node), module_of(traced, node.args[0]) if node.args else None
        if isinstance(norm, nn.BatchNorm2d) and isinstance(conv, nn.Conv2d) and len(node.args[0].users) == 1:
            swallowed[str(node.args[0].target)] = str(node.target)
            traced.set_submodule(str(node.args[0].target), fuse_conv_bn_eval(conv, norm))
            node.replace_all_uses_with(node.args[0])
            traced.graph.erase_node(node)
    traced.delete_all_unused_submodules()
    traced.recompile()
    return traced, swallowed


def module_of(traced: fx.GraphModule, node: object) -> nn.Module | None:
    """The module that a node calls, None where it calls none."""
    if isinstance(node, fx.Node) and node.op == "call_module":
        return traced.get_submodule(str(node.target))
    return None
