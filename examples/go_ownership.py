"""Where the stones will be: U-Net, FCN-8s and SegNet say of a Go position whose every point will be when the game is over.

Segmentation with a board for an image (Ronneberger et al. 2015; Long et al. 2015; Badrinarayanan et al. 2017): every point will be
black's or white's, as the rules tell at the end. The games of `examples/data/go_9x9.sgf` were played by GNU Go against itself after
six stones by lot (`benchmarks/go_games.py`); a fifth of them, whole games, is held back. Beside the networks stands the
nearest stone, which needs none.

Under three minutes of one core. Seed 0: mean IoU .780 (U-Net), .772 (FCN-8s) and .767 (SegNet), the nearest stone .722: what stands
and is dead it takes for alive.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from zerodojo.cli.example import Example, main
from zerodojo.envs.go import Go
from zerodojo.envs.notation import sgf
from zerodojo.envs.notation.sgf_games import from_tree
from zerodojo.evaluation.metrics.classification import confusion_matrix
from zerodojo.evaluation.metrics.segmentation import iou, mean_iou
from zerodojo.models import create

GAMES = Path(__file__).parent / "data" / "go_9x9.sgf"
CLASSES = ("black", "white")  # as `Go.ownership` has them, 0 and 1; the one point in ten thousand that is nobody's counts nowhere
STAGES = (("opening", 0.0, 0.33), ("middle", 0.33, 0.67), ("end", 0.67, 1.01))  # shares of a game
NETWORKS: dict[str, tuple[int, int, dict[str, Any]]] = {  # steps; side of the image that the board is enlarged to; options
    "unet": (600, 9, {"width": 24, "padding": "same", "norm": "batch"}),
    "segnet": (600, 36, {"width": 8}),
    "fcn8s": (600, 64, {"width": 6, "norm": "batch"}),
}
SIZE, EVERY = 9, 3  # points a side; plies from one position that is kept to the next


def games(count: int) -> tuple[np.ndarray, ...]:
    """Of P positions: stones [P, 9, 9], -1 for none; whose every point is in the end; the game [P]; its share gone."""
    game = Go(size=SIZE)
    stones, ends, owners, shares = [], [], [], []
    for k, tree in enumerate(sgf.parse(GAMES.read_bytes())[:count]):
        final = from_tree(tree, game).position
        end, position = game.ownership(final.row[None])[0], final.previous
        while position is not None:
            if len(position.history) % EVERY == 0:
                stones.append(game.owners(position.row))
                ends.append(end)
                owners.append(k)
                shares.append(len(position.history) / len(final.history))
            position = position.previous
    return np.array(stones, np.int8), np.array(ends, np.int8), np.array(owners), np.array(shares)


def planes(stones: np.ndarray) -> torch.Tensor:
    """Stones [N, 9, 9] as black, white and free points [N, 3, 9, 9]."""
    return torch.from_numpy(np.stack([stones == 0, stones == 1, stones < 0], axis=1).astype(np.float32))


def predict(network: torch.nn.Module, side: int, boards: torch.Tensor) -> torch.Tensor:
    """Logits of every point, [N, 3, 9, 9]: the board enlarged for the network, its answer averaged over each point."""
    return F.adaptive_avg_pool2d(network(F.interpolate(boards, side)), SIZE)


def train(example: Example, name: str, stones: np.ndarray, ends: np.ndarray) -> torch.nn.Module:
    """A network that was shown positions and their ends, turned and mirrored by lot."""
    torch.manual_seed(example.seed)
    whole, side, options = NETWORKS[name]
    steps = example.choose(whole, 1)
    network = create(name, num_classes=len(CLASSES), channels=3, **options)
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    boards, targets = planes(stones), torch.from_numpy(ends.astype(np.int64))
    for _ in range(steps):
        chosen = torch.randint(len(boards), (32,))
        turns, mirrored = int(torch.randint(4, ())), bool(torch.randint(2, ()))
        x, y = (part[chosen].rot90(turns, (-2, -1)) for part in (boards, targets))
        x, y = (x.flip(-1), y.flip(-1)) if mirrored else (x, y)
        loss = F.cross_entropy(predict(network, side, x), y, ignore_index=-1)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return network.eval()


def nearest(stones: np.ndarray) -> np.ndarray:
    """Each point to the owner of the nearest stone, by steps along the lines; where both are as near, to who has more of them."""
    y, x = np.indices((SIZE, SIZE)).reshape(2, -1)
    weights = 64.0 ** -(abs(y[:, None] - y) + abs(x[:, None] - x))  # one stone outweighs all that are a step further
    black, white = ((stones == side).reshape(len(stones), -1) @ weights for side in (0, 1))
    return np.where(white > black, 1, 0).reshape(stones.shape)


def counts(truth: np.ndarray, told: np.ndarray) -> np.ndarray:
    """The confusion matrix of points."""
    return confusion_matrix(truth[truth >= 0], told[truth >= 0], num_classes=len(CLASSES))


def draw(figure: Any, stones: np.ndarray, columns: dict[str, np.ndarray], shares: np.ndarray) -> None:
    """A row a position: the board, then what was told of each point as squares under its stones."""
    shades = np.array([[40, 40, 40], [250, 250, 250], [222, 184, 120]]) / 255
    axes = figure.subplots(len(stones), len(columns) + 1, squeeze=False)
    for row, (board, share) in enumerate(zip(stones, shares, strict=True)):
        for column, name in enumerate(("position", *columns)):
            axis = axes[row, column]
            told = np.full(board.shape, 2) if name == "position" else columns[name][row] % 3
            axis.imshow(shades[told], extent=(-0.5, SIZE - 0.5, SIZE - 0.5, -0.5))
            for side, colour in ((0, "black"), (1, "white")):
                y, x = np.nonzero(board == side)
                axis.scatter(x, y, s=34, c=colour, edgecolors="#777777", linewidths=0.6)
            axis.set(xticks=[], yticks=[])
            axis.grid(visible=False)
            if row == 0:
                axis.set_title(name)
            if column == 0:
                axis.set_ylabel(f"{share:.0%} of the game")


def run(example: Example) -> None:
    """Trains, and compares on games that were held back."""
    stones, ends, owners, shares = games(example.choose(400, 5))
    held = owners % 5 == 0
    example.say(f"{owners.max() + 1} games, {len(stones)} positions; those of {len(set(owners[held]))} games are held back\n")
    told = {"nearest": nearest(stones[held])}
    for name, (_, side, _) in NETWORKS.items():
        network = train(example, name, stones[~held], ends[~held])
        with torch.inference_mode():
            parts = [predict(network, side, boards).argmax(dim=1).numpy() for boards in torch.split(planes(stones[held]), 256)]
        told[name] = np.concatenate(parts)
    example.say(
        f"{'mean IoU':10}" + "".join(f"{name:>10}" for name, *_ in STAGES) + "".join(f"{name:>10}" for name in ("all", *CLASSES))
    )
    scores = {}
    for name, answer in told.items():
        whole = counts(ends[held], answer)
        scores[name] = mean_iou(whole)
        within = [(shares[held] >= low) & (shares[held] < high) for _, low, high in STAGES]
        by_stage = [mean_iou(counts(ends[held][part], answer[part])) for part in within]
        example.say(f"{name:10}" + "".join(f"{score:10.3f}" for score in (*by_stage, scores[name], *iou(whole))))
    example.say()
    for name in NETWORKS:
        gain = scores[name] - scores["nearest"]
        example.check(f"{name}: mean IoU above the nearest stone's", gain, at_least=0.02, learned=True)
    game = owners[held] == owners[held].max()
    shown = [int(np.flatnonzero(game)[abs(shares[held][game] - share).argmin()]) for share in (0.2, 0.45, 0.7, 0.95)]
    columns = {name: told[name][shown] for name in ("nearest", *NETWORKS)} | {"the end": ends[held][shown]}
    example.picture(lambda figure: draw(figure, stones[held][shown], columns, shares[held][shown]), size=(10, 6.8))


if __name__ == "__main__":
    main(run, doc=__doc__, name="go_ownership")
