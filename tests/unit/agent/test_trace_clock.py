"""The clock that keeps its slices, on fake clocks: the timeline shows what the clock has summed."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis.stateful import invariant, precondition, rule
from test_clock import MS, AnyRequest, Time, times
from timelines import Timeline, read

from djtune.agent import clock as clock_module
from djtune.agent import trace as trace_module
from djtune.agent.clock import CACHE, CURRENT, SQL_EXECUTE, TEMPLATE, VIEW, Clock
from djtune.agent.trace import TracedClock, Tracer
from djtune.profiling.trace import Traced, chrome_trace

STEPS = [("GET", "shop/")]


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Iterator[Time]:
    time = Time()
    install(time, monkeypatch)
    return time


def install(time: Time, patch: pytest.MonkeyPatch) -> None:
    time.install(lambda name, value: patch.setattr(clock_module, name, value))
    for name in ("perf_counter_ns", "get_ident"):
        patch.setattr(trace_module, name, getattr(clock_module, name))


def timeline(clock: TracedClock) -> Timeline:
    """The request as it is drawn, after all the ways that it takes to the file."""
    rows = {
        "step": 0,
        "kind": "typical",
        "of": 1,
        "wall": clock.mark - clock.started,
        "queries": 0,
        "cut": clock.cut,
        "tracks": clock.rows(),
    }
    traced = msgspec.convert(json.loads(json.dumps(rows)), Traced)
    [drawn] = read(json.loads(msgspec.json.encode(chrome_trace([traced], STEPS, {}))))
    return drawn


def names(shown: Timeline, track: str = "request") -> list[tuple[int, str]]:
    """Depth and name of each slice."""
    return [(each.depth, each.name) for each in shown.tracks[track]]


LABELS = {"sql_execute": "SQL execute", "sql_fetch": "SQL fetch", "orm": "ORM", "gc": "GC"}


def summed(clock: TracedClock) -> dict[str, int]:
    """What the clock has summed, by the labels of the timeline."""
    totals = {
        LABELS.get(name, name): ns
        for name, ns in zip(clock_module.PHASES, clock.totals, strict=True)
    }
    totals["waiting"] += clock.off_cpu - clock.machine
    totals["machine"] = clock.machine
    return {name: ns for name, ns in totals.items() if ns}


class AnyTimeline(AnyRequest):
    """Whatever a request does: its slices are nested, and their own times are the clock's sums."""

    def __init__(self) -> None:
        super().__init__()
        install(self.time, self._patch)
        self.clock = TracedClock(detail=Tracer())

    @precondition(lambda self: self.suspended is None)
    @rule(before=times, collection=times, after=times)
    def hop_while_collecting(self, before: int, collection: int, after: int) -> None:
        self.clock.end_slice()
        self.time.run(before + collection)
        self.clock.collected(collection, 0)
        self.time.run(after)
        self.time.thread += 1
        self.time.queued = 0  # the run queue's time is the thread's own
        self.clock.take_thread()

    @invariant()
    def the_timeline_shows_what_was_summed(self) -> None:
        self.clock.end_slice()
        assert timeline(self.clock).own("request") == summed(self.clock)


TestAnyTimeline = AnyTimeline.TestCase


def test_an_ordinary_clock_is_made_where_no_timeline_is_asked_for() -> None:
    assert type(clock_module.new_clock(None)) is Clock
    assert type(clock_module.new_clock(Tracer())) is TracedClock


def test_a_query_shows_its_statement_without_what_varies(
    time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_module, "_vendor", lambda alias: "sqlite")
    tracer = Tracer()
    clock = TracedClock(detail=tracer)
    token = CURRENT.set(clock)
    sql = "SELECT a, b FROM users WHERE name = 'Alice Doe' AND age > 41 AND town = %s"
    tracer.note_query("other", sql, ("Athens",))
    clock.enter(SQL_EXECUTE)
    time.idle(MS)
    clock.leave_sql("other")
    clock.stop()
    CURRENT.reset(token)
    [query] = timeline(clock).phase("SQL execute")
    assert query.name == "SELECT … FROM users WHERE name = ? AND age > ? AND town = ?"
    assert query.args["database"] == "other"
    told = json.dumps(clock.rows())
    assert not [secret for secret in ("Alice", "41", "Athens") if secret in told]


def test_a_label_is_for_the_next_slice_of_its_phase_alone(time: Time) -> None:
    clock = TracedClock(detail=Tracer())
    clock.expect(TEMPLATE, "shop/list.html")
    clock.enter(VIEW)
    clock.enter(TEMPLATE)
    time.run(MS)
    clock.leave()
    clock.expect(TEMPLATE, "shop/cart.html")
    clock.enter(TEMPLATE)
    time.run(MS)
    clock.leave()
    clock.stop()
    shown = names(timeline(clock))
    assert shown[1:] == [(1, "view"), (2, "template"), (2, "template shop/cart.html")]


def test_hits_and_misses_belong_to_the_call_that_has_just_ended(time: Time) -> None:
    tracer = Tracer()
    clock = TracedClock(detail=tracer)
    token = CURRENT.set(clock)
    for hit in (True, False, False):
        clock.enter(CACHE)
        time.run(MS)
        clock.leave()
        tracer.note_cache_get("user:1", hit)
    clock.stop()
    CURRENT.reset(token)
    calls = timeline(clock).phase("cache")
    assert [(call.args["hits"], call.args["misses"]) for call in calls] == [(1, 0), (0, 1), (0, 1)]


