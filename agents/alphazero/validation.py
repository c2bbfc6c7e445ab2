"""Which values of a configuration make sense: refused in one line before anything is started. Called by whoever is about to train.

Free of torch, Numba and Ray, as the configuration is; only whoever asks for a GPU waits for torch to look for one.
"""

from __future__ import annotations

import math
from typing import Any

from ...errors import UserError, unknown
from ...models.engines.registry import ENGINES
from ...models.registry import BACKBONES
from ..specs import LARGEST_SEED
from .config import AlphaZeroConfig

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
    if config.network.backbone not in BACKBONES:
        raise unknown("backbone", config.network.backbone, BACKBONES)
    if config.self_play.engine != "auto" and config.self_play.engine not in ENGINES:
        raise unknown("engine", config.self_play.engine, ["auto", *ENGINES])
    if config.learner.device == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise UserError("learner.device is cuda, and torch finds no GPU here; set it to cpu, or install a torch with CUDA")


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
