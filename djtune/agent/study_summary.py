"""What the detail pass saw of a step, as plain data without a value of the user's."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from . import callsites
from .explain import explain
from .fingerprints import fingerprint
from .statements import reads
from .study import Group, StepStudy


def summary(step: int, study: StepStudy, explained: int = 0) -> dict[str, Any]:
    """What was seen of a step, as plain data without a value of the user's.

    The plans of its ``explained`` dearest queries are asked for, in the transaction that is open.
    """
    merged = _Merged(study)
    merged.explain_dearest(explained)
    return {
        "step": step,
        "requests": len(study.served),
        "priced": study.priced,
        "halved": len(study.halves),
        "users": len(study.users),
        "anonymous": study.users <= {None},
        "asked_for": len(study.asked_for),
        "groups": merged.groups(),
        "duplicates": merged.duplicates(),
    }


class _Merged:
    """The groups of a step by fingerprint and resolved place.

    Two instructions of one line, and statements that differ in the length of a list, are one.
    """

    def __init__(self, study: StepStudy) -> None:
        self._study = study
        self._index: dict[int, int] = {}
        """Group number → index of its merged group."""
        self._members: list[list[Group]] = []
        self._plans: dict[int, Any] = {}
        self._places: list[list[dict[str, str]]] = []
        known: dict[tuple[Any, ...], int] = {}
        for group in study.groups.values():
            places = callsites.resolved(group.trail)
            pattern = _pattern(group)
            key = (group.alias, pattern, tuple((p["where"], p["what"]) for p in places))
            index = known.setdefault(key, len(known))
            if index == len(self._members):
                self._members.append([])
                self._places.append(places)
            self._members[index].append(group)
            self._index[group.number] = index
        self._asked = [
            [(self._index[group.number], digest) for group, digest in served.asked]
            for served in study.served
        ]

    def explain_dearest(self, most: int) -> None:
        """Ask for the plans of the groups that cost most, each by its first statement."""
        order = sorted(range(len(self._members)), key=lambda index: -self._cost(index))
        for index in order[:most]:
            first = self._members[index][0]
            self._plans[index] = explain(first.alias, first.sql, first.params)

    def _cost(self, index: int) -> int:
        return sum(self._study.costs.get(group.number, 0) for group in self._members[index])

    def groups(self) -> list[dict[str, Any]]:
        """Each merged group; ``loaded_by`` is an index into this list."""
        return [self._entry(index) for index in range(len(self._members))]

    def _entry(self, index: int) -> dict[str, Any]:
        members = self._members[index]
        first = members[0]
        digests = [[d for i, d in asked if i == index] for asked in self._asked]
        numbers = {group.number for group in members}
        return {
            "alias": first.alias,
            "pattern": _pattern(first),
            "reads": reads(first.sql),
            "places": self._places[index],
            "counts": [len(each) for each in digests],
            "distinct": [len(set(each)) for each in digests],
            "constant": len({digest for each in digests for digest in each}) == 1,
            "cost_ns": self._cost(index) / self._study.priced if self._study.priced else None,
            "plan": self._plans.get(index),
            "rows": max(group.rows for group in members),
            "halves": [
                [sum(part[n] for n in numbers) for part in (full, half)]
                for full, half in self._study.halves
            ],
            "origin": self._origin(first),
            "begun": callsites.resolved(
                next((group.begun for group in members if group.begun), ())
            ),
        }

    def _origin(self, group: Group) -> dict[str, Any]:
        origin, loader = group.origin, group.loaded_by
        if origin.kind == "prefetch" and loader is not None and loader.group is group:
            loader = None
        by = self._index.get(loader.group.number) if loader and loader.group else None
        model = origin.model
        return {
            "kind": origin.kind,
            "relation": origin.relation,
            "method": origin.method,
            "narrowed": origin.narrowed,
            "prefetched": origin.prefetched,
            "model": model._meta.label if model is not None else "",
            "path": group.path,
            "loaded_by": by,
        }

    def duplicates(self) -> list[dict[str, Any]]:
        """Queries asked again within a request with equal parameters: the groups that share
        them, and how often a request asks beyond the first time, on average over the requests.
        """
        again: Counter[tuple[int, ...]] = Counter()
        seen: Counter[tuple[int, ...]] = Counter()
        for asked in self._asked:
            by_value: dict[tuple[Any, ...], list[int]] = defaultdict(list)
            for index, digest in asked:
                first = self._members[index][0]
                if reads(first.sql):
                    by_value[(first.alias, _pattern(first), digest)].append(index)
            times: Counter[tuple[int, ...]] = Counter()
            for indexes in by_value.values():
                if len(indexes) > 1:
                    times[tuple(sorted(set(indexes)))] += len(indexes) - 1
            again.update(times)
            seen.update(times.keys())
        total = len(self._asked)
        return [
            {"groups": list(groups), "times": again[groups] / total, "requests": seen[groups]}
            for groups in again
        ]


def _pattern(group: Group) -> str:
    from django.db import connections

    return fingerprint(group.sql, mysql=connections[group.alias].vendor == "mysql")
