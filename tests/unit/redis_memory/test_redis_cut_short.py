"""What is said of a visit that was cut short."""

import pytest
from seen_servers import sample, seen

from djtune.redis_memory.assemble import server_result
from djtune.redis_memory.estimating.estimates import estimate
from djtune.redis_memory.named import Named
from djtune.redis_memory.observed import Seen
from djtune.redis_memory.result import ServerResult
from djtune.redis_memory.visiting import Visit

LOST = {"complete": False, "cut": "the server was lost"}


def result(found: Seen) -> ServerResult:
    return server_result(Visit(Named("redis://h", ()), found, estimates=estimate(found)), None)


def test_nothing_is_advised_before_sizes_are_known() -> None:
    told = result(seen(sample("a*", 1e6), **LOST))
    assert (told.advice, told.findings) == (None, [])


@pytest.mark.parametrize("end", [LOST, {}])
def test_what_every_pattern_has_told_is_enough(end: dict[str, object]) -> None:
    assert result(seen(sample("a*", 1e6, sampled=[100.0] * 400), **end)).advice is not None
