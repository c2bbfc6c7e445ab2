"""The conformance kit passes every game of the registry and finds every fault planted here, naming the law that is broken."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from zerodojo.envs import GAMES, Game, Labels, Picture, Playouts, Position, Step, Symmetries, make
from zerodojo.envs.breakthrough import Breakthrough
from zerodojo.envs.connect_four import ConnectFour
from zerodojo.envs.game import Option, States
from zerodojo.envs.gomoku import Gomoku
from zerodojo.envs.stones import MOVER
from zerodojo.envs.testing import check_game
from zerodojo.envs.tic_tac_toe import TicTacToe

# More variants of a game than its defaults; a game without a line here is checked with its defaults.
VARIANTS: dict[str, list[dict[str, Option]]] = {
    "connect_four": [
        {"width": 5, "height": 4, "connect": 3},
        {"width": 9, "height": 6, "connect": 5},
        {"width": 12, "height": 4},
        {"width": 2, "height": 31, "connect": 8},
        {"history": 4},
    ],
    "breakthrough": [{"size": 4}],
    "go": [
        {"size": 2},
        {"size": 5, "superko": "simple", "suicide": True, "history": 1},
        {"size": 7, "handicap": 3, "max_plies": 60},
    ],
    "gomoku": [{"size": 5, "swap": True}, {"size": 9, "exact": True, "history": 2}],
    "hex": [{"size": 3}, {"size": 5, "swap": False, "history": 2}],
    "othello": [{"size": 6, "history": 8}, {"size": 10}],
    "tic_tac_toe": [{"history": 3}],
}


@pytest.mark.parametrize(
    ("name", "options"),
    [(name, options) for name in GAMES for options in ({}, *VARIANTS.get(name, []))],
    ids=lambda value: value if isinstance(value, str) else ",".join(f"{k}={v}" for k, v in value.items()) or "default",
)
def test_every_game_keeps_the_laws(name: str, options: dict[str, Option]) -> None:
    check_game(
        make(name, **options), games=2 if name == "chess" else 24
    )  # chess comes through python-chess, a hundred times slower


@pytest.mark.parametrize(
    ("name", "options"), [(name, options) for name in GAMES for options in ({}, *VARIANTS.get(name, []))], ids=str
)
def test_every_game_tells_its_rules_shortly(name: str, options: dict[str, Option]) -> None:
    game = make(name, **options)
    assert 40 < len(game.rules) <= 280 and game.rules.endswith(".") and "\n" not in game.rules
    assert len(game.aims) in (0, game.spec.num_players)


class DoubleOpening(TicTacToe):
    """Player 0 begins with two stones: a sound game in which the number of plies does not tell who moves."""

    def step(self, states: States, actions: NDArray[np.int32]) -> Step:
        step = super().step(states, actions)
        opened = np.bitwise_count(states[:, 0] | states[:, 1]) == 1
        states[opened, 2] = 0
        step.to_play[opened] = 0
        return step

    def playout(self, states: States, seeds: NDArray[np.uint64]) -> Playouts:
        states = states.copy()
        fresh = (states[:, 0] | states[:, 1]) == 0
        opened = np.ascontiguousarray(states[fresh])
        self.step(opened, (seeds[fresh] % 9).astype(np.int32))
        states[fresh] = opened
        playouts = super().playout(states, seeds)
        playouts.plies[fresh] += 1
        return playouts


def test_a_game_without_strict_turns_passes() -> None:
    check_game(DoubleOpening())


class ParityMover(DoubleOpening):
    def to_play(self, states: States) -> NDArray[np.int8]:
        return (np.bitwise_count(states[:, 0] | states[:, 1]) % 2).astype(np.int8)


class WrongWinner(ConnectFour):
    def step(self, states: States, actions: NDArray[np.int32]) -> Step:
        step = super().step(states, actions)
        return step._replace(rewards=np.ascontiguousarray(step.rewards[:, ::-1]))


class OneLineForgotten(TicTacToe):
    """The top row does not win in a step, though it does in a playout."""

    def step(self, states: States, actions: NDArray[np.int32]) -> Step:
        step = super().step(states, actions)
        top = ((states[:, 0] & 7 == 7) | (states[:, 1] & 7 == 7)) & (actions < 3)
        step.rewards[top] = 0
        return step


class OnesidedRewards(TicTacToe):
    def step(self, states: States, actions: NDArray[np.int32]) -> Step:
        step = super().step(states, actions)
        return step._replace(rewards=np.maximum(step.rewards, 0))


class LargeRewards(TicTacToe):
    def step(self, states: States, actions: NDArray[np.int32]) -> Step:
        step = super().step(states, actions)
        return step._replace(rewards=step.rewards * np.float32(3))


class DoubleRewards(TicTacToe):
    def step(self, states: States, actions: NDArray[np.int32]) -> Step:
        step = super().step(states, actions)
        return step._replace(rewards=step.rewards.astype(np.float64))  # type: ignore[arg-type]


class ColumnNeverFull(ConnectFour):
    """The mask offers a full column; the disc goes nowhere, and the game goes on for ever."""

    def legal_mask(self, states: States) -> NDArray[np.bool_]:
        return np.repeat(~self.terminal(states)[:, None], self.spec.num_actions, axis=1)


class CornerForbidden(TicTacToe):
    def legal_mask(self, states: States) -> NDArray[np.bool_]:
        mask = super().legal_mask(states)
        mask[:, 0] &= mask[:, 4]
        return mask


class CentreForbidden(TicTacToe):
    def legal_mask(self, states: States) -> NDArray[np.bool_]:
        mask = super().legal_mask(states)
        mask[:, 4] = False
        return mask


class LegalAfterTheEnd(TicTacToe):
    def legal_mask(self, states: States) -> NDArray[np.bool_]:
        return (states[:, 0] | states[:, 1])[:, None] >> np.arange(9, dtype=np.uint64) & np.uint64(1) == 0


class DrawsNotTerminal(TicTacToe):
    def terminal(self, states: States) -> NDArray[np.bool_]:
        return super().terminal(states) & ((states[:, 0] | states[:, 1]) != 511)


class NeighbourTouched(TicTacToe):
    """An index off by one: the row after the batch is written to, where there is one."""

    def step(self, states: States, actions: NDArray[np.int32]) -> Step:
        step = super().step(states, actions)
        base = states.base
        if base is not None and base.ndim == 2 and base.shape[1] == 3:
            first = (states.ctypes.data - base.ctypes.data) // base.strides[0]
            if first + len(states) < len(base):
                base[first + len(states), 0] ^= 1
        return step


class StepOnACopy(ConnectFour):
    def step(self, states: States, actions: NDArray[np.int32]) -> Step:
        return super().step(states.copy(), actions)


class FirstRowsOnly(TicTacToe):
    """A buffer of 32 rows; what is beyond it keeps its state."""

    def step(self, states: States, actions: NDArray[np.int32]) -> Step:
        kept = states[32:].copy()
        step = super().step(states, actions)
        states[32:] = kept
        return step


class ActionsUsedUp(TicTacToe):
    def step(self, states: States, actions: NDArray[np.int32]) -> Step:
        step = super().step(states, actions)
        actions[:] = 0
        return step


class SharedBuffers(TicTacToe):
    def __init__(self) -> None:
        super().__init__()
        self._rewards = np.zeros((10_000, 2), np.float32)

    def step(self, states: States, actions: NDArray[np.int32]) -> Step:
        step = super().step(states, actions)
        self._rewards[: len(states)] = step.rewards
        return step._replace(rewards=self._rewards[: len(states)])


class SharedStates(TicTacToe):
    def __init__(self) -> None:
        super().__init__()
        self._start = np.zeros((16, 3), np.uint64)

    def new_states(self, n: int) -> States:
        return self._start[:n]


class CountingMover(TicTacToe):
    """Who moves is remembered, not read."""

    _calls = 0

    def to_play(self, states: States) -> NDArray[np.int8]:
        self._calls += 1
        return np.where(self._calls % 5 == 0, 1 - super().to_play(states), super().to_play(states)).astype(np.int8)


class PlayoutInPlace(ConnectFour):
    def playout(self, states: States, seeds: NDArray[np.uint64]) -> Playouts:
        playouts = super().playout(states, seeds)
        states[~self.terminal(states), 2] |= np.uint64(2)
        return playouts


class PlayoutByChance(ConnectFour):
    def __init__(self) -> None:
        super().__init__()
        self._generator = np.random.default_rng(0)

    def playout(self, states: States, seeds: NDArray[np.uint64]) -> Playouts:
        return super().playout(states, self._generator.integers(0, 2**64, len(states), np.uint64))


class PlayoutByPlace(ConnectFour):
    """The seed of a row is not its own but its neighbour's."""

    def playout(self, states: States, seeds: NDArray[np.uint64]) -> Playouts:
        return super().playout(states, np.roll(seeds, 1))


