"""Versions that can change a result. Called by the evaluations."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

OF_ENVIRONMENTS = ("zerodojo", "numpy", "torch", "gymnasium", "envpool")  # whose versions can change a result there


def versions(libraries: Sequence[str]) -> dict[str, str]:
    """Of Python and of those libraries that are installed."""
    found = {"python": platform.python_version()}
    for library in libraries:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found
