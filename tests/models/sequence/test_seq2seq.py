"""The encoder-decoder: padding changes nothing, stepping is the forward pass, and scheduled sampling feeds what it should."""

import math

import pytest
import torch

from zerodojo.errors import UserError
from zerodojo.models import create
from zerodojo.models.sequence.decoding import greedy
from zerodojo.models.sequence.seq2seq import teacher_probability
from zerodojo.models.sequence.tokens import END, START, lengths_of, token_loss

ATTENTIONS = ("none", "bahdanau", "dot", "general", "concat")
SMALL = {"source_vocabulary": 9, "target_vocabulary": 8, "embedding": 5, "units": 6}
SOURCE = torch.tensor([[3, 4, 5, 6, 2], [7, 8, 2, 0, 0]])
TARGET = torch.tensor([[1, 3, 4, 5], [1, 6, 7, 3]])


def made(attention):
    torch.manual_seed(0)
    return create("seq2seq", attention=attention, **SMALL).double()


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_padding_changes_nothing(attention):
    network, lengths = made(attention), lengths_of(SOURCE)
    assert lengths.tolist() == [5, 3]
    logits = network(SOURCE, TARGET, lengths)
    torch.testing.assert_close(logits[1:], network(SOURCE[1:, :3], TARGET[1:]), rtol=0, atol=1e-12)
    longer = network(torch.cat([SOURCE, torch.full((2, 3), 5)], dim=1), TARGET, lengths)
    torch.testing.assert_close(logits, longer, rtol=0, atol=1e-12)


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_step_by_step_is_the_forward_pass_and_maps_tell_where_it_looked(attention):
    network, lengths = made(attention), lengths_of(SOURCE)
    state = network.start(SOURCE, lengths)
    for t, logits in enumerate(network(SOURCE, TARGET, lengths).unbind(1)):
        said, state = network.step(TARGET[:, t], state)
        torch.testing.assert_close(said, logits.log_softmax(1))
        if attention != "none":
            torch.testing.assert_close(state["map"].sum(1), torch.ones(2).double())
            assert not state["map"][1, 3:].any() and state["map"][1, :3].all()


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_every_parameter_learns(attention):
    network = made(attention)
    token_loss(network(SOURCE, TARGET, lengths_of(SOURCE)), TARGET).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.any(), name


def test_without_a_teacher_it_hears_itself():
    network, generator = made("dot"), torch.Generator()
    with torch.no_grad():
        network.output.bias[5] += 100.0  # it always says 5
    free = network(SOURCE, TARGET, teacher=0.0, generator=generator)
    heard = torch.tensor([[1, 5, 5, 5]] * 2)
    torch.testing.assert_close(free, network(SOURCE, heard))
    told = network(SOURCE, TARGET, teacher=1.0)
    assert not torch.allclose(free[:, 1:], told[:, 1:])
    torch.testing.assert_close(free[:, 0], told[:, 0])


def test_a_teacher_of_half_speaks_half_of_the_time():
    network = made("none")
    with torch.no_grad():
        network.output.bias[5] += 100.0
    source, target = torch.full((400, 2), 3), torch.tensor([[1, 6]]).expand(400, 2)
    mixed = network(source, target, teacher=0.5, generator=torch.Generator().manual_seed(0))[:, 1]
    told = network(source[:1], target[:1])[:, 1]
    assert 160 < int(torch.isclose(mixed, told).all(1).sum()) < 240


def test_schedules_of_the_teacher():
    assert [teacher_probability(s, kind="linear", pace=10, least=0.25) for s in (0, 5, 10)] == [1.0, 0.5, 0.25]
    assert teacher_probability(3, kind="exponential", pace=0.9) == pytest.approx(0.729)
    assert teacher_probability(20, kind="sigmoid", pace=10) == pytest.approx(10 / (10 + math.exp(2)))
    assert teacher_probability(10**6, kind="sigmoid", pace=10) == 0.0
    with pytest.raises(UserError, match="a exponential schedule with a pace of 2 does not exist"):
        teacher_probability(0, kind="exponential", pace=2)


def test_it_learns_to_turn_a_sentence_round():
    torch.manual_seed(0)
    network = create("seq2seq", source_vocabulary=6, target_vocabulary=6, embedding=8, units=24, attention="general")
    source = torch.cartesian_prod(*[torch.arange(3, 6)] * 3)
    target = torch.cat([torch.full((27, 1), START), source.flip(1), torch.full((27, 1), END)], dim=1)
    optimizer = torch.optim.Adam(network.parameters(), 0.01)
    for _ in range(80):
        optimizer.zero_grad()
        token_loss(network(source, target[:, :-1]), target[:, 1:]).backward()
        optimizer.step()
    with torch.no_grad():
        tokens, _ = greedy(network.step, network.start(source), target[:, 0], steps=6)
    assert (tokens[:, :4] == target[:, 1:]).all(1).float().mean() > 0.95


def test_bad_input_is_refused_in_one_line():
    network = made("dot")
    with pytest.raises(UserError, match="seq2seq knows tokens 0 to 8, and got ids from 3 to 9"):
        network(torch.tensor([[3, 9]]), TARGET[:1])
    with pytest.raises(UserError, match=r"lengths \[2\] from 1 to 5, and got \[6, 1\]"):
        network(SOURCE, TARGET, torch.tensor([6, 1]))
    with pytest.raises(UserError, match="unknown attention 'additive'"):
        create("seq2seq", attention="additive", **SMALL)
    with pytest.raises(UserError, match="units of seq2seq is 0"):
        create("seq2seq", **{**SMALL, "units": 0})
