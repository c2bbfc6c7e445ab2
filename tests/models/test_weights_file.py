"""Files of weights that others wrote: any floating-point numbers are read, whatever else is refused with nothing loaded."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from zerodojo.errors import UserError
from zerodojo.models.weights_file import load_weights


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3))


def written(path, changes: dict[str, torch.Tensor]):
    """The weights of such a network, each of them 2, but for what is changed."""
    weights = {name: torch.full_like(tensor, 2) for name, tensor in network().state_dict().items()}
    save_file(weights | changes, path)
    return path


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_floating_point_numbers_of_any_size_are_read(dtype, tmp_path) -> None:
    read = network()
    load_weights(read, written(tmp_path / "w", {"0.bias": torch.tensor([0.5, -3, 1]).to(dtype)}))
    assert read[0].bias.tolist() == [0.5, -3, 1] and (read[0].weight == 2).all() and (read[1].running_var == 2).all()
    assert read[1].num_batches_tracked == 0  # a count is passed over


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"0.bias": torch.ones(3, dtype=torch.int32)}, "0.bias is torch.int32, and weights are floating-point"),
        ({"0.bias": torch.ones(3, dtype=torch.bool)}, "0.bias is torch.bool"),
        ({"0.bias": torch.ones(3, dtype=torch.int64)}, "0.bias is torch.int64"),
        ({"foreign.stuff": torch.ones(3, dtype=torch.int64)}, "foreign.stuff is torch.int64"),
        ({"1.num_batches_tracked": torch.ones(())}, "1.num_batches_tracked not expected"),
        ({"0.bias": torch.tensor([1, torch.nan, 1])}, "not finite in float32: 0.bias has NaN or infinity"),
        ({"1.running_mean": torch.tensor([1, 1, 1e300], dtype=torch.float64)}, "not finite in float32: 1.running_mean"),
    ],
)
def test_what_is_no_weight_is_refused_with_nothing_loaded(changes, message, tmp_path) -> None:
    kept = network()
    path = written(tmp_path / "w", changes)
    with pytest.raises(UserError, match=message) as refused:
        load_weights(kept, path)
    assert "\n" not in str(refused.value) and str(path) in str(refused.value)
    for (name, tensor), fresh in zip(kept.state_dict().items(), network().state_dict().values(), strict=True):
        assert torch.equal(tensor, fresh), name


def test_a_folder_is_called_one(tmp_path) -> None:
    with pytest.raises(UserError, match="are a folder; name a safetensors file"):
        load_weights(network(), tmp_path)
