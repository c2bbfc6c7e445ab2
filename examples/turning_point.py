"""Where the game turned: a bidirectional RNN marks the losing move of a finished Connect Four game (Schuster and Paliwal 1997).

    python examples/turning_point.py [--quick]

The losing move is the last by which the loser gave away at least a draw; the solver bitbully says which it was. The network sees
the game move by move: the stones, the column played, and what the shipped network, which does not think ahead, holds of it. That
errs about one position in four, and what came after shows where: so that reading backwards as well tells more than reading
forwards, and than the move after which the shipped network's value fell most.

Reached with seed 0 in 157 s: precision .51 and recall .51 on 1,000 games held back; reading forwards .38 and .39, the greatest fall
of the value .21 and .22.
"""

from __future__ import annotations

import math
from collections import Counter
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from zerodojo.agents import player
from zerodojo.cli.example import Example, main
from zerodojo.envs import Game, make
from zerodojo.errors import UserError
from zerodojo.evaluation.match import openings, play_games
from zerodojo.evaluation.metrics.classification import confusion_matrix, f1, precision, recall

PLAYERS = ("minimax:2", "minimax:4", "mcts:40", "mcts:200")
LONGEST, UNITS, HELD_BACK, BATCH = 42, 48, 0.2, 64
INPUTS = 2 * LONGEST + 7 + 1


class Games(NamedTuple):
    """N finished games of at most T moves, one of which lost each of them, or none."""

    moves: Tensor  # [N, T, INPUTS]: behind a move the stones of both, its column, and its player's value by the shipped network
    lengths: Tensor  # [N]
    losing: Tensor  # [N]: the number of the losing move; T where there is none

    def ended(self) -> Tensor:
        """Where moves lie behind the end, [N, T]."""
        return torch.arange(LONGEST) >= self.lengths.unsqueeze(1)

    def part(self, rows: Any) -> Games:
        """Some of the games."""
        return Games(*(column[rows] for column in self))


class Marker(nn.Module):
    """Every move's logit of having been the losing one, and one for that there was none."""

    def __init__(self, *, backwards: bool) -> None:
        super().__init__()
        self.reader = nn.LSTM(INPUTS, UNITS if backwards else 2 * UNITS, batch_first=True, bidirectional=backwards)
        self.move = nn.Linear(2 * UNITS, 1)
        self.none = nn.Parameter(torch.zeros(1))

    def forward(self, games: Games) -> Tensor:
        """N games of T moves -> logits [N, T + 1], the last for none."""
        packed = pack_padded_sequence(games.moves, games.lengths, batch_first=True, enforce_sorted=False)
        read, _ = pad_packed_sequence(self.reader(packed)[0], batch_first=True, total_length=LONGEST)
        logits = self.move(read).squeeze(2).masked_fill(games.ended(), -1e9)
        return torch.cat([logits, self.none.expand(len(logits), 1)], dim=1)


def losing_move(solver: Any, board: Any, columns: tuple[int, ...], loser: int | None) -> int:
    """The number of the last move by which the loser turned a position that was not lost into one that was; LONGEST for none."""
    if loser is None:
        return LONGEST
    boards = [board]
    for column in columns[:-1]:
        boards.append(boards[-1].play_on_copy(column))
    for number in range(len(columns) - 1, -1, -1):  # from the end: what is lost there stays lost until the turning point
        if number % 2 == loser and solver.mtdf(boards[number]) >= 0:
            return number
    return LONGEST


def judged(game: Game, histories: list[tuple[int, ...]]) -> list[list[float]]:
    """What every move of every game is worth to its player by the shipped network's first sight; the end by what it is."""
    network, lines = player("zoo:connect_four", game, simulations=0), [[game.start()] for _ in histories]
    for line, history in zip(lines, histories, strict=True):
        for action in history:
            line.append(line[-1].after(action))
    flat = network.decide_many([position for line in lines for position in line[1:-1]])
    left = iter(-decision.value for decision in flat)  # the next player's, turned round
    return [[*islice(left, len(line) - 2), abs(line[-1].returns[0])] for line in lines]


