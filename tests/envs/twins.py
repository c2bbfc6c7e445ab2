"""Slow, obvious twins of the games: boards as arrays of characters, lines found by walking. Only tests use them."""

from __future__ import annotations

import random

import numpy as np
from numpy.typing import NDArray


class SlowBoard:
    """A board on which two players place stones; `connect` in a line wins. Stones fall where `drop` is set."""

    def __init__(self, height: int, width: int, connect: int, *, drop: bool) -> None:
        self.board = [["." for _ in range(width)] for _ in range(height)]
        self.height, self.width, self.connect, self.drop = height, width, connect, drop
        self.player = 0
        self.winner: int | None = None

    def copy(self) -> SlowBoard:
        other = SlowBoard(self.height, self.width, self.connect, drop=self.drop)
        other.board = [list(line) for line in self.board]
        other.player, other.winner = self.player, self.winner
        return other

    @property
    def over(self) -> bool:
        return self.winner is not None or all(point != "." for line in self.board for point in line)

    def legal(self) -> list[int]:
        if self.over:
            return []
        if self.drop:
            return [c for c in range(self.width) if self.board[0][c] == "."]
        return [r * self.width + c for r in range(self.height) for c in range(self.width) if self.board[r][c] == "."]

    def play(self, action: int) -> None:
        assert action in self.legal()
        if self.drop:
            row, column = max(r for r in range(self.height) if self.board[r][action] == "."), action
        else:
            row, column = divmod(action, self.width)
        self.board[row][column] = "XO"[self.player]
        if self.winning_points():
            self.winner = self.player
        self.player = 1 - self.player

    def winning_points(self) -> set[tuple[int, int]]:
        """Every point of a line of `connect` equal stones."""
        points: set[tuple[int, int]] = set()
        for r in range(self.height):
            for c in range(self.width):
                if self.board[r][c] == ".":
                    continue
                for dr, dc in ((0, 1), (1, 0), (1, 1), (1, -1)):
                    line = [(r + i * dr, c + i * dc) for i in range(self.connect)]
                    inside = all(0 <= y < self.height and 0 <= x < self.width for y, x in line)
                    if inside and all(self.board[y][x] == self.board[r][c] for y, x in line):
                        points.update(line)
        return points

    def returns(self) -> tuple[float, float]:
        if self.winner is None:
            return (0.0, 0.0)
        return (1.0, -1.0) if self.winner == 0 else (-1.0, 1.0)

    def observation(self) -> NDArray[np.float32]:
        board = np.array(self.board)
        return np.stack([board == "XO"[self.player], board == "OX"[self.player], board != "?"]).astype(np.float32)

    def playout(self, generator: random.Random) -> tuple[float, float]:
        board = self.copy()
        while not board.over:
            board.play(generator.choice(board.legal()))
        return board.returns()

    def outcomes(self) -> dict[float, float]:
        """The probability of each return of player 0 under random play, by playing out every line."""
        if self.over:
            return {self.returns()[0]: 1.0}
        total = {1.0: 0.0, 0.0: 0.0, -1.0: 0.0}
        for action in self.legal():
            after = self.copy()
            after.play(action)
            for result, probability in after.outcomes().items():
                total[result] += probability / len(self.legal())
        return total