class PlayoutRepeatsTheEnd(TicTacToe):
    """Where the game is over, the playout pays the winner once more."""

    def playout(self, states: States, seeds: NDArray[np.uint64]) -> Playouts:
        playouts = super().playout(states, seeds)
        for i in np.flatnonzero(self.terminal(states)):
            if self.picture(states[i]).marks:
                playouts.rewards[i] = (1, -1)
        return playouts


class PlayoutWithoutDraws(TicTacToe):
    def playout(self, states: States, seeds: NDArray[np.uint64]) -> Playouts:
        playouts = super().playout(states, seeds)
        draws = (playouts.rewards[:, 0] == 0) & ~self.terminal(states)
        playouts.rewards[draws] = (1, -1)
        return playouts


class PlayoutWithoutLength(ConnectFour):
    def playout(self, states: States, seeds: NDArray[np.uint64]) -> Playouts:
        playouts = super().playout(states, seeds)
        return playouts._replace(plies=np.ones_like(playouts.plies))


class PlayoutOfTheFirstMove(ConnectFour):
    """Every game of a batch is played with one seed: from a position the playouts all end alike."""

    def playout(self, states: States, seeds: NDArray[np.uint64]) -> Playouts:
        return super().playout(states, np.zeros_like(seeds))


class AbsolutePlanes(ConnectFour):
    """The first plane is player 0's stones, whoever looks."""

    def observe(self, states: States, out: NDArray[np.float32]) -> None:
        super().observe(states, out)
        second = self.to_play(states) == 1
        out[second, :2] = out[second, 1::-1]

    observation_keys = Game.observation_keys


