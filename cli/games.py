"""Which game a command is about: what --option says, and the game that an agent has learned. Called by play, evaluate and gtp."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import UserError

if TYPE_CHECKING:
    from ..envs.game import Option


TITLES = {"tic_tac_toe": "Tic-tac-toe"}  # what is not written with capitals alone


def title(name: str) -> str:
    """A game's name for people, where one is only read: "Connect Four". Where it is typed, as in most refusals, it is connect_four.

    That of another library's game stays as it is typed.
    """
    return name if ":" in name else TITLES.get(name, name.replace("_", " ").title())


def key_values(flag: str, words: Sequence[str]) -> dict[str, Option]:
    """KEY=VALUE words of a flag: whole numbers, numbers, true and false, or else text. Raises UserError."""
    options: dict[str, Option] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not (key and equals and value):
            raise UserError(f"{flag} takes KEY=VALUE, such as size=5, not {word!r}")
        options[key] = _value(value)
    return options


def game_of(spec: str, name: str, words: Sequence[str]) -> tuple[str, dict[str, Option]]:
    """Name and options of the game that --game and --option name; without --game, of the one that the spec's agent has learned.

    The name is empty when that has learned nothing. Raises UserError.
    """
    from ..agents import model_zoo
    from ..agents.gym.loading import run_at
    from ..agents.specs import parse
    from ..agents.variants import game_learned

    options = key_values("--option", words)
    if name:
        return name, options
    kind, argument = parse(spec)
    if kind == "zoo":
        card, _ = model_zoo.read(argument)
        return card.game, {**card.options, **options}
    if kind == "run":
        run, _, _ = run_at(argument)
        learned, theirs = game_learned(run.config, str(run.path))
        return learned, {**theirs, **options}
    return "", options


def _value(text: str) -> Option:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text
