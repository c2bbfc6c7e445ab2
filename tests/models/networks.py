"""Small networks with weights that are not trivial, and rows to judge, for the tests of networks and engines."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from zerodojo.models.config import NetworkConfig
from zerodojo.models.network import PolicyValueNetwork, build

SMALL = NetworkConfig(channels=16, blocks=2, value_hidden=32)


def rows(n: int, *, planes: int = 3, board: tuple[int, int] = (6, 7), seed: int = 0) -> NDArray[np.float32]:
    """Planes of ones and zeros, [n, planes, *board]."""
    return (np.random.default_rng(seed).random((n, planes, *board)) > 0.6).astype(np.float32)


@torch.enable_grad()
def trained(
    config: NetworkConfig = SMALL, *, planes: int = 3, board: tuple[int, int] = (6, 7), actions: int = 7, steps: int = 30
) -> PolicyValueNetwork:
    """A network after a few steps towards something that its planes show, so that no weight or statistic is trivial."""
    network = build(config, planes=planes, board=board, actions=actions, seed=1).train()
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    for step in range(steps):
        x = torch.from_numpy(rows(128, planes=planes, board=board, seed=100 + step))
        logits, values = network(x)
        counts = x.sum(1).flatten(1)
        policy = torch.nn.functional.cross_entropy(logits, counts[:, : min(actions, counts.shape[1])].argmax(1))
        loss = policy + ((values - (x.mean((1, 2, 3)) - 0.4) * 5) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return network.eval()
