"""WaveNet: what an output sees, that going step by step changes nothing, and mu-law."""

import pytest
import torch
from torch.nn import functional as F

from zerodojo.errors import UserError
from zerodojo.models import create
from zerodojo.models.sequence.wavenet import CausalConv, DilatedStack, mu_law_decode, mu_law_encode, receptive_field

SMALL = {"num_classes": 11, "channels": 4, "skip": 6, "blocks": 2, "doublings": 3}


def made(**options):
    torch.manual_seed(0)
    return create("wavenet", **{**SMALL, **options}).double()


def test_receptive_fields_of_the_paper():
    block = [2**i for i in range(10)]
    assert receptive_field(block) == 1024
    assert receptive_field(block * 3) == 3070
    with torch.device("meta"):
        assert create("wavenet").stack.receptive_field == 3070


@pytest.mark.parametrize("kernel", [2, 3])
def test_a_convolution_is_pytorchs_padded_on_the_left(kernel):
    torch.manual_seed(0)
    conv, x = CausalConv(3, 5, kernel, 4).double(), torch.randn(2, 20, 3).double()
    past, episode = x.new_zeros(2, conv.reach, 3), torch.zeros(2, conv.reach + 20).long()
    expected = F.conv1d(F.pad(x.transpose(1, 2), (conv.reach, 0)), conv.weight, conv.bias, dilation=4).transpose(1, 2)
    torch.testing.assert_close(conv(x, past, episode), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kernel", [2, 3])
def test_a_step_is_felt_for_as_long_as_the_receptive_field_and_never_before(kernel):
    network = made(kernel=kernel)
    field, t = receptive_field([1, 2, 4, 1, 2, 4], kernel), 5
    assert network.stack.receptive_field == field
    tokens = torch.randint(11, (1, t + field + 5))
    changed = tokens.clone()
    changed[0, t] = (tokens[0, t] + 1) % 11
    felt = (network(tokens)[0] != network(changed)[0]).any(2)[0]
    assert not felt[:t].any() and not felt[t + field :].any()
    assert felt[t] and felt[t + field - 1]


@pytest.mark.parametrize("kernel", [2, 3])
@pytest.mark.parametrize("stretch", [1, 3, 7])
def test_stretch_by_stretch_is_the_whole_at_once(kernel, stretch):
    network, tokens = made(kernel=kernel), torch.randint(11, (2, 30))
    whole, last = network(tokens)
    state, said = None, []
    for part in tokens.split(stretch, dim=1):
        logits, state = network(part, state)
        said.append(logits)
    torch.testing.assert_close(torch.cat(said, dim=1), whole, rtol=0, atol=1e-12)
    torch.testing.assert_close(state, last)


def test_every_parameter_learns():
    network, tokens = made(), torch.randint(11, (2, 30))
    F.cross_entropy(network(tokens)[0][:, :-1].flatten(0, 1), tokens[:, 1:].flatten()).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.any(), name


def test_mu_law_goes_there_and_back():
    classes = torch.arange(256)
    sound = mu_law_decode(classes)
    assert torch.equal(mu_law_encode(sound), classes)
    assert float(sound[0]) == -1 and float(sound[-1]) == 1
    quiet, loud = (sound.diff()[at].item() for at in (128, 254))
    assert quiet < loud / 100
    x = torch.linspace(-1, 1, 1001, dtype=torch.float64)
    assert ((mu_law_decode(mu_law_encode(x)) - x).abs() <= 0.012 + 0.012 * x.abs()).all()
    assert mu_law_encode(torch.tensor([-3.0, 0.0, 3.0])).tolist() == [0, 128, 255]
    assert float(mu_law_decode(torch.tensor(191.25))) == pytest.approx((256**0.5 - 1) / 255)


def test_bad_options_are_refused_in_one_line():
    with pytest.raises(UserError, match="dilations of 1 at least and a kernel of 2"):
        DilatedStack(4, 4, [1, 2], kernel=1)
    with pytest.raises(UserError, match="blocks of wavenet is 0"):
        made(blocks=0)
    with pytest.raises(UserError, match="wavenet knows tokens 0 to 10, and got ids from 11 to 11"):
        made()(torch.tensor([[11]]))
