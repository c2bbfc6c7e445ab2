"""Which values of a configuration make sense: refused in one line before anything is started. Called by whoever is about to train.

Free of torch, Numba and Ray, as the configuration is; only whoever asks for a GPU waits for torch to look for one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...errors import UserError, unknown
from ...machine import available_memory
from ...models.engines.registry import ENGINES
from ...models.registry import backbone
from ..specs import LARGEST_SEED
from .config import AlphaZeroConfig

if TYPE_CHECKING:
    from ...envs import GameSpec

LEAST: dict[str, float] = {  # numbers with a least value; counts begin where there is something to count
    "seed": 0,
    "network.channels": 1,
    "network.blocks": 0,
    "network.policy_channels": 1,
    "network.value_channels": 1,
    "network.value_hidden": 1,
    "search.simulations": 1,
    "search.gumbel.considered": 1,
    "search.gumbel.c_visit": 0,
    "search.gumbel.c_scale": 0,
    "search.gumbel.noise": 0,
    "search.puct.c_puct": 0,
    "search.puct.fpu_reduction": 0,
    "search.puct.noise_concentration": 0,
    "search.puct.temperature": 0,
    "self_play.games": 1,
    "self_play.opening_plies": 0,
    "self_play.first_generation": 1,
    "self_play.threads": 1,
    "replay.window": 1,
    "replay.window_limit": 1,
    "replay.min_uses": 0,
    "learner.warmup_steps": 0,
    "learner.planned_steps": 0,
    "learner.batch": 1,
    "learner.weight_decay": 0,
    "learner.value_weight": 0,
    "learner.threads": 0,
    "learner.first_publish": 1,
    "learner.publish_steps": 1,
    "run.workers": -1,
    "run.checkpoint_seconds": 0,
    "run.keep_every": 1,
    "run.evaluate_steps": 1,
}
POSITIVE = ("search.puct.c_base", "replay.max_uses", "learner.learning_rate", "learner.gradient_clip")
SHARES = (  # from 0 to 1
    "search.puct.noise_fraction",
    "self_play.opening_fraction",
    "self_play.play_out",
    "replay.window_alpha",
    "replay.window_beta",
    "replay.root_value_weight",
    "learner.ema",
)

NUMBER = 4  # bytes
COPIES = 12  # of the weights: raw, averaged, gradient, moments, and a checkpoint's and a version's while they are made
BLOCK = 80_000  # bytes of a block beside its numbers: names and modules (measured, with one channel)
MAPS = 2  # of every convolution, kept for the way back: what came out of it, and of its normalisation


def check(config: AlphaZeroConfig) -> None:
    """Raises UserError for the first field whose value makes no sense, or that names what there is not: engine, backbone, GPU."""
    for path, least in LEAST.items():
        _require(config, path, f"at least {least:g}", low=least)
    _require(config, "seed", f"at most {LARGEST_SEED}", low=0, high=LARGEST_SEED)
    for path in POSITIVE:
        _require(config, path, "above 0", low=math.nextafter(0.0, 1.0))
    for path in SHARES:
        _require(config, path, "from 0 to 1", low=0.0, high=1.0)
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
        import torch

        if not torch.cuda.is_available():
            raise UserError("learner.device is cuda, and torch finds no GPU here; set it to cpu, or install a torch with CUDA")


def check_memory(config: AlphaZeroConfig, spec: GameSpec) -> None:
    """Raises UserError for a network, or a batch of it, that may need more memory than there is."""
    network, memory = config.network, available_memory()
    parameters = network.parameters(planes=spec.num_planes, board=spec.board, actions=spec.num_actions)
    needed = NUMBER * COPIES * parameters + BLOCK * network.blocks
    if needed > memory:
        raise UserError(
            f"a network of {parameters:,} parameters may need {needed / 1e9:,.1f} GB of memory to learn, more than there is; take "
            f"fewer network.channels than {network.channels:,}, fewer network.blocks than {network.blocks:,}, or smaller heads"
        )
    maps = spec.num_planes + MAPS * network.channels * (2 * network.blocks + 1)
    needed += NUMBER * config.learner.batch * (maps * spec.board[0] * spec.board[1] + spec.num_actions)
    if needed > memory and config.learner.device == "cpu":
        raise UserError(
            f"learner.batch is {config.learner.batch:,}, and a step with it may need {needed / 1e9:,.1f} GB of memory, more than "
            "there is; take a smaller one"
        )


def value_of(config: AlphaZeroConfig, path: str) -> Any:
    """The field at a dotted path."""
    value: Any = config
    for name in path.split("."):
        value = getattr(value, name)
    return value


def _require(config: AlphaZeroConfig, path: str, words: str, *, low: float, high: float = math.inf) -> None:
    value = value_of(config, path)
    if not (low <= value <= high and math.isfinite(value)):
        raise UserError(f"{path} is {value if isinstance(value, int) else f'{value:g}'}; it must be {words}")
