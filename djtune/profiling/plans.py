"""What a query's plan says is slow, and the index that is missing, worked out and not tried.

From the agent's plan (:func:`djtune.agent.explain.explain`) and the statement: columns that are
compared for equality come first, then the ORDER BY or one range. Where the statement is not
understood, the table is small, few rows are read anyway or an index is there already, nothing is
proposed, and the reason is said. See ``docs/methods/plans.md``.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from djtune.profiling.statements import Block, Column, Condition, read

SMALL_TABLE = 1_000
"""Rows below which no index is worth it: they are read in well under a millisecond."""
FEW_ROWS = 500
"""Rows that an index may lead to before it is worth telling them apart by a better one."""
LONG_SORT = 1_000
MOST_KEPT = 0.2
"""Part of a table beyond which databases rather read all of it than go through an index."""
MOST_LEFT = 0.5
"""Part of the rows found by an index beyond which finding the others too costs little."""

_ACCESSES = ("scan", "index scan", "search", "temporary index")


class MissingIndex(Struct, frozen=True):
    """An index that the statement could use: a line for ``Meta.indexes``, not tried."""

    model: str
    code: str
    """``models.Index(fields=["channel", "starts_at"])``."""
    file: str
    line: int
    """Where the model's class begins."""
    field_line: int
    """Where the first field is that no index begins with."""
    tried: bool = False


class PlanReading(Struct):
    """What is to be said of one statement's plan."""

    vendor: str
    steps: list[str] = field(default_factory=list)
    """What the plan shows, in its order."""
    problems: list[str] = field(default_factory=list)
    missing: list[MissingIndex] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Why nothing is proposed, or what a plain index cannot do."""


class _Access(Struct):
    """How the plan reads one table, and what the statement says of that table."""

    vendor: str
    node: Mapping[str, Any]
    table: str
    known: Mapping[str, Any]
    block: Block | None
    """``None`` where it cannot be told which SELECT this is."""
    alias: str
    searched: frozenset[str]
    sort: Mapping[str, Any] | None
    """The sort that is by columns of this table alone."""
    open_patterns: frozenset[int]

    @property
    def rows(self) -> int:
        """The table's."""
        return int(self.known["rows"] or 0)

    @property
    def size(self) -> str:
        """The table and its rows, for people."""
        prefix = {"at least": "over ", "statistics": "about "}.get(self.known["rows_are"], "")
        return f"{self.table} ({prefix}{_counted(self.rows, 'row')})"

    @property
    def reached(self) -> int | None:
        """How many rows are read, as far as it is known."""
        if self.node["operation"] in ("scan", "index scan"):
            return self.rows
        per_key: float | None = self.node.get("rows_per_key")
        if per_key is None:
            return None
        found = [each for each in self.conditions if each.kind == "equal"]
        keys = math.prod(each.keys for each in found if each.columns[0].name in self.searched)
        return min(self.rows, round(per_key * keys))

    @property
    def conditions(self) -> list[Condition]:
        """What narrows the rows of this table by itself."""
        block = self.block
        if block is None:
            return []
        return [
            each
            for each in block.conditions
            if each.columns and all(self.owns(column) for column in each.columns)
        ]

    @property
    def left(self) -> list[Condition]:
        """Conditions that the index in use does not serve."""
        return [
            each
            for each in self.conditions
            if not self.searched & {column.name for column in each.columns}
        ]

    @property
    def leading(self) -> set[str]:
        """Columns that an index begins with."""
        return {index["columns"][0] for index in self.known["indexes"]}

    @property
    def unindexed(self) -> bool:
        """Whether there are conditions, and no index begins with a column of theirs."""
        columns = {column.name for each in self.conditions for column in each.columns}
        return bool(columns) and not columns & self.leading

    @property
    def order(self) -> list[tuple[str, bool]]:
        """The ORDER BY, if it is by columns of this table alone."""
        order = self.block.order if self.block else None
        if not order or not all(self.owns(column) for column, _ in order):
            return []
        return [(column.name, descending) for column, descending in order]

    def owns(self, column: Column) -> bool:
        """Whether a column is this table's; a bare name is where there is no other table."""
        if column.name not in self.known["fields"] or self.block is None:
            return False
        return column.alias == self.alias or (not column.alias and len(self.block.tables) == 1)


