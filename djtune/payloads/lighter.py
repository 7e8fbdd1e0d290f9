"""Whether a queryset that leaves columns out is lighter, and how to write it.

Measured, never assumed: Django looks each column of a partly loaded row up in a list, so that
leaving a small one out of many makes fetching slower.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Literal

from djtune.experiments.intervals import Interval, mean_interval, ratio_interval
from djtune.model.metrics import Metric
from djtune.payloads.reads import ColumnUse, Fetch, Lighter
from djtune.payloads.result import LighterResult

Verdict = Literal["lighter", "slower", "no difference shown"]

LEAST_SAVING = 0.03
"""Of the time of fetching: less is not worth a line of code, nor beyond what a pair may differ by
from the order of its sides."""
FETCH_PEERS_SINCE = (6, 1)

_LATER = (
    "A column left out that is read after all costs one query a row. Count the queries of the "
    "page in a test: assertNumQueries."
)
_LATER_WITH_PEERS = (
    "With .fetch_mode(models.FETCH_PEERS) on the queryset, a column left out that is read after "
    "all costs one query for all rows, not one a row; with models.FETCH_RAISE, in the test, it "
    "raises FieldFetchBlocked."
)
_ITERATED = " Not so with .iterator(): there it stays one query a row."
_NO_INSTANCES = "The rows are dictionaries then: only where code reads columns and calls no method."


def weigh(lighter: Lighter, fetch: Fetch) -> LighterResult | None:
    """What a measured queryset saves; ``None`` where it failed or was not measured twice.

    The ratio is that of CPU seconds, paired, and decides; where the wall time is longer all the
    same, no difference is shown. The saving is that of all the fetches in a response.
    """
    ratio = _ratio(lighter.pairs)
    if lighter.failure or ratio is None:
        return None
    times = fetch.rows / lighter.rows if fetch.rows and lighter.rows else 1.0
    saved = mean_interval([times * (whole - light) for whole, light in lighter.pairs])
    return LighterResult(
        lighter.way,
        code_of(lighter, fetch),
        lighter.columns,
        ratio.metric(),
        _verdict(ratio, _ratio(lighter.wall)),
        Metric(saved.value, saved.low, saved.high, saved.n),
    )


def _ratio(pairs: Sequence[tuple[float, float]]) -> Interval | None:
    logs = [math.log(light / whole) for whole, light in pairs if whole > 0 and light > 0]
    return ratio_interval(logs) if len(logs) > 1 else None


def _verdict(cpu: Interval, wall: Interval | None) -> Verdict:
    longer = wall is not None and wall.low > 1
    if cpu.high < 1 and cpu.value <= 1 - LEAST_SAVING and not longer:
        return "lighter"
    return "slower" if cpu.low > 1 else "no difference shown"


def code_of(lighter: Lighter, fetch: Fetch) -> str:
    """The call to add to the queryset, or the one to put in place of its ``values``."""
    if lighter.way == "defer":
        return _call("defer", lighter.columns)
    kept = [column for column in fetch.columns if _name(column) not in lighter.columns]
    if lighter.way == "values":
        return _call("values", map(_name, kept))
    return _call(
        "only", [_name(column) for column in kept if not _goes_without_saying(column, kept)]
    )


def _name(column: ColumnUse) -> str:
    return f"{column.relation}__{column.name}" if column.relation else column.name


def _goes_without_saying(column: ColumnUse, kept: Sequence[ColumnUse]) -> bool:
    """A primary key, which Django loads anyway where anything else of its row is named."""
    others = [other for other in kept if other.relation == column.relation and other != column]
    return column.needed == "primary key" and bool(others)


def _call(name: str, columns: Iterable[str]) -> str:
    named = ", ".join(f'"{column}"' for column in columns)
    return f"{name}({named})"


def advice(lighter: LighterResult, django: tuple[int, int]) -> str:
    """What to keep in mind of a lighter queryset; empty of one that is not."""
    if lighter.verdict != "lighter":
        return ""
    if lighter.way == "values":
        return _NO_INSTANCES
    return _LATER_WITH_PEERS + _ITERATED if django >= FETCH_PEERS_SINCE else _LATER


def best(lighters: Sequence[LighterResult]) -> LighterResult | None:
    """The lightest way that keeps instances, else with values; ``None`` where none is lighter."""
    worth = [each for each in lighters if each.verdict == "lighter"]
    return min(worth, key=lambda each: (each.way == "values", each.ratio.value), default=None)
