"""Games of OpenSpiel (Lanctot et al. 2019) behind the Game contract: `make("openspiel:NAME(PARAMETERS)")`.

Those that the search can play are taken: two players in turns, no chance, nothing hidden, what one wins the other loses.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import takewhile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import UserError, unknown
from .foreign import ForeignGame

PREFIX = "openspiel:"
LONGEST = 1_000  # plies, where the game's own bound is larger and no other is asked for
_MOST_PLIES = 10_000
_MOST_ACTIONS = 100_000  # each has a name, and a number in every mask
_MOST_NUMBERS = 1_000_000  # of what a network sees
_NAMED_BY_POSITION = (  # the same action has many names: its number is taken
    "amazons",
    "antichess",
    "chess",
    "chinese_checkers",
    "crazyhouse",
    "quoridor",
    "shogi",
    "ultimate_tic_tac_toe",
    "xiangqi",
)


class OpenSpielGame(ForeignGame[Any]):
    """One game of OpenSpiel, written as its `load_game` takes it: "hex(board_size=5)". Moves and boards look as OpenSpiel has them.

    What the network sees is the mover's observation tensor (else the information state) as [C, H, W]; a shape of two numbers is one
    plane, one number [n, 1, 1]. A last plane is 1 for player 0 and -1 for player 1, since most tensors do not tell who moves.
    Returns are divided by the largest that the game can bring.

    Args:
        game: name and parameters.
        max_plies: a game this long is a draw; 0 takes OpenSpiel's bound, at most 1,000.

    Raises:
        UserError: no such game, parameters that it refuses, a game of another kind, or one too large; the message says which.
    """

    observation_bounds = (-math.inf, math.inf)  # its tensors have none

    def __init__(self, game: str, max_plies: int = 0) -> None:
        self._game = _load(game.replace(" ", ""))
        name = f"{PREFIX}{self._game}"
        _check_kind(name, self._game)
        if not 0 <= max_plies <= _MOST_PLIES:
            raise UserError(f"max_plies={max_plies} is out of range; choose from 1 to {_MOST_PLIES}, or 0 for the game's own")
        kind = self._game.get_type()
        self._observes = kind.provides_observation_tensor
        shape = self._game.observation_tensor_shape() if self._observes else self._game.information_state_tensor_shape()
        layout = self._game.observation_tensor_layout() if self._observes else self._game.information_state_tensor_layout()
        plies = max_plies or min(self._game.max_game_length(), LONGEST)
        _check_size(name, self._game.num_distinct_actions(), shape, plies)
        self._start = _started(name, self._game)
        self._shape = tuple(shape)
        self._channels_last = len(shape) == 3 and layout.name == "HWC"
        channels, height, width = self._planes(np.zeros(math.prod(shape), np.float32)).shape
        self._scale = max(1.0, abs(self._game.max_utility()), abs(self._game.min_utility()))
        super().__init__(
            name=name,
            options={"max_plies": plies},
            names=_names(self._game),
            max_legal=self._game.num_distinct_actions(),
            max_plies=plies,
            board=(height, width),
            num_planes=channels + 1,
        )

    def _begin(self) -> Any:
        return self._start

    def _after(self, position: Any, action: int) -> Any:
        return position.child(action)

    def _legal(self, position: Any) -> list[int]:
        return position.legal_actions()

    def _over(self, position: Any) -> bool:
        return position.is_terminal()

    def _mover(self, position: Any) -> int:
        return position.current_player()

    def _returns(self, position: Any) -> list[float]:
        return [value / self._scale for value in position.returns()]

    def _observe(self, position: Any, player: int, out: NDArray[np.float32]) -> None:
        tensor = position.observation_tensor(player) if self._observes else position.information_state_tensor(player)
        out[:-1] = self._planes(np.array(tensor, np.float32))
        out[-1] = 1 - 2 * player

    def _planes(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._channels_last:
            return tensor.reshape(self._shape).transpose(2, 0, 1)
        if len(self._shape) == 1:
            return tensor.reshape(-1, 1, 1)
        return tensor.reshape(-1, *self._shape[-2:])

    def _text(self, position: Any) -> str:
        return str(position).rstrip("\n") or "(no picture)"


def _load(game: str) -> Any:
    try:
        import pyspiel
    except ImportError as error:
        raise UserError('openspiel: games need OpenSpiel; pip install "zerodojo[openspiel]"') from error
    name = game.partition("(")[0]
    if name not in pyspiel.registered_names():
        raise unknown("game of OpenSpiel", name, pyspiel.registered_names())
    try:
        with _errors_told_once():
            _check_counts(pyspiel.game_parameters_from_string(game), pyspiel.registered_games())
            return pyspiel.load_game(game)
    except UserError:
        raise
    except Exception as error:  # its own SpielError, and others from games in Python
        raise UserError(f"{PREFIX}{game} is refused by OpenSpiel: {_first_line(error)}") from error


@contextmanager
def _errors_told_once() -> Iterator[None]:
    """OpenSpiel writes each of its exceptions to standard error before it raises it; the line it writes is dropped."""
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def _check_counts(parameters: Mapping[str, Any], kinds: Sequence[Any]) -> None:
    """Raises UserError for a count below 0: of some, OpenSpiel makes a game that breaks, or takes the process with it.

    `parameters` are as OpenSpiel reads them, one of them the game's name, and those of a game within a game likewise.
    """
    defaults: Mapping[str, Any] = next(
        (kind.parameter_specification for kind in kinds if kind.short_name == parameters.get("name")), {}
    )
    for key, value in parameters.items():
        if isinstance(value, Mapping):
            _check_counts(value, kinds)
        elif type(value) is type(defaults.get(key)) is int and value < 0 <= defaults[key]:
            raise UserError(f"{key}={value} of {parameters['name']} is below 0; choose more, such as its default, {defaults[key]}")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _check_kind(name: str, game: Any) -> None:
    """Raises UserError, naming what the game has that the search cannot play."""
    kind = game.get_type()
    reasons = [
        *([f"it is for {game.num_players()} players"] if game.num_players() != 2 else []),
        *(["players move at the same time"] if kind.dynamics.name != "SEQUENTIAL" else []),
        *(["chance decides"] if kind.chance_mode.name != "DETERMINISTIC" else []),
        *(["something is hidden from the players"] if kind.information.name != "PERFECT_INFORMATION" else []),
        *(["it is not zero-sum"] if kind.utility.name != "ZERO_SUM" else []),
        *(
            ["it has no tensor for a network"]
            if not kind.provides_observation_tensor and not kind.provides_information_state_tensor
            else []
        ),
    ]
    if reasons:
        raise UserError(
            f"{name} cannot be played here: {', '.join(reasons)}; take a game of two players in turns, "
            "without chance or hidden cards, where one wins what the other loses"
        )


def _check_size(name: str, actions: int, shape: Sequence[int], plies: int) -> None:
    """Raises UserError for a board so large that its actions or what a network sees of it would fill the memory, or for none."""
    if min(actions, plies, *shape) < 1:
        raise UserError(
            f"{name} is too small: it has {actions} actions, at most {plies} plies and a tensor of {shape}; make it larger"
        )
    sizes = (("numbers for a network", math.prod(shape), _MOST_NUMBERS), ("actions", actions, _MOST_ACTIONS))
    for what, count, most in sizes:
        if count > most:
            raise UserError(f"{name} is too large: it has {count:,} {what}, and up to {most:,} are played here; make it smaller")


def _started(name: str, game: Any) -> Any:
    """The start. Raises UserError where there is none: some parameters are refused only here, and some games draw it."""
    try:
        with _errors_told_once():
            state = game.new_initial_state()
    except Exception as error:
        raise UserError(f"{name} is refused by OpenSpiel: {_first_line(error)}") from error
    if state.is_chance_node():
        raise UserError(f"{name} cannot be played here: chance decides how it begins; take a game that always begins alike")
    if state.is_terminal():
        raise UserError(f"{name} cannot be played here: it is over before it begins; choose other parameters")
    return state


def _names(game: Any) -> list[str]:
    """A name for every action: OpenSpiel's, without what tells the player; with its number where that names several actions."""
    actions = range(game.num_distinct_actions())
    if game.get_type().short_name in _NAMED_BY_POSITION:
        return [str(action) for action in actions]
    start = game.new_initial_state()
    try:
        names = [_shared(start.action_to_string(0, action), start.action_to_string(1, action)) for action in actions]
    except UnicodeDecodeError:  # its letters for columns go on behind z, until they are none
        return [str(action) for action in actions]
    count = Counter(name.casefold() for name in names)
    return [name if count[name.casefold()] == 1 else f"{name} #{action}".strip() for action, name in enumerate(names)]


def _shared(first: str, second: str) -> str:
    """What two players' names for one action end with alike: "a1" of "B a1" and "W a1"."""
    if first.casefold() == second.casefold():
        return first.strip()
    alike = list(takewhile(lambda pair: pair[0] == pair[1], zip(reversed(first), reversed(second), strict=False)))
    return first[len(first) - len(alike) :].strip()