class PlaneNotWritten(TicTacToe):
    def observe(self, states: States, out: NDArray[np.float32]) -> None:
        planes = np.empty_like(out)
        super().observe(states, planes)
        out[:, :2] = planes[:, :2]


class PlaneOutOfBounds(TicTacToe):
    def observe(self, states: States, out: NDArray[np.float32]) -> None:
        super().observe(states, out)
        out[:, 1] *= -1


class StonesAdded(TicTacToe):
    """The stones are added to what stands in the array already."""

    def observe(self, states: States, out: NDArray[np.float32]) -> None:
        planes = np.empty_like(out)
        super().observe(states, planes)
        np.copyto(out, 0.0, where=np.isnan(out))
        out += planes


class KeyForgetsPlayers(TicTacToe):
    def state_keys(self, states: States) -> list[bytes]:
        return [key.tobytes() for key in states[:, 0] | states[:, 1]]


class KeyOfOneSide(TicTacToe):
    def observation_keys(self, states: States) -> NDArray[np.uint64]:
        return states[np.arange(len(states)), self.to_play(states), None].astype(np.uint64)


class KeyOfTheColours(ConnectFour):
    """Observations that are the same in themselves, but keyed by when they were asked for."""

    def observation_keys(self, states: States) -> NDArray[np.uint64]:
        return np.column_stack([super().observation_keys(states), np.arange(len(states), dtype=np.uint64)])


