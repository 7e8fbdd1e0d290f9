"""One endpoint's fields as report blocks."""

from collections.abc import Sequence

from djtune.model.routes import path_of
from djtune.payloads.codecs import CODECS
from djtune.payloads.labels import request_of
from djtune.payloads.present_treemap import treemap
from djtune.payloads.result import EndpointResult, Evidence, FieldResult, QuerysetResult, Verdict
from djtune.reports import format as fmt
from djtune.reports.blocks import Block, Cell, Column, Heading, Note, Page, Table, Tone

SHOWN_FIELDS = 12
SHOWN_COLUMNS = 3
TONES: dict[Verdict, Tone] = {
    "used": "good",
    "unused": "warn",
    "redundant": "warn",
    "declared only": "plain",
    "unknown": "muted",
    "not observable": "muted",
}
_RANK = ("used", "unused", "declared", "perhaps used", "not observable", "redundant")
"""The order in which a cell chooses among pieces of evidence."""


def anchor(endpoint: EndpointResult) -> str:
    """What cells link to."""
    return f"endpoint-{endpoint.method.lower()}-{path_of(endpoint.route)}"


def field_section(endpoint: EndpointResult) -> list[Block]:
    """The fields that take most, and whatever is proposed to go."""
    gone = set(endpoint.proposed.fields) if endpoint.proposed else set()
    by_size = sorted(endpoint.fields, key=lambda each: -each.bytes)
    shown = [each for n, each in enumerate(by_size) if n < SHOWN_FIELDS or each.path in gone]
    more = len(by_size) - len(shown)
    caption = f"and {more} smaller fields (--html and --format json have all)" if more else ""
    return [
        Heading(request_of(endpoint), level=2, anchor=f"fields-{anchor(endpoint)}"),
        *treemap(endpoint),
        _table(shown, caption),
    ]


def pages(endpoints: Sequence[EndpointResult], querysets: Sequence[QuerysetResult]) -> list[Page]:
    """A page an endpoint, with all of its fields and querysets."""
    return [
        Page(
            title=request_of(endpoint),
            anchor=anchor(endpoint),
            summary=f"{len(endpoint.fields):,} fields, {fmt.size(endpoint.sizes.raw.value)}",
            blocks=[
                Heading("Fields", level=2),
                *treemap(endpoint),
                _table(sorted(endpoint.fields, key=lambda each: -each.bytes), ""),
                *_whitespace(endpoint),
                *_querysets([q for q in querysets if request_of(endpoint) in q.routes]),
            ],
        )
        for endpoint in endpoints
    ]


def _table(fields: Sequence[FieldResult], caption: str) -> Table:
    columns = [
        Column("field"),
        Column("raw", "right", help="mean bytes a response with all below, in compact JSON"),
        Column("share", "right", 3),
        Column(
            "gzip alone", "right", 1, help="estimate: what it saves by itself; not to be summed"
        ),
        Column("brotli alone", "right", 6),
        Column("zstd alone", "right", 7),
        Column("CPU", "right", 4, help="of making it and all below, a response"),
        Column("verdict"),
        Column("evidence", "left", 2),
        Column("columns read", "left", 5),
    ]
    return Table(columns, [_row(each) for each in fields], caption=caption)


def _row(field: FieldResult) -> list[Cell]:
    return [
        Cell(field.path, note=" or ".join(field.kinds)),
        Cell(fmt.size(float(f"{field.bytes:.0f}"))),
        Cell(fmt.share(field.share)),
        *(_alone(field, codec) for codec in CODECS),
        Cell(fmt.na() if field.cpu is None else fmt.duration(field.cpu.value)),
        Cell(field.verdict, note=field.sensitive, tone=TONES[field.verdict]),
        _evidence(field.evidence),
        Cell(_columns_read(field)),
    ]


def _columns_read(field: FieldResult) -> str:
    names = [column.partition(".")[2] for column in field.columns]
    more = f" and {len(names) - SHOWN_COLUMNS} more" if len(names) > SHOWN_COLUMNS else ""
    return ", ".join(names[:SHOWN_COLUMNS]) + more


def _alone(field: FieldResult, codec: str) -> Cell:
    """A saving that may be negative: the rest compresses worse without the field."""
    loss = field.loss.get(codec)
    if loss is None:
        return Cell(fmt.na())
    return Cell("about 0" if loss < 1 else fmt.size(float(f"{loss:.0f}")))


def _evidence(pieces: Sequence[Evidence]) -> Cell:
    """The piece that decides, and how many more there are."""
    telling = sorted(
        (each for each in pieces if each.stance in _RANK),
        key=lambda each: _RANK.index(each.stance),
    )
    if not telling:
        return Cell("none", tone="muted")
    first, *others = telling
    more = f" (+{len(others)})" if others else ""
    return Cell(f"{first.source}: {first.text}{more}", note=first.coverage)


def _whitespace(endpoint: EndpointResult) -> list[Block]:
    if endpoint.whitespace < 1:
        return []
    return [Note(f"Spaces and escapes: {fmt.size(endpoint.whitespace)} a response.")]


def _querysets(querysets: Sequence[QuerysetResult]) -> list[Block]:
    if not querysets:
        return []
    blocks: list[Block] = [Heading("What the database is asked for", level=2)]
    columns = [
        Column("queryset"),
        Column("rows", "right"),
        Column("unread", help="columns that nobody reads"),
        Column("freed", help="columns that nobody reads once the proposed fields are gone"),
        Column("without them", help="measured: CPU of fetching the rows, to what it takes now"),
    ]
    rows = []
    for each in querysets:
        rows.append(
            [
                Cell(each.model, note=each.begun or each.place),
                Cell(fmt.count(each.rows)),
                Cell(_columns(each, "unread"), note=each.blind),
                Cell(_columns(each, "freed")),
                Cell(
                    "; ".join(
                        f"{tried.way}: {fmt.ratio(tried.ratio.value)} "
                        f"{fmt.interval(tried.ratio.low, tried.ratio.high, fmt.ratio)}"
                        for tried in each.lighter
                    )
                ),
            ]
        )
    return [*blocks, Table(columns, rows)]


def _columns(queryset: QuerysetResult, state: str) -> str:
    return ", ".join(
        "__".join(filter(None, (column.relation, column.name)))
        for column in queryset.columns
        if column.state == state
    )
