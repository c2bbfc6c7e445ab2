"""Training for 8 bits: a network that computes on the grids of the int8 engine, and learns through them.

Rounding has no slope, so the gradient passes it as if it were not there (Bengio et al. 2013; Jacob et al. 2018, "Quantization and
training of neural networks for efficient integer-arithmetic-only inference"). The grids are the engine's own, so that what was
trained is what plays.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, fx, nn
from torch.nn.utils import parametrize

from ..engines.engine import Floats
from ..engines.folding import folded, module_of
from ..engines.openvino_graph import Seen, activation_ends, filter_bounds, quantises
from ..network import PolicyValueNetwork

GRID = "parametrizations.weight.original"  # what a filter on a grid is called
LEVELS, FILTER_LEVELS = 256, 255  # of activations, and of filters, whose grid is symmetric


def on_grid(x: Tensor, low: Tensor, high: Tensor, levels: int) -> Tensor:
    """x at the nearest of so many points from `low` to `high`; the gradient passes where x lies between them."""
    inside = torch.minimum(torch.maximum(x, low), high)
    step = (high - low) / (levels - 1)
    return inside + (torch.round((inside - low) / step) * step + low - inside).detach()


class QuantisationAware(nn.Module):
    """A network as the int8 engine computes it, to be trained: its normalisations are folded, filters and maps lie on grids.

    The ranges of maps are those of the rows it is made with, and stay.
    """

    def __init__(self, network: PolicyValueNetwork, rows: Floats) -> None:
        """`rows` [R, C, H, W] are real positions. Raises EngineUnavailable for a layer that the engine does not know."""
        super().__init__()
        self._plain = copy.deepcopy(network).eval()
        self.network, self._swallowed = folded(network)
        ranges = Seen(self.network, rows, torch.get_num_threads()).ranges
        narrowed: dict[fx.Node, fx.Node] = {}
        graph = self.network.graph
        for node in [node for node in graph.nodes if quantises(self.network, node)]:
            for source in node.all_input_nodes:
                if isinstance(module_of(self.network, source), nn.Conv2d):
                    continue  # what a convolution gives to a sum OpenVINO adds before anything is rounded (measured)
                if source not in narrowed:
                    name = f"grid_{len(narrowed)}"
                    self.network.add_module(name, _MapGrid(*activation_ends(*ranges[source.name])))
                    with graph.inserting_after(source):
                        narrowed[source] = graph.call_module(name, (source,))
                node.replace_input_with(source, narrowed[source])
        self.network.recompile()
        for module in list(self.network.modules()):
            if isinstance(module, nn.Conv2d):
                parametrize.register_parametrization(module, "weight", _FilterGrid())
        self.requires_grad_(True)
        self._plain.requires_grad_(False)

    def train(self, mode: bool = True) -> QuantisationAware:
        """Normalisations that are left stay as they are."""
        return super().train(False)

    def filters(self) -> list[nn.Parameter]:
        """The filters that are learned of the backbone's convolutions, those aside that see each channel for itself."""
        convolutions = (m for m in self.network.get_submodule("backbone").modules() if isinstance(m, nn.Conv2d) and m.groups == 1)
        return [conv.get_parameter(GRID) for conv in convolutions]

    def forward(self, planes: Tensor) -> tuple[Tensor, Tensor]:
        """Planes [N, C, H, W] -> (logits [N, A], values [N])."""
        logits, values = self.network(planes)
        return logits, values

    @torch.no_grad()
    def plain(self) -> PolicyValueNetwork:
        """The network with the weights as they are now, in full precision; its normalisations change nothing more."""
        made = copy.deepcopy(self._plain)
        trained = {name.replace(GRID, "weight"): parameter for name, parameter in self.network.named_parameters()}
        for conv, norm in self._swallowed.items():
            layer, normal = made.get_submodule(conv), made.get_submodule(norm)
            assert isinstance(layer, nn.Conv2d)
            ones = torch.ones_like(trained[f"{conv}.bias"])
            identity = {"weight": ones, "running_mean": torch.zeros_like(ones), "running_var": (1 - float(str(normal.eps))) * ones}
            normal.load_state_dict({**normal.state_dict(), **identity, "bias": trained.pop(f"{conv}.bias")})
            if layer.bias is not None:
                layer.bias.zero_()
        for name, parameter in trained.items():
            made.get_parameter(name).copy_(parameter)
        return made.requires_grad_(True)


class _MapGrid(nn.Module):
    low: Tensor
    high: Tensor

    def __init__(self, low: float, high: float) -> None:
        super().__init__()
        self.register_buffer("low", torch.tensor(low))
        self.register_buffer("high", torch.tensor(high))

    def forward(self, x: Tensor) -> Tensor:
        return on_grid(x, self.low, self.high, LEVELS)


class _FilterGrid(nn.Module):
    def forward(self, weight: Tensor) -> Tensor:
        bound = filter_bounds(weight)
        return on_grid(weight, -bound, bound, FILTER_LEVELS)
