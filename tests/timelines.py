"""Reads a timeline as a viewer does, from its JSON alone."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

KEYS = {
    "X": {"ph", "pid", "tid", "ts", "dur", "name", "cat", "args"},
    "M": {"ph", "pid", "tid", "ts", "name", "args"},
    "i": {"ph", "pid", "tid", "ts", "name", "cat", "s"},
    "C": {"ph", "pid", "ts", "name", "args"},
    "s": {"ph", "pid", "tid", "ts", "name", "cat", "id"},
    "f": {"ph", "pid", "tid", "ts", "name", "cat", "id", "bp"},
}
"""What the format asks of each kind of event, and nothing else."""


@dataclass
class Drawn:
    """A slice as it is drawn: times in ns."""

    name: str
    category: str
    begin: int
    end: int
    args: dict[str, Any]
    inside: list["Drawn"] = field(default_factory=list)
    depth: int = 0

    @property
    def own(self) -> int:
        """Time in no slice inside."""
        return self.end - self.begin - sum(each.end - each.begin for each in self.inside)


@dataclass
class Timeline:
    """One request: its tracks by name, each the slices in the order in which they began."""

    name: str
    tracks: dict[str, list[Drawn]]
    events: list[dict[str, Any]]
    names: dict[int, str]
    """The tracks by their numbers."""

    def own(self, track: str) -> dict[str, int]:
        """Exclusive ns by phase: less the collector's pauses, and what was off the processor."""
        spent: dict[str, int] = defaultdict(int)
        slices = self.tracks[track]
        for each in slices:
            spent[each.category] += each.own
        for pause in self.tracks.get("garbage collector", []):
            if pause.args["interrupted"] == track:
                spent[innermost(slices, pause).category] -= pause.end - pause.begin
                spent["GC"] += pause.end - pause.begin
        for off in self.tracks.get(f"{track}: off the processor", []):
            spent[off.args["in"]] -= off.end - off.begin
            spent[off.name] += off.end - off.begin
        return {phase: ns for phase, ns in spent.items() if ns}

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["ph"] == kind]

    def phase(self, phase: str) -> list[Drawn]:
        return [
            each for slices in self.tracks.values() for each in slices if each.category == phase
        ]


def innermost(slices: list[Drawn], what: Drawn) -> Drawn:
    around = [each for each in slices if each.begin <= what.begin and what.end <= each.end]
    return max(around, key=lambda each: each.depth)


def read(document: dict[str, Any]) -> list[Timeline]:
    """The requests of a document; fails where a viewer would refuse it or draw it wrongly."""
    by_process: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for event in document["traceEvents"]:
        assert event.keys() == KEYS[event["ph"]], event
        assert event["ts"] >= 0
        by_process[event["pid"]].append(event)
    threads = {(event["pid"], event["tid"]) for event in document["traceEvents"] if "tid" in event}
    assert len(threads) == len({tid for _, tid in threads}), "Perfetto goes by their numbers alone"
    return [_timeline(events) for events in by_process.values()]


def _timeline(events: list[dict[str, Any]]) -> Timeline:
    names: dict[int, str] = {}
    process = ""
    tracks: dict[int, list[Drawn]] = defaultdict(list)
    for event in events:
        if event["ph"] == "M" and event["name"] == "process_name":
            process = event["args"]["name"]
        elif event["ph"] == "M" and event["name"] == "thread_name":
            names[event["tid"]] = event["args"]["name"]
        elif event["ph"] == "X":
            tracks[event["tid"]].append(_drawn(event))
    assert process
    assert tracks.keys() == names.keys(), "every track has a name, and something on it"
    for slices in tracks.values():
        _nest(slices)
    shown = {names[tid]: tracks[tid] for tid in names}
    assert len(shown) == len(names), "no two tracks have the same name"
    return Timeline(process, shown, [event for event in events if event["ph"] != "M"], names)


def _drawn(event: dict[str, Any]) -> Drawn:
    begin, length = round(event["ts"] * 1000), round(event["dur"] * 1000)
    assert length >= 0
    return Drawn(event["name"], event["cat"], begin, begin + length, event["args"])


def _nest(slices: list[Drawn]) -> None:
    """Put each slice into the one that encloses it; none may stick out of it, or overlap."""
    around: list[Drawn] = []
    last = 0
    for each in slices:
        assert each.begin >= last, "in the order in which they began"
        last = each.begin
        while around and around[-1].end <= each.begin:
            around.pop()
        if around:
            assert each.end <= around[-1].end, (around[-1], each)
            around[-1].inside.append(each)
            each.depth = around[-1].depth + 1
        around.append(each)