class NamesCollide(TicTacToe):
    def action_name(self, action: int) -> str:
        return "abc"[action % 3]


class CaseMatters(TicTacToe):
    def parse_action(self, text: str) -> int:
        if text.strip() != text.strip().lower():
            return super().parse_action("")
        return super().parse_action(text)


class AnythingGoes(ConnectFour):
    def parse_action(self, text: str) -> int:
        digits = re.findall(r"\d", text)
        return int(digits[0]) - 1 if digits else 0


class WrongException(ConnectFour):
    def parse_action(self, text: str) -> int:
        return int(text) - 1


class WrongPictureShape(ConnectFour):
    def picture(self, row: States) -> Picture:
        glyphs, owners, marks, _ = super().picture(row)
        return Picture([list(line) for line in zip(*glyphs, strict=True)], owners.T.copy(), marks)


class LabelsOfAnotherBoard(ConnectFour):
    @property
    def labels(self) -> Labels:
        return Labels(bottom=["1", "2", "3"])


class NothingToSee(ConnectFour):
    def render(self, row: States) -> str:
        return ""


class WritablePositions(TicTacToe):
    def start(self) -> Position:
        return Position(game=self, row=self.new_states(1)[0])


def symmetries(game: Game, **changes: Any) -> Callable[[], Game]:
    """A factory of the game with some tables of its symmetries replaced."""

    def planted() -> Game:
        class Planted(type(game)):  # type: ignore[misc]
            @property
            def symmetries(self) -> Symmetries:
                return replace(super().symmetries, **changes)

        return Planted()  # type: ignore[no-any-return]

    return planted


def spec(game: Game, **changes: Any) -> Callable[[], Game]:
    """A factory of the game with some fields of its spec replaced."""

    def planted() -> Game:
        game.spec = replace(game.spec, **changes)
        return game

    return planted


