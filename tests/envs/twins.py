"""Slow, obvious twins of the games: boards as lists of characters, everything found by walking. Only tests use them."""

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

    def is_decided_by(self, marks: frozenset[tuple[int, int]]) -> bool:
        """Whether these are the points that decided the game, none while nothing has."""
        return marks == self.winning_points()

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


class SlowGomoku(SlowBoard):
    """Five in a line, with the swap and with exactly five by choice."""

    def __init__(self, size: int, *, exact: bool, swap: bool) -> None:
        super().__init__(size, size, 5, drop=False)
        self.exact, self.swap, self.plies = exact, swap, 0

    def copy(self) -> SlowGomoku:
        other = SlowGomoku(self.height, exact=self.exact, swap=self.swap)
        other.board = [list(line) for line in self.board]
        other.player, other.winner, other.plies = self.player, self.winner, self.plies
        return other

    def legal(self) -> list[int]:
        swap = [self.height * self.width] if self.swap and self.plies == 1 else []
        return super().legal() + (swap if not self.over else [])

    def play(self, action: int) -> None:
        if action == self.height * self.width:
            self.board = [["O" if point == "X" else point for point in line] for line in self.board]
            self.player = 1 - self.player
        else:
            super().play(action)
        self.plies += 1

    def observation(self) -> NDArray[np.float32]:
        first = np.full((int(self.swap), self.height, self.width), float(self.player == 0), np.float32)
        return np.concatenate([super().observation(), first])

    def winning_points(self) -> set[tuple[int, int]]:
        points: set[tuple[int, int]] = set()
        for r in range(self.height):
            for c in range(self.width):
                for dr, dc in ((0, 1), (1, 0), (1, 1), (1, -1)):
                    run = self._run(r, c, dr, dc)
                    begins = not self._same(r, c, r - dr, c - dc)
                    if begins and (len(run) == 5 or (len(run) > 5 and not self.exact)):
                        points.update(run)
        return points

    def _same(self, r: int, c: int, y: int, x: int) -> bool:
        return 0 <= y < self.height and 0 <= x < self.width and self.board[y][x] == self.board[r][c] != "."

    def _run(self, r: int, c: int, dr: int, dc: int) -> list[tuple[int, int]]:
        run = [(r, c)] if self.board[r][c] != "." else []
        while run and self._same(r, c, run[-1][0] + dr, run[-1][1] + dc):
            run.append((run[-1][0] + dr, run[-1][1] + dc))
        return run


class SlowOthello(SlowBoard):
    """Discs are turned; a player without a move passes; the end comes when neither has one."""

    def __init__(self, size: int) -> None:
        super().__init__(size, size, 0, drop=False)
        half = size // 2
        for r, c, disc in ((half - 1, half - 1, "O"), (half, half, "O"), (half - 1, half, "X"), (half, half - 1, "X")):
            self.board[r][c] = disc

    def copy(self) -> SlowOthello:
        other = SlowOthello(self.height)
        other.board, other.player = [list(line) for line in self.board], self.player
        return other

    @property
    def over(self) -> bool:
        return not self.moves(0) and not self.moves(1)

    def turned(self, player: int, r: int, c: int) -> list[tuple[int, int]]:
        """What a disc there would turn."""
        turned: list[tuple[int, int]] = []
        for dr in (-1, 0, 1):
            for dc in (-1, 0, 1):
                line, y, x = [], r + dr, c + dc
                while 0 <= y < self.height and 0 <= x < self.width and self.board[y][x] == "OX"[player]:
                    line.append((y, x))
                    y, x = y + dr, x + dc
                if 0 <= y < self.height and 0 <= x < self.width and self.board[y][x] == "XO"[player]:
                    turned += line
        return turned

    def moves(self, player: int) -> list[int]:
        return [
            r * self.width + c
            for r in range(self.height)
            for c in range(self.width)
            if self.board[r][c] == "." and self.turned(player, r, c)
        ]

    def legal(self) -> list[int]:
        if self.over:
            return []
        return self.moves(self.player) or [self.height * self.width]

    def play(self, action: int) -> None:
        if action < self.height * self.width:
            r, c = divmod(action, self.width)
            for y, x in [*self.turned(self.player, r, c), (r, c)]:
                self.board[y][x] = "XO"[self.player]
        self.player = 1 - self.player

    def returns(self) -> tuple[float, float]:
        discs = [point for line in self.board for point in line]
        lead = discs.count("X") - discs.count("O")
        return (0.0, 0.0) if not self.over or lead == 0 else (1.0, -1.0) if lead > 0 else (-1.0, 1.0)

    def is_decided_by(self, marks: frozenset[tuple[int, int]]) -> bool:
        return not marks


