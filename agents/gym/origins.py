"""Which packages a run's environments come from: a new version of one may pay otherwise. Kept by the run, told by evaluation."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, packages_distributions, version
from typing import Any

from ...envs.gym.making import find
from ..run_directory import RunDirectory
from .config import GymConfig
from .tasks import environment_of_run

ENVPOOL = "envpool"


def origins(config: GymConfig[Any]) -> dict[str, str]:
    """The installed version of each package: of the one that the id stands for, and of EnvPool where that runs it; empty for
    modules that were never installed. Raises UserError for an unknown id, or a module that is gone."""
    found = _package_of(environment_of_run(config))
    return found | _installed(ENVPOOL) if config.view.side_by_side == ENVPOOL else found


def origin(config: GymConfig[Any], *, watched: bool = False) -> str:
    """The one that runs the environments, for people; EnvPool runs none that are watched. Raises UserError as `origins`."""
    pooled = config.view.side_by_side == ENVPOOL and not watched
    return _told(_installed(ENVPOOL) if pooled else _package_of(environment_of_run(config)))


def changed_origins(run: RunDirectory[GymConfig[Any]]) -> str:
    """A sentence on packages that are not those the run was made with; empty where they are, or were not noted."""
    now = origins(run.config)
    if not run.origins or run.origins == now:
        return ""
    return f"{run.config.task} was that of {_told(run.origins)} when {run.path} was made, and is that of {_told(now)} now"


def _package_of(task: str) -> dict[str, str]:
    spec = find(task)
    entry = spec.entry_point or spec.vector_entry_point
    module = entry.partition(":")[0] if isinstance(entry, str) else getattr(entry, "__module__", "")
    root = module.partition(".")[0]
    return _installed(next(iter(packages_distributions().get(root, [])), root))


def _installed(package: str) -> dict[str, str]:
    try:
        return {package: version(package)}
    except PackageNotFoundError:
        return {package: ""}


def _told(found: dict[str, str]) -> str:
    return " and ".join(f"{package} {number}".rstrip() for package, number in found.items())
