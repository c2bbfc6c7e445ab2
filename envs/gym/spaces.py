"""What an environment shows and takes, as agents see it: every observation is one array, every action one row of numbers.

The rest of Gymnasium's spaces stops here: discrete observations become one-hot, parts of tuples and dictionaries are put one behind
the other, and where one part is an image the others become constant planes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from ...errors import UserError

Observations = NDArray[Any]  # [N, F] float32, or images [N, C, H, W] of bytes, truths or float32
Actions = NDArray[Any]  # [N] int64, [N, K] int64, or [N, K] float32
MASK = "action_mask"  # the key, in a dictionary of observations or in infos, of what may be done


@dataclass(frozen=True)
class ObservationSpace:
    """The shape of one observation: (F,) a vector, (C, H, W) an image; bytes and truths stay so until a network reads them."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    sizes: tuple[
        int, ...
    ] = ()  # where the vector is one-hot numbers one behind the other, how many each can be: finitely many states
    left_out: tuple[str, ...] = ()  # names of parts that are words, which agents do not see

    def empty(self, *n: int) -> Observations:
        """Room for observations [*n, ...]."""
        return np.zeros((*n, *self.shape), self.dtype)


@dataclass(frozen=True)
class ActionSpace:
    """What may be done: choices, each of so many (`sizes`), or numbers between bounds (`low`, `high` [K], infinite where there are
    none)."""

    sizes: tuple[int, ...] = ()  # of independent choices; empty where actions are continuous
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    single: bool = False  # one choice, whose rows are numbers and not arrays

    @property
    def continuous(self) -> bool:
        """Whether actions are numbers."""
        return not self.sizes

    @property
    def bounded(self) -> bool:
        """Whether no number is without bounds."""
        return bool(np.isfinite(self.low + self.high).all())

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one action: () or (K,)."""
        return () if self.single else (len(self.sizes) or len(self.low),)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of actions."""
        return np.dtype(np.float32 if self.continuous else np.int64)

    def empty(self, *n: int) -> Actions:
        """Room for actions [*n, ...]."""
        return np.zeros((*n, *self.shape), self.dtype)

    def __str__(self) -> str:
        if self.continuous:
            return f"{len(self.low)} numbers"
        return f"one of {self.sizes[0]}" if self.single else f"{len(self.sizes)} choices"


class Planes(spaces.Box[np.float32]):
    """An image whose channels come first, however many they are."""


class Reader:
    """Turns what environments give into observations, by the space that describes it. Raises UserError for one it cannot read.

    Words among the parts of a dictionary or a tuple, such as MiniGrid's missions, are left out.
    """

    def __init__(self, space: gymnasium.Space[Any]) -> None:
        words = _words(space)
        self.has_mask = isinstance(space, spaces.Dict) and MASK in space.spaces
        if self.has_mask:
            parts = {name: part for name, part in space.spaces.items() if name != MASK}  # type: ignore[attr-defined]
            space = next(iter(parts.values())) if len(parts) == 1 else spaces.Dict(parts)
            self._inside = next(iter(parts)) if len(parts) == 1 else None
        self._part = _part(space)
        self.space = ObservationSpace(self._part.shape, self._part.dtype, self._part.sizes, words)

    def __call__(self, values: Sequence[Any]) -> Observations:
        """Observations [N, ...] of N environments, given one by one; fresh arrays."""
        if self.has_mask:
            values = [value[self._inside] if self._inside else value for value in values]
        return self._part.read(values)

    def masks(self, values: Sequence[Any]) -> list[Any] | None:
        """The action masks that stand among N observations, as they stand there; None where there are none."""
        return [value[MASK] for value in values] if self.has_mask else None


