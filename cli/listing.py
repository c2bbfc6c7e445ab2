"""`zerodojo list`: every name that can be typed somewhere, with one line of what it is. Reads the registries, imports no entry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import NamedTuple, Protocol

from ..errors import unknown
from .arguments import Positional, parse


class _Entry(Protocol):
    @property
    def summary(self) -> str: ...


class _Section(NamedTuple):
    registry: str  # "module:NAME", the module relative to the package zerodojo
    title: str


SECTIONS: dict[str, _Section] = {
    "games": _Section("zerodojo.envs.registry:LISTED", "games: zerodojo train GAME, zerodojo play GAME"),
    "agents": _Section("zerodojo.agents.registry:AGENTS", "agents, which learn"),
    "backbones": _Section("zerodojo.models.registry:BACKBONES", "backbones: --network.backbone NAME"),
    "engines": _Section("zerodojo.models.engines.registry:ENGINES", "engines, which run networks: --self-play.engine NAME"),
    "presets": _Section("zerodojo.agents.registry:PRESETS", "presets: zerodojo train GAME --preset NAME"),
    "players": _Section("zerodojo.agents.specs:SPECS", "players: --opponent SPEC"),
}


@dataclass(frozen=True)
class List:
    """The arguments of `zerodojo list`."""

    section: Positional[str] = ""  # games, agents, backbones, engines, presets or players; all of them without


def main(argv: Sequence[str]) -> int:
    """Prints one section, or all. Raises UserError for a section that is not there."""
    section = parse(
        List,
        argv,
        prog="zerodojo list",
        description="Every name that can be typed somewhere, with one line of what it is.",
        examples=["zerodojo list", "zerodojo list games", "zerodojo list players"],
    ).section
    if section and section not in SECTIONS:
        raise unknown("list", section, SECTIONS)
    print("\n\n".join("\n".join(_lines(name)) for name in ([section] if section else SECTIONS)))
    return 0


def _lines(section: str) -> Iterator[str]:
    module, _, name = SECTIONS[section].registry.partition(":")
    registry: Mapping[str, _Entry] = getattr(import_module(module), name)
    labels = {key: str(getattr(entry, "form", key)) for key, entry in registry.items()}  # specs have a form to be written in
    width = max(map(len, labels.values()))
    yield SECTIONS[section].title
    for key, entry in registry.items():
        yield f"  {labels[key]:{width}}  {entry.summary}"