def collect(game: Game, count: int, seed: int) -> Games:
    """Games between players of several strengths, from varied openings, with what the solver says of them."""
    try:
        from bitbully import BitBully, Board
    except ImportError as error:
        raise UserError("this example asks a perfect solver: pip install bitbully") from error
    solver, players = BitBully(), [player(spec, game, seed=seed) for spec in PLAYERS]
    generator = np.random.default_rng(seed)
    seats = [(players[a], players[b]) for a, b in generator.integers(len(players), size=(count, 2))]
    outcomes = play_games(seats, list(islice(openings(game, count, seed=seed), count)))
    moves, losing, values = np.zeros((count, LONGEST, INPUTS), np.float32), [], judged(game, [one.history for one in outcomes])
    for i, outcome in enumerate(outcomes):
        stones: NDArray[np.float32] = np.zeros((2, 7, 6), np.float32)
        heights = [0] * 7
        for number, column in enumerate(outcome.history):
            stones[number % 2, column, heights[column]] = 1
            heights[column] += 1
            moves[i, number, : 2 * LONGEST] = stones.ravel()
            moves[i, number, 2 * LONGEST + column] = 1
            moves[i, number, -1] = values[i][number]
        loser = {0.0: 0, 1.0: 1}.get(float(outcome.points))
        losing.append(losing_move(solver, Board(), outcome.history, loser))
    lengths = torch.tensor([len(outcome.history) for outcome in outcomes])
    return Games(torch.from_numpy(moves), lengths, torch.tensor(losing))


def train(model: Marker, games: Games, *, epochs: int) -> None:
    """Cross-entropy over the moves of a game and "none"."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.01)
    steps = epochs * math.ceil(len(games.losing) / BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=steps)
    for _ in range(epochs):
        for rows in torch.split(torch.randperm(len(games.losing)), BATCH):
            batch = games.part(rows)
            loss = F.cross_entropy(model(batch), batch.losing)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # untyped in PyTorch
            optimizer.step()
            schedule.step()


def scores(games: Games, marked: Tensor) -> tuple[float, float, float]:
    """Precision, recall and F1 of losing moves among all moves, from the number marked in each game [N] (T: none)."""
    numbers, real = torch.arange(LONGEST), ~games.ended()
    truth, told = (numbers == games.losing.unsqueeze(1))[real], (numbers == marked.unsqueeze(1))[real]
    confusion = confusion_matrix(truth.long().numpy(), told.long().numpy(), num_classes=2)
    return float(precision(confusion)[1]), float(recall(confusion)[1]), float(f1(confusion)[1])


def run(example: Example) -> None:
    """Learns from the solver's verdicts, and marks games held back."""
    torch.manual_seed(example.seed)
    games = collect(make("connect_four"), example.choose(5000, 60), example.seed)
    held = int(HELD_BACK * len(games.losing))
    known, unseen = games.part(slice(held, None)), games.part(slice(0, held))
    share = float((games.losing < LONGEST).float().mean())
    example.say(f"{len(known.losing):,} games to learn from, {held:,} held back; {share:.0%} have a losing move")

    distance = Counter((known.lengths - known.losing)[known.losing < LONGEST].tolist()).most_common(1)[0][0]
    fall = F.pad(unseen.moves[:, :-2, -1], (2, 0)) - unseen.moves[:, :, -1]  # of the same player's value, from move to move
    found = {
        "always so far from the end": scores(unseen, unseen.lengths - distance),
        "greatest fall of the value": scores(unseen, fall.masked_fill(unseen.ended(), -2).argmax(dim=1)),
    }
    marked = torch.empty(0)
    for name, backwards in (("reading forwards", False), ("reading both ways", True)):
        model = Marker(backwards=backwards)
        train(model, known, epochs=example.choose(12, 1))
        with torch.no_grad():
            marked = model(unseen).softmax(dim=1)
        found[name] = scores(unseen, marked.argmax(dim=1))
    for name, (right, caught, both) in found.items():
        last = name == "reading both ways"
        bound = 0.45 if last else None
        example.check(f"precision, {name}", right, at_least=bound, learned=True)
        example.check(f"recall, {name}", caught, at_least=bound, learned=True)
        example.check(f"F1, {name}", both)

    def draw(figure: Any) -> None:
        turned = torch.nonzero(unseen.losing < LONGEST)[:4, 0].tolist()
        for axis, i in zip(figure.subplots(2, 2).flat, turned, strict=True):
            length, losing = int(unseen.lengths[i]), int(unseen.losing[i])
            axis.bar(
                range(1, length + 1),
                marked[i, :length].numpy(),
                color=["#D55E00" if number == losing else "#0072B2" for number in range(length)],
            )
            axis.set(ylim=(0, 1), xticks=range(0, length + 1, 5), xlabel="move", ylabel="marked as losing")
        figure.suptitle("Four games held back; the losing move in orange", fontsize=9)

    example.picture(draw, size=(9, 5))


if __name__ == "__main__":
    main(run, doc=__doc__, name="turning_point")
