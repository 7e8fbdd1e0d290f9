"""What the values themselves say of a field: evidence of redundancy, never of disuse."""

from collections.abc import Iterator, Sequence

from djtune.payloads.endpoints import Totals
from djtune.payloads.result import Evidence
from djtune.payloads.values import ValueFact

_ALONE = ("constant", "null", "empty")


def evidence(totals: Totals, facts: Sequence[ValueFact]) -> Iterator[Evidence]:
    """What was seen of the values at one path."""
    if totals.count and totals.kinds.get("array", 0) == totals.count == totals.empty:
        text = f"empty in all {totals.count:,}: what it may hold was not observable"
        yield Evidence("values", "says nothing", text)
    for fact in facts:
        if fact.kind != "always_empty_list":
            yield Evidence("values", "redundant", fact.detail, _coverage(fact))


def _coverage(fact: ValueFact) -> str:
    bound = f"; another value in less than {fact.bound:.1%}" if fact.kind in _ALONE else ""
    return f"{fact.rows:,} rows of {fact.parents:,} parents, {fact.samples:,} responses{bound}"
