"""From a database's own plan to nodes of one shape, without any value of the statement.

A node is ``operation``, ``table``, ``alias``, ``index`` (empty for none), ``rows`` (estimated rows
that come out, ``None`` where the plan tells none), ``searched`` and ``filtered`` (columns that
an index finds rows by, and that are looked at row by row afterwards), ``ranged`` (those of the
searched that need not be equal to a value) and ``by`` (columns sorted by).

Operations: ``scan`` reads a whole table, ``index scan`` a whole index, ``search`` a part of an
index; ``temporary index`` is one built for this statement; ``sort`` and ``partial sort``. Others
have the database's name in lower case.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

Node = dict[str, Any]

_SQLITE_ACCESS = re.compile(
    r"(?P<how>SCAN|SEARCH) (?:TABLE )?(?P<table>\S+)(?: AS (?P<alias>\S+))?"
    r"(?: USING (?P<automatic>AUTOMATIC )?(?:PARTIAL )?(?:COVERING )?"
    r"(?P<index>INTEGER PRIMARY KEY|PRIMARY KEY|INDEX)(?: (?P<name>[^\s(]+))?)?"
    r"(?: \((?P<terms>.*)\))?"
)
_SQLITE_TERM = re.compile(r"(\w+)(?:=|<|>| IS )")
_RANGE = re.compile(r"(\w+)\"?\s*(?:<|>)")
_SQLITE_SORT = re.compile(r"USE TEMP B-TREE FOR (?P<part>(?:RIGHT|LAST) .*)?ORDER BY")
_STRING = re.compile(r"'(?:[^']|'')*'")
_CALLED_OR_CAST = re.compile(r"::\s*\w+|\b\w+(?=\s*\()")
_QUALIFIED = re.compile(r"\b([^\W\d][\w$]*)\.([^\W\d]\w*)")
_WORD = re.compile(r"[^\W\d]\w*")


def node(operation: str, **known: Any) -> Node:
    """A node with everything in it that is not known left empty."""
    empty: Node = {"table": "", "alias": "", "index": "", "rows": None}
    lists: Node = {"searched": [], "ranged": [], "filtered": [], "by": []}
    return {"operation": operation, **empty, **lists, **known}


def sqlite_nodes(details: Iterable[str]) -> Iterator[Node]:
    """Read the last column of ``EXPLAIN QUERY PLAN``, which says names and never values."""
    for detail in details:
        if sort := _SQLITE_SORT.match(detail):
            yield node("partial sort" if sort["part"] else "sort")
        elif access := _SQLITE_ACCESS.match(detail):
            yield _sqlite_access(access)


def _sqlite_access(match: re.Match[str]) -> Node:
    terms = match["terms"] or ""
    searched, ranged = _SQLITE_TERM.findall(terms), _RANGE.findall(terms)
    names = {"table": match["table"], "alias": match["alias"] or match["table"]}
    if match["automatic"]:
        return node("temporary index", **names, searched=searched)
    if match["how"] == "SCAN":
        return node("index scan" if match["index"] else "scan", **names, index=match["name"] or "")
    index = match["name"] or ("primary key" if match["index"] else "")
    ranged = list(dict.fromkeys(ranged))
    searched = list(dict.fromkeys(searched))
    return node("search", **names, index=index, searched=searched, ranged=ranged)


def postgresql_nodes(plan: Mapping[str, Any], columns: Mapping[str, Collection[str]]) -> list[Node]:
    """Read the tree of ``EXPLAIN (FORMAT JSON)``, whose conditions hold values: only words that
    are ``columns`` of the table (table → columns) are taken from them."""
    return list(_postgresql(plan, columns, processes=1.0))


def _postgresql(
    plan: Mapping[str, Any], columns: Mapping[str, Collection[str]], processes: float
) -> Iterator[Node]:
    kind, children = plan["Node Type"], plan.get("Plans", [])
    rows = round(plan["Plan Rows"] * processes)
    if kind in ("Gather", "Gather Merge"):
        rows, processes = plan["Plan Rows"], _processes(plan.get("Workers Planned", 0))
    known = columns.get(plan.get("Relation Name", ""), ())
    names = {"table": plan.get("Relation Name", ""), "alias": plan.get("Alias", "")}
    own = names["alias"]
    filtered = columns_in(plan.get("Filter", ""), known, own)
    if kind == "Seq Scan":
        yield node("scan", **names, rows=rows, filtered=filtered)
    elif kind in ("Index Scan", "Index Only Scan"):
        operation = "search" if "Index Cond" in plan else "index scan"
        lists = _searched(plan.get("Index Cond", ""), known, own) | {"filtered": filtered}
        yield node(operation, **names, rows=rows, index=plan.get("Index Name", ""), **lists)
    elif kind == "Bitmap Heap Scan":
        indexes = list(_bitmap_indexes(children))
        condition = " ".join(each.get("Index Cond", "") for each in indexes)
        index = " + ".join(dict.fromkeys(each["Index Name"] for each in indexes))
        lists = _searched(condition, known, own) | {"filtered": filtered}
        yield node("search", **names, rows=rows, index=index, **lists)
        return
    elif kind in ("Sort", "Incremental Sort"):
        every = {column for some in columns.values() for column in some}
        by = columns_in(" ".join(plan.get("Sort Key", [])), every)
        # What comes in is what must be sorted; a LIMIT above changes what comes out.
        rows = round(children[0]["Plan Rows"] * processes)
        yield node("sort" if kind == "Sort" else "partial sort", rows=rows, by=by)
    else:
        yield node(kind.lower(), rows=rows, **names)
    for child in children:
        yield from _postgresql(child, columns, processes)


def _searched(condition: str, known: Collection[str], own: str) -> dict[str, list[str]]:
    ranged = _RANGE.findall(_STRING.sub(" ", condition))
    searched = columns_in(condition, known, own)
    return {"searched": searched, "ranged": [name for name in searched if name in ranged]}


def _processes(workers: int) -> float:
    """By how much a parallel node's estimate is for one process alone (``costsize.c``)."""
    return workers + max(0.0, 1 - 0.3 * workers)


def _bitmap_indexes(plans: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for plan in plans:
        if plan["Node Type"] == "Bitmap Index Scan":
            yield plan
        yield from _bitmap_indexes(plan.get("Plans", []))


def columns_in(text: str, known: Collection[str], own: str = "") -> list[str]:
    """The known columns that a condition names, in its order; strings, casts and calls are not.

    With ``own``, an alias, columns of other aliases are left out.
    """
    text = _CALLED_OR_CAST.sub(" ", _STRING.sub(" ", text)).replace('"', "")
    if own:
        text = _QUALIFIED.sub(lambda m: m[2] if m[1] == own else " ", text)
    return list(dict.fromkeys(word for word in _WORD.findall(text) if word in known))