def test_a_collection_is_on_a_track_of_its_own(time: Time) -> None:
    clock = TracedClock(detail=Tracer())
    clock.enter(VIEW)
    time.run(3 * MS)
    time.run(4 * MS)
    clock.collected(4 * MS, 2)
    time.run(MS)
    clock.leave()
    clock.stop()
    shown = timeline(clock)
    [pause] = shown.tracks["garbage collector"]
    assert (pause.begin, pause.end) == (3 * MS, 7 * MS)
    assert pause.name == "GC, generation 2"
    assert names(shown) == [(0, "GET /shop/"), (1, "view")]


def test_time_off_the_processor_is_told_apart_from_what_the_machine_took(time: Time) -> None:
    clock = TracedClock(detail=Tracer())
    clock.enter(VIEW)
    time.run(MS)
    time.idle(5 * MS)
    time.queued = 2 * MS
    clock.leave()
    clock.stop()
    off = timeline(clock).tracks["request: off the processor"]
    assert [(each.name, each.end - each.begin) for each in off] == [
        ("waiting", 3 * MS),
        ("machine", 2 * MS),
    ]


def test_a_hop_to_a_busy_thread_is_drawn_as_waiting(time: Time) -> None:
    clock = TracedClock(detail=Tracer())
    clock.enter(VIEW)
    clock.end_slice()
    time.idle(20 * MS)
    time.thread = 2
    clock.take_thread()
    clock.leave()
    clock.stop()
    shown = timeline(clock)
    assert (2, "waiting") in names(shown)
    assert [(mark["name"], mark["ts"]) for mark in shown.of_kind("i")] == [("to thread 2", 20_000)]


def test_children_have_tracks_and_arrows_from_their_parent(time: Time) -> None:
    clock = TracedClock(detail=Tracer())
    time.run(MS)
    children = []
    for _ in range(2):
        time.run(MS)
        children.append(clock.beside(VIEW))
    grandchild = children[1].beside(VIEW)
    for child in (grandchild, *children):
        time.run(MS)
        child.stop()
    later = clock.beside(VIEW)
    time.run(MS)
    later.stop()
    clock.stop()
    shown = timeline(clock)
    beside = {name: slices for name, slices in shown.tracks.items() if "in parallel" in name}
    assert list(beside) == ["in parallel 1", "in parallel 2", "in parallel 3"]
    assert [len(slices) for slices in beside.values()] == [2, 1, 1], "the later one shares a track"
    assert [(shown.names[arrow["tid"]], arrow["ts"]) for arrow in shown.of_kind("s")] == [
        ("request", 2000),
        ("request", 3000),
        ("in parallel 2", 3000),
        ("request", 6000),
    ]
    assert [arrow["id"] for arrow in shown.of_kind("f")] == [1, 2, 3, 4]


def test_a_child_that_outlives_its_request_ends_where_it_was_looked_at(time: Time) -> None:
    clock = TracedClock(detail=Tracer())
    child = clock.beside(VIEW)
    child.enter(CACHE)
    time.run(2 * MS)
    child.leave()
    child.enter(CACHE)
    clock.stop()
    assert names(timeline(clock), "in parallel 1") == [(0, "view"), (1, "cache"), (0, "cache")]


def test_what_comes_after_the_end_is_not_kept(time: Time) -> None:
    clock = TracedClock(detail=Tracer())
    clock.enter(VIEW)
    time.run(MS)
    clock.stop()
    before = clock.rows()
    clock.enter(CACHE)
    time.run(MS)
    clock.collected(MS, 0)
    clock.leave()
    clock.leave()
    assert clock.rows() == before


@pytest.mark.parametrize("most", [1, 2, 5, 8])
def test_what_is_too_much_is_cut_from_the_inside(
    time: Time, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(trace_module, "MOST_EVENTS", most)
    clock = TracedClock(detail=Tracer())
    clock.enter(VIEW)
    for _ in range(10):
        clock.enter(CACHE)
        time.run(MS)
        clock.leave()
    clock.leave()
    clock.stop()
    shown = names(timeline(clock))
    assert shown == [(0, "GET /shop/"), (1, "view"), *[(2, "cache")] * 10][:most]
    assert clock.cut == 12 - most


def cache_call(name: str, *args: Any, **kwargs: Any) -> str:
    return str(trace_module._cache_call(name)(None, *args, **kwargs))


def test_calls_of_a_cache_are_told_by_the_patterns_of_their_keys() -> None:
    assert cache_call("get", "profile:12345", None) == "get profile:*"
    assert cache_call("set", key="profile:12345", value="Alice") == "set profile:*"
    assert cache_call("get_many", ["show:1", "show:2", "Bob"]) == "get_many 2 × show:*, *"
    assert cache_call("set_many", {"show:1": "a secret"}) == "set_many show:*"
    assert cache_call("clear") == "clear"
    many = cache_call("delete_many", [f"{letter}:1" for letter in "abcde"])
    assert many == "delete_many a:*, b:*, c:*, …"


def test_keys_that_can_be_read_only_once_are_left_alone() -> None:
    keys = iter(["show:1"])
    assert cache_call("get_many", keys) == "get_many"
    assert list(keys) == ["show:1"]
