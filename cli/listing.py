"""`zerodojo list`: every name that can be typed somewhere, with what it is. Reads the registries, imports no entry.

An entry is one line where no terminal is, for programs that search it, and as many as it takes at one.
"""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import NamedTuple, Protocol

from ..errors import UserError, unknown
from .arguments import Positional, parse, width

NARROWEST = 20  # columns of a summary, whatever the terminal


class _Entry(Protocol):
    @property
    def summary(self) -> str: ...


class _Section(NamedTuple):
    registry: str  # "module:NAME", the module relative to the package zerodojo
    title: str


SECTIONS: dict[str, list[_Section]] = {
    "games": [_Section("zerodojo.envs.registry:LISTED", "games: zerodojo train GAME, zerodojo play GAME")],
    "agents": [_Section("zerodojo.agents.registry:AGENTS", "agents, which learn: --agent NAME")],
    "backbones": [
        _Section("zerodojo.models.registry:BACKBONES", "backbones: --network.backbone NAME, --body.backbone NAME"),
        _Section("zerodojo.models.registry:MEMORIES", "memories, behind a backbone: --body.memory NAME"),
    ],
    "models": [_Section("zerodojo.models.sizes:LISTED", "models: parameters, multiply-adds for an input, paper")],
    "engines": [_Section("zerodojo.models.engines.registry:ENGINES", "engines, which run networks: --self-play.engine NAME")],
    "presets": [
        _Section("zerodojo.agents.registry:PRESETS", "presets of games: zerodojo train GAME --preset NAME"),
        _Section("zerodojo.agents.gym.presets:LISTED", "presets of environments: zerodojo train ID --preset NAME"),
    ],
    "players": [_Section("zerodojo.agents.specs:SPECS", "players: --opponent SPEC")],
}


@dataclass(frozen=True)
class List:
    """The arguments of `zerodojo list`."""

    section: Positional[str] = ""  # games, agents, backbones, models, engines, presets or players; all of them without
    name: Positional[str] = ""  # one of the models, to see its options


def main(argv: Sequence[str]) -> int:
    """Prints one section, or all, or one of the models. Raises UserError for a section or a name that is not there."""
    options = parse(
        List,
        argv,
        prog="zerodojo list",
        description="Every name that can be typed somewhere, and every network of the library, with one line of what it is.",
        examples=["zerodojo list", "zerodojo list games", "zerodojo list models resnet18"],
    )
    section = options.section
    if options.name:
        print("\n".join(_model(section, options.name)))
        return 0
    if section and section not in SECTIONS:
        raise unknown("list", section, SECTIONS)
    told = [one for name in ([section] if section else SECTIONS) for one in SECTIONS[name]]
    print("\n\n".join("\n".join(_lines(one)) for one in told))
    return 0


def _model(section: str, name: str) -> Iterator[str]:
    """A network of the library by itself: its size, and the function that makes it."""
    from ..models.library import LIBRARY
    from ..models.registry import imported
    from ..models.sizes import LISTED

    if section != "models":
        raise UserError(f"only models are shown one by one: zerodojo list {section}, or zerodojo list models NAME")
    if name not in LIBRARY:
        raise unknown("model", name, LIBRARY, elsewhere="`zerodojo list models` names them all")
    make, fixed = imported(LIBRARY[name].path), LIBRARY[name].options
    parameters = inspect.signature(make).parameters.values()
    free = ", ".join(f"{one.name}={one.default!r}" for one in parameters if one.name not in fixed)
    yield f"{name}  {' '.join(LISTED[name].summary.split())}"
    yield ""
    yield from textwrap.wrap(
        f'create("{name}", *, weights=None, {free})', width(), subsequent_indent=" " * 7, break_on_hyphens=False
    )
    yield ""
    yield inspect.getdoc(make) or ""


def _lines(section: _Section) -> Iterator[str]:
    module, _, name = section.registry.partition(":")
    registry: Mapping[str, _Entry] = getattr(import_module(module), name)
    labels = {key: str(getattr(entry, "form", key)) for key, entry in registry.items()}  # specs have a form to be written in
    indent = max(map(len, labels.values())) + 4
    yield section.title
    for key, entry in registry.items():
        summary = textwrap.wrap(entry.summary, max(width() - indent, NARROWEST)) if sys.stdout.isatty() else [entry.summary]
        yield f"  {labels[key]:{indent - 2}}{summary[0]}"
        yield from (" " * indent + line for line in summary[1:])
