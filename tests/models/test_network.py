"""Networks: their size, shapes, gradients, and weights as arrays."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from zerodojo.errors import UserError
from zerodojo.models.config import NetworkConfig
from zerodojo.models.network import build, get_weights, set_weights

from .networks import SMALL, rows, trained


@pytest.mark.parametrize(("blocks", "parameters"), [(19, 22_827_877), (39, 46_441_317)])
def test_alphago_zero_has_its_number_of_parameters(blocks: int, parameters: int) -> None:
    with torch.device("meta"):
        network = build(NetworkConfig(channels=256, blocks=blocks), planes=17, board=(19, 19), actions=362)
    assert sum(p.numel() for p in network.parameters()) == parameters


def test_the_seed_decides_the_weights_and_nothing_else_does() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first, again, other = (get_weights(build(SMALL, planes=3, board=(6, 7), actions=7, seed=seed)) for seed in (3, 3, 4))
    assert torch.equal(torch.rand(1), expected)
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["policy.logits.weight"], other["policy.logits.weight"])


def test_weights_go_out_and_back() -> None:
    network, other = trained(), build(SMALL, planes=3, board=(6, 7), actions=7, seed=9).eval()
    weights = get_weights(network)
    assert all(a.dtype == np.float32 and a.flags.c_contiguous and a.flags.owndata for a in weights.values())
    assert "backbone.stem.1.running_var" in weights
    set_weights(other, weights)
    x = torch.from_numpy(rows(9))
    with torch.no_grad():
        for expected, got in zip(network(x), other(x), strict=True):
            assert torch.equal(expected, got)
        other.policy.logits.weight.zero_()
    assert weights["policy.logits.weight"].any()  # copies
    weights["policy.logits.weight"][:] = 7
    assert not (network.policy.logits.weight == 7).any()


def test_a_batch_more_or_less_in_the_statistics_is_not_a_weight() -> None:
    network = trained()
    weights = get_weights(network)
    assert set(weights) == {name for name in network.state_dict() if not name.endswith("num_batches_tracked")}


def test_weights_of_another_network_are_refused_untouched() -> None:
    network = build(SMALL, planes=3, board=(6, 7), actions=7)
    before = get_weights(network)
    for config, planes, words in [
        (SMALL, 2, r"stem.0.weight should have shape \[16, 3, 3, 3\], but has \[16, 2, 3, 3\]"),
        (replace(SMALL, blocks=1), 3, "expected and not there"),
        (replace(SMALL, blocks=3), 3, "not expected"),
    ]:
        with pytest.raises(UserError, match=words):
            set_weights(network, get_weights(build(config, planes=planes, board=(6, 7), actions=7)))
    after = get_weights(network)
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_an_unknown_backbone_names_the_nearest() -> None:
    with pytest.raises(UserError, match="unknown backbone 'resnett'; did you mean resnet"):
        build(NetworkConfig(backbone="resnett"), planes=3, board=(6, 7), actions=7)


@pytest.mark.parametrize("wrong", [NetworkConfig(channels=0), NetworkConfig(blocks=-1), NetworkConfig(value_hidden=0)])
def test_a_size_that_makes_no_network_is_refused(wrong: NetworkConfig) -> None:
    with pytest.raises(UserError, match=r"of the network is .*; it must be a whole number"):
        build(wrong, planes=3, board=(6, 7), actions=7)


def test_registries_and_configuration_need_no_torch() -> None:
    code = "import sys; from zerodojo.models import config, hardware, registry; from zerodojo.models.engines import registry"
    code += "; assert not {'torch', 'openvino', 'nncf'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
