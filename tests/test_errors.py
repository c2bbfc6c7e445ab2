"""The words that help users out of an error."""

from __future__ import annotations

import errno

import pytest

from zerodojo.envs import make
from zerodojo.errors import UserError, remedy, unknown
from zerodojo.models.registry import backbone


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("resent", ["resnet", "vgg"], "did you mean resnet?"),
        ("fast", ["auto", "torch-fp32", "openvino-int8"], "known: auto, openvino-int8, torch-fp32"),
        ("width", [], "there is none to name"),
        ("x", [f"engine{i:02}" for i in range(14)], f"known: {', '.join(f'engine{i:02}' for i in range(12))} and 2 more"),
    ],
)
def test_unknown_offers_what_there_is(name: str, known: list[str], hint: str) -> None:
    assert str(unknown("engine", name, known)) == f"unknown engine {name!r}; {hint}"


def test_an_option_of_a_game_that_has_none_such() -> None:
    with pytest.raises(UserError, match=r"unknown option of tic_tac_toe 'width'; \S"):
        make("tic_tac_toe", width=3)


def test_a_backbone_that_reads_something_else() -> None:
    with pytest.raises(UserError, match="backbone nature reads an image, not a vector; choose mlp"):
        backbone("nature", "vector")


def test_a_refusing_disk_has_a_remedy_where_one_is_known() -> None:
    assert remedy(OSError(errno.ENOSPC, "full")) == "free some space"
    assert remedy(OSError(errno.EIO, "broken")) is None
    assert remedy(OSError("without a number")) is None