def read_plan(data: Mapping[str, Any]) -> PlanReading:
    """Say what a plan shows, what is slow in it, and which index is missing.

    ``data`` is what the agent's ``explain`` returned, and has the statement in it.
    """
    reading = PlanReading(data["vendor"])
    if data["reason"]:
        reading.notes.append(data["reason"])
        return reading
    blocks = read(data["sql"])
    reading.steps = _unique(_step(node) for node in data["nodes"])
    for access in _accesses(data, blocks or []):
        _judge(access, reading)
    if blocks is None:
        reading.notes.append("the statement is not understood, so no index is proposed")
    reading.problems = _unique(reading.problems)
    reading.notes = _unique(reading.notes)
    reading.missing = list(dict.fromkeys(reading.missing))
    return reading


def _accesses(data: Mapping[str, Any], blocks: Sequence[Block]) -> Iterator[_Access]:
    nodes = data["nodes"]
    for node in nodes:
        if node["operation"] not in _ACCESSES:
            continue
        alias = node["alias"].lower()
        its = [block for block in blocks if alias in block.tables]
        table = next((block.tables[alias] for block in its), node["table"])
        known = data["tables"].get(table)
        if known is None or known["rows"] is None:
            continue
        same = [
            each
            for each in nodes
            if each["alias"].lower() == alias and each["operation"] == "search"
        ]
        access = _Access(
            vendor=data["vendor"],
            node=node,
            table=table,
            known=known,
            block=its[0] if len(its) == 1 else None,
            alias=alias,
            searched=frozenset(column for each in same for column in each["searched"]),
            sort=None,
            open_patterns=frozenset(data["open_patterns"]),
        )
        access.sort = _sort_of(access, nodes, blocks)
        yield access


def _sort_of(
    access: _Access, nodes: Sequence[Mapping[str, Any]], blocks: Sequence[Block]
) -> Mapping[str, Any] | None:
    """The sort for this table's ORDER BY, if it is the only one that it can be."""
    sorts = [node for node in nodes if node["operation"] == "sort"]
    ordered = [block for block in blocks if block.ordered]
    if not access.order or len(sorts) != 1 or ordered != [access.block]:
        return None
    by = sorts[0]["by"]
    return sorts[0] if not by or by == [name for name, _ in access.order] else None


def _judge(access: _Access, reading: PlanReading) -> None:
    """Add what is to be said of one table."""
    if access.node["operation"] == "temporary index":
        _judge_temporary(access, reading)
        return
    if access.rows < SMALL_TABLE:
        if access.node["operation"] == "scan" and access.unindexed:
            reading.notes.append(
                f"{access.size} is small: reading all of it costs next to nothing,"
                " and no index is worth it"
            )
        return
    filters = _judge_filter(access, reading)
    sorts = _judge_sort(access, reading)
    if filters:
        reading.notes += _hints(access)
    if filters or sorts:
        _propose(access, reading, filters=filters, sorts=sorts)


def _judge_temporary(access: _Access, reading: PlanReading) -> None:
    columns = [name for name in access.node["searched"] if name in access.known["fields"]]
    reading.problems.append(
        f"builds an index of {access.size} on {', '.join(columns)} for this statement alone"
    )
    if columns and access.rows >= SMALL_TABLE:
        _offer(access, reading, columns, [])


def _judge_filter(access: _Access, reading: PlanReading) -> bool:
    """Say how rows are found; tell whether a better index could find them."""
    node = access.node
    if node["operation"] == "search":
        return _judge_search(access, reading)
    # An index that is read in its order may stop early at a LIMIT: how early, no plan tells.
    if node["operation"] == "index scan":
        return False
    if access.block is None:
        reading.problems.append(f"reads every row of {access.size}")
        reading.notes.append(
            f"{access.table}: which part of the statement reads it is not sure,"
            " so no index is proposed"
        )
        return False
    if not access.conditions:
        reading.problems += _reads_all(access, access.block)
        return False
    problem = f"reads every row of {access.size} to keep those with {_all(access.conditions)}"
    reading.problems.append(problem)
    kept = node["rows"]
    if kept is not None and kept > MOST_KEPT * access.rows:
        reading.notes.append(
            f"about {kept:,} rows of {access.table} are kept:"
            " with so many, a database reads them all even where there is an index"
        )
        return False
    return True


