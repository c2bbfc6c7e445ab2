"""The Transformer: its size, PyTorch's own layers by copied weights, masks by perturbation, and a cache that changes nothing."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from zerodojo.errors import UserError
from zerodojo.models import create
from zerodojo.models.counting import parameters
from zerodojo.models.sequence.decoding import beam_search, greedy
from zerodojo.models.sequence.tokens import token_loss
from zerodojo.models.sequence.transformer import CausalTransformer, sinusoids, warm_up
from zerodojo.models.sequence.transformer_blocks import EncoderLayer, MultiHeadAttention, causal_mask

SMALL = {"size": 8, "heads": 2, "hidden": 12, "layers": 2, "dropout": 0.0}
SOURCE, TARGET = torch.tensor([[3, 4, 5, 6], [7, 8, 2, 0]]), torch.tensor([[1, 3, 4, 5, 6], [1, 6, 7, 3, 2]])
FORMS = [{"norm_first": False}, {"norm_first": True}]


def made(**options):
    torch.manual_seed(0)
    return create("transformer", vocabulary=9, **SMALL, **options).double()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 44_138_496),
        ({"norm_first": True}, 44_140_544),
        ({"size": 1024, "heads": 16, "hidden": 4096}, 176_357_376),
    ],
)
def test_sizes_of_the_paper(options, expected):
    with torch.device("meta"):
        network = create("transformer", **options)
    embeddings = network.source_embedding.weight.numel()
    assert parameters(network) - embeddings == expected
    assert network.target_embedding is network.source_embedding and embeddings == 37_000 * network.source_embedding.embedding_dim


def test_an_attention_has_its_size():
    assert parameters(MultiHeadAttention(512, 8)) == 1_050_624
    with pytest.raises(UserError, match="3 heads do not divide a size of 8"):
        MultiHeadAttention(8, 3)


def test_attention_equals_pytorchs_with_the_same_weights():
    torch.manual_seed(0)
    theirs = nn.MultiheadAttention(8, 2, batch_first=True).double()
    nn.init.normal_(theirs.in_proj_bias)
    ours = MultiHeadAttention(8, 2).double()
    ours.load_state_dict(theirs.state_dict())
    x, other = torch.randn(3, 4, 8).double(), torch.randn(3, 6, 8).double()
    mask = torch.arange(6) < torch.tensor([[6], [2], [4]])
    expected, maps = theirs(x, other, other, key_padding_mask=~mask, average_attn_weights=False)
    looked_at = ours.keys_and_values(other)
    torch.testing.assert_close(ours(x, looked_at, mask[:, None, None]), expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(ours.maps(x, looked_at, mask[:, None, None]), maps, rtol=0, atol=1e-12)


@pytest.mark.filterwarnings("ignore:enable_nested_tensor is True")  # PyTorch about its own fast path
@pytest.mark.parametrize("form", FORMS)
def test_the_whole_equals_pytorchs_transformer(form):
    torch.manual_seed(0)
    theirs = nn.Transformer(8, 2, 2, 2, 12, 0.0, batch_first=True, **form).double().eval()
    ours = made(**form).eval()
    weights = {name: tensor for name, tensor in theirs.state_dict().items() if ".layers." in name}
    ours.encoder.load_state_dict({n.removeprefix("encoder.layers."): t for n, t in weights.items() if n.startswith("encoder")})
    ours.decoder.load_state_dict({n.removeprefix("decoder.layers."): t for n, t in weights.items() if n.startswith("decoder")})
    if not form["norm_first"]:  # PyTorch has a last normalisation here too, and the paper has none
        theirs.encoder.norm = theirs.decoder.norm = None
    mask = SOURCE != 0
    x, y = ours.source_embedding(SOURCE), ours.target_embedding(TARGET)
    causal = nn.Transformer.generate_square_subsequent_mask(5, dtype=torch.float64)
    expected = theirs(x, y, tgt_mask=causal, src_key_padding_mask=~mask, memory_key_padding_mask=~mask)
    expected = expected @ ours.target_embedding.weight.T
    torch.testing.assert_close(ours(SOURCE, TARGET, mask), expected, rtol=0, atol=1e-12)


def test_a_layer_equals_pytorchs_under_a_causal_mask():
    torch.manual_seed(0)
    theirs = nn.TransformerEncoderLayer(8, 2, 12, 0.0, batch_first=True, norm_first=True).double()
    ours = EncoderLayer(8, 2, 12, 0.0, norm_first=True).double()
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(2, 5, 8).double()
    expected = theirs(x, src_mask=nn.Transformer.generate_square_subsequent_mask(5, dtype=torch.float64))
    torch.testing.assert_close(ours(x, causal_mask(5))[0], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_no_output_sees_a_later_token_and_every_one_sees_earlier_ones(form):
    network = made(**form)
    whole = network(SOURCE, TARGET)
    for t in range(5):
        changed = TARGET.clone()
        changed[0, t] = 8
        other = network(SOURCE, changed)
        assert torch.equal(whole[0, :t], other[0, :t])
        assert (whole[0, t:] != other[0, t:]).any(1).all()


def test_padding_of_the_source_changes_nothing():
    network, mask = made(), SOURCE != 0
    torch.testing.assert_close(network(SOURCE, TARGET, mask)[1:], network(SOURCE[1:, :3], TARGET[1:]))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("cuts", [(1, 2, 3, 4), (2,), (3, 4)])
def test_a_cache_changes_nothing(form, cuts):
    network, mask = made(**form), SOURCE != 0
    state, said = network.start(SOURCE, mask), []
    for part in torch.tensor_split(TARGET, cuts, dim=1):
        logits, state = network.decode(part, state)
        said.append(logits)
    torch.testing.assert_close(torch.cat(said, dim=1), network(SOURCE, TARGET, mask), rtol=0, atol=1e-12)


def test_searches_run_over_its_steps():
    network, mask, first = made(), SOURCE != 0, torch.ones(2).long()
    tokens, scores = greedy(network.step, network.start(SOURCE, mask), first, steps=4)
    beam, _ = beam_search(network.step, network.start(SOURCE, mask), first, steps=4, width=3)
    assert beam.shape[:2] == (2, 3)
    said = network(SOURCE, torch.cat([first[:, None], tokens], dim=1)[:, :-1], mask).log_softmax(2)
    by_hand = (said.gather(2, tokens.unsqueeze(2)).squeeze(2) * (tokens != 0)).sum(1)
    torch.testing.assert_close(scores, by_hand)


def test_without_places_it_does_not_know_the_order():
    torch.manual_seed(0)
    layer, x, order = EncoderLayer(8, 2, 12, 0.0, norm_first=False).double(), torch.randn(1, 5, 8).double(), torch.randperm(5)
    torch.testing.assert_close(layer(x)[0][:, order], layer(x[:, order])[0])


def test_places_are_the_papers():
    told = sinusoids(torch.arange(4).double(), 6)
    assert float(told[3, 2]) == pytest.approx(math.sin(3 / 10_000 ** (2 / 6)))
    assert float(told[3, 5]) == pytest.approx(math.cos(3 / 10_000 ** (4 / 6)))


def test_the_decoder_alone_looks_back_only_and_its_cache_changes_nothing():
    torch.manual_seed(0)
    network = create("causal_transformer", vocabulary=9, **SMALL).double()
    whole, _ = network(TARGET)
    state = {}
    for t in range(5):
        said, state = network.step(TARGET[:, t], state)
        torch.testing.assert_close(said, whole[:, t].log_softmax(1))
    changed = TARGET.clone()
    changed[0, 3] = 8
    other, _ = network(changed)
    assert torch.equal(whole[0, :3], other[0, :3]) and not torch.equal(whole[0, 3], other[0, 3])


def test_the_decoder_alone_over_vectors_heeds_a_mask():
    torch.manual_seed(0)
    body, x = CausalTransformer(8, 2, 12, 2).double(), torch.randn(1, 5, 8).double()
    mask = torch.tensor([[False, False, True, True, True]])
    torch.testing.assert_close(body(x, None, mask)[0][:, 2:], body(x[:, 2:])[0])


def test_smoothing_is_spread_over_the_vocabulary_and_padding_is_no_target():
    logits, targets = torch.randn(2, 3, 4).double(), torch.tensor([[1, 2, 0], [3, 0, 0]])
    log_probabilities = logits.log_softmax(2)
    real = [(0, 0, 1), (0, 1, 2), (1, 0, 3)]
    by_hand = [-(0.9 * log_probabilities[n, t, v] + 0.1 * log_probabilities[n, t].mean()) for n, t, v in real]
    torch.testing.assert_close(token_loss(logits, targets, smoothing=0.1), torch.stack(by_hand).mean())
    torch.testing.assert_close(token_loss(logits, targets), F.cross_entropy(logits[targets != 0], targets[targets != 0]))


def test_warm_up_rises_in_a_line_to_its_peak_and_falls_with_the_root():
    rates = [warm_up(step, size=512) for step in (1, 1000, 2000, 4000, 16_000)]
    assert rates[1] == pytest.approx(1000 * rates[0]) and rates[2] == pytest.approx(2 * rates[1])
    assert rates[3] == pytest.approx((512 * 4000) ** -0.5) and rates[4] == pytest.approx(rates[3] / 2)


def test_bad_input_is_refused_in_one_line():
    with pytest.raises(UserError, match="transformer knows tokens 0 to 8, and got ids from 1 to 9"):
        made()(torch.tensor([[1, 9]]), TARGET[:1])
    with pytest.raises(UserError, match="layers of transformer is 0"):
        create("transformer", layers=0)
    with pytest.raises(UserError, match=r"reads token ids \[N, T\] of int64 or int32, and got \[3\] of torch.float32"):
        create("causal_transformer", vocabulary=9, **SMALL)(torch.zeros(3))
