"""Where the stones will be: U-Net, FCN-8s and SegNet say of a Go position whose every point will be when the game is over.

Segmentation with a board for an image (Ronneberger et al. 2015; Long et al. 2015; Badrinarayanan et al. 2017): the classes of a
point are black, white and neutral, told by the rules at the end of games between `mcts:N` players on 9x9. Games, not positions, are
held back. Beside the networks stand what is true of the board as it is (the stones; the area they have now) and the nearest stone.

Under two minutes of one core. Seed 0: mean IoU .349 (U-Net), .342 (FCN-8s) and .335 (SegNet), the stones .315, the nearest stone
.371: with 40 games to learn from no network comes up to it but in the opening, and none ever tells a neutral point.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from zerodojo.agents import player
from zerodojo.cli.example import Example, main
from zerodojo.envs.go import Go
from zerodojo.evaluation.metrics.classification import confusion_matrix
from zerodojo.evaluation.metrics.segmentation import iou, mean_iou
from zerodojo.models import create

CLASSES = ("black", "white", "neutral")  # as `Go.ownership` has them, 0 and 1, and 2 for its -1
STAGES = (("opening", 0.0, 0.33), ("middle", 0.33, 0.67), ("end", 0.67, 1.01))  # shares of a game
NETWORKS: dict[
    str, tuple[int, dict[str, Any]]
] = {  # side of the image that the board is enlarged to, as each network needs it, and options
    "unet": (9, {"width": 24, "padding": "same", "norm": "batch"}),
    "segnet": (36, {"width": 8}),
    "fcn8s": (64, {"width": 6, "norm": "batch"}),
}
SIZE, RANDOM_MOVES, EVERY = 9, 6, 3  # points a side; moves by lot at the start; plies from one position that is kept to the next


def play_games(count: int, simulations: int, seed: int) -> tuple[np.ndarray, ...]:
    """Of P positions: stones [P, 9, 9], -1 for none; whose every point is in the end, and is now; the game [P]; its share gone."""
    game, generator = Go(size=SIZE), np.random.default_rng(seed)
    thinker = player(f"mcts:{simulations}", game, seed=seed)
    positions, going = [game.start() for _ in range(count)], list(range(count))
    while going:
        if len(positions[going[0]].history) < RANDOM_MOVES:
            actions = [int(generator.choice(positions[k].legal_actions()[:-1])) for k in going]
        else:
            actions = [decision.action for decision in thinker.decide_many([positions[k] for k in going])]
        for k, action in zip(going, actions, strict=True):
            positions[k] = positions[k].after(action)
        going = [k for k in going if not positions[k].terminal]
    stones, ends, area, owners, shares = [], [], [], [], []
    for k, final in enumerate(positions):
        end, position = game.ownership(final.row[None])[0], final.previous
        while position is not None:
            if len(position.history) % EVERY == 0:
                stones.append(game.owners(position.row))
                ends.append(end)
                area.append(game.ownership(position.row[None])[0])
                owners.append(k)
                shares.append(len(position.history) / len(final.history))
            position = position.previous
    return np.array(stones, np.int8), np.array(ends, np.int8), np.array(area, np.int8), np.array(owners), np.array(shares)


def games(example: Example, count: int, simulations: int) -> tuple[np.ndarray, ...]:
    """Those games, played once and kept in the folder of results."""
    path: Path = example.folder / f"games-{count}-mcts{simulations}-seed{example.seed}.npz"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, *play_games(count, simulations, example.seed))
    with np.load(path) as data:
        return tuple(data[name] for name in data.files)


def planes(stones: np.ndarray) -> torch.Tensor:
    """Stones [N, 9, 9] as black, white and free points [N, 3, 9, 9]."""
    return torch.from_numpy(np.stack([stones == 0, stones == 1, stones < 0], axis=1).astype(np.float32))


def predict(network: torch.nn.Module, side: int, boards: torch.Tensor) -> torch.Tensor:
    """Logits of every point, [N, 3, 9, 9]: the board enlarged for the network, its answer averaged over each point."""
    return F.adaptive_avg_pool2d(network(F.interpolate(boards, side)), SIZE)


def train(example: Example, name: str, stones: np.ndarray, ends: np.ndarray, steps: int) -> torch.nn.Module:
    """A network that was shown positions and their ends, turned and mirrored by lot."""
    torch.manual_seed(example.seed)
    side, options = NETWORKS[name]
    network = create(name, num_classes=len(CLASSES), channels=3, **options)
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    boards, targets = planes(stones), torch.from_numpy(np.where(ends < 0, 2, ends).astype(np.int64))
    for _ in range(steps):
        chosen = torch.randint(len(boards), (32,))
        turns, mirrored = int(torch.randint(4, ())), bool(torch.randint(2, ()))
        x, y = (part[chosen].rot90(turns, (-2, -1)) for part in (boards, targets))
        x, y = (x.flip(-1), y.flip(-1)) if mirrored else (x, y)
        loss = F.cross_entropy(predict(network, side, x), y)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return network.eval()


def nearest(stones: np.ndarray) -> np.ndarray:
    """Each point to the owner of the nearest stone, by steps along the lines; neutral where both are as near."""
    y, x = np.indices((SIZE, SIZE)).reshape(2, -1)
    steps = abs(y[:, None] - y) + abs(x[:, None] - x)
    far = [np.where((stones == side).reshape(len(stones), 1, -1), steps, 99).min(axis=2) for side in (0, 1)]
    return np.where(far[0] < far[1], 0, np.where(far[1] < far[0], 1, 2)).reshape(stones.shape)


def counts(truth: np.ndarray, told: np.ndarray) -> np.ndarray:
    """The confusion matrix of points; -1 is neutral."""
    return confusion_matrix(np.where(truth < 0, 2, truth), np.where(told < 0, 2, told), num_classes=len(CLASSES))


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
    """Plays, trains, and compares on games that were held back."""
    stones, ends, area, owners, shares = games(example, example.choose(50, 2), example.choose(160, 1))
    held = owners % 5 == 0
    example.say(f"{owners.max() + 1} games, {len(stones)} positions; those of {len(set(owners[held]))} games are held back\n")
    told = {"stones": stones[held], "area": area[held], "nearest": nearest(stones[held])}
    for name, (side, _) in NETWORKS.items():
        network = train(example, name, stones[~held], ends[~held], example.choose(250, 1))
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
        gain = scores[name] - scores["stones"]
        example.check(f"{name}: mean IoU above that of the stones", gain, at_least=example.choose(0.0, -1.0))
        example.check(f"{name}: above that of the nearest stone", scores[name] - scores["nearest"])
    game = owners[held] == owners[held].max()
    shown = [int(np.flatnonzero(game)[abs(shares[held][game] - share).argmin()]) for share in (0.2, 0.45, 0.7, 0.95)]
    columns = {name: told[name][shown] for name in ("nearest", *NETWORKS)} | {"the end": ends[held][shown]}
    example.picture(lambda figure: draw(figure, stones[held][shown], columns, shares[held][shown]), size=(10, 6.8))


if __name__ == "__main__":
    main(run, doc=__doc__, name="go_ownership")
