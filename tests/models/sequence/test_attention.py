"""Attention: each score by its formula, masks, maps, and PyTorch's own."""

import pytest
import torch
from torch.nn import functional as F

from zerodojo.errors import UserError
from zerodojo.models.sequence.attention import LUONG, Luong, make_attention, scaled_dot_product

N, U, T, D = 2, 3, 5, 4
KINDS = ("bahdanau", *LUONG)


def made(kind):
    torch.manual_seed(0)
    return make_attention(kind, D, D).double(), torch.randn(N, U, D).double(), torch.randn(N, T, D).double()


@pytest.mark.parametrize("kind", KINDS)
def test_a_map_is_the_softmax_of_scores_one_by_one(kind):
    attention, queries, keys = made(kind)
    parts = dict(attention.named_parameters())

    def score(q, k):
        if kind == "bahdanau":
            return parts["score.weight"][0] @ torch.tanh(parts["query.weight"] @ q + parts["key.weight"] @ k + parts["key.bias"])
        if kind == "concat":
            return parts["score.weight"][0] @ torch.tanh(parts["both.weight"] @ torch.cat([q, k]))
        return q @ (parts["key.weight"] @ k if kind == "general" else k)

    context, looked = attention(queries, keys)
    for n in range(N):
        for u in range(U):
            expected = torch.stack([score(queries[n, u], keys[n, t]) for t in range(T)]).softmax(0)
            torch.testing.assert_close(looked[n, u], expected)
            torch.testing.assert_close(context[n, u], expected @ keys[n])


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_masked_is_as_if_it_were_not_there(kind):
    attention, queries, keys = made(kind)
    mask = torch.arange(T).expand(N, T) < torch.tensor([[3], [5]])
    context, looked = attention(queries, keys, mask)
    alone, fewer = attention(queries[:1], keys[:1, :3])
    torch.testing.assert_close(context[:1], alone)
    torch.testing.assert_close(looked[:1, :, :3], fewer)
    assert not looked[0, :, 3:].any()
    torch.testing.assert_close(looked.sum(2), torch.ones(N, U).double())


def test_scaled_attention_is_pytorchs_and_a_query_without_keys_sees_nothing():
    torch.manual_seed(0)
    q, k, v = torch.randn(N, U, D).double(), torch.randn(N, T, D).double(), torch.randn(N, T, 6).double()
    mask = torch.rand(N, U, T) < 0.7
    mask[..., 0] = True
    y, looked = scaled_dot_product(q, k, v, mask)
    torch.testing.assert_close(y, F.scaled_dot_product_attention(q, k, v, attn_mask=mask), rtol=0, atol=1e-12)
    torch.testing.assert_close(looked @ v, y)
    y, looked = scaled_dot_product(q, k, v, torch.zeros_like(mask))
    assert not y.any() and not looked.any()


def test_bad_options_are_refused_in_one_line():
    with pytest.raises(UserError, match="unknown attention 'bahdanao'; did you mean bahdanau"):
        make_attention("bahdanao", 3, 3)
    with pytest.raises(UserError, match="queries and keys of one size, not 3 and 4; take general"):
        Luong("dot", 3, 4)
