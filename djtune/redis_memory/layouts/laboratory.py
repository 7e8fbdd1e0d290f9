"""The throw-away server: entries are loaded into it, weighed, read and changed."""

import contextlib
import random
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from statistics import fmean, median
from typing import Any

import numpy as np
from msgspec import Struct

from djtune.redis_memory.layouts.entries import Entry
from djtune.redis_memory.layouts.forms import Command, Form, Storage
from djtune.redis_memory.layouts.result import Operation, OperationTime
from djtune.redis_memory.layouts.settings import spelled
from djtune.redis_memory.observed import Floats
from djtune.servers.redis import redis_server

LASTING = 30 * 86_400_000
"""Milliseconds: the TTL of what expires, longer than any trial."""
DATABASES = 32
BARE = {"latency-tracking": "no"}
"""From Redis 7 on the first call of each command would take 24 kB for a histogram."""
STEADY = 256
"""Bytes that ``used_memory`` may move while it counts as steady."""
BATCH = 500
ROUNDS = 30
MEDIAN_RANKS = (10, 21)
"""Of 30 rounds: the 95 % interval of a median (binomial)."""
OPERATIONS = 8
"""Of one kind and layout in a round."""
ASKED_APART = 50
"""Operations from which server time is told."""
NOT_OURS = ("config", "info", "ping", "select", "client", "hello")


class Weighed(Struct):
    """What entries of one form take."""

    bytes: float
    """Growth of ``used_memory`` / entries."""
    each: Floats
    """``MEMORY USAGE`` of each distinct entry."""
    loaded: int


class Laboratory:
    """A connection to the server for weighing, and one for each database that has been filled."""

    def __init__(self, url: str) -> None:
        import redis

        self._url = url
        self._open = redis.Redis.from_url
        self.control = self._open(url)
        self._clients: dict[int, Any] = {}

    def client(self, database: int) -> Any:
        """An app's client of one database."""
        if database not in self._clients:
            self._clients[database] = self._open(f"{self._url}?db={database}")
        return self._clients[database]

    def close(self) -> None:
        """Close all connections."""
        for client in [self.control, *self._clients.values()]:
            client.close()

    @contextlib.contextmanager
    def settings(self, settings: dict[str, str]) -> Iterator[None]:
        """Have other settings while the block lasts."""
        known = self.known(settings)
        before = {name: str(self.control.config_get(name)[name]) for name in known}
        self._set(known)
        try:
            yield
        finally:
            self._set(before)

    def known(self, settings: dict[str, str]) -> dict[str, str]:
        """Those of the settings that this server has, by its names for them."""
        named = ((spelled(self.control, name), value) for name, value in settings.items())
        return {name: value for name, value in named if name is not None}

    def _set(self, settings: dict[str, str]) -> None:
        for name, value in settings.items():
            self.control.config_set(name, value)

    def weigh(self, database: int, form: Storage, entries: Sequence[Entry], count: int) -> Weighed:
        """Load ``count`` entries, the given ones again and again, into an empty database."""
        before = self.used()
        with self.settings(form.settings):
            self.run(database, _storing(form, entries, count))
            self.run(database, _settling(form, entries, count))
        growth = self.used() - before
        distinct = entries[:count]
        return Weighed(growth / count, self._each(database, form, distinct), count)

    def run(self, database: int, commands: Iterator[Command]) -> list[Any]:
        """Send commands in pipelines over a connection that is closed after them."""
        replies: list[Any] = []
        client: Any = self._open(f"{self._url}?db={database}")
        with client, client.pipeline(transaction=False) as pipeline:
            for command in commands:
                pipeline.execute_command(*command)
                if len(pipeline) >= BATCH:
                    replies += pipeline.execute()
            replies += pipeline.execute()
        return replies

    def used(self) -> int:
        """``used_memory`` once tables have been moved and buffers given back."""
        last, patience = -1, time.monotonic() + 5.0
        while True:
            now = int(self.control.info("memory")["used_memory"])
            if abs(now - last) <= STEADY or time.monotonic() > patience:
                return now
            last = now
            time.sleep(0.05)

    def _each(self, database: int, form: Storage, entries: Sequence[Entry]) -> Floats:
        keys = [form.keys(number, entry) for number, entry in enumerate(entries)]
        asked = (("MEMORY", "USAGE", key, "SAMPLES", "0") for each in keys for key in each)
        sizes = iter(self.run(database, asked))
        return np.array([sum(islice(sizes, len(each))) for each in keys], np.float64)