class Writer:
    """Turns agents' actions into what environments take: rows of K into arrays of its shape. Raises UserError for a space that is
    neither choices nor numbers."""

    def __init__(self, space: gymnasium.Space[Any]) -> None:
        self._space = space
        match space:
            case spaces.Discrete():
                self.space = ActionSpace(sizes=(int(space.n),), single=True)
            case spaces.MultiDiscrete() if space.shape:
                self.space = ActionSpace(sizes=tuple(map(int, space.nvec.ravel())))
            case spaces.MultiBinary() if space.shape:
                self.space = ActionSpace(sizes=(2,) * int(np.prod(space.shape)))
            case spaces.Box() if space.shape:
                self.space = ActionSpace(low=tuple(map(float, space.low.ravel())), high=tuple(map(float, space.high.ravel())))
            case _:
                raise UserError(f"actions of {space} are neither choices nor numbers in an array; wrap the environment")

    def __call__(self, actions: Actions) -> Sequence[Any] | NDArray[Any]:
        """The actions of N environments, each as its space has it; numbers are cut to their bounds."""
        space = self._space
        if isinstance(space, spaces.Discrete):
            return list((actions + space.start).tolist())
        if space.shape and len(space.shape) > 1:
            actions = actions.reshape(-1, *space.shape)
        if isinstance(space, spaces.Box):
            return np.clip(actions, space.low, space.high).astype(space.dtype)
        if isinstance(space, spaces.MultiDiscrete):
            return (actions + space.start).astype(space.dtype)
        return actions.astype(space.dtype)


def mask_row(mask: Any) -> NDArray[np.bool_]:
    """A mask as one row: it is an array already, or a tuple of one array a choice, as Gymnasium's MultiDiscrete has it, or, where
    choices stand in rows, tuples of those."""
    while isinstance(mask, tuple) and isinstance(mask[0], tuple):
        mask = sum(mask, ())
    parts = mask if isinstance(mask, tuple) else (mask,)
    return np.concatenate([np.ravel(part) for part in parts]).astype(np.bool_)


