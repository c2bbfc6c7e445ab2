"""Which values of a configuration make sense: refused in one line before anything is started. Called by whoever is about to train.

Free of torch, Numba and Ray, as the configuration is; who asks for a GPU or for memory waits for torch to look or to count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import UserError, unknown
from ...machine import available_memory
from ...models.engines.registry import ENGINES
from ...models.hardware import require_gpu
from ...models.registry import backbone
from ..ranges import COUNT, NOT_NEGATIVE, POSITIVE, SEED, SHARE, Range, at_least, numbers, require
from .config import AlphaZeroConfig

if TYPE_CHECKING:
    from ...envs import Game, GameSpec

RANGES: dict[str, Range] = {  # counts begin where there is something to count
    "seed": SEED,
    "network.channels": COUNT,
    "network.blocks": NOT_NEGATIVE,
    "network.heads": COUNT,
    "network.policy_channels": COUNT,
    "network.value_channels": COUNT,
    "network.value_hidden": COUNT,
    "search.simulations": COUNT,
    "search.gumbel.considered": COUNT,
    "search.gumbel.c_visit": NOT_NEGATIVE,
    "search.gumbel.c_scale": NOT_NEGATIVE,
    "search.gumbel.noise": NOT_NEGATIVE,
    "search.puct.c_puct": NOT_NEGATIVE,
    "search.puct.c_base": POSITIVE,
    "search.puct.fpu_reduction": NOT_NEGATIVE,
    "search.puct.noise_fraction": SHARE,
    "search.puct.noise_concentration": NOT_NEGATIVE,
    "search.puct.temperature": NOT_NEGATIVE,
    "self_play.games": COUNT,
    "self_play.opening_fraction": SHARE,
    "self_play.opening_plies": NOT_NEGATIVE,
    "self_play.play_out": SHARE,
    "self_play.first_generation": COUNT,
    "self_play.threads": COUNT,
    "replay.window": COUNT,
    "replay.window_alpha": SHARE,
    "replay.window_beta": SHARE,
    "replay.window_limit": COUNT,
    "replay.max_uses": POSITIVE,
    "replay.min_uses": NOT_NEGATIVE,
    "replay.root_value_weight": SHARE,
    "learner.batch": COUNT,
    "learner.learning_rate": POSITIVE,
    "learner.warmup_steps": NOT_NEGATIVE,
    "learner.planned_steps": NOT_NEGATIVE,
    "learner.weight_decay": NOT_NEGATIVE,
    "learner.value_weight": NOT_NEGATIVE,
    "learner.ownership_weight": NOT_NEGATIVE,
    "learner.score_weight": NOT_NEGATIVE,
    "learner.gradient_clip": POSITIVE,
    "learner.ema": SHARE,
    "learner.threads": NOT_NEGATIVE,
    "learner.first_publish": COUNT,
    "learner.publish_steps": COUNT,
    "run.workers": at_least(-1),
    "run.checkpoint_seconds": NOT_NEGATIVE,
    "run.keep_every": COUNT,
    "run.evaluate_steps": COUNT,
}

NUMBER = 4  # bytes
COPIES = 12  # of the weights: raw, averaged, gradient, moments, and a checkpoint's and a version's while they are made
BLOCK = 80_000  # bytes of a block beside its numbers: names and modules (measured, with one channel)


def check(config: AlphaZeroConfig) -> None:
    """Raises UserError for the first field whose value makes no sense, or that names what there is not: engine, backbone, GPU."""
    for path, value in numbers(config):
        require(path, value, RANGES[path])
    if config.replay.min_uses >= config.replay.max_uses:
        raise UserError(
            f"replay.min_uses is {config.replay.min_uses:g} and replay.max_uses {config.replay.max_uses:g}: players and learner "
            "would wait for each other; choose min_uses well below max_uses"
        )
    if config.learner.ema == 1:
        raise UserError("learner.ema is 1, and the weights that play would never change; choose less, such as 0.998")
    backbone(config.network.backbone, "board")
    if config.self_play.engine != "auto" and config.self_play.engine not in ENGINES:
        raise unknown("engine", config.self_play.engine, ["auto", *ENGINES])
    if config.search.rule == "puct" and not (config.search.puct.noise_fraction or config.search.puct.temperature):
        raise UserError(
            "self-play with search.rule puct and without noise plays the same moves again and again; "
            "add --search.puct.noise-fraction 0.25 --search.puct.temperature 1"
        )
    if config.learner.device == "cuda":
        require_gpu("learner.device")


def check_targets(config: AlphaZeroConfig, game: Game) -> None:
    """Raises UserError for a target that the game does not tell."""
    for name in ("ownership_weight", "score_weight"):
        weight = getattr(config.learner, name)
        if weight and not game.tells_areas:
            raise UserError(
                f"learner.{name} is {weight:g}, and {config.game} does not tell who holds which point at the end; leave it at 0, "
                "or take a game that does, such as go or othello"
            )


def check_memory(config: AlphaZeroConfig, spec: GameSpec) -> None:
    """Raises UserError for a network that cannot be made, or it or a batch of it may need more memory than there is.

    Waits for torch, which counts.
    """
    from ...models.footprint import footprint

    network, memory = config.network, available_memory()
    parameters, kept = footprint(network, planes=spec.num_planes, board=spec.board, actions=spec.num_actions)
    needed = NUMBER * COPIES * parameters + BLOCK * network.blocks
    if needed > memory:
        raise UserError(
            f"a network of {parameters:,} parameters may need {needed / 1e9:,.1f} GB of memory to learn, more than there is; take "
            f"fewer network.channels than {network.channels:,}, fewer network.blocks than {network.blocks:,}, or smaller heads"
        )
    needed += NUMBER * config.learner.batch * kept
    if needed > memory and config.learner.device == "cpu":
        raise UserError(
            f"learner.batch is {config.learner.batch:,}, and a step with it may need {needed / 1e9:,.1f} GB of memory, more than "
            "there is; take a smaller one"
        )
