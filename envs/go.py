"""Go by area, as Tromp and Taylor wrote the rules down: the class; its kernels are in `go_rules`.

A state is that of `stones.py`, points row by row, with more in its info (`go_rules`) and, where positional superko holds, the hash
of every position so far behind it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from . import go_rules
from .game import Position, States, Symmetries
from .go_board import LARGEST, hash_board
from .grid import Grid
from .stones import OVER, Kernels, StoneGame, put_stone, unpack
from .symmetry import some_of, square_symmetries

SUPERKO = ("positional", "simple")
LONGEST = 2**15


class Go(StoneGame):
    """Go. Actions are the points row by row, named as GTP does ("D4", from the bottom left, without I), then "pass".

    The game is over after two passes in a row, or `max_plies`; then every point counts for whoever owns it, dead stones are not
    taken off, and there is a draw where komi allows one. The planes are AlphaGo Zero's (Silver et al. 2017): eight positions of
    both sides' stones and the colour to move. In playouts nobody fills an eye of their own.

    Args:
        size: points along a side, 2 to 19.
        komi: points for White, from -1000 to 1000.
        superko: "positional" forbids to make any earlier position again; "simple" only to take back a ko at once.
        suicide: whether a move may take off more than one stone of its own; a single one never may.
        handicap: stones of Black's on the star points before White's first move, as GTP places them; 0, or 2 to 9.
        max_plies: the length of the longest game; 0 is twice the number of points.
        history: positions that the network sees, the newest included.

    Raises:
        UserError: an option out of range.
    """

    playouts_are_uniform = False

    def __init__(
        self,
        size: int = 9,
        komi: float = 7.5,
        superko: str = "positional",
        suicide: bool = False,
        handicap: int = 0,
        max_plies: int = 0,
        history: int = 8,
    ) -> None:
        if not 2 <= size <= LARGEST:
            raise UserError(f"size={size} does not fit; go is played on 2 to {LARGEST} points a side")
        if not -1000 <= komi <= 1000:
            raise UserError(f"komi={komi} does not fit; choose from -1000 to 1000")
        if superko not in SUPERKO:
            raise UserError(f"superko={superko} does not fit; choose {' or '.join(SUPERKO)}")
        if max_plies != 0 and not 2 <= max_plies <= LONGEST:
            raise UserError(f"max_plies={max_plies} does not fit; choose from 2 to {LONGEST}, or 0 for {2 * size * size}")
        longest = max_plies or 2 * size * size
        self._size = size
        self._grid = Grid(size, size, from_bottom=True, as_go=True)
        self._handicap = handicap_points(size, handicap)
        super().__init__(
            name="go",
            options={
                "size": size,
                "komi": float(komi),
                "superko": superko,
                "suicide": suicide,
                "handicap": handicap,
                "max_plies": longest,
            },
            board=(size, size),
            num_actions=size * size + 1,
            max_legal=size * size + 1,
            max_plies=longest,
            history=history,
            labels=self._grid.labels,
            more_words=longest + 1 if superko == "positional" else 0,
            edge=False,
            sides=True,
            rules="Put a stone on a free point, or pass. Stones left without a free point beside them are taken, "
            f"and {'no earlier position may be made again' if superko == 'positional' else 'no ko be taken back at once'}. "
            f"Two passes end the game: each owns its stones and what they alone surround, and the second player has {komi:g} more. "
            "More points win.",
        )
        self._rules = go_rules.Rules(
            size=size,
            words=self.words,
            info=self.info,
            komi=float(komi),
            positional=superko == "positional",
            suicide=suicide,
            max_plies=longest,
        )
        self.kernels = Kernels(go_rules.play, go_rules.playout, go_rules.legal_mask, parameters=(self._rules,))
        self._symmetries = square_symmetries(size, num_planes=self.spec.num_planes, extra_actions=1)
        if handicap:
            self._symmetries = _keeping(self._symmetries, set(self._handicap))
        self._start = self._first_row()

    def _first_row(self) -> States:
        row = super().new_states(1)[0]
        for point in self._handicap:
            put_stone(row, 0, point)
        row[self.info] = np.uint64(len(self._handicap) > 0)
        if self._rules.positional:
            board = np.empty((self._size + 2) ** 2, np.int8)
            unpack(row, self.words, self._size, self._size, board)
            row[self.info + 1] = hash_board(board, self._size)
        return row

    def new_states(self, n: int) -> States:
        return np.repeat(self._start[None], n, axis=0)

    @property
    def symmetries(self) -> Symmetries:
        """The eight symmetries of the square, or those of them that leave the handicap's stones where they are."""
        return self._symmetries

    def score(self, states: States) -> NDArray[np.float32]:
        """Black's area less White's and komi, of positions [N, S] as they stand: [N]."""
        return self._judged(states)[0]

    def ownership(self, states: States) -> NDArray[np.int8]:
        """Whose area every point is in positions [N, S] as they stand, -1 for nobody's: [N, H, W]."""
        return self._judged(states)[1]

    def _judged(self, states: States) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
        scores, owners = np.empty(len(states), np.float32), np.empty((len(states), self._size, self._size), np.int8)
        go_rules.judge(states, self._rules, scores, owners)
        return scores, owners

    def resumed(self, position: Position) -> Position:
        """A position after one pass or two with the game going on, until two pass again. Raises UserError at `max_plies`."""
        row = position.row.copy()
        if row[self.info] >> go_rules.PLIES_SHIFT >= self.spec.max_plies:
            raise UserError(f"the game is over: it has {self.spec.max_plies} plies, the most there may be")
        row[self.info] &= ~(OVER | go_rules.PASSED)
        row.setflags(write=False)
        return replace(position, row=row, returns=())

    def action_name(self, action: int) -> str:
        return "pass" if action == self._size**2 else self._grid.names[action]

    def parse_action(self, text: str) -> int:
        return self._size**2 if text.strip().lower() == "pass" else self._grid.parse(text, others="pass")

    def action_point(self, action: int) -> tuple[int, int] | None:
        return None if action == self._size**2 else divmod(action, self._size)


def handicap_points(size: int, stones: int) -> list[int]:
    """The points of a fixed handicap (GTP 2, section 4.1.1), row by row from the top left. Raises UserError for too many or one."""
    most = 0 if size < 7 else 4 if size % 2 == 0 or size == 7 else 9
    if stones != 0 and not 2 <= stones <= most:
        allowed = f"0, or 2 to {most}" if most else "0"
        raise UserError(f"handicap={stones} does not fit a board of {size}; choose {allowed}")
    near = 3 if size >= 13 else 2
    far, middle = size - 1 - near, size // 2
    corners = [(far, near), (near, far), (near, near), (far, far)]  # (row from the top, column): lower left first
    sides = [(middle, near), (middle, far)], [(far, middle), (near, middle)]
    centre = [(middle, middle)] if stones in (5, 7, 9) else []
    chosen = corners[: min(stones, 4)] + (sides[0] if stones >= 6 else []) + (sides[1] if stones >= 8 else []) + centre
    return [r * size + c for r, c in chosen]


def _keeping(symmetries: Symmetries, points: set[int]) -> Symmetries:
    """Those symmetries that map a set of points onto itself."""
    return some_of(
        symmetries, [k for k in range(len(symmetries)) if {int(p) for p in symmetries.points[k][list(points)]} == points]
    )
