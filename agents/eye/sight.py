"""What the network finds in a picture of any size: the board, anywhere in it, then with closer looks what is on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ...models.detection.decoding import MAX_OVERLAP, Objects, find_objects
from ...models.detection.nms import nms
from .drawing import BOARD
from .network import SIZE

MIN_BOARD = 0.3  # score of what is taken for a board
MIN_THING = 0.03  # of what may be a stone or an empty place; rows and columns say where one has to be
PART, PARTS = 0.6, 3  # side of the windows that are searched for small boards, in sides of the picture; windows a side
CLOSER, LOOKS = 1.25, 2  # side of a closer look, in longer sides of the board; how many such looks

Image = NDArray[np.uint8]  # [H, W, 3]


class Window(NamedTuple):
    """A square part of a picture, which may reach beyond it; in points."""

    left: float
    top: float
    side: float


class Sight(NamedTuple):
    """What was found on a board, as numbers, the surest first. Boxes are corners in points of the picture."""

    board: NDArray[np.float64]  # [4]
    boxes: NDArray[np.float64]  # [K, 4]
    labels: NDArray[np.int64]  # [K]
    scores: NDArray[np.float64]  # [K]


def look_at(network: nn.Module, image: Image) -> Iterator[Sight]:
    """The board of a picture, and what is on it: as the whole picture shows it, then as one of its parts does. Each look is closer
    than the one before; nothing comes where no board is seen."""
    whole, *parts = _windows(image)
    for windows in ([whole], parts):
        score, box = max(_boards(network, image, windows), key=lambda board: board[0])
        if score < MIN_BOARD:
            continue
        for _ in range(LOOKS):
            side = CLOSER * float(max(box[2:] - box[:2]))
            left, top = (box[:2] + box[2:]) / 2 - side / 2
            window = Window(left, top, side)
            (found,) = _looked(network, image, [window])
            score, closer = _board(found, window)
            box = closer if score >= MIN_BOARD else box
        thing = found.labels != BOARD
        things = Objects(found.boxes[thing], found.labels[thing], found.scores[thing])
        boxes, labels, scores = (part[nms(things.boxes, things.scores, threshold=MAX_OVERLAP)] for part in things)  # one a place
        yield Sight(box, _in_picture(boxes, window), labels.numpy(), scores.double().numpy())


def _windows(image: Image) -> list[Window]:
    """The whole picture, and nine parts of it."""
    height, width = image.shape[:2]
    whole = float(max(height, width))
    part = PART * whole
    middles = [(length - part) / 2 for length in (width, height)]
    corners = product(*(np.linspace(min(0, middle), max(2 * middle, middle), PARTS) for middle in middles))
    return [Window((width - whole) / 2, (height - whole) / 2, whole), *(Window(left, top, part) for left, top in corners)]


def _boards(network: nn.Module, image: Image, windows: Sequence[Window]) -> list[tuple[float, NDArray[np.float64]]]:
    """Of each window its surest board."""
    return [_board(found, window) for found, window in zip(_looked(network, image, windows), windows, strict=True)]


def _looked(network: nn.Module, image: Image, windows: Sequence[Window]) -> list[Objects]:
    seen = torch.cat([_cut(image, window) for window in windows])
    with torch.inference_mode():
        offsets, logits = network(seen)
    return find_objects(offsets, logits, network.get_buffer("default_boxes"), min_score=MIN_THING)


def _cut(image: Image, window: Window) -> torch.Tensor:
    """A window of the picture as the network sees it, [1, 3, SIZE, SIZE]; beyond the picture its edge goes on."""
    side = max(1, round(window.side))
    left, top = round(window.left), round(window.top)
    rows = np.clip(np.arange(top, top + side), 0, image.shape[0] - 1)
    columns = np.clip(np.arange(left, left + side), 0, image.shape[1] - 1)
    part = torch.from_numpy(image[rows[:, None], columns[None]]).permute(2, 0, 1)[None].float() / 255
    return nn.functional.interpolate(part, (SIZE, SIZE), mode="bilinear", antialias=True).clamp(0, 1)


def _board(found: Objects, window: Window) -> tuple[float, NDArray[np.float64]]:
    """Score and box of the surest board; a score of 0 without one."""
    boards = found.labels == BOARD
    if not bool(boards.any()):
        return 0.0, np.zeros(4)
    return float(found.scores[boards][0]), _in_picture(found.boxes[boards][0], window)


def _in_picture(boxes: torch.Tensor, window: Window) -> NDArray[np.float64]:
    """Boxes [..., 4] as fractions of a window -> in points of the picture."""
    return boxes.double().numpy() * window.side + np.array([window.left, window.top] * 2)
