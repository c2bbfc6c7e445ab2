"""Versions that can change a result. Called by the evaluations."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, packages_distributions, version

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


def environment_version(task: str) -> str:
    """The package that an environment of Gymnasium comes from, with its version."""
    from ..envs.gym.making import find

    entry = find(task).entry_point
    module = entry.partition(":")[0] if isinstance(entry, str) else getattr(entry, "__module__", "")
    root = module.partition(".")[0]
    for package in packages_distributions().get(root, []):
        return f"{package} {version(package)}"
    return root
