"""Every sequence network of the library: counted without memory, saved and loaded, learned with one example."""

import pytest
import torch

from zerodojo.errors import UserError
from zerodojo.models import create
from zerodojo.models.counting import example_inputs
from zerodojo.models.library import LIBRARY
from zerodojo.models.weights_file import load_weights, save_weights

NAMES = [name for name, entry in LIBRARY.items() if entry.path.startswith(".sequence.")]
SMALL = {
    "causal_transformer": {"vocabulary": 9, "size": 8, "heads": 2, "hidden": 8, "layers": 1},
    "decision_transformer": {"observation": 17, "actions": 6, "size": 8, "heads": 2, "hidden": 8, "layers": 1, "span": 4},
    "hred": {"vocabulary": 9, "embedding": 4, "units": 5, "context": 6},
    "language_model": {"vocabulary": 9, "embedding": 4, "units": 5},
    "mdn_rnn": {"latent": 32, "actions": 3, "units": 5, "mixtures": 2},
    "seq2seq": {"source_vocabulary": 9, "target_vocabulary": 9, "embedding": 4, "units": 5},
    "transformer": {"vocabulary": 9, "size": 8, "heads": 2, "hidden": 8, "layers": 1},
    "vhred": {"vocabulary": 9, "embedding": 4, "units": 5, "context": 6, "latent": 3},
    "wavenet": {"channels": 4, "skip": 4, "blocks": 1, "doublings": 2},
    "word2vec": {"vocabulary": 9, "size": 4},
}


def test_every_network_is_tested_here():
    assert sorted(NAMES) == sorted(SMALL)


@pytest.mark.parametrize("size", [0, 1.5, "2"])
@pytest.mark.parametrize(("name", "option"), [(name, option) for name in SMALL for option in SMALL[name]])
def test_sizes_are_whole_numbers_above_0(name, option, size):
    with pytest.raises(UserError, match=f"{option} of {name} is {size!r}; it must be a whole number above 0"):
        create(name, **{**SMALL[name], option: size})


@pytest.mark.parametrize("name", NAMES)
def test_weights_go_to_a_file_and_back(name, tmp_path):
    inputs = [tokens[:, :8] for tokens in example_inputs(LIBRARY[name], 2)]
    network, other = create(name, **SMALL[name]).eval(), create(name, **SMALL[name]).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter)
    save_weights(network, tmp_path / "w.safetensors")
    load_weights(other, tmp_path / "w.safetensors")
    torch.testing.assert_close(network(*inputs), other(*inputs))
