"""The precision of convolutions: the same function but for its last digits, and one that learns."""

import pytest
import torch

from zerodojo.errors import UserError
from zerodojo.models.body import Body
from zerodojo.models.config import BodyConfig


@pytest.mark.parametrize(("shape", "seen"), [((4, 84, 84), torch.uint8), ((4, 10, 10), torch.bool), ((3, 40, 40), torch.float32)])
def test_bfloat16_is_near_float32(shape: tuple[int, ...], seen: torch.dtype) -> None:
    torch.manual_seed(0)
    exact, fast = (Body(shape, BodyConfig(hidden=(32,), precision=precision)) for precision in ("float32", "bfloat16"))
    fast.load_state_dict(exact.state_dict())
    observation = (torch.rand(6, *shape) * (256 if seen == torch.uint8 else 2)).to(seen)
    expected, got = exact.encode(observation), fast.encode(observation)
    assert got.dtype == torch.float32
    assert 0 < (got - expected).abs().max() < 0.03 * expected.abs().max()
    gradients = [
        torch.autograd.grad(features.square().sum(), list(body.parameters())) for body, features in ((exact, expected), (fast, got))
    ]
    for right, near in zip(*gradients, strict=True):
        assert near.dtype == torch.float32
        assert torch.nn.functional.cosine_similarity(near.flatten(), right.flatten(), dim=0) > 0.99


def test_a_vector_is_not_computed_in_bfloat16() -> None:
    with pytest.raises(
        UserError, match=r"precision bfloat16 is for images, and here a vector is seen; take --body.precision float32"
    ):
        Body((4,), BodyConfig(precision="bfloat16"))