class SlowHex(SlowBoard):
    """Chains are followed from the first row or column until they reach the last one."""

    def __init__(self, size: int, *, swap: bool) -> None:
        super().__init__(size, size, 0, drop=False)
        self.swap, self.plies = swap, 0

    def copy(self) -> SlowHex:
        other = SlowHex(self.height, swap=self.swap)
        other.board = [list(line) for line in self.board]
        other.player, other.plies = self.player, self.plies
        return other

    def connected(self, player: int) -> bool:
        chain = {(r, c) for r in range(self.height) for c in range(self.width) if (r, c)[player] == 0 and self._is(player, r, c)}
        grown = True
        while grown:
            around = {(r + dr, c + dc) for r, c in chain for dr, dc in ((0, 1), (0, -1), (1, 0), (-1, 0), (-1, 1), (1, -1))}
            more = {point for point in around - chain if self._is(player, *point)}
            chain |= more
            grown = bool(more)
        return any(point[player] == self.height - 1 for point in chain)

    def _is(self, player: int, r: int, c: int) -> bool:
        return 0 <= r < self.height and 0 <= c < self.width and self.board[r][c] == "XO"[player]

    @property
    def over(self) -> bool:
        return self.connected(0) or self.connected(1)

    def legal(self) -> list[int]:
        swap = [self.height * self.width] if self.swap and self.plies == 1 else []
        return super().legal() + swap if not self.over else []

    def play(self, action: int) -> None:
        if action == self.height * self.width:
            [(r, c)] = [(r, c) for r in range(self.height) for c in range(self.width) if self.board[r][c] == "X"]
            self.board[r][c] = "."
            self.board[c][r] = "O"
        else:
            r, c = divmod(action, self.width)
            assert self.board[r][c] == "."
            self.board[r][c] = "XO"[self.player]
        self.player = 1 - self.player
        self.plies += 1

    def returns(self) -> tuple[float, float]:
        return (1.0, -1.0) if self.connected(0) else (-1.0, 1.0) if self.connected(1) else (0.0, 0.0)

    def is_decided_by(self, marks: frozenset[tuple[int, int]]) -> bool:
        """A chain from side to side, of which no stone can be spared."""

        def connects(stones: frozenset[tuple[int, int]]) -> bool:
            board = self.copy()
            board.board = [
                ["." if (r, c) not in stones else self.board[r][c] for c in range(self.width)] for r in range(self.height)
            ]
            return board.over

        return not marks if not self.over else connects(marks) and not any(connects(marks - {point}) for point in marks)

    def observation(self) -> NDArray[np.float32]:
        first = np.full((1, self.height, self.width), float(self.player == 0), np.float32)
        return np.concatenate([super().observation(), first])


class SlowGo:
    """Go with boards as strings, groups as sets of points, and every board there ever was in a list."""

    def __init__(self, size: int, *, komi: float, positional: bool, suicide: bool, max_plies: int) -> None:
        self.size, self.komi, self.positional, self.suicide, self.max_plies = size, komi, positional, suicide, max_plies
        self.boards = ["." * size * size]
        self.player, self.passes = 0, 0

    def neighbours(self, point: int) -> list[int]:
        r, c = divmod(point, self.size)
        around = [(r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1)]
        return [y * self.size + x for y, x in around if 0 <= y < self.size and 0 <= x < self.size]

    def region(self, board: str, point: int) -> tuple[set[int], set[str]]:
        """The points of one content around a point, and what they touch."""
        region, grown = {point}, True
        while grown:
            more = {n for p in region for n in self.neighbours(p) if board[n] == board[point]} - region
            region |= more
            grown = bool(more)
        return region, {board[n] for p in region for n in self.neighbours(p)} - {board[point]}

    def without(self, board: str, points: set[int]) -> str:
        return "".join("." if p in points else stone for p, stone in enumerate(board))

    def played(self, point: int) -> str | None:
        """The board after a stone, None where the rules forbid it."""
        board, mine, theirs = self.boards[-1], "XO"[self.player], "OX"[self.player]
        if board[point] != ".":
            return None
        board = board[:point] + mine + board[point + 1 :]
        for n in self.neighbours(point):
            if board[n] == theirs:
                group, touched = self.region(board, n)
                if "." not in touched:
                    board = self.without(board, group)
        group, touched = self.region(board, point)
        if "." not in touched:
            if not self.suicide or len(group) == 1:
                return None
            board = self.without(board, group)
        forbidden = self.boards if self.positional else self.boards[-2:-1]
        return None if board in forbidden else board

    @property
    def over(self) -> bool:
        return self.passes == 2 or len(self.boards) > self.max_plies

    def legal(self) -> list[int]:
        if self.over:
            return []
        return [point for point in range(self.size**2) if self.played(point) is not None] + [self.size**2]

    def play(self, action: int) -> None:
        board = self.boards[-1] if action == self.size**2 else self.played(action)
        assert board is not None
        self.passes = self.passes + 1 if action == self.size**2 else 0
        self.boards.append(board)
        self.player = 1 - self.player

    def score(self) -> float:
        board, score = self.boards[-1], -self.komi
        for point, stone in enumerate(board):
            touched = {stone} if stone != "." else self.region(board, point)[1]
            score += (touched == {"X"}) - (touched == {"O"})
        return score

    def returns(self) -> tuple[float, float]:
        lead = self.score() if self.over else 0
        return (1.0, -1.0) if lead > 0 else (-1.0, 1.0) if lead < 0 else (0.0, 0.0)