def _storing(form: Storage, entries: Sequence[Entry], count: int) -> Iterator[Command]:
    for number, entry in enumerate(islice(cycle(entries), count)):
        yield from form.store(number, entry)
        if entry.expires:
            for key in form.keys(number, entry):
                yield ("PEXPIRE", key, LASTING)


def _settling(form: Storage, entries: Sequence[Entry], count: int) -> Iterator[Command]:
    for number, entry in enumerate(islice(cycle(entries), count)):
        yield from form.settle(number, entry)


@contextlib.contextmanager
def laboratory(binary: str, settings: dict[str, str]) -> Iterator[Laboratory]:
    """A server with these settings while the block lasts; those that it does not know are left."""
    with redis_server("--databases", str(DATABASES), "--hz", "100", binary=binary) as url:
        made = Laboratory(url)
        try:
            with made.settings({**settings, **BARE}):
                yield made
        finally:
            made.close()


def timed(
    lab: Laboratory,
    forms: Sequence[Form],
    entries: Sequence[Entry],
    rng: random.Random,
    tick: Callable[[float], None],
) -> list[dict[Operation, OperationTime]]:
    """Time what can be done with each form, all of them in turn in every round.

    Form ``i`` is in database ``i``.
    """
    kinds = operations(entries)
    means: dict[tuple[int, Operation], list[float]] = {
        (number, kind): [] for number in range(len(forms)) for kind in kinds
    }
    order = list(means)
    for _ in range(ROUNDS):
        rng.shuffle(order)
        for number, kind in order:
            with lab.settings(forms[number].settings):
                means[number, kind].append(_round(lab, number, forms[number], kind, entries, rng))
        tick(1 / ROUNDS)
    return [
        {kind: _time(lab, number, form, kind, entries, means[number, kind], rng) for kind in kinds}
        for number, form in enumerate(forms)
    ]


def operations(entries: Sequence[Entry]) -> tuple[Operation, ...]:
    """What can be done with these entries."""
    if all(entry.fields for entry in entries):
        return ("read_all", "read_one", "update_one")
    return ("read_all",)


def _round(
    lab: Laboratory,
    database: int,
    form: Form,
    kind: Operation,
    entries: Sequence[Entry],
    rng: random.Random,
    times: int = OPERATIONS,
) -> float:
    """Mean seconds of one operation."""
    client = lab.client(database)
    chosen = [_drawn(entries, rng) for _ in range(times)]
    begun = time.perf_counter()
    for number, entry, name in chosen:
        form.do(kind, client, number, entry, name)
    return (time.perf_counter() - begun) / times


def _drawn(entries: Sequence[Entry], rng: random.Random) -> tuple[int, Entry, str]:
    number = rng.randrange(len(entries))
    entry = entries[number]
    return number, entry, rng.choice(list(entry.fields)) if entry.fields else ""


def _time(
    lab: Laboratory,
    database: int,
    form: Form,
    kind: Operation,
    entries: Sequence[Entry],
    means: list[float],
    rng: random.Random,
) -> OperationTime:
    ordered = sorted(means)
    first, last = MEDIAN_RANKS
    with lab.settings(form.settings):
        lab.control.config_resetstat()
        _round(lab, database, form, kind, entries, rng, ASKED_APART)
    spent = [
        int(stats["usec"])
        for name, stats in lab.control.info("commandstats").items()
        if name.removeprefix("cmdstat_").partition("|")[0] not in NOT_OURS
    ]
    server = sum(spent) / ASKED_APART / 1e6
    return OperationTime(
        seconds=median(ordered),
        low=ordered[first - 1],
        high=ordered[last - 1],
        n=len(means) * OPERATIONS,
        round_trips=form.trips[kind],
        server_seconds=server,
    )


def mean_payload(form: Form, entries: Sequence[Entry]) -> float:
    """Mean bytes of an entry as encoded."""
    return fmean(form.payload(entry) for entry in entries)
