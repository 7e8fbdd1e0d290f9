"""A trial: the user's entries in every layout that they can have."""

import math
import random
from collections.abc import Callable, Sequence
from statistics import fmean

import numpy as np
from msgspec import Struct, field

from djtune.errors import DjtuneError
from djtune.experiments.distributions import t_quantile
from djtune.redis_memory.estimated import Amount
from djtune.redis_memory.layouts.entries import Entries, Entry
from djtune.redis_memory.layouts.forms import Form
from djtune.redis_memory.layouts.laboratory import (
    Laboratory,
    Weighed,
    laboratory,
    mean_payload,
    timed,
)
from djtune.redis_memory.layouts.possible import forms
from djtune.redis_memory.layouts.recommend import recommend
from djtune.redis_memory.layouts.result import LayoutResult, LayoutTrial, Operation, OperationTime
from djtune.redis_memory.layouts.settings import for_server
from djtune.redis_memory.layouts.versions import Binary, installed, nearest
from djtune.redis_memory.observed import Floats

MOST_KEYS = 8192
MOST_BYTES = 16 * 2**20
"""Loaded into one layout at most."""
AVERAGE_FILL = 0.75
"""Of a table whose size nobody knows."""
KEPT_SETTINGS = ("listpack", "ziplist", "intset", "maxmemory-policy")
Tick = Callable[[float], None]


class Conditions(Struct):
    """What of the user's server matters for its bytes."""

    server: str = ""
    """Product and version, ``Redis 7.0.15``; empty: unknown."""
    settings: dict[str, str] = field(default_factory=dict)
    """As ``CONFIG GET`` tells them."""
    population: int | None = None
    """Entries that there are."""
    table_keys: int | None = None
    """All keys of the database; they share its table."""


def trial(
    entries: Entries,
    conditions: Conditions,
    tick: Tick = lambda _: None,
    seed: int = 0,
    binaries: Sequence[Binary] | None = None,
) -> LayoutTrial:
    """Load ``entries`` in every layout into a throw-away server, and weigh and time them.

    ``tick`` is given shares of the whole as they are done. ``binaries`` are the servers that may
    be started, else those on PATH. Raises :class:`DjtuneError` without a server or an entry.
    """
    if not entries.entries:
        why = f": {' '.join(entries.notes)}" if entries.notes else ""
        raise DjtuneError(f"no entry of {entries.source} could be read{why}")
    binary, modelled = nearest(binaries or installed(), conditions.server)
    settings = kept_settings(conditions.settings)
    found, left_out = forms(entries, settings)
    rows = entries.entries
    with laboratory(binary.path, settings) as lab:
        weighed = []
        for number, form in enumerate(found):
            weighed.append(lab.weigh(number, form, rows, count(form, rows, conditions)))
            tick(0.6 / len(found))
        times = _timed(lab, found, rows, seed, tick)
    layouts = [
        _result(form, each, weighed[0], time, rows, conditions.server)
        for form, each, time in zip(found, weighed, times, strict=True)
    ]
    return LayoutTrial(
        source=entries.source,
        stored_as=entries.stored_as,
        layouts=layouts,
        entries=len(rows),
        population=conditions.population,
        fields=fmean(len(entry.fields) for entry in rows),
        with_ttl=fmean(entry.expires for entry in rows),
        server=binary.name,
        wanted=conditions.server,
        modelled=modelled,
        recommendation=recommend(layouts),
        left_out=left_out,
        notes=entries.notes,
    )


def kept_settings(settings: dict[str, str]) -> dict[str, str]:
    """The settings that change an entry's bytes.

    With a policy that looks at use, small integers are not shared once there is a limit.
    """
    kept = {k: v for k, v in settings.items() if any(word in k for word in KEPT_SETTINGS)}
    if int(settings.get("maxmemory") or 0) > 0:
        kept["maxmemory"] = str(2**50)
    return kept


def count(form: Form, entries: Sequence[Entry], conditions: Conditions) -> int:
    """How many entries to load: so many that the table is as full as the user's.

    A table has a power of two of places, so it is as full with N keys as with N / 2^j.
    """
    keys = _table_keys(form, conditions)
    most = max(MOST_KEYS, int(form.keys_each * len(entries)))
    while keys > most:
        keys /= 2
    while 0 < keys <= most / 2:
        keys *= 2
    loaded = max(1, round(keys / form.keys_each))
    size = mean_payload(form, entries)
    while loaded * size > MOST_BYTES and loaded > 64:
        loaded //= 2
    return loaded


def _table_keys(form: Form, conditions: Conditions) -> float:
    if conditions.population is None:
        return AVERAGE_FILL * MOST_KEYS
    others = max((conditions.table_keys or 0) - conditions.population, 0)
    return max(1.0, others + conditions.population * form.keys_each)


def _timed(
    lab: Laboratory, found: Sequence[Form], rows: Sequence[Entry], seed: int, tick: Tick
) -> list[dict[Operation, OperationTime]]:
    loaded = rows[:64]
    return timed(lab, found, loaded, random.Random(seed), lambda share: tick(0.4 * share))


def _result(
    form: Form,
    weighed: Weighed,
    present: Weighed,
    times: dict[Operation, OperationTime],
    rows: Sequence[Entry],
    wanted: str,
) -> LayoutResult:
    n = min(weighed.each.size, present.each.size)
    paired = present.each[:n] - weighed.each[:n]
    return LayoutResult(
        name=form.name,
        label=form.label,
        bytes=_amount(weighed.bytes, weighed.each),
        saving=_amount(present.bytes - weighed.bytes, paired),
        payload=mean_payload(form, rows),
        times=times,
        atomic=form.atomic,
        effort=form.effort,
        settings=for_server(form.settings, wanted),
        note=form.note,
    )


def _amount(value: float, each: Floats) -> Amount:
    """A mean with its 95 % interval by Student's t, from the spread of the distinct entries."""
    if each.size < 2:
        return Amount(value, -math.inf, math.inf)
    spread = float(np.std(each, ddof=1)) / math.sqrt(each.size)
    half = t_quantile(0.975, each.size - 1) * spread
    return Amount(value, value - half, value + half)
