"""Files of weights that others wrote: any floating-point numbers are read, whatever else is refused with nothing loaded."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file, save_file, save_model
from torch import nn

from zerodojo.errors import UserError
from zerodojo.models import create
from zerodojo.models.network import get_weights
from zerodojo.models.weights_file import load_weights, save_weights


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
        ({"foreign.stuff": torch.ones(3, dtype=torch.int64)}, "foreign.stuff not expected"),
        ({"1.num_batches_tracked": torch.ones(())}, "1.num_batches_tracked not expected"),
        ({"9.num_batches_tracked": torch.ones((), dtype=torch.int64)}, "9.num_batches_tracked not expected"),
        ({"1.running_var": torch.tensor([1.0, -1.0, 1.0])}, "1.running_var is a variance, and has numbers below 0"),
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


def test_a_weight_that_is_there_twice_is_one(tmp_path) -> None:
    torch.manual_seed(0)
    tied = create("language_model", vocabulary=5, embedding=3, units=3, tied=True)
    save_weights(tied, path := str(tmp_path / "w"))
    load_weights(tied, path)
    save_model(tied, alone := str(tmp_path / "alone"))  # which writes such a weight once
    again = create("language_model", vocabulary=5, embedding=3, units=3, tied=True)
    load_weights(again, alone)
    assert torch.equal(again.output.weight, tied.output.weight) and again.output.weight is again.embedding.weight
    weights = load_file(path)
    save_file(weights | {"output.weight": weights["output.weight"] + 1}, path)
    with pytest.raises(UserError, match=r"differ in embedding\.weight and output\.weight, which are one in this network"):
        load_weights(tied, path)
    dense = create("densenet121", width=4)
    weights = get_weights(dense)
    name = "features.denseblock1.denselayer1.norm1.weight"
    save_file(
        {
            key: torch.from_numpy(array.copy())
            for key, array in [*weights.items(), (name.replace("norm1", "norm.1"), weights[name])]
        },
        path,
    )
    with pytest.raises(UserError, match=f"have {name} twice"):
        load_weights(dense, path)


def test_a_file_of_pytorchs_own_is_told_how_to_become_one(tmp_path) -> None:
    torch.save(network().state_dict(), tmp_path / "w.pt")
    with pytest.raises(UserError, match=r"are a pickle, which is not read; write them with safetensors\.torch\.save_file"):
        load_weights(network(), tmp_path / "w.pt")


def test_weights_are_written_into_a_folder_that_is_there(tmp_path) -> None:
    with pytest.raises(UserError, match=r"there is no folder .*; make it first"):
        save_weights(network(), tmp_path / "none" / "w")


def test_a_folder_is_called_one(tmp_path) -> None:
    with pytest.raises(UserError, match="are a folder; name a safetensors file"):
        load_weights(network(), tmp_path)
