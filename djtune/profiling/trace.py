"""From the slices of chosen requests to a timeline: Chrome's trace event format, as JSON.

Each request is a process of the trace, and all begin at zero, to be compared; one track is the
request itself, others are what ran beside it, the collector's pauses, and time off the processor.
The slices of a track are nested: each lies within those that enclose it, or apart from them.

The format: "Trace Event Format",
https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU, with complete
events (X), metadata (M), instants (i), counters (C) and flows (s, f). Its times are in
microseconds; three decimals keep the nanoseconds.
"""

import gzip
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, Literal

import msgspec
from msgspec import Struct

from djtune.model.samples import PHASES
from djtune.model.workload import Workload
from djtune.profiling.result import TracedRequest
from djtune.reports.format import duration
from djtune.workloads.choosing import chosen

Event = dict[str, Any]

DEAREST = 5
"""Routes that are traced where none were named."""
LABELS = {"sql_execute": "SQL execute", "sql_fetch": "SQL fetch", "orm": "ORM", "gc": "GC"}
"""Phases whose names are not their labels."""
LONGEST_NAME = 80
REQUEST, COLLECTOR, OFF_PROCESSOR, FIRST_BESIDE = 0, 1, 2, 3
"""Places of a request's tracks; what runs beside it takes two each."""
PLACES = 100_000
"""Perfetto tells threads apart by their numbers alone, so a number is not used in two processes;
a process's main thread has the number of the process."""


class Slice(Struct, array_like=True, frozen=True):
    """One stay in a phase; times in ns since the request began."""

    begin: int
    end: int
    phase: int
    thread: int
    text: str = ""
    """What it was about: masked SQL, a call of a cache and its key's pattern, a template."""
    alias: str = ""
    hits: int = 0
    misses: int = 0


class Track(Struct, frozen=True):
    """What one clock kept: the request's, or that of a child beside it."""

    parent: int | None
    slices: list[Slice]
    hops: list[tuple[int, int]]
    """When it went on in another thread, and in which."""
    off: list[tuple[int, int, int, int]]
    """When it was found, the phase, ns off the processor outside of SQL and cache, and how many
    of them the machine took. The rest was waiting."""
    pauses: list[tuple[int, int, int]]
    """Begin, ns and generation of garbage collections."""
    totals: list[int]
    """Exclusive ns by phase, as the clock summed them."""


class Traced(Struct, frozen=True):
    """One request that was followed slice by slice."""

    step: int
    kind: Literal["first", "typical", "slowest"]
    of: int
    """Of how many requests it was chosen."""
    wall: int
    queries: int
    cut: int
    """Events that were not kept, because there were too many."""
    tracks: list[Track]

    @property
    def title(self) -> str:
        """Which one it is, and its time."""
        which = "first, cold" if self.kind == "first" else f"{self.kind} of {self.of} warm"
        return f"{which}, {duration(self.wall / 1e9)}"


def steps_to_trace(
    workload: Workload,
    skip: Container[int],
    ranked: Sequence[tuple[str, str]],
    patterns: Sequence[str],
) -> list[int]:
    """A step for each route that ``patterns`` name, or without these for the dearest.

    ``ranked`` are (method, route), the dearest first. Of a route's steps it is that of the
    journey with the most weight.
    """
    best: dict[tuple[str, str], tuple[float, int]] = {}
    number = 0
    for journey in workload.journeys:
        for step in journey.steps:
            key = (step.method, step.route)
            if number not in skip and (key not in best or journey.weight > best[key][0]):
                best[key] = (journey.weight, number)
            number += 1
    wanted = [key for key in ranked if key in best and chosen(key[1], patterns)]
    return [best[key][1] for key in (wanted if patterns else wanted[:DEAREST])]


