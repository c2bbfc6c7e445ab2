"""Every sequence network of the library refuses sizes that are no counts."""

import pytest

from zerodojo.errors import UserError
from zerodojo.models import create
from zerodojo.models.library import LIBRARY

from ..small import SEQUENCE


def test_every_network_is_tested_here():
    assert sorted(SEQUENCE) == sorted(name for name, entry in LIBRARY.items() if entry.path.startswith(".sequence."))


@pytest.mark.parametrize("size", [0, 1.5, "2"])
@pytest.mark.parametrize(("name", "option"), [(name, option) for name in SEQUENCE for option in SEQUENCE[name]])
def test_sizes_are_whole_numbers_above_0(name, option, size):
    with pytest.raises(UserError, match=f"{option} of {name} is {size!r}; it must be a whole number above 0"):
        create(name, **{**SEQUENCE[name], option: size})
