"""Weights of a network in a safetensors file, under the names of its `state_dict`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import save_file
from safetensors.torch import load_file
from torch import nn

from ..errors import UserError, remedy
from .network import Weights, get_weights, set_weights

COUNT = "num_batches_tracked"  # how a normalisation's count of batches ends, on which no result depends
VARIANCE = "running_var"
PICKLED = (".pt", ".pth", ".bin", ".ckpt")  # how files of PyTorch's own end


def save_weights(network: nn.Module, path: str | Path) -> None:
    """Writes every parameter and running statistic of the network, as float32. Raises UserError where the disk refuses."""
    path = Path(path)
    if not path.parent.is_dir():
        raise UserError(f"there is no folder {path.parent} to write the weights {path} into; make it first")
    try:
        save_file(get_weights(network), path)
    except (OSError, SafetensorError) as error:
        raise _refused(path, error) from error


def load_weights(network: nn.Module, path: str | Path) -> None:
    """Reads them back, all or none, from floating-point numbers of any size; counts of batches, which other writers keep, are
    passed over, a weight with two names may stand under one of them, and a network that tells `current_name` reads former names.

    Raises UserError: no such file, not a whole safetensors file, numbers that are no weights, a weight that is there twice and
    differs, names or shapes of another network.
    """
    path = Path(path)
    if path.is_dir():
        raise UserError(f"the weights {path} are a folder; name a safetensors file")
    try:
        found = load_file(path)
    except FileNotFoundError as error:
        raise UserError(f"there is no file of weights {path}") from error
    except (OSError, SafetensorError) as error:
        raise _refused(path, error) from error
    rename, known = getattr(network, "current_name", str), network.state_dict()
    weights: Weights = {}
    for name, tensor in found.items():
        current = rename(name)
        if current not in known:
            weights[current] = np.zeros((), np.float32)  # of another network, and refused by its name
            continue
        if current.endswith(COUNT) and tensor.dtype == torch.int64:
            continue
        if not tensor.is_floating_point():
            raise UserError(
                f"the weights {path} are none: {name} is {tensor.dtype}, and weights are floating-point; take another file"
            )
        single = tensor.float()
        if not single.isfinite().all():
            raise UserError(f"the weights {path} are not finite in float32: {name} has NaN or infinity; take another file")
        if current.endswith(VARIANCE) and (single < 0).any():
            raise UserError(f"the weights {path} are none: {name} is a variance, and has numbers below 0; take another file")
        if current in weights:
            raise UserError(f"the weights {path} have {current} twice, by its name of now and a former one; take another file")
        weights[current] = single.numpy()
    for name, other in _tied(known):
        for missing, there in ((name, other), (other, name)):
            if missing not in weights and there in weights:
                weights[missing] = weights[there]
        if not np.array_equal(weights.get(name, 0), weights.get(other, 0)):
            raise UserError(f"the weights {path} differ in {name} and {other}, which are one in this network; take another file")
    set_weights(network, weights, owner=f"the weights {path}")


def _tied(state: dict[str, torch.Tensor]) -> Iterator[tuple[str, str]]:
    """The names of tensors that are one and the same, in pairs."""
    first: dict[int, str] = {}
    for name, tensor in state.items():
        if tensor.numel() and not tensor.is_meta and (other := first.setdefault(tensor.data_ptr(), name)) != name:
            yield other, name


def _refused(path: Path, error: Exception) -> UserError:
    if isinstance(error, OSError) and (what := remedy(error)):
        return UserError(f"weights {path}: {error.strerror}; {what}")
    if path.suffix in PICKLED:
        return UserError(f"the weights {path} are a pickle, which is not read; write them with safetensors.torch.save_file")
    return UserError(f"the weights {path} cannot be read or written as a safetensors file: {error}; take another file")
