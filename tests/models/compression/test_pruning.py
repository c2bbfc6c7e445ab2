"""Pruned networks say what the whole ones say with the rest at zero; masks are those of torch, and hold."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from tests.models.networks import SMALL, rows, trained
from zerodojo.errors import UserError
from zerodojo.models.compression.pruning import SparseWeights, filter_weights, magnitude_masks, prune_channels
from zerodojo.models.footprint import footprint


def test_a_pruned_network_computes_as_if_the_rest_were_zero() -> None:
    network = trained().double()
    through = filter_weights(*network.backbone.stem)
    through = through + sum(filter_weights(block.conv2, block.bn2) for block in network.backbone.blocks)
    masked = copy.deepcopy(network)
    layers = [(masked.backbone.stem, through)]
    for block in masked.backbone.blocks:
        layers += [((block.conv1, block.bn1), filter_weights(block.conv1, block.bn1)), ((block.conv2, block.bn2), through)]
    for layer, weights in layers:
        gone = weights.argsort()[: SMALL.channels // 2]
        with torch.no_grad():
            layer[1].weight[gone] = 0.0
            layer[1].bias[gone] = 0.0
    pruned = prune_channels(network, 0.5).double()
    x = torch.from_numpy(rows(20)).double()
    for got, expected, before in zip(pruned(x), masked(x), network(x), strict=True):
        # the narrower network holds its weights in float32
        torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-5)
        assert (got - before).abs().max() > 1e-2
    assert pruned.config.channels == 8 and not pruned.training


@pytest.mark.parametrize(("share", "channels"), [(0.1, 14), (0.5, 8), (0.99, 1)])
def test_a_share_of_the_channels_goes(share: float, channels: int) -> None:
    pruned = prune_channels(trained(steps=1), share)
    assert pruned.config.channels == channels == len(pruned.backbone.stem[0].weight)
    assert sum(p.numel() for p in pruned.parameters()) == footprint(pruned.config, planes=3, board=(6, 7), actions=7).parameters


def test_what_weighs_least_goes_by_filter_and_norm() -> None:
    layer = nn.Sequential(nn.Conv2d(2, 3, 1, bias=False), nn.BatchNorm2d(3))
    with torch.no_grad():
        layer[0].weight.copy_(torch.tensor([[1.0, -1.0], [3.0, 3.0], [1.0, 1.0]])[:, :, None, None])
        layer[1].weight.copy_(torch.tensor([1.0, -0.1, 1.0]))
        layer[1].running_var.copy_(torch.tensor([1.0, 1.0, 100.0]))
    torch.testing.assert_close(filter_weights(*layer), torch.tensor([2.0, 0.6, 0.2]), rtol=1e-4, atol=0.0)


def convolutions() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 9, 5)).double()


def test_masks_are_those_of_torch() -> None:
    network, theirs = convolutions(), convolutions()
    prune.global_unstructured([(theirs[0], "weight"), (theirs[3], "weight")], prune.L1Unstructured, amount=0.7)
    sparse = SparseWeights(network, 0.7)
    for mask, layer in zip(sparse.masks, (theirs[0], theirs[3]), strict=True):
        assert torch.equal(mask, layer.weight_mask.bool())
    alone = prune.l1_unstructured(convolutions()[3], "weight", amount=0.3)
    (mask,) = magnitude_masks([convolutions()[3].weight], 0.3)
    assert torch.equal(mask, alone.weight_mask.bool())


def test_pruned_weights_stay_zero_while_the_others_learn() -> None:
    network = convolutions()
    sparse = SparseWeights(network, 0.9)
    total = 2 * 8 * 9 + 5 * 72
    assert sparse.share == round(0.9 * total) / total
    optimizer = torch.optim.SGD(network.parameters(), 0.1, momentum=0.9, weight_decay=0.01)
    before = network[3].weight.detach().clone()
    for step in range(5):
        x = torch.randn(16, 2, 5, 5, generator=torch.Generator().manual_seed(step), dtype=torch.float64)
        optimizer.zero_grad()
        network(x).square().mean().backward()
        optimizer.step()
        sparse.hold()
        assert sparse.share == round(0.9 * total) / total
    stays = sparse.masks[1]
    assert (network[3].weight[stays] != before[stays]).all()


@pytest.mark.parametrize("share", [0.0, 1.0, -0.5, 1.5, float("nan")])
def test_a_share_that_leaves_all_or_nothing_is_refused(share: float) -> None:
    for prune_it in (lambda: prune_channels(trained(steps=1), share), lambda: SparseWeights(convolutions(), share)):
        with pytest.raises(UserError, match=r"share to prune is .* between 0 and 1"):
            prune_it()


def test_another_backbone_is_refused() -> None:
    network = trained(steps=1)
    network.backbone = nn.Identity()
    with pytest.raises(UserError, match="channels are pruned from the backbone resnet"):
        prune_channels(network, 0.5)