RULES = "Symmetries keep the rules"
SQUARE = TicTacToe().symmetries
PLANTED: list[tuple[str, Callable[[], Game], str]] = [
    ("wrong winner", WrongWinner, "Playouts and steps agree"),
    ("one line forgotten", OneLineForgotten, "Playouts and steps agree|Symmetries keep the rules"),
    ("rewards of one side only", OnesidedRewards, "Rewards: .* add up to zero"),
    ("rewards above one", LargeRewards, r"Rewards: .* outside \[-1, 1\]"),
    ("rewards in double precision", DoubleRewards, "The arrays of a step: rewards has dtype"),
    ("an illegal move in the mask", ColumnNeverFull, "The length of games"),
    ("a legal move missing in a corner", CornerForbidden, "Legal moves|Symmetries keep the rules"),
    ("a legal move missing in the centre", CentreForbidden, "Legal moves"),
    ("legal moves after the end", LegalAfterTheEnd, "Legal moves: there must be none"),
    ("draws that are not the end", DrawsNotTerminal, "Legal moves"),
    ("a neighbour's row touched", NeighbourTouched, "New states|A step touches only its own rows"),
    ("a step on a copy", StepOnACopy, "A step plays in place"),
    ("only the first rows stepped", FirstRowsOnly, "A batch is its rows one by one"),
    ("actions written to", ActionsUsedUp, "A step touches only its own rows: the actions change"),
    ("results in a shared buffer", SharedBuffers, "Results are fresh arrays"),
    ("new states in shared memory", SharedStates, "New states"),
    ("the mover guessed from parity", ParityMover, "The player to move"),
    ("the mover remembered", CountingMover, "The player to move: it depends on more|The player to move: one state at a time"),
    ("a playout that changes states", PlayoutInPlace, "States stay as they are: a playout"),
    ("a playout by chance", PlayoutByChance, "Playouts: the same seeds"),
    ("a playout by place", PlayoutByPlace, "Playouts: the rewards depend on more"),
    ("a playout that pays twice", PlayoutRepeatsTheEnd, "Playouts: .* where the game is over"),
    ("a playout without draws", PlayoutWithoutDraws, "Playouts and steps agree"),
    ("a playout that does not count", PlayoutWithoutLength, "Playouts: there are plies where the game is over"),
    ("a playout of one line only", PlayoutOfTheFirstMove, "Playouts and steps agree: .* never do"),
    ("planes of absolute players", AbsolutePlanes, "The observation is the mover's view"),
    ("a plane not written", PlaneNotWritten, "The observation: it is not finite, or not every number is written"),
    ("a plane out of bounds", PlaneOutOfBounds, "The observation: a number lies outside of"),
    ("planes added up", StonesAdded, "The observation: it depends on what was in the array"),
    ("a state key too short", KeyForgetsPlayers, "State keys: two states that differ"),
    ("an observation key too short", KeyOfOneSide, "Observation keys: two states that differ"),
    ("an observation key too long", KeyOfTheColours, "Observation keys: two states that are the same"),
    ("labels that do not fit", LabelsOfAnotherBoard, "Pictures: the labels do not fit"),
    ("names that collide", NamesCollide, "Action names: two actions have one name"),
    ("names in one case only", CaseMatters, "Action names: .* is refused"),
    ("junk that is parsed", AnythingGoes, "Action names: .* is parsed"),
    ("junk that raises something else", WrongException, "Action names: .* should raise UserError"),
    ("a picture on its side", WrongPictureShape, "Pictures: the glyphs"),
    ("nothing rendered", NothingToSee, "Pictures: the rendering"),
    ("positions that can be written", WritablePositions, "Positions: the row"),
    (
        "a symmetry of points but not actions",
        symmetries(ConnectFour(), actions=np.tile(np.arange(7, dtype=np.int32), (2, 1))),
        RULES,
    ),
    ("an inverse that is none", symmetries(TicTacToe(), inverse=np.arange(8, dtype=np.int32)), "The inverse of a symmetry"),
    ("the identity not first", symmetries(TicTacToe(), points=SQUARE.points[::-1].copy()), "Symmetries: the first"),
    ("a symmetry that is no permutation", symmetries(TicTacToe(), points=SQUARE.points // 2), "Symmetries: .* no permutation"),
    ("planes swapped", symmetries(ConnectFour(), planes=np.array([[0, 1, 2], [1, 0, 2]], np.int32)), "Symmetries keep the rules"),
    ("max_plies one too small", spec(ConnectFour(), max_plies=41, options={}, name="four"), "The length of games"),
    ("max_legal one too small", spec(ConnectFour(), max_legal=6, name="four"), "Legal moves: more than max_legal"),
    ("options left out", spec(ConnectFour(width=5, height=4), options={}), "The spec: make"),
    ("an empty board", spec(TicTacToe(), board=(3, 0), name="three"), "The spec: a count"),
    ("the wrong dtype of states", spec(TicTacToe(), state_dtype=np.dtype(np.int64), name="three"), "New states: .* dtype"),
    ("one player too many", spec(TicTacToe(), num_players=3, name="three"), "The arrays of a step: rewards has shape"),
]


@pytest.mark.parametrize(("planted", "law"), [entry[1:] for entry in PLANTED], ids=[entry[0] for entry in PLANTED])
def test_every_planted_fault_is_found_and_named(planted: Callable[[], Game], law: str) -> None:
    with pytest.raises(AssertionError, match=f"^({law})"):
        check_game(planted())


class Turned(Breakthrough):
    """Breakthrough whose Black sees the board turned top to bottom, so that pawns always go up: a sound game with a mirror."""

    def __init__(self) -> None:
        super().__init__(size=4)
        names = [self.action_name(action) for action in range(self.spec.num_actions)]
        turned = [name.translate(str.maketrans("1234", "4321")) for name in names]
        self.turned = np.array([names.index(name) for name in turned], np.int32)

    def observe(self, states: States, out: NDArray[np.float32]) -> None:
        super().observe(states, out)
        second = self.to_play(states) == 1
        out[second] = out[second, :, ::-1]

    @property
    def mirror(self) -> NDArray[np.int32] | None:
        return self.turned


def black_begins(game: Breakthrough) -> Game:
    """The game's twin: it begins with Black."""

    class BlackBegins(type(game)):  # type: ignore[misc]
        def new_states(self, n: int) -> States:
            states = super().new_states(n)
            states[:, self.info] |= MOVER
            return states

    return BlackBegins()  # type: ignore[no-any-return]


class MirrorForgotten(Turned):
    """The planes are turned, the actions are not."""

    @property
    def mirror(self) -> NDArray[np.int32] | None:
        return np.arange(self.spec.num_actions, dtype=np.int32)


class PlanesNotTurned(Turned):
    observe = Breakthrough.observe


class PlanesTurnedForBoth(Turned):
    def observe(self, states: States, out: NDArray[np.float32]) -> None:
        Breakthrough.observe(self, states, out)
        out[:] = out[:, :, ::-1].copy()


class MirrorOfSomeActions(Turned):
    @property
    def mirror(self) -> NDArray[np.int32] | None:
        return self.turned // 2


class MirrorAndOneStep(Turned):
    """Every action goes one further: a permutation that does not undo itself."""

    @property
    def mirror(self) -> NDArray[np.int32] | None:
        return np.roll(np.arange(self.spec.num_actions, dtype=np.int32), 1)


class SwapWithMirror(Gomoku):
    """A swap leaves the other player to see the same stones, if no plane tells who moves; with a mirror, even one that moves
    nothing, that is another answer."""

    def __init__(self) -> None:
        super().__init__(size=5, swap=True)

    @property
    def mirror(self) -> NDArray[np.int32] | None:
        return np.arange(self.spec.num_actions, dtype=np.int32)

    def observe(self, states: NDArray[np.uint64], out: NDArray[np.float32]) -> None:
        super().observe(states, out)
        out[:, -1] = 0.0

    observation_keys = Game.observation_keys


class KeyForgetsTheMover(SwapWithMirror):
    def observation_keys(self, states: NDArray[np.uint64]) -> NDArray[np.uint64]:
        return Gomoku.observation_keys(self, states)[:, :-1]


def test_a_game_with_a_mirror_passes() -> None:
    check_game(Turned(), twin=black_begins(Turned()))
    check_game(SwapWithMirror(), seed=1)  # some of its games have a swap


@pytest.mark.parametrize(
    ("planted", "law"),
    [
        (MirrorForgotten, "The mirror keeps the rules: the legal moves of the twin"),
        (PlanesNotTurned, "The mirror keeps the rules: plane 0 of the twin"),
        (PlanesTurnedForBoth, "The mirror keeps the rules: plane 0 of the twin"),
        (MirrorOfSomeActions, "The mirror: it is no permutation"),
        (MirrorAndOneStep, "The mirror: it is not its own inverse"),
    ],
)
def test_every_fault_of_a_mirror_is_found_and_named(planted: type[Turned], law: str) -> None:
    with pytest.raises(AssertionError, match=f"^{law}"):
        check_game(planted(), twin=black_begins(planted()))


def test_a_mirror_needs_a_twin_of_exchanged_sides_and_keys_that_tell_the_mover() -> None:
    with pytest.raises(AssertionError, match=r"^The mirror keeps the rules: in the twin the sides are not exchanged"):
        check_game(Turned(), twin=Turned())
    with pytest.raises(AssertionError, match=r"^The mirror: there is none, and a twin"):
        check_game(Breakthrough(size=4), twin=black_begins(Turned()))
    with pytest.raises(AssertionError, match=r"^Observation keys: two states that differ have one key"):
        check_game(KeyForgetsTheMover(), seed=1)
