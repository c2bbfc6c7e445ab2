"""The whole networks of papers by name. Import strings, so that listing them imports no torch. `creation.create` makes them."""

from __future__ import annotations

from typing import Any, NamedTuple


class ModelEntry(NamedTuple):
    """Where the function that makes a network lives, whose it is, and the input that its multiply-adds are counted for."""

    path: str  # "module:function", the module relative to this package
    paper: str  # authors, year and title
    input_shape: tuple[int, ...]  # of one example
    options: dict[str, Any] = {}  # noqa: RUF012  # arguments that the name stands for; nobody writes to it


_SSD = "Liu, Anguelov, Erhan, Szegedy, Reed, Fu, Berg 2016: SSD: Single Shot MultiBox Detector"

LIBRARY: dict[str, ModelEntry] = {
    "ssd": ModelEntry(".detection.ssd:ssd", _SSD, (3, 300, 300)),
    "ssd300": ModelEntry(".detection.ssd:ssd300", _SSD, (3, 300, 300)),
    "ssd512": ModelEntry(".detection.ssd:ssd512", _SSD, (3, 512, 512)),
}