def _judge_search(access: _Access, reading: PlanReading) -> bool:
    node, reached = access.node, access.reached
    if not access.left or (reached is not None and reached < FEW_ROWS):
        return False
    found = f"about {reached:,} of the {access.rows:,} rows" if reached else "rows"
    kept = node["rows"]
    reading.problems.append(
        f"finds {found} of {access.table} by an index on "
        f"{' and '.join(node['searched'])} alone, then looks at each for {_all(access.left)}"
        + (f" (keeps about {kept:,})" if kept is not None else "")
    )
    if kept is not None and reached is not None and kept > MOST_LEFT * reached:
        reading.notes.append(
            f"most rows of {access.table} that its index finds are kept:"
            " a better index would save little"
        )
        return False
    return True


def _reads_all(access: _Access, block: Block) -> list[str]:
    if len(block.tables) == 1 and not block.conditions:
        return [] if access.sort else [f"reads every row of {access.size}: all are asked for"]
    return [f"reads every row of {access.size}: no condition is on this table alone"]


def _judge_sort(access: _Access, reading: PlanReading) -> bool:
    """Say what is sorted; tell whether an index could hold it in that order."""
    sort = access.sort
    if sort is None:
        return False
    rows = sort["rows"] if sort["rows"] is not None else access.reached
    if rows is not None and rows < LONG_SORT:
        return False
    by = ", ".join(name + (" DESC" if descending else "") for name, descending in access.order)
    how = " in a temporary B-tree" if access.vendor == "sqlite" else ""
    many = f"about {_counted(rows, 'row')}" if rows else "rows"
    reading.problems.append(f"sorts {many} of {access.table} by {by}{how}")
    return True


def _hints(access: _Access) -> Iterator[str]:
    """What a plain index cannot serve, and what can."""
    for each in access.left:
        name = access.known["fields"][each.columns[0].name]["name"]
        if each.kind in ("pattern", "function") and each.placeholder in access.open_patterns:
            yield _open_pattern_hint(access.vendor, name, upper=each.kind == "function")
        elif each.kind == "pattern":
            yield f"{name}: a plain index serves no LIKE" + (
                ", unless it has the operator class for patterns:"
                f' Index(fields=["{name}"], opclasses=["varchar_pattern_ops"], name=…)'
                if access.vendor == "postgresql"
                else " here, which compares without regard to case"
            )
        elif each.kind == "function":
            index = f'Upper("{name}")' if each.text.startswith("UPPER(") else "…"
            yield (
                f"{each.text}: an expression of {name} is compared, which no index on the column"
                f" serves; one on that very expression does: models.Index({index}, name=…)"
            )
        elif each.kind == "containment":
            yield f'{each.text}: a GIN index serves it: GinIndex(fields=["{name}"], name=…)'
        elif each.kind == "or":
            yield f"{each.text}: alternatives are joined by OR, and no index is guessed for them"


def _open_pattern_hint(vendor: str, name: str, *, upper: bool) -> str:
    said = f"{name}: no plain index serves a pattern that begins with a wildcard; "
    if vendor != "postgresql":
        return said + "full-text search would serve it"
    index = f'fields=["{name}"], opclasses=["gin_trgm_ops"]'
    if upper:
        index = f'OpClass(Upper("{name}"), "gin_trgm_ops")'
    return said + f"a trigram index does (extension pg_trgm): GinIndex({index}, name=…)"


