"""The Decision Transformer: what a step may look at, steps that equal the episode, and a wide beam that is exhaustive."""

import itertools
from functools import partial

import pytest
import torch

from zerodojo.errors import UserError
from zerodojo.models import create
from zerodojo.models.sequence.decision_transformer import imagine, imagined
from zerodojo.models.sequence.decoding import beam_search

DOUBLE = torch.float64
SMALL = {"observation": 3, "actions": 2, "size": 8, "heads": 2, "hidden": 16, "layers": 2, "span": 3, "dropout": 0.0}


@pytest.fixture
def network():
    torch.manual_seed(0)
    return create("decision_transformer", **SMALL).double().eval()


def episode(n=2, steps=9, *, seed=0):
    generator = torch.Generator().manual_seed(seed)
    asked, seen = (
        torch.randn(n, steps, generator=generator, dtype=DOUBLE),
        torch.randn(n, steps, 3, generator=generator, dtype=DOUBLE),
    )
    before = torch.nn.functional.one_hot(torch.randint(2, (n, steps), generator=generator), 2).to(DOUBLE)
    before[:, 0] = 0
    return asked, seen, before, torch.arange(steps, dtype=DOUBLE).expand(n, steps)


def cut(parts, *which):
    return tuple(part[:, slice(*which)] for part in parts)


def test_steps_one_by_one_equal_the_whole_episode_which_is_longer_than_the_cache(network):
    parts = episode()
    whole, last = network(*parts)
    state, steps = None, []
    for t in range(9):
        decided, state = network(*cut(parts, t, t + 1), state)
        steps.append(decided)
        assert state["keys_0"].shape == (2, 2, 9, 4)
    for name in whole._fields:
        torch.testing.assert_close(torch.cat([getattr(step, name) for step in steps], 1), getattr(whole, name))
    torch.testing.assert_close(state, last)


def test_episodes_of_different_age_stand_side_by_side(network):
    parts = episode()
    _, older = network(*cut(parts, 0, 4))
    fresh = network.initial_state(2)
    mixed = {name: torch.stack([older[name][0], fresh[name][1]]) for name in older}
    now = cut(parts, 4, 5)
    together, _ = network(*now, mixed)
    torch.testing.assert_close(together.logits[:1], network(*now, older)[0].logits[:1])
    torch.testing.assert_close(together.logits[1:], network(*now, fresh)[0].logits[1:])


def test_nothing_looks_ahead_and_each_layer_looks_back_three_steps(network):
    parts = episode()
    before, _ = network(*parts)
    for changed, name in enumerate(("asked", "seen", "before")):
        other = [part.clone() for part in parts]
        other[changed][:, 2] += 1
        moved = (network(*other)[0].logits - before.logits).abs().amax((0, 2))
        assert (moved[:2] == 0).all(), name
        assert (moved[2:9] > 1e-9).all(), name  # two layers: six steps on


def test_the_cache_reaches_no_further_than_the_layers(network):
    parts = episode()
    before, _ = network(*parts)
    other = [part.clone() for part in parts]
    other[1][:, 0] += 1
    moved = (network(*other)[0].logits - before.logits).abs().amax((0, 2))
    assert moved[6] > 1e-9
    assert (moved[7:] == 0).all()


def test_a_wide_beam_is_exhaustive_and_a_narrow_one_goes_step_by_step(network):
    """Every sequence is imagined by hand, over the whole episode at once."""
    asked, seen, before, time = cut(episode(1), 0, 4)
    decided, cache = network(asked, seen, before, time)
    standing = imagined(asked[:, -1], seen[:, -1], time[:, -1], decided, cache)

    def likelihood(actions):
        parts = [asked, seen, before, time]
        total = 0.0
        for action in actions:
            told, _ = network(*parts)
            total += told.logits[0, -1].log_softmax(0)[action].item()
            further = (
                parts[0][:, -1:] - told.reward[:, -1:, action],
                parts[1][:, -1:] + told.change[:, -1:, action],
                torch.eye(2, dtype=DOUBLE)[action].view(1, 1, 2),
                parts[3][:, -1:] + 1,
            )
            parts = [torch.cat(pair, 1) for pair in zip(parts, further, strict=True)]
        return total

    found = {actions: likelihood(actions) for actions in itertools.product(range(2), repeat=3)}
    step, first = partial(imagine, network), torch.tensor([-1])
    sequences, scores = beam_search(step, standing, first, steps=3, width=8, end=-2)
    assert [tuple(row) for row in sequences[0].tolist()] == sorted(found, key=found.get, reverse=True)
    torch.testing.assert_close(
        scores[0].double(), torch.tensor(sorted(found.values(), reverse=True), dtype=DOUBLE), atol=1e-5, rtol=1e-5
    )
    alone, _ = beam_search(step, standing, first, steps=1, width=1, end=-2)
    assert alone[0, 0, 0] == decided.logits[0, -1].argmax()


def test_other_shapes_are_refused_in_one_line(network):
    asked, seen, before, time = episode()
    with pytest.raises(UserError, match=r"decision_transformer reads observations \[N, T, 3\]"):
        network(asked, seen[..., :2], before, time)
    with pytest.raises(UserError, match="heads do not divide"):
        create("decision_transformer", heads=3)
    with pytest.raises(UserError, match="reward_unit of decision_transformer is 0"):
        create("decision_transformer", reward_unit=0)
