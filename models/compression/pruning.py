"""Networks with less in them: whole channels of a residual tower, which makes it faster, or single weights, which does not.

Channels go by the magnitude of their filters (Li et al. 2017, "Pruning filters for efficient ConvNets"), weights by their own (Han
et al. 2015, "Learning both weights and connections for efficient neural networks").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from ...errors import UserError
from ..board.resnet import ResidualTower
from ..network import PolicyValueNetwork, build

Layer = tuple[nn.Conv2d, nn.BatchNorm2d]  # with the norm behind it


def check_share(share: float) -> None:
    """Raises UserError for a share to prune that leaves nothing, or everything."""
    if not 0 < share < 1:
        raise UserError(f"the share to prune is {share:g}; it must be between 0 and 1, such as 0.5")


# Channels ------------------------------------------------------------------------------------------------------------------


def prune_channels(network: PolicyValueNetwork, share: float) -> PolicyValueNetwork:
    """A narrower network of the same kind, without `share` of its tower's channels: those whose filters weigh least.

    All blocks add to the same channels, which therefore stay or go in all of them; what a block has inside it chooses by itself.
    What stays is computed as if the rest were 0. Raises UserError for a share outside (0, 1), or another backbone than the tower.
    """
    check_share(share)
    check_tower(network)
    old = network.backbone
    config = replace(network.config, channels=max(1, round(network.config.channels * (1 - share))))
    pruned = build(config, planes=network.planes, board=network.board, actions=network.actions)
    pruned.load_state_dict(  # heads: all but what reads the tower
        {name: tensor for name, tensor in network.state_dict().items() if name in _same_shapes(network, pruned)}, strict=False
    )
    blocks = [((block.conv1, block.bn1), (block.conv2, block.bn2)) for block in old.blocks]
    narrow_blocks = [((block.conv1, block.bn1), (block.conv2, block.bn2)) for block in pruned.backbone.blocks]
    through = _heaviest(sum((filter_weights(*second) for _, second in blocks), filter_weights(*old.stem)), config.channels)
    _copy((*old.stem,), (*pruned.backbone.stem,), through, None)
    for (first, second), (narrow_first, narrow_second) in zip(blocks, narrow_blocks, strict=True):
        inside = _heaviest(filter_weights(*first), config.channels)
        _copy(first, narrow_first, inside, through)
        _copy(second, narrow_second, through, inside)
    for head, narrow in ((network.policy, pruned.policy), (network.value, pruned.value)):
        _copy((*head.conv,), (*narrow.conv,), None, through)
    return pruned.train(network.training)


def check_tower(network: PolicyValueNetwork) -> None:
    """Raises UserError for a network whose channels are not known here."""
    if not isinstance(network.backbone, ResidualTower):
        raise UserError(f"channels are pruned from the backbone resnet, and this is {network.config.backbone}; distil it instead")


def filter_weights(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> Tensor:
    """How much each filter of a convolution weighs, [filters]: its magnitudes' sum, scaled as the norm behind it does."""
    assert norm.running_var is not None
    scale = norm.weight.detach().abs() / (norm.running_var + norm.eps).sqrt()
    return scale * conv.weight.detach().abs().sum((1, 2, 3))


def _heaviest(weights: Tensor, count: int) -> Tensor:
    """Where the greatest `count` stand, ascending."""
    return weights.topk(count).indices.sort().values


def _same_shapes(one: nn.Module, other: nn.Module) -> set[str]:
    theirs = other.state_dict()
    return {name for name, tensor in one.state_dict().items() if name in theirs and tensor.shape == theirs[name].shape}


@torch.no_grad()
def _copy(source: Layer, target: Layer, outputs: Tensor | None, inputs: Tensor | None) -> None:
    """The filters `outputs` of a convolution and the norm behind it, reading the channels `inputs`; None stands for all."""
    (conv, norm), (narrow_conv, narrow_norm) = source, target
    weight = conv.weight if outputs is None else conv.weight[outputs]
    narrow_conv.weight.copy_(weight if inputs is None else weight[:, inputs])
    for name in ("weight", "bias", "running_mean", "running_var"):
        numbers = getattr(norm, name)
        getattr(narrow_norm, name).copy_(numbers if outputs is None else numbers[outputs])


# Single weights ------------------------------------------------------------------------------------------------------------


class SparseWeights:
    """The smallest weights of a network's matrices and filters at zero, and kept there: for the study, for no engine gains by it.

        sparse = SparseWeights(network, 0.9)
        ...
        optimizer.step()
        sparse.hold()

    Biases and normalisations are spared.
    """

    def __init__(self, network: nn.Module, share: float) -> None:
        """Sets `share` of all weights together to zero. Raises UserError for a share outside (0, 1)."""
        self._weights = [parameter for parameter in network.parameters() if parameter.dim() > 1]
        self.masks = magnitude_masks(self._weights, share)
        self.hold()

    @torch.no_grad()
    def hold(self) -> None:
        """Sets them to zero again: after every step, for momentum and weight decay know nothing of masks."""
        for weight, mask in zip(self._weights, self.masks, strict=True):
            weight.mul_(mask)

    @property
    def share(self) -> float:
        """Of the weights, those that are zero."""
        zero = sum(int((weight == 0).sum()) for weight in self._weights)
        return zero / sum(weight.numel() for weight in self._weights)


def magnitude_masks(weights: Sequence[Tensor], share: float) -> list[Tensor]:
    """Truth for what stays when the smallest `share` of all these weights together goes, each mask in its weight's shape."""
    check_share(share)
    magnitudes = torch.cat([weight.detach().abs().flatten() for weight in weights])
    stays = torch.ones_like(magnitudes, dtype=torch.bool)
    stays[magnitudes.topk(round(share * len(magnitudes)), largest=False).indices] = False
    parts = torch.split(stays, [weight.numel() for weight in weights])
    return [part.view_as(weight) for part, weight in zip(parts, weights, strict=True)]
