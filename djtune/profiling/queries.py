"""From what the detail pass saw of a route's queries to verdicts: pure functions on plain data."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from djtune.profiling.plans import read_plan
from djtune.profiling.query_group import MANY, ONE, RELATIONS, Place, QueryGroup, Relation

GROWS_BELOW = 0.8
"""Queries with half of the rows, over those with all: at most this, and they grow with the rows."""
CHUNKED_BELOW = 0.5
"""Queries for each row that came before: fewer fetch several rows at once."""
CONSTANT_FROM = 5
"""Requests with equal parameters from which a query is said never to change."""

Entry = Mapping[str, Any]
"""A group of queries as ``djtune.agent.study`` sends it."""


def merge_steps(studies: Sequence[Entry]) -> dict[str, Any]:
    """The studies of all steps that ask for one route, as one."""
    groups: dict[tuple[Any, ...], dict[str, Any]] = {}
    duplicates: list[dict[str, Any]] = []
    requests = sum(study["requests"] for study in studies)
    varied = all(study["anonymous"] or study["users"] > 1 for study in studies)
    priced = sum(study["priced"] for study in studies)
    before = 0
    for study in studies:
        keys = [_key(entry) for entry in study["groups"]]
        for key, entry in zip(keys, study["groups"], strict=True):
            loader = entry["origin"]["loaded_by"]
            if key not in groups:
                origin = {**entry["origin"], "loaded_by": None if loader is None else keys[loader]}
                groups[key] = {
                    **entry,
                    "origin": origin,
                    **{name: [0] * before for name in ("counts", "distinct")},
                    "halves": [],
                    "cost": 0.0,
                    "constant": True,
                    "rows": 0,
                }
            known = groups[key]
            for name in ("counts", "distinct"):
                known[name] = known[name] + entry[name]
            known["halves"] = known["halves"] + entry["halves"]
            known["cost"] += (entry["cost_ns"] or 0.0) * study["priced"]
            known["constant"] = known["constant"] and entry["constant"]
            known["rows"] = max(known["rows"], entry["rows"])
            known["begun"] = known["begun"] or entry["begun"]
            known["plan"] = known["plan"] or entry["plan"]
        before += study["requests"]
        for known in groups.values():
            for name in ("counts", "distinct"):
                known[name] = known[name] + [0] * (before - len(known[name]))
        for found in study["duplicates"]:
            part = study["requests"] / requests
            places = [keys[index] for index in found["groups"]]
            duplicates.append({**found, "groups": places, "times": found["times"] * part})
    order = {key: number for number, key in enumerate(groups)}
    for known in groups.values():
        loader = known["origin"]["loaded_by"]
        known["origin"]["loaded_by"] = None if loader is None else order[loader]
    return {
        "requests": requests,
        "priced": priced,
        "varied": varied,
        "asked_for": max(study["asked_for"] for study in studies),
        "groups": list(groups.values()),
        "duplicates": _merged_duplicates(duplicates, order),
    }


def _key(entry: Entry) -> tuple[Any, ...]:
    places = tuple((place["where"], place["what"]) for place in entry["places"])
    return (entry["alias"], entry["pattern"], places)


def _merged_duplicates(
    found: Sequence[Entry], order: Mapping[tuple[Any, ...], int]
) -> list[dict[str, Any]]:
    merged: dict[tuple[int, ...], dict[str, Any]] = {}
    for entry in found:
        groups = tuple(sorted(order[key] for key in entry["groups"]))
        known = merged.setdefault(groups, {"groups": list(groups), "times": 0.0, "requests": 0})
        known["times"] += entry["times"]
        known["requests"] += entry["requests"]
    return list(merged.values())


def judge(study: Entry, database_seconds: float, parameters: int = 1) -> list[QueryGroup]:
    """The groups of a route with a verdict each, in the order of the study's.

    ``parameters`` is how many different ones the route is asked for: where the study happened to
    draw one alone, it cannot be told what the others would change.
    ``database_seconds`` is what SQL and ORM take of a request on average in the timing pass; it is
    shared out as the queries' own prices say, or evenly where they could not be priced.
    """
    entries = study["groups"]
    shares = _shares(entries)
    repeated = _repeated(study)
    if parameters > 1 and study["asked_for"] < 2:
        study = {**study, "varied": False}
    return [
        _group(number, entries, study, shares[number] * database_seconds, repeated)
        for number in range(len(entries))
    ]


def _shares(entries: Sequence[Entry]) -> list[float]:
    weights = [entry["cost"] for entry in entries]
    if not sum(weights):
        weights = [sum(entry["counts"]) for entry in entries]
    total = sum(weights)
    return [weight / total if total else 0.0 for weight in weights]


def _repeated(study: Entry) -> dict[int, float]:
    """Group → times a request that it asks what was asked before with equal parameters, if most
    requests do.
    """
    times: dict[int, float] = {}
    for found in study["duplicates"]:
        if 2 * found["requests"] > study["requests"]:
            for number in found["groups"]:
                times[number] = times.get(number, 0.0) + found["times"] / len(found["groups"])
    return times


def _group(
    number: int,
    entries: Sequence[Entry],
    study: Entry,
    seconds: float,
    repeated: Mapping[int, float],
) -> QueryGroup:
    entry = entries[number]
    places = [Place(**place) for place in entry["places"]] or [Place("unknown", "", "")]
    site = next((place for place in places if place.kind != "package"), places[0])
    requests = max(1, study["requests"])
    count = sum(entry["counts"]) / requests
    full, half = _halves(entry)
    group = QueryGroup(
        alias=entry["alias"],
        pattern=entry["pattern"],
        verdict="plain",
        site=site,
        via=_callers(places, site),
        count=count,
        most=max(entry["counts"], default=0),
        distinct=sum(entry["distinct"]) / requests,
        repeated=repeated.get(number, 0.0),
        requests=study["requests"],
        with_all_rows=full,
        with_half_rows=half,
        seconds=seconds,
        rows=entry["rows"],
        relation=_relation(entries, number),
        begun=Place(**entry["begun"][0]) if entry["begun"] else None,
        reads=entry["reads"],
        plan=read_plan(entry["plan"]) if entry["plan"] else None,
    )
    group.verdict = _verdict(group, entry, entries, varied=study["varied"])
    return group


def _callers(places: Sequence[Place], site: Place) -> list[Place]:
    """What else led there: of packages, only what the app called and not what called the app."""
    at = places.index(site)
    outer = [place for place in places[at + 1 :] if place.kind != "package"]
    return [*places[:at], *(places[at + 1 :] if site.kind == "package" else outer)]


def _halves(entry: Entry) -> tuple[float | None, float | None]:
    """Queries a request with all rows and with half of them, where there were several."""
    pairs = [(full, half) for full, half in entry["halves"] if full >= 2]
    if not pairs:
        return None, None
    return fmean(full for full, _ in pairs), fmean(half for _, half in pairs)


def _verdict(group: QueryGroup, entry: Entry, entries: Sequence[Entry], *, varied: bool) -> str:
    if not group.most:
        return "plain"  # asked with half of the rows alone
    if _is_per_row(group, entry, entries):
        same = max(entry["distinct"]) == 1 and entry["origin"]["kind"] not in RELATIONS
        return "duplicate" if same and group.reads else "n+1"
    if group.repeated > 0:
        return "duplicate"
    if group.reads and entry["origin"]["kind"] in ONE and group.relation.root is not None:
        return "lazy" if group.most <= 1 else "plain"
    asked = sum(1 for count in entry["counts"] if count)
    constant = entry["constant"] and asked >= CONSTANT_FROM
    # Of one user, or one page, it cannot be told what others would ask for.
    if group.reads and constant and varied and group.most == 1:
        return "never-changing"
    return "plain"


def _is_per_row(group: QueryGroup, entry: Entry, entries: Sequence[Entry]) -> bool:
    """Whether it is asked again for each row of something."""
    origin = entry["origin"]
    if group.most < 2:
        return False
    if group.with_all_rows is None or group.with_half_rows is None:
        return origin["kind"] in RELATIONS and group.distinct >= 2
    if group.with_half_rows > GROWS_BELOW * group.with_all_rows:
        return False
    if origin["kind"] in RELATIONS:
        return True
    rows = max((other["rows"] for other in entries if other is not entry), default=0)
    return group.most >= CHUNKED_BELOW * rows


def _relation(entries: Sequence[Entry], number: int) -> Relation:
    """Which relation a query follows, from the queryset that it should have come along with."""
    entry = entries[number]
    origin = entry["origin"]
    root, path, many = _chain(entries, number, set())
    return Relation(
        kind=origin["kind"],
        path="__".join(path),
        many=many,
        method=origin["method"],
        narrowed=origin["narrowed"],
        prefetched=origin["prefetched"],
        single=_is_of_one_object(entries, origin),
        model=origin["model"],
        root=root,
        root_place=_begun(entries[root]) if root is not None else None,
    )


def _is_of_one_object(entries: Sequence[Entry], origin: Entry) -> bool:
    if origin["kind"] not in MANY or origin["loaded_by"] is None:
        return False
    loader = entries[origin["loaded_by"]]
    return loader["rows"] == 1 and max(loader["counts"], default=0) == 1


def _chain(
    entries: Sequence[Entry], number: int, seen: set[int]
) -> tuple[int | None, list[str], bool]:
    """The group whose queryset to widen, the path of relations from its rows, and whether a
    relation to many is on the path.
    """
    origin = entries[number]["origin"]
    if origin["kind"] == "prefetch":
        return origin["loaded_by"], [origin["relation"]], True
    if origin["kind"] not in RELATIONS:
        return None, [], False
    own = [part for part in (origin["path"], origin["relation"]) if part]
    many = origin["kind"] not in ("forward", "reverse_one", "deferred")
    loader = origin["loaded_by"]
    if loader is None or loader in seen:
        return None, own, many
    came = entries[loader]["origin"]
    if came["kind"] in ("forward", "reverse_one") or _could_come_along(entries[loader]):
        root, before, was_many = _chain(entries, loader, seen | {number})
        return root, [*before, *own], many or was_many
    # What Prefetch(…) has been given as its queryset can be widened itself.
    widened = bool(entries[loader]["begun"])
    if came["kind"] == "prefetch" and came["loaded_by"] is not None and not widened:
        return came["loaded_by"], [came["relation"], *own], True
    return loader, own, many or came["method"] == "raw"  # raw() knows no select_related


def _could_come_along(entry: Entry) -> bool:
    """Rows of a related manager that is asked as it is, again and again: a prefetch brings them."""
    origin = entry["origin"]
    plain = not (origin["narrowed"] or origin["prefetched"] or origin["method"])
    return origin["kind"] in MANY and plain and max(entry["counts"], default=0) > 1


def _begun(entry: Entry) -> Place | None:
    """Where the app began a queryset, else where it was evaluated."""
    places = entry["begun"] or entry["places"]
    return Place(**places[0]) if places else None
