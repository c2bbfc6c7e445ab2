"""What a run in an environment may change when it goes on. Called by `train_agent` and, to name flags, by the front door.

Whatever gives what is saved its shape or its meaning stays: weights, optimiser, replay, what is under way. How it acts and learns
from now on may change.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...errors import UserError
from ..config_io import changed
from ..registry import agent_of
from .config import GymConfig

WEIGHTS = "its weights would not fit"
SEQUENCES = "its replay is of sequences cut so"
BEGINNING = "that is where it began, and it has moved on"

FIXED = {  # what a run cannot change, with all that stands under it, and why
    "task": "it learns in one environment",
    "options": "it learns in one variant of the environment",
    "environments": "the episodes under way are of so many",
    "seed": "everything random follows from it",
    "view": "its network was trained on what it sees",
    "body": WEIGHTS,
    "league": "it was measured and taught by that league",
    # what is learned
    "settings.gamma": "what it has learned are returns discounted so",
    "settings.n_step": "it learns from returns of so many steps",
    "settings.rescale": "its values are on that scale",
    "settings.head": "its network tells values so",
    "settings.head_hidden": WEIGHTS,
    "settings.dueling": WEIGHTS,
    "settings.noisy": WEIGHTS,
    "settings.shared_body": WEIGHTS,
    "settings.sde": WEIGHTS,
    # what is gathered
    "settings.optimizer": "the other would need what this one has not gathered",
    "settings.capacity": "its replay has room for so many",
    "settings.priority.enabled": "its replay was kept so from the beginning",
    "settings.priority.exponent": "the priorities in its replay are errors to that power",
    "settings.burn_in": SEQUENCES,
    "settings.length": SEQUENCES,
    "settings.period": SEQUENCES,
    "settings.lookahead": "the steps under way wait for so many rewards",
    "settings.lag": "so many rollouts wait to be learned from",
    # what would change nothing
    "settings.initial_value": BEGINNING,
    "settings.log_std": BEGINNING,
    "settings.temperature": BEGINNING,
}


def check_resume(saved: Any, asked: GymConfig[Any], *, path: str | Path, name: Callable[[str], str] = str) -> GymConfig[Any]:
    """The configuration that a run goes on with: the one asked for, if it differs only in what may change.

    `name` says how a field is called, by its dotted path. Raises UserError for a run of another kind, and for a change of `FIXED`.
    """
    if not isinstance(saved, GymConfig):
        raise UserError(f"{path} is a run of the game {saved.game}, not of {asked.task}; choose another --run")
    if saved.task != asked.task:
        raise UserError(f"{path} is a run of {saved.task}, not of {asked.task}; choose another --run")
    if agent_of(saved) != agent_of(asked):
        raise UserError(f"{path} is a run of {agent_of(saved)}, not of {agent_of(asked)}; choose another --run")
    for field, old, new in changed(saved, asked):
        if reason := why_fixed(field):
            raise UserError(
                f"{name(field)} is {old!r} in this run and cannot become {new!r}: {reason}; "
                "leave it, or start a new run (--init takes this one's weights where they fit)"
            )
    return asked


def why_fixed(field: str) -> str:
    """Why a field, by its dotted path, stays as it is; empty for one that may change."""
    return next((reason for fixed, reason in FIXED.items() if field == fixed or field.startswith(f"{fixed}.")), "")
