"""How large a value of a column is taken to be."""

from typing import Any

import pytest
from django.core.files import File

from djtune.agent.payloads.sizes import size_of


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (None, 0),
        ("text", 4),
        ("naïve", 6),
        (b"bytes", 5),
        ({"a": [1]}, 10),
        (1.5, 8),
        pytest.param(File(None, name="covers/1.png"), 12, id="a file's name, not its contents"),
        pytest.param(File(None, name=None), 0, id="no file"),
    ],
)
def test_size(value: Any, size: int) -> None:
    assert size_of(value) == size
