"""The next-word language model: stretches, starts, tied weights, and a text that it learns by heart."""

import pytest
import torch

from zerodojo.errors import UserError
from zerodojo.models import create
from zerodojo.models.counting import parameters
from zerodojo.models.sequence.decoding import greedy
from zerodojo.models.sequence.tokens import token_loss

SMALL = {"vocabulary": 9, "embedding": 6, "units": 6}


@pytest.mark.parametrize("memory", ["gru", "lstm"])
def test_stretches_and_steps_are_the_whole_text(memory):
    torch.manual_seed(0)
    network = create("language_model", memory=memory, **SMALL).double().eval()
    tokens = torch.randint(3, 9, (2, 8))
    whole, _ = network(tokens)
    first, state = network(tokens[:, :5])
    second, _ = network(tokens[:, 5:], {name: part.detach() for name, part in state.items()})
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole)
    state = network.initial_state(2)
    for t in range(8):
        said, state = network.step(tokens[:, t], state)
        torch.testing.assert_close(said, whole[:, t].log_softmax(1))
    starts = torch.zeros(2, 8, dtype=torch.bool)
    starts[:, 5] = True
    torch.testing.assert_close(network(tokens, None, starts)[0][:, 5:], network(tokens[:, 5:])[0])


def test_tied_weights_are_one_matrix():
    tied, free = create("language_model", tied=True, **SMALL), create("language_model", **SMALL)
    assert parameters(free) - parameters(tied) == 9 * 6
    with pytest.raises(UserError, match="tied weights need an embedding of 6 numbers, not 5"):
        create("language_model", vocabulary=9, embedding=5, units=6, tied=True)
    with pytest.raises(UserError, match="memory of language_model is 'rnn'; choose gru or lstm"):
        create("language_model", memory="rnn")


def test_it_learns_a_text_by_heart():
    torch.manual_seed(0)
    network = create("language_model", vocabulary=9, embedding=8, units=24, dropout=0.0)
    text = torch.tensor([[1, 3, 4, 3, 5, 3, 6, 7, 8, 2]])  # what follows 3 depends on what came before
    optimizer = torch.optim.Adam(network.parameters(), 0.02)
    for _ in range(120):
        optimizer.zero_grad()
        token_loss(network(text[:, :-1])[0], text[:, 1:]).backward()
        optimizer.step()
    with torch.no_grad():
        tokens, _ = greedy(network.step, network.initial_state(1), text[:, 0], steps=20)
    assert torch.equal(tokens, text[:, 1:])
