"""The eye: SSD learns to find a Connect Four board, its stones and its empty places in pictures, and positions are read from them.

Liu et al. 2016, "SSD: Single Shot MultiBox Detector", on a ResNet-18 at a quarter of its width, from fresh weights. The pictures
are drawn (`agents/eye/drawing.py`): boards and stones of many colours and shapes in perspective, in front of clutter, under uneven
light, blurred and noisy; a quarter of them flat and clean, as programs draw boards. What `zerodojo play connect_four --from-image`
looks with was made by this command, and lies in `agents/eye`. Five minutes of one core; seed 0: mAP@.5 .976, 78% of positions read
right as a whole, 15% wrongly in some place.
"""

from collections import Counter
from typing import Any

import numpy as np
import torch

from zerodojo.agents.eye.drawing import LABELS, Drawing
from zerodojo.agents.eye.network import fresh_network
from zerodojo.agents.eye.reading import read_position
from zerodojo.agents.eye.training import TrainingConfig, as_example, drawings, train
from zerodojo.agents.eye.weights import Card, write
from zerodojo.cli.example import Example, main
from zerodojo.envs.connect_four import ConnectFour
from zerodojo.envs.faces.rendering import draw as draw_plainly
from zerodojo.errors import UserError
from zerodojo.evaluation.metrics.detection import Found, Truth
from zerodojo.evaluation.metrics.voc import voc_average_precision
from zerodojo.models.detection.decoding import find_objects

GAME = ConnectFour()
HELD_BACK = 1000  # key of the generator that draws what is measured on; training has the numbers of its rounds
COLOURS = ("white", "#d03030", "#e0b000", "#30c0c0")  # of the labels' boxes


def found_in(network: torch.nn.Module, shown: list[Drawing]) -> list[Found]:
    """What the network finds in each of the pictures at one look."""
    found = []
    for first in range(0, len(shown), 50):
        images = torch.stack([as_example(drawing).image for drawing in shown[first : first + 50]])
        with torch.inference_mode():
            offsets, logits = network(images)
        answers = find_objects(offsets, logits, network.get_buffer("default_boxes"))
        found += [Found(a.boxes.double().numpy(), a.labels.numpy(), a.scores.double().numpy()) for a in answers]
    return found


def read_all(network: torch.nn.Module, pictures: list[tuple[np.ndarray, np.ndarray]]) -> Counter[str]:
    """Pictures, each with its board: how many are read right, read wrongly, or refused."""
    outcomes: Counter[str] = Counter({"read right": 0, "read wrongly": 0, "refused": 0})
    for image, owners in pictures:
        try:
            read = read_position(image, network=network).owners
        except UserError:
            outcomes["refused"] += 1
        else:
            outcomes["read right" if (read == owners).all() else "read wrongly"] += 1
    return outcomes


def board_of(drawing: Drawing) -> np.ndarray:
    """The owners that a drawing shows."""
    places = drawing.labels[1:].reshape(GAME.spec.board)
    return np.where(places == LABELS.index("empty") + 1, -1, places - LABELS.index("red") - 1)


def plain_pictures(generator: np.random.Generator, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Boards as zerodojo's own environments draw them, which the eye never learned from."""
    pictures = []
    for _ in range(count):
        position = GAME.start()
        for _ in range(generator.integers(1, 30)):
            if not position.terminal:
                position = position.after(int(generator.choice(position.legal_actions())))
        pictures.append(
            (np.pad(draw_plainly(position), ((40, 40), (40, 40), (0, 0)), constant_values=255), GAME.owners(position.row))
        )
    return pictures


def draw(figure: Any, shown: list[Drawing], found: list[Found], network: torch.nn.Module) -> None:
    """Pictures with the boxes that were found, and whether their positions are read right."""
    axes = figure.subplots(-(-len(shown) // 4), min(4, len(shown)), squeeze=False).flat
    for axis, drawing, seen in zip(axes, shown, found, strict=True):
        axis.imshow(drawing.image)
        size = len(drawing.image)
        for box, label, score in zip(seen.boxes * size, seen.labels, seen.scores, strict=True):
            if score >= 0.4:
                left, top, right, bottom = box - 0.5
                axis.plot(
                    [left, right, right, left, left], [top, top, bottom, bottom, top], color=COLOURS[label - 1], linewidth=1.1
                )
        axis.set(xticks=[], yticks=[])
        axis.grid(visible=False)
        (outcome,) = +read_all(network, [(drawing.image, board_of(drawing))])
        axis.set_title(f"position {outcome}")


def measure(example: Example, network: torch.nn.Module) -> dict[str, float]:
    """How well it sees what it has not seen: precision at one look, and whole positions read with closer looks."""
    generator = np.random.default_rng([example.seed, HELD_BACK])
    new = drawings(example.choose(400, 2), generator)
    found = found_in(network, new)
    truths = [Truth(drawing.boxes, drawing.labels) for drawing in new]
    scores = {f"AP {name}": voc_average_precision(truths, found, label) for label, name in enumerate(LABELS, 1)}
    scores["mAP@.5"] = float(np.nanmean(list(scores.values())))
    example.say(f"{len(new)} drawings that were held back, at one look and an overlap of .5:")
    for name, score in scores.items():
        example.check(name, score, at_least=0.9 if name == "mAP@.5" else None, learned=True)
    some = new[: example.choose(200, 1)]
    for kind, pictures in (
        ("drawing", [(drawing.image, board_of(drawing)) for drawing in some]),
        ("plain picture", plain_pictures(generator, example.choose(50, 1))),
    ):
        outcomes = read_all(network, pictures)
        example.say(f"whole positions of {outcomes.total()} {kind}s:")
        for name, count in outcomes.items():
            scores[f"{kind}s {name}"] = share = count / outcomes.total()
            example.check(f"{kind}s {name}", share)
    example.picture(lambda figure: draw(figure, new[:8], found[:8], network), size=(11, 6))
    return {name: round(score, 4) for name, score in scores.items()}


def run(example: Example) -> None:
    """Draws, trains, measures on new drawings, and keeps the weights."""
    torch.manual_seed(example.seed)
    config = example.choose(TrainingConfig(), TrainingConfig(rounds=1, drawings=16, steps=3, batch=4))
    network, losses = fresh_network(), []

    def report(step: int, loss: float) -> None:
        losses.append(loss)
        if step % 100 == 0:
            example.say(f"  step {step:5}: loss {np.mean(losses[-100:]):.3f}")

    train(network, config, seed=example.seed, report=report)
    scores = measure(example, network)
    path = example.folder / "connect_four.safetensors"
    write(network, Card(made="python examples/eye.py", seed=example.seed, training=config, scores=scores), path)
    example.say(f"  Weights and their card: {path} (those in agents/eye ship)")


if __name__ == "__main__":
    main(run, doc=__doc__, name="eye")
