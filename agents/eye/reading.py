"""Reads the position of a Connect Four board from a picture. Called by `zerodojo play --from-image`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from torch import nn

from ...envs.connect_four import ConnectFour
from ...errors import UserError
from .boards import Owners
from .drawing import EMPTY, FIRST
from .lattice import find_lattice
from .sight import Image, Sight, look_at
from .weights import shipped_network

REMEDY = "take a picture of the whole board from the front, well lit"


class Reading(NamedTuple):
    """What a picture shows."""

    owners: Owners  # [H, W], row 0 on top: 0 for red, 1 for yellow, -1 for an empty place
    sight: Sight  # what was found, before it was put into rows and columns


def read_position(image: Image, *, network: nn.Module | None = None) -> Reading:
    """The board in a picture [H, W, 3], read by the network that ships unless another is given.

    Whether play leads to such a board is not asked here (`envs.connect_four_board` does). Raises UserError: no board, or places on
    it that cannot be made out.
    """
    board = ConnectFour().spec.board
    refusal = "no Connect Four board is seen"
    for sight in look_at(network or shipped_network(), image):
        lattice = find_lattice((sight.boxes[:, :2] + sight.boxes[:, 2:]) / 2, sight.scores, board)
        if lattice is None:
            refusal = "what looks like a board shows no rows and columns"
        elif hidden := int((lattice.places < 0).sum()):
            refusal = f"{hidden} of the board's {lattice.places.size} places cannot be made out"
        else:
            labels = sight.labels[lattice.places]
            return Reading(np.where(labels == EMPTY, -1, labels - FIRST).astype(np.int8), sight)
    raise UserError(f"{refusal}; {REMEDY}")
