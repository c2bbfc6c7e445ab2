"""`create` makes a network of the library, `backbone` the part that agents take. Free of torch until it is called."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UserError, unknown
from . import registry
from .config import BodyConfig, NetworkConfig
from .library import LIBRARY
from .registry import imported

if TYPE_CHECKING:
    from torch import nn


def create(name: str, *, weights: str | Path | None = None, **options: Any) -> nn.Module:
    """A paper's whole network, such as `create("resnet18", num_classes=10)`, with fresh weights or those of a safetensors file.

    `zerodojo list models` shows the names; `options` are the arguments of the function that makes it. Raises UserError: an unknown
    name or option, a value that does not fit, or weights that are not this network's.
    """
    if not (isinstance(name, str) and name in LIBRARY):
        raise unknown("model", name, LIBRARY, elsewhere="`zerodojo list models` names them all")
    make: Callable[..., nn.Module] = imported(LIBRARY[name].path)
    _check_options(name, options, [known for known in inspect.signature(make).parameters if known not in LIBRARY[name].options])
    network = _made(name, lambda: make(**LIBRARY[name].options, **options))
    if weights is not None:
        from .weights_file import load_weights

        load_weights(network, Path(weights))
    return network


def backbone(name: str, input_shape: tuple[int, ...], **options: Any) -> nn.Module:
    """What agents look with: a backbone made for an input shape, [C, H, W] for boards and images, [F] for vectors.

    It tells `output_shape` (boards) or `output_size` (the others). `options` are `channels` and `blocks` of `NetworkConfig` for
    boards (the transformer: `heads` too), `hidden` and `layer_norm` of `BodyConfig` for the others (the mlp: `activation` too):
    whatever else stands there is of the heads or the memory behind it. Raises UserError: an unknown name or option, a value that
    does not fit, a shape that it does not read.
    """
    from .body import check_body
    from .checks import check_several
    from .network import check_network

    entry = registry.backbone(name)
    check_several(f"backbone {name}", input_shape=input_shape)
    axes = "F" if entry.kind == "vector" else "CHW"
    if len(input_shape) != len(axes):
        raise UserError(f"backbone {name} reads a shape [{', '.join(axes)}], not {list(input_shape)}")
    make: Callable[..., nn.Module] = imported(entry.path)
    _check_options(name, options, [*registry.OPTIONS[entry.kind], *entry.more_options])
    if entry.kind == "board":
        network = NetworkConfig(**options)
        check_network(network)
        return _made(f"backbone {name}", lambda: make(input_shape, network))
    body = BodyConfig(**options)
    check_body(body)
    return _made(f"backbone {name}", lambda: make(input_shape, body))


def _made(name: str, make: Callable[[], nn.Module]) -> nn.Module:
    try:
        return make()
    except RuntimeError as error:
        if "allocate memory" not in str(error):
            raise
        raise UserError(f"{name} of this size needs more memory than there is; make it smaller") from error


def _check_options(name: str, options: dict[str, Any], known: list[str]) -> None:
    for option in options:
        if option not in known:
            raise unknown(f"option of {name}", option, known)
