"""Published networks: numbers of parameters, and weights with torchvision's names and shapes (0.29, committed as JSON)."""

import hashlib
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from zerodojo.models import create
from zerodojo.models.counting import multiply_adds, parameters

TORCHVISION = json.loads((Path(__file__).parents[1] / "data" / "torchvision_names.json").read_text())


def on_meta(name, **options):
    with torch.device("meta"):
        return create(name, **options)


def named_shapes(name):
    plain = name.removesuffix("_bn")
    network = on_meta(plain, norm="batch") if plain != name else on_meta(name)
    return {key: list(tensor.shape) for key, tensor in network.state_dict().items()}


@pytest.mark.parametrize("name", TORCHVISION["names"])
def test_names_and_shapes_are_torchvisions(name):
    assert named_shapes(name) == TORCHVISION["names"][name]


@pytest.mark.parametrize("name", TORCHVISION["digests"])
def test_names_and_shapes_have_torchvisions_digest(name):
    lines = sorted(f"{key} {shape}" for key, shape in named_shapes(name).items())
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest() == TORCHVISION["digests"][name]


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("resnet18", {}, 11_689_512),
        ("resnet34", {}, 21_797_672),
        ("resnet50", {}, 25_557_032),
        ("resnet101", {}, 44_549_160),
        ("resnet152", {}, 60_192_808),
        ("densenet121", {}, 7_978_856),
        ("densenet161", {}, 28_681_000),
        ("densenet169", {}, 14_149_480),
        ("densenet201", {}, 20_013_928),
        ("vgg16", {}, 138_357_544),
        ("vgg16", {"norm": "batch"}, 138_365_992),
        ("mobilenet_v1", {}, 4_231_976),
        ("mobilenet_v1", {"width": 0.75}, 2_585_560),
        ("mobilenet_v1", {"width": 0.5}, 1_331_592),
        ("mobilenet_v1", {"width": 0.25}, 470_072),
        ("fcn32s", {}, 134_346_581),
        ("unet", {}, 31_030_658),
        ("unet", {"num_classes": 1}, 31_030_593),
        ("unet", {"num_classes": 1, "channels": 3}, 31_031_745),
        ("segnet", {"num_classes": 11}, 29_449_355),
        ("segnet", {"num_classes": 12}, 29_449_932),
        ("segnet", {}, 29_455_125),
        ("vae", {}, 4_348_547),
        ("vae", {"latent": 64}, 4_446_915),
    ],
)
def test_parameters_are_those_published(name, options, expected):
    assert parameters(on_meta(name, **options)) == expected


def test_the_convolutions_of_vgg_have_their_size():
    assert parameters(on_meta("vgg16").features) == 14_714_688


def test_multiply_adds_are_those_published():
    image = torch.zeros(1, 3, 224, 224, device="meta")
    assert multiply_adds(on_meta("mobilenet_v1"), image) == 568_740_352
    assert round(multiply_adds(on_meta("resnet50"), image) / 1e9, 3) == 4.089
    assert round(multiply_adds(on_meta("resnet18"), image) / 1e9, 3) == 1.814


def test_densenet_reads_the_names_of_the_first_files(tmp_path):
    network = create("densenet121", width=4, num_classes=3)
    old = {}
    for name, tensor in network.state_dict().items():
        first = name
        for part in ("norm1", "norm2", "conv1", "conv2") if "denselayer" in name else ():
            first = first.replace(f".{part}.", f".{part[:-1]}.{part[-1]}.")
        old[first] = tensor + 1
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    network.load_state_dict(old)
    save_file(old, tmp_path / "old.safetensors")  # with the counts of batches, as they were published
    for read in (network, create("densenet121", width=4, num_classes=3, weights=tmp_path / "old.safetensors")):
        assert torch.equal(read.state_dict()["classifier.bias"], old["classifier.bias"])
        name = "features.denseblock4.denselayer16.conv2.weight"
        assert torch.equal(read.state_dict()[name], old[name.replace("conv2", "conv.2")])
