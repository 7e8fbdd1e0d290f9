import msgspec
import pytest
from report_demo import HOSTILE, report

from djtune.reports.blocks import Report

ENUMERATIONS = {"type", "tone", "align", "kind", "severity", "x_unit", "y_unit"}


@pytest.fixture
def demo() -> Report:
    return report()


@pytest.fixture
def hostile(demo: Report) -> Report:
    """The demo with what could be an attack in every text."""

    def replaced(value: object, key: str = "") -> object:
        match value:
            case str() if value and key not in ENUMERATIONS:
                return f"{key} {HOSTILE}"
            case dict():
                return {k: replaced(v, k) for k, v in value.items()}
            case list() | tuple():
                return [replaced(v, key) for v in value]
            case _:
                return value

    return msgspec.convert(replaced(msgspec.to_builtins(demo)), Report)
