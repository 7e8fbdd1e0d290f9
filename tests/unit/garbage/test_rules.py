import pytest

from djtune.errors import DjtuneError
from djtune.garbage.rules import rules_for, simulated_rules


@pytest.mark.parametrize(
    ("python", "threshold", "in_allocation"),
    [
        ("3.10.13", 700, True),
        ("3.11.7", 700, True),
        ("3.12.1", 700, False),
        ("3.13.0", 2000, False),
        ("3.14.5", 2000, False),
        ("3.15.0b2", 2000, False),
    ],
)
def test_defaults_and_where_collections_start(
    python: str, threshold: int, in_allocation: bool
) -> None:
    rules = simulated_rules(python)
    assert rules.thresholds == (threshold, 10, 10)
    assert rules.in_allocation == in_allocation


@pytest.mark.parametrize("python", ["3.14.0", "3.14.0rc2", "3.14.4"])
def test_the_incremental_collector_is_recognised_and_refused(python: str) -> None:
    assert rules_for(python).kind == "incremental"
    with pytest.raises(DjtuneError) as refused:
        simulated_rules(python)
    assert refused.value.hint == "3.14.5 or later has the generational collector again"


def test_a_free_threaded_build_has_one_generation() -> None:
    assert simulated_rules("3.14.2", free_threaded=True).kind == "free-threaded"