def opened(masks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Masks [N, A] of what episodes ended with: one that closes everything says that nothing is done there any more, and nothing of
    what would have been open, so that it leaves all open."""
    return masks | ~masks.any(axis=1, keepdims=True)


def unbatched(space: gymnasium.Space[Any], values: Any, n: int) -> list[Any]:
    """What n environments show, one by one, of what a library gives for all at once: arrays, or dictionaries and tuples of them."""
    if isinstance(space, spaces.Dict):
        columns = {name: unbatched(part, values[name], n) for name, part in space.spaces.items()}
        return [{name: column[i] for name, column in columns.items()} for i in range(n)]
    if isinstance(space, spaces.Tuple):
        return list(zip(*(unbatched(part, value, n) for part, value in zip(space.spaces, values, strict=True)), strict=True))
    return list(values)


@dataclass(frozen=True)
class _Part:
    """How one space is read: N values to [N, *shape]."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[Sequence[Any]], NDArray[Any]]
    sizes: tuple[int, ...] = ()  # as ObservationSpace has them


FLOAT = np.dtype(np.float32)


def _words(space: gymnasium.Space[Any], name: str = "") -> tuple[str, ...]:
    """Where words stand in a space: names of parts, inner ones behind dots."""
    if isinstance(space, spaces.Dict | spaces.Tuple):
        return tuple(found for part, inner in _named(space).items() for found in _words(inner, f"{name}.{part}".lstrip(".")))
    return (name or "all",) if _is_text(space) else ()


def _is_text(space: gymnasium.Space[Any]) -> bool:
    return space.dtype is not None and np.dtype(space.dtype).kind == "U"


def _named(space: spaces.Dict | spaces.Tuple[Any]) -> dict[Any, gymnasium.Space[Any]]:
    """The parts by what they are asked for by."""
    return dict(space.spaces if isinstance(space, spaces.Dict) else enumerate(space.spaces))


def _part(space: gymnasium.Space[Any]) -> _Part:
    match space:
        case spaces.Box() if len(space.shape) == 4:
            return _stack(space.shape, np.dtype(space.dtype))
        case spaces.Box() if len(space.shape) == 3:
            return _image(space.shape, np.dtype(space.dtype), first=isinstance(space, Planes))
        case spaces.Box() if space.dtype == np.uint8 and len(space.shape) == 2:  # an image without channels
            return _Part((1, *space.shape), np.dtype(np.uint8), lambda values: np.stack(values)[:, None])
        case spaces.Box() | spaces.MultiBinary():
            size = int(np.prod(space.shape))
            return _Part((size,), FLOAT, lambda values: np.array(values, np.float32).reshape(len(values), size))
        case spaces.Discrete():
            return _one_hot((int(space.n),), lambda values: np.array(values).reshape(-1, 1) - space.start)
        case spaces.MultiDiscrete():
            sizes = tuple(map(int, space.nvec.ravel()))
            return _one_hot(sizes, lambda values: (np.array(values) - space.start).reshape(-1, len(sizes)))
        case spaces.Dict() | spaces.Tuple():
            read = {name: part for name, part in _named(space).items() if not _is_text(part)}
            if read:
                return _joined(read)
    raise UserError(f"observations of {space} cannot be read; wrap the environment so that they are numbers")


def _image(shape: tuple[int, ...], dtype: np.dtype[Any], *, first: bool = False) -> _Part:
    """Channels first. They are the smallest side: last as Gymnasium has it, first as stacks of frames have it, and where that is
    said."""
    first = first or shape[0] < min(shape[1:])
    if not first:
        height, width, channels = shape
        shape = (channels, height, width)
    dtype = dtype if dtype in (np.uint8, np.bool_) else FLOAT

    def read(values: Sequence[Any]) -> NDArray[Any]:
        images = np.array(values, dtype)
        return images if first else np.ascontiguousarray(images.transpose(0, 3, 1, 2))

    return _Part(tuple(map(int, shape)), dtype, read)


def _stack(shape: tuple[int, ...], dtype: np.dtype[Any]) -> _Part:
    """Several images [K, ...], the newest last, as one with the channels of each behind those of the one before."""
    image = _image(shape[1:], dtype)
    shape = (shape[0] * image.shape[0], *image.shape[1:])

    def read(values: Sequence[Any]) -> NDArray[Any]:
        return image.read([one for stack in values for one in stack]).reshape(len(values), *shape)

    return _Part(shape, image.dtype, read)


def _one_hot(sizes: tuple[int, ...], numbers: Callable[[Sequence[Any]], NDArray[Any]]) -> _Part:
    total = sum(sizes)
    starts = np.cumsum((0, *sizes[:-1]))

    def read(values: Sequence[Any]) -> NDArray[Any]:
        out = np.zeros((len(values), total), np.float32)
        out[np.arange(len(values))[:, None], numbers(values) + starts] = 1.0
        return out

    return _Part((total,), FLOAT, read, sizes)


def _joined(named: dict[Any, gymnasium.Space[Any]]) -> _Part:
    parts = {name: _part(space) for name, space in named.items()}
    images = {name: part.shape for name, part in parts.items() if len(part.shape) == 3}
    if not images:
        finite = all(part.sizes for part in parts.values())
        return _Part(
            (sum(part.shape[0] for part in parts.values()),),
            FLOAT,
            lambda values: np.concatenate([part.read([value[name] for value in values]) for name, part in parts.items()], axis=1),
            sum((part.sizes for part in parts.values()), ()) if finite else (),
        )
    sides = {shape[1:] for shape in images.values()}
    if len(sides) > 1:
        raise UserError(f"observations with images of {len(sides)} sizes cannot be read; wrap the environment to keep one of them")
    height, width = sides.pop()

    def planes(part: _Part, values: Sequence[Any]) -> NDArray[Any]:
        read = part.read(values)
        if len(part.shape) == 3:
            return read.astype(np.float32) / 255 if part.dtype == np.uint8 else read
        return np.broadcast_to(read[:, :, None, None], (*read.shape, height, width))

    return _Part(
        (sum(part.shape[0] for part in parts.values()), height, width),
        FLOAT,
        lambda values: np.concatenate([planes(part, [v[name] for v in values]) for name, part in parts.items()], axis=1),
    )