def _propose(access: _Access, reading: PlanReading, *, filters: bool, sorts: bool) -> None:
    conditions = access.conditions
    equal = _unique(each.columns[0].name for each in conditions if each.kind == "equal")
    # What a join or an outer query looks rows up by, for each row of its own.
    looked_up = access.searched - set(access.node["ranged"]) - set(equal)
    equal += sorted(looked_up & set(access.known["fields"]))
    ranges = _unique(each.columns[0].name for each in conditions if each.kind == "range")
    # Columns that an index begins with come first: the new one can then do the old one's work.
    equal.sort(
        key=lambda name: (name not in access.leading, access.known["fields"][name]["boolean"])
    )
    order = [each for each in access.order if each[0] not in equal]
    several = any(each.keys > 1 for each in conditions if each.kind == "equal")
    first = order[0][0] if order else ""
    tail: list[tuple[str, bool]] = []
    others: list[str] = []
    # Rows of several keys do not come out of an index in one order.
    if order and sorts and not several and (not ranges or first in ranges):
        tail = order
    elif ranges and filters:
        tail = [(first if first in ranges else ranges[0], False)]
        others = [name for name in ranges if name != tail[0][0]]
    if not tail and not filters:
        return
    if not (equal or tail):
        return
    fields = access.known["fields"]
    if all(fields[name]["boolean"] for name in [*equal, *(name for name, _ in tail)]):
        reading.notes.append(
            f"{', '.join(equal)}: an index on true and false alone rarely narrows enough;"
            " if one of the two is rare, an index with condition=Q(…) on another column does"
        )
        return
    if _offer(access, reading, equal, tail) and others:
        reading.notes.append(
            f"an index serves one range: {tail[0][0]} is taken, and whether"
            f" {' or '.join(others)} would narrow more is not known"
        )


def _offer(
    access: _Access, reading: PlanReading, equal: list[str], tail: list[tuple[str, bool]]
) -> bool:
    """Propose the index, unless there is one that covers it or no place to write it."""
    known = access.known
    fields = [known["fields"][name]["name"] for name in equal]
    fields += [("-" if down else "") + known["fields"][name]["name"] for name, down in tail]
    for index in known["indexes"]:
        if _covers(index, equal, tail):
            if not index["in_database"]:
                reading.notes.append(
                    f"{known['model']} declares an index on ({', '.join(fields)}) that this"
                    " database does not have: migrate"
                )
            elif index["name"] != access.node["index"]:
                reading.notes.append(
                    f"an index on ({', '.join(index['columns'])}) is there,"
                    " and the database does not choose it"
                )
            return False
    code = f"models.Index(fields=[{', '.join(_quoted(name) for name in fields)}])"
    if known["obstacle"]:
        reading.notes.append(
            f"{code} would serve this, but {known['obstacle']}:"
            " make the index in a migration of your own (RunSQL)"
        )
        return False
    columns = [*equal, *(name for name, _ in tail)]
    new = next((name for name in columns if name not in access.leading), columns[-1])
    reading.missing.append(
        MissingIndex(
            model=known["model"],
            code=code,
            file=known["file"],
            line=known["line"],
            field_line=known["fields"][new]["line"] or known["line"],
        )
    )
    return True


def _covers(
    index: Mapping[str, Any], equal: Sequence[str], tail: Sequence[tuple[str, bool]]
) -> bool:
    """Whether an index finds these rows at once, in this order or the reverse of it."""
    columns, n = index["columns"], len(equal)
    if index["unique"] and set(columns) <= set(equal):
        return True
    if set(columns[:n]) != set(equal) or columns[n : n + len(tail)] != [name for name, _ in tail]:
        return False
    turned = {
        descending != wanted
        for descending, (_, wanted) in zip(index["descending"][n:], tail, strict=False)
    }
    return len(turned) <= 1


def _step(node: Mapping[str, Any]) -> str:
    """A node of the plan, for people."""
    table, index = node["alias"] or node["table"], node["index"]
    rows = f" → about {_counted(node['rows'], 'row')}" if node["rows"] is not None else ""
    then = f", then looks at {', '.join(node['filtered'])}" if node["filtered"] else ""
    said = {
        "scan": f"reads all of {table}",
        "index scan": f"reads all of {table} in the order of {index or 'its key'}",
        "search": f"finds rows of {table} by {index} ({', '.join(node['searched'])})",
        "temporary index": f"builds an index of {table} on {', '.join(node['searched'])}",
        "sort": "sorts" + (f" by {', '.join(node['by'])}" if node["by"] else ""),
        "partial sort": "sorts within rows that are in order already",
    }
    operation = node["operation"]
    return said.get(operation, f"{operation} {table}".strip()) + then + rows


def _all(conditions: Sequence[Condition]) -> str:
    return " and ".join(f"({each.text})" if each.kind == "or" else each.text for each in conditions)


def _counted(n: int, what: str) -> str:
    return f"{n:,} {what}" + ("" if n == 1 else "s")


def _quoted(name: str) -> str:
    return f'"{name}"'


def _unique(texts: Iterator[str] | Sequence[str]) -> list[str]:
    return list(dict.fromkeys(texts))