def summaries(requests: Iterable[Traced], steps: Sequence[tuple[str, str]]) -> list[TracedRequest]:
    """The requests as the result has them; ``steps`` are (method, route)."""
    return [
        TracedRequest(
            method=steps[each.step][0],
            route=steps[each.step][1],
            kind=each.kind,
            of=each.of,
            wall=each.wall / 1e9,
            events=sum(len(t.slices) + len(t.hops) + len(t.pauses) for t in each.tracks),
            cut=each.cut,
        )
        for each in requests
    ]


def chrome_trace(
    requests: Iterable[Traced], steps: Sequence[tuple[str, str]], about: Mapping[str, str]
) -> dict[str, Any]:
    """The whole document; ``about`` is told beside the events (versions, for example)."""
    events: list[Event] = []
    ids = count(1)
    for pid, request in zip(count(PLACES, PLACES), requests):
        method, route = steps[request.step]
        name = f"{method} /{route.removeprefix('^').removesuffix('$').lstrip('/')}"
        events += _request(pid, request, name, ids)
    return {
        "traceEvents": events,
        "displayTimeUnit": "ms",
        "otherData": {
            "note": "Every slice was kept, which costs time: these requests are not those of the "
            "ranking. Each began at 0 here, and ran alone.",
            **about,
        },
    }


def encoded(document: Mapping[str, Any], *, packed: bool) -> bytes:
    """The document as JSON, gzipped if ``packed``; viewers read both."""
    content = msgspec.json.encode(document)
    return gzip.compress(content, mtime=0) if packed else content


def _request(pid: int, request: Traced, name: str, ids: Iterator[int]) -> list[Event]:
    tracks = request.tracks
    lanes = _lanes(tracks)
    names = {REQUEST: "request"}
    if any(track.pauses for track in tracks):
        names[COLLECTOR] = "garbage collector"
    names |= {lane: f"in parallel {(lane - FIRST_BESIDE) // 2 + 1}" for lane in lanes[1:]}
    told = f"{name} ({request.title})"
    events: list[Event] = []
    for track, lane in zip(tracks, lanes, strict=True):
        for number, each in enumerate(track.slices):
            whole = lane == REQUEST and number == 0
            events.append(_slice(each, name if whole else "") | {"pid": pid, "tid": pid + lane})
            if whole:
                events[-1]["args"] |= _summary(request)
        events += [_hop(*hop) | {"pid": pid, "tid": pid + lane} for hop in track.hops]
        if off := [slice_ for found in track.off for slice_ in _off(*found)]:
            off_lane = lane + 1 if lane >= FIRST_BESIDE else OFF_PROCESSOR
            names[off_lane] = f"{names[lane]}: off the processor"
            events += [slice_ | {"pid": pid, "tid": pid + off_lane} for slice_ in off]
        for pause in track.pauses:
            events.append(_pause(*pause, names[lane]) | {"pid": pid, "tid": pid + COLLECTOR})
        if track.parent is not None:
            events += _flow(track, tracks[0], next(ids), pid, lanes[track.parent], lane)
    events += _queries(tracks, pid)
    # Viewers take slices with the same begin in the order of the file, the enclosing one first.
    events.sort(key=lambda event: float(event["ts"]))
    return [*_names(pid, told, names), *events]


def _lanes(tracks: Sequence[Track]) -> list[int]:
    """The track of each clock; children that do not overlap share one."""
    lanes = [REQUEST]
    busy_until: list[int] = []
    for track in tracks[1:]:
        begin, end = _span(track)
        free = next((n for n, until in enumerate(busy_until) if until <= begin), len(busy_until))
        busy_until[free : free + 1] = [end]
        lanes.append(FIRST_BESIDE + 2 * free)
    return lanes


def _span(track: Track) -> tuple[int, int]:
    """Begin and end of a clock: its first slice holds all others; none where it was cut."""
    return (track.slices[0].begin, track.slices[0].end) if track.slices else (0, 0)


