"""What every network of the library keeps, and the table of sizes of every one of them."""

import inspect
import json

import pytest
import torch
from torch import nn

from zerodojo.cli.main import main
from zerodojo.errors import UserError
from zerodojo.models import create
from zerodojo.models.counting import example_inputs, size
from zerodojo.models.library import LIBRARY
from zerodojo.models.sizes import SIZES
from zerodojo.models.weights_file import load_weights, save_weights

from .small import VISION, answers, inputs, small

NO_GRADIENT = {  # what gets none from fresh weights, and why
    "word2vec": {"given.weight": "it is multiplied by what is wanted, which begins at zero as in the authors' program"},
}


def one_line(refused):
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", LIBRARY)
def test_the_table_of_sizes_is_what_is_counted(name):
    """`python -m zerodojo.models.counting` writes it anew."""
    assert SIZES[name] == size(name)


def test_the_table_has_nobody_else():
    assert list(SIZES) == list(LIBRARY)


def test_list_models_shows_parameters_multiply_adds_and_paper(capsys):
    assert main(["list", "models"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.split()[0] for line in lines] == list(LIBRARY)
    for line, entry, numbers in zip(lines, LIBRARY.values(), SIZES.values(), strict=True):
        assert line.split()[1:3] == [f"{number:,}" for number in numbers]
        assert line.endswith(entry.paper)


@pytest.mark.parametrize("name", LIBRARY)
def test_list_models_shows_the_options_of_one(name, capsys):
    assert main(["list", "models", name]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    free = [one for one in options_of(name) if one not in LIBRARY[name].options]
    assert LIBRARY[name].paper in shown and f'create("{name}", *, weights=None, ' in shown and "UserError" in shown
    assert all(f"{one}=" in shown for one in free)


def test_only_models_are_shown_one_by_one(capsys):
    assert main(["list", "models", "resnet81"]) == 2
    assert "did you mean resnet18" in capsys.readouterr().err
    assert main(["list", "games", "go"]) == 2
    assert "only models are shown one by one" in capsys.readouterr().err


@pytest.mark.parametrize("name", LIBRARY)
def test_every_parameter_gets_a_gradient(name):
    """In training, from one example and from two."""
    torch.manual_seed(0)
    network = small(name).train()
    for n in (1, 2):
        network.zero_grad()
        sum(((part - 1) ** 2).mean() for part in answers(network, inputs(name, n)) if part.requires_grad).backward()
        for parameter_name, parameter in network.named_parameters():
            assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), parameter_name
            expected = parameter_name not in NO_GRADIENT.get(name, ())
            assert parameter.grad.any() == expected, parameter_name


@pytest.mark.full
@pytest.mark.parametrize("name", LIBRARY)
def test_a_network_runs_at_the_papers_size(name):
    """Its answers are finite, and of the shapes that the meta device tells. The largest take 1.3 GB of memory."""
    given = tuple(
        torch.rand_like(x) if x.is_floating_point() else torch.randint_like(x, 1, 256) for x in example_inputs(LIBRARY[name])
    )
    with torch.no_grad():
        got = answers(create(name).eval(), given)
    with torch.device("meta"):
        told = answers(create(name).eval(), example_inputs(LIBRARY[name]))
    assert [part.shape for part in got] == [part.shape for part in told]
    assert all(torch.isfinite(part).all() for part in got)


@pytest.mark.parametrize("name", LIBRARY)
def test_one_alone_is_judged_as_among_others_and_nothing_is_learned_in_passing(name):
    torch.manual_seed(0)
    network = small(name).double().eval()
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    given = tuple(x.double() if x.is_floating_point() else x for x in inputs(name))
    with torch.no_grad():
        alone, together = answers(network, tuple(x[:1] for x in given)), answers(network, given)
    for one, both in zip(alone, together, strict=True):
        torch.testing.assert_close(one, both[:1], atol=1e-9, rtol=1e-9)
    assert all(torch.equal(tensor, before[key]) for key, tensor in network.state_dict().items())


@pytest.mark.parametrize("name", LIBRARY)
def test_weights_come_back_from_a_file_or_not_at_all(name, tmp_path):
    path = tmp_path / "weights.safetensors"
    network = small(name)
    for parameter in network.parameters():
        nn.init.uniform_(parameter, -0.1, 0.1)  # none is what it is in every fresh network
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean)  # what is no parameter comes back too
    save_weights(network, path)
    again = small(name, weights=path)
    given = inputs(name, 1)
    with torch.no_grad():
        for got, expected in zip(answers(again.eval(), given), answers(network.eval(), given), strict=True):
            assert torch.equal(got, expected)
    other = small(name)
    before = {key: tensor.clone() for key, tensor in other.state_dict().items()}
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match="cannot be read") as refused:
        load_weights(other, path)
    one_line(refused)
    assert all(torch.equal(tensor, before[key]) for key, tensor in other.state_dict().items())


def test_weights_of_another_network_are_refused_with_nothing_loaded(tmp_path):
    path = tmp_path / "weights.safetensors"
    save_weights(create("resnet18", width=4), path)
    network = create("resnet18", width=4, num_classes=10)
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    with pytest.raises(UserError, match=r"fc.weight should have shape \[10, 32\], but has \[1000, 32\]") as refused:
        load_weights(network, path)
    one_line(refused)
    assert all(torch.equal(tensor, before[key]) for key, tensor in network.state_dict().items())
    with pytest.raises(UserError, match="expected and not there"):
        create("vgg16", width=2, weights=path)
    path.write_text(json.dumps({"no": "weights"}))
    with pytest.raises(UserError, match="cannot be read"):
        create("resnet18", width=4, weights=path)
    with pytest.raises(UserError, match="there is no file"):
        create("resnet18", width=4, weights=tmp_path / "none")


@pytest.mark.parametrize("name", VISION)
def test_other_inputs_and_options_are_refused_in_one_line(name):
    network = small(name)
    (x,) = inputs(name)
    channels = LIBRARY[name].input_shape[0]
    for wrong, said in (
        (
            torch.rand(2, channels + 1, 64, 64),
            rf"{name} reads images \[N, {channels}, H, W\], and got \[2, {channels + 1}, 64, 64\]",
        ),
        (x[0], "and got"),
        ((x * 255).byte(), "floating-point"),
        (x[:, :, :0], "and got 0x"),
    ):
        with pytest.raises(UserError, match=said) as refused:
            network(wrong)
        one_line(refused)
    counts = [option for option in ("num_classes", "channels", "latent") if option in options_of(name)]
    for option in counts:
        for value in (0, -1, 1.5, "ten"):
            with pytest.raises(UserError, match=f"{option} of {name} is {value!r}; it must be a whole number") as refused:
                create(name, **{option: value})
            one_line(refused)
    with pytest.raises(UserError, match=f"unknown option of {name} 'widht'; did you mean width") as refused:
        create(name, widht=4)
    one_line(refused)


def options_of(name):
    module, _, attribute = LIBRARY[name].path.partition(":")
    return inspect.signature(getattr(__import__(f"zerodojo.models{module}", fromlist=[attribute]), attribute)).parameters


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(UserError, match="did you mean resnet18") as refused:
        create("resnet-18")
    one_line(refused)
