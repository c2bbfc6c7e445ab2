"""Games of Go 9x9 that a program plays against itself to their end, as one SGF file: what `examples/go_ownership.py` learns from.

    python benchmarks/go_games.py examples/data/go_9x9.sgf --games 500 \\
        --program "gtp:gnugo --mode gtp --level 4 --chinese-rules --positional-superko --capture-all-dead"

A game begins with six stones that are put by lot, so that no two games have more in common, turned and mirrored, than chance gives.
Games that a player gives up are left out: their boards are not filled. The program has to take dead stones from the board before it
passes, as GNU Go does with `--capture-all-dead`: the rules of Tromp and Taylor hold every stone that stands for alive.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from pathlib import Path

import numpy as np

from zerodojo.agents import Forfeit, player
from zerodojo.envs import Position
from zerodojo.envs.go import Go
from zerodojo.envs.notation.sgf_games import write_game
from zerodojo.errors import UserError

SIZE, BY_LOT = 9, 6  # points a side; stones put by lot


def opening(game: Go, generator: np.random.Generator) -> Position:
    """The position after the stones that are put by lot, none of them a pass."""
    position = game.start()
    for _ in range(BY_LOT):
        position = position.after(int(generator.choice(position.legal_actions()[:-1])))
    return position


def main() -> None:
    """Plays, and writes what is there after every game."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="the SGF file that is written")
    parser.add_argument("--games", type=int, default=500)
    parser.add_argument("--program", required=True, help="a player, who plays both sides")
    parser.add_argument("--seed", type=int, default=0, help="of the stones that are put by lot")
    options = parser.parse_args()
    game, generator = Go(size=SIZE), np.random.default_rng(options.seed)
    try:
        with closing(player(options.program, game, seed=options.seed)) as both, options.file.open("wb") as file:
            written = 0
            while written < options.games:
                position = opening(game, generator)
                try:
                    while not position.terminal:
                        position = position.after(both.decide(position).action)
                except Forfeit as ended:
                    sys.stderr.write(f"left out after {len(position.history)} moves: {ended}\n")
                    continue
                file.write(write_game(position))
                written += 1
    except (UserError, OSError) as error:
        sys.exit(f"go_games: {error}")
    print(f"{written:,} games in {options.file}")


if __name__ == "__main__":
    main()
