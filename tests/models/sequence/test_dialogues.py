"""HRED and VHRED: when the context changes, what they become with one utterance, and what the bound is made of."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.distributions import Independent, Normal
from torch.distributions import kl_divergence as expected_kl

from zerodojo.errors import UserError
from zerodojo.models import create
from zerodojo.models.sequence.decoding import greedy
from zerodojo.models.sequence.hred import utterances_of
from zerodojo.models.sequence.tokens import END, PAD, token_loss
from zerodojo.models.sequence.vhred import kl_divergence, kl_weight

HREDS, VHREDS = (
    {"vocabulary": 9, "embedding": 5, "units": 6, "context": 7},
    {"vocabulary": 9, "embedding": 5, "units": 6, "context": 7, "latent": 4},
)
DIALOGUES = torch.tensor([[3, 4, 2, 5, 2, 6, 7, 2], [8, 3, 3, 2, 4, 2, 0, 0]])


def made(name):
    torch.manual_seed(0)
    return create(name, **(HREDS if name == "hred" else VHREDS)).double()


def logits_of(network, dialogue):
    said = network(dialogue)
    return said if isinstance(said, torch.Tensor) else said[0]


def slowly(network, dialogue, latent=None):
    """Logits [T, V] and KL of one dialogue, token by token, with the mean of the latent variable."""
    cell, context, hidden = network.encoder, torch.zeros(1, 7).double(), None
    heard, logits, divergence, word, begins = torch.zeros(1, 6).double(), [], 0.0, END, True
    for t, token in enumerate(dialogue.tolist()):
        if begins:
            known = context
            if latent:
                rest = dialogue[t : t + 1 + dialogue[t:].tolist().index(END)]
                whole = cell(network.embedding(rest)[None])[0][:, -1]
                guess = network.prior(context)
                found = network.posterior(torch.cat([context, whole], dim=1)) if latent == "posterior" else guess
                divergence += kl_divergence(*found, *guess).item()
                known = torch.cat([context, found[0]], dim=1)
            hidden, word, heard = network.begin(known), END, torch.zeros(1, 6).double()
        said, state = network.decoder(network.embedding(torch.tensor([[word]])), hidden[None])
        hidden = state[0]
        logits.append(network.output(said[0, 0]))
        _, state = cell(network.embedding(torch.tensor([[token]])), heard[None])
        heard, word, begins = state[0], token, token == END
        if token == END:
            context = network.context(heard, context)
    return torch.stack(logits), divergence


@given(st.lists(st.lists(st.integers(3, 8), max_size=4), min_size=1, max_size=4), st.integers(0, 3))
@settings(deadline=None, max_examples=30)
def test_side_by_side_is_as_one_after_the_other(utterances, padding):
    """Also beside another dialogue, with utterances of no word, and padded."""
    row = [token for utterance in utterances for token in (*utterance, END)]
    width = max(len(row) + padding, DIALOGUES.shape[1])
    beside = torch.zeros(3, width, dtype=torch.long)
    beside[0, : len(row)], beside[1:, : DIALOGUES.shape[1]] = torch.tensor(row), DIALOGUES
    network = made("hred")
    torch.testing.assert_close(network(beside)[0, : len(row)], slowly(network, beside[0, : len(row)])[0])
    network = made("vhred")
    for latent in ("prior", "posterior"):
        logits, divergence = network(beside, latent=latent)
        expected, kl = slowly(network, beside[0, : len(row)], latent)
        torch.testing.assert_close(logits[0, : len(row)], expected)
        assert divergence[0].item() == pytest.approx(kl)


def test_utterances_are_found():
    said = utterances_of(DIALOGUES)
    assert said.words[0].tolist() == [[3, 4, 2, 0], [5, 2, 0, 0], [6, 7, 2, 0]]
    assert said.words[1].tolist() == [[8, 3, 3, 2], [4, 2, 0, 0], [0, 0, 0, 0]]
    assert said.spoken.tolist() == said.ended.tolist() == [[True, True, True], [True, True, False]]
    assert torch.equal(said.at_tokens(said.words)[0], DIALOGUES[0])
    assert torch.equal(said.at_tokens(said.words)[1, :6], DIALOGUES[1, :6])
    assert utterances_of(DIALOGUES[:, :7]).ended.tolist() == [[True, True, False], [True, True, False]]


def test_an_utterance_that_is_not_over_changes_no_context():
    _, contexts = made("hred").read(utterances_of(DIALOGUES[:1, :7]))
    assert torch.equal(contexts[0, 2], contexts[0, 3]) and not torch.equal(contexts[0, 1], contexts[0, 2])


@pytest.mark.parametrize("name", ["hred", "vhred"])
def test_no_token_sees_itself_or_what_comes_after(name):
    """Of VHRED without its posterior, which may look at the whole utterance."""
    network = made(name)
    options = {} if name == "hred" else {"latent": "prior"}
    for t in range(8):
        changed = DIALOGUES.clone()
        changed[0, t] = END if changed[0, t] != END else 3
        one, other = network(DIALOGUES, **options), network(changed, **options)
        one, other = (said if name == "hred" else said[0] for said in (one, other))
        assert torch.equal(one[0, : t + 1], other[0, : t + 1])
        assert t == 7 or not torch.equal(one[0, t + 1], other[0, t + 1])


def test_padding_changes_nothing():
    for name in ("hred", "vhred"):
        network = made(name)
        torch.testing.assert_close(logits_of(network, DIALOGUES)[1:, :6], logits_of(network, DIALOGUES[1:, :6]))
    torch.testing.assert_close(network(DIALOGUES)[1][1:], network(DIALOGUES[1:, :6])[1])


def test_with_one_utterance_before_it_hred_is_an_encoder_decoder():
    network = made("hred")
    pair = create("seq2seq", source_vocabulary=9, target_vocabulary=9, embedding=5, units=6, attention="none").double()

    class Bridge(nn.Module):
        def forward(self, last):
            return network.begin(network.context(last, last.new_zeros(len(last), 7)))

    pair.bridge = Bridge()
    pair.encoder.load_state_dict(network.encoder.state_dict())
    for name in ("source_embedding", "target_embedding"):
        getattr(pair, name).load_state_dict(network.embedding.state_dict())
    pair.decoder.load_state_dict({name.removesuffix("_l0"): weight for name, weight in network.decoder.state_dict().items()})
    pair.output.load_state_dict(network.output.state_dict())
    first, second = DIALOGUES[:1, :3], DIALOGUES[:1, 3:5]
    expected = pair(first, torch.cat([torch.full((1, 1), END), second[:, :-1]], dim=1))
    torch.testing.assert_close(network(DIALOGUES[:1, :5])[:, 3:], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["hred", "vhred"])
def test_decoding_goes_on_as_the_forward_pass_does(name):
    network = made(name)
    state, options = network.start(DIALOGUES[:1, :5]), {} if name == "hred" else {"latent": "prior"}
    said = network(DIALOGUES[:1], **options)
    for t, token in enumerate([END, 6, 7]):
        log_probabilities, state = network.step(torch.tensor([token]), state)
        torch.testing.assert_close(log_probabilities, (said if name == "hred" else said[0])[:, 5 + t].log_softmax(1))
    tokens, _ = greedy(network.step, network.start(DIALOGUES[:1, :5]), torch.tensor([END]), steps=4)
    assert tokens.shape[0] == 1


@pytest.mark.parametrize("name", ["hred", "vhred"])
def test_every_parameter_learns(name):
    network = made(name)
    said = network(DIALOGUES) if name == "hred" else network(DIALOGUES, generator=torch.Generator().manual_seed(0))
    loss = token_loss(said if name == "hred" else said[0], DIALOGUES) + (0 if name == "hred" else said[1].mean())
    loss.backward()
    for parameter_name, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.any(), parameter_name


def test_kl_of_two_gaussians_is_pytorchs():
    torch.manual_seed(0)
    mean, other = torch.randn(2, 5, 4).double()
    variance, spread = torch.rand(2, 5, 4).double() + 0.1
    expected = expected_kl(Independent(Normal(mean, variance.sqrt()), 1), Independent(Normal(other, spread.sqrt()), 1))
    torch.testing.assert_close(kl_divergence(mean, variance, other, spread), expected)
    assert not kl_divergence(mean, variance, mean, variance).any()


def test_a_posterior_that_does_not_look_is_the_prior_and_costs_nothing():
    network = made("vhred")
    assert network(DIALOGUES)[1].min() > 0
    with torch.no_grad():
        weights = network.prior.state_dict()
        first = network.posterior.body[0].weight
        weights["body.0.weight"] = torch.cat([weights["body.0.weight"], torch.zeros(7, 6)], dim=1)
        network.posterior.load_state_dict(weights)
        assert first[:, 7:].abs().sum() == 0
    assert network(DIALOGUES)[1].abs().max() < 1e-12
    torch.testing.assert_close(network(DIALOGUES, latent="prior")[0], network(DIALOGUES)[0])


def test_the_mean_of_the_prior_is_deterministic_and_a_draw_is_not():
    network = made("vhred")
    one, kl = network(DIALOGUES, latent="prior")
    assert torch.equal(one, network(DIALOGUES, latent="prior")[0]) and not kl.any()
    generator = torch.Generator().manual_seed(0)
    drawn = network(DIALOGUES, latent="prior", generator=generator)[0]
    assert not torch.equal(one, drawn)
    assert torch.equal(drawn, network(DIALOGUES, latent="prior", generator=generator.manual_seed(0))[0])


def test_only_utterances_that_are_spoken_cost():
    """The padding behind the last END begins nothing."""
    network = made("vhred")
    padded = torch.cat([DIALOGUES, torch.full((2, 4), PAD)], dim=1)
    torch.testing.assert_close(network(padded)[1], network(DIALOGUES)[1])


def test_the_weight_of_kl_grows_to_one():
    assert [kl_weight(step, 10) for step in (0, 5, 10, 20)] == [0.0, 0.5, 1.0, 1.0]
    assert kl_weight(0, 0) == 1.0


def test_bad_input_is_refused_in_one_line():
    for name in ("hred", "vhred"):
        with pytest.raises(UserError, match=f"{name} knows tokens 0 to 8, and got ids from 2 to 9"):
            made(name)(torch.tensor([[9, 2]]))
        with pytest.raises(UserError, match=f"context of {name} is 0"):
            create(name, **{**HREDS, "context": 0})


def test_what_is_dropped_is_not_shown_to_the_decoder():
    """With every word dropped, what is said of an utterance depends on its words only through the posterior."""
    network, changed = made("vhred"), DIALOGUES.clone()
    changed[0, 5] = 8
    one, other = (network(dialogue, latent="prior", drop=1.0)[0] for dialogue in (DIALOGUES, changed))
    torch.testing.assert_close(one, other)
    assert not torch.equal(network(DIALOGUES, latent="prior")[0], network(changed, latent="prior")[0])


def test_a_share_of_the_words_is_dropped_anew_each_time():
    network, generator = made("vhred"), torch.Generator().manual_seed(0)
    one, other = (network(DIALOGUES, latent="prior", drop=0.5, generator=generator)[0] for _ in range(2))
    assert not torch.equal(one, other)
