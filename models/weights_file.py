"""Weights of a network in a safetensors file, under the names of its `state_dict`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from torch import nn

from ..errors import UserError, remedy
from .network import get_weights, set_weights


def save_weights(network: nn.Module, path: Path) -> None:
    """Writes every parameter and running statistic of the network, as float32. Raises UserError where the disk refuses."""
    try:
        save_file(get_weights(network), path)
    except (OSError, SafetensorError) as error:
        raise _refused(path, error) from error


def load_weights(network: nn.Module, path: Path) -> None:
    """Reads them back, all or none; counts of batches, which other writers keep, are passed over.

    Raises UserError: no such file, not a whole safetensors file, names or shapes of another network.
    """
    try:
        found = load_file(path)
    except FileNotFoundError as error:
        raise UserError(f"there is no file of weights {path}") from error
    except (OSError, SafetensorError, TypeError, KeyError) as error:  # the last two: a type of number that NumPy does not have
        raise _refused(path, error) from error
    set_weights(network, {name: array for name, array in found.items() if array.dtype != np.int64}, owner=f"the weights {path}")


def _refused(path: Path, error: Exception) -> UserError:
    if isinstance(error, OSError) and (what := remedy(error)):
        return UserError(f"weights {path}: {error.strerror}; {what}")
    return UserError(f"the weights {path} cannot be read or written as a safetensors file: {error}; take another file")