def _names(pid: int, request: str, tracks: Mapping[int, str]) -> Iterator[Event]:
    def named(kind: str, place: int, **args: Any) -> Event:
        return {"ph": "M", "pid": pid, "tid": pid + place, "ts": 0, "name": kind, "args": args}

    yield named("process_name", REQUEST, name=request)
    yield named("process_sort_index", REQUEST, sort_index=pid)
    for place, name in tracks.items():
        yield named("thread_name", place, name=name)
        yield named("thread_sort_index", place, sort_index=place)


def _slice(each: Slice, name: str) -> Event:
    phase = _label(PHASES[each.phase])
    args: dict[str, Any] = {"phase": phase, "thread": each.thread}
    if each.alias:
        args |= {"database": each.alias, "sql": each.text}
        name = name or _statement(each.text)
    elif each.text:
        args["call" if phase == "cache" else phase] = each.text
        name = name or f"{phase} {each.text}"
    if each.hits or each.misses:
        args |= {"hits": each.hits, "misses": each.misses}
    return {
        "ph": "X",
        "name": _short(name or phase),
        "cat": phase,
        "ts": each.begin / 1000,
        "dur": (each.end - each.begin) / 1000,
        "args": args,
    }


def _statement(sql: str) -> str:
    """A statement by what tells it from others: not the columns that it selects."""
    before, found, rest = sql.partition(" FROM ")
    return f"SELECT … FROM {rest}" if found and before.startswith("SELECT") else sql


def _label(phase: str) -> str:
    return LABELS.get(phase, phase)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def _summary(request: Traced) -> dict[str, Any]:
    """What is told of the whole request; its phases and the machine's time sum to its own."""
    track = request.tracks[0]
    off, machine = sum(o[2] for o in track.off), sum(o[3] for o in track.off)
    phases = dict(zip(PHASES, track.totals, strict=True))
    phases["waiting"] += off - machine
    phases["machine"] = machine
    return {
        "queries": request.queries,
        "wall_ms": request.wall / 1e6,
        "phases_ms": {_label(name): ns / 1e6 for name, ns in phases.items() if ns},
        "events_cut": request.cut,
    }


def _hop(at: int, thread: int) -> Event:
    return {"ph": "i", "s": "t", "name": f"to thread {thread}", "cat": "hop", "ts": at / 1000}


def _pause(begin: int, ns: int, generation: int, interrupted: str) -> Event:
    return {
        "ph": "X",
        "name": f"GC, generation {generation}",
        "cat": "GC",
        "ts": begin / 1000,
        "dur": ns / 1000,
        "args": {"generation": generation, "interrupted": interrupted},
    }


def _off(at: int, phase: int, idle: int, machine: int) -> Iterator[Event]:
    """Time off the processor; it is known by how much, not when, and drawn where it ended."""
    parts = (("waiting", at - idle, idle - machine), ("machine", at - machine, machine))
    for name, begin, ns in parts:
        if ns > 0:
            yield {
                "ph": "X",
                "name": name,
                "cat": name,
                "ts": begin / 1000,
                "dur": ns / 1000,
                "args": {"in": _label(PHASES[phase])},
            }


def _flow(
    track: Track, request: Track, flow: int, pid: int, parent: int, lane: int
) -> Iterator[Event]:
    """An arrow from the parent to the child that has begun."""
    begin, _ = _span(track)
    if not track.slices or begin > _span(request)[1]:
        return
    arrow = {"name": "begins", "cat": "in parallel", "id": flow, "pid": pid, "ts": begin / 1000}
    yield {"ph": "s", **arrow, "tid": pid + parent}
    yield {"ph": "f", "bp": "e", **arrow, "tid": pid + lane}


def _queries(tracks: Sequence[Track], pid: int) -> Iterator[Event]:
    """How many queries have been begun, as a curve: an N+1 is a staircase."""
    begun = sorted(each.begin for track in tracks for each in track.slices if each.alias)
    for number, at in enumerate([0, *begun] if begun else []):
        yield {"ph": "C", "name": "queries", "pid": pid, "ts": at / 1000, "args": {"made": number}}
