"""The result of a payload audit as report blocks: what to drop first, then why."""

from djtune.model.routes import path_of
from djtune.payloads.codecs import CODECS
from djtune.payloads.labels import request_of
from djtune.payloads.present_endpoints import anchor, field_section, pages
from djtune.payloads.result import EndpointResult, Journey, PayloadAuditResult, Sizes
from djtune.reports import format as fmt
from djtune.reports.blocks import (
    Block,
    Cell,
    Column,
    Command,
    Heading,
    Note,
    Report,
    Table,
)
from djtune.reports.conditions import machine_note, needs_of, unmeasured_table
from djtune.reports.findings import finding_block

SHOWN_ENDPOINTS = 3
"""Endpoints whose fields stand in the report itself; the others have a page of their own."""
SHOWN_OTHERS = 8
SHOWN_PASSED = 5


def present(result: PayloadAuditResult, next_command: str = "", why: str = "") -> Report:
    """The report: what bends the figures, what to do, and the evidence from first to last."""
    blocks: list[Block] = [Note(f"Beware: {warning}", tone="warn") for warning in result.warnings]
    blocks.append(_coverage(result))
    if result.findings:
        blocks.append(Heading("What to do", anchor="findings"))
        blocks += [finding_block(finding) for finding in result.findings]
    else:
        blocks.append(_nothing(result))
    if result.endpoints:
        blocks += [Heading("Where the bytes are", anchor="endpoints"), _endpoints(result)]
    for endpoint in result.endpoints[:SHOWN_ENDPOINTS]:
        blocks += field_section(endpoint)
    if result.journey is not None:
        blocks += [*_journey(result.journey), *_passed_by(result)]
    if result.others:
        blocks += _others(result)
    if result.unmeasured:
        blocks.append(Heading("Not measured", anchor="unmeasured"))
        blocks.append(unmeasured_table(result.unmeasured))
    blocks += _method(result)
    if next_command:
        blocks.append(Command(next_command, why))
    return Report(
        title="What responses hold, and who uses it",
        subtitle=_subtitle(result),
        blocks=blocks,
        pages=pages(result.endpoints, result.querysets),
    )


def _subtitle(result: PayloadAuditResult) -> str:
    app = result.app
    if app is None:
        return ""
    return f"Django {app.django} on Python {app.python}, {app.interface.upper()}"


def _coverage(result: PayloadAuditResult) -> Note:
    responses = sum(each.n for each in result.endpoints)
    needs = needs_of([entry.why for entry in result.unmeasured])
    rest = f" Other routes need {needs}." if needs else ""
    return Note(
        f"{fmt.plural(len(result.endpoints), 'JSON endpoint', 'JSON endpoints')}, "
        f"{fmt.plural(responses, 'response', 'responses')}.{rest} {_looked_at(result)} "
        f"Weights: {result.weights_from}.",
        tone="plain",
    )


def _looked_at(result: PayloadAuditResult) -> str:
    seen = []
    if result.journey is not None:
        steps = fmt.plural(len(result.journey.steps), "step", "steps")
        seen.append(f"a journey of {steps} in Chromium")
    for source in result.sources:
        files = fmt.plural(sum(source.files.values()), "file", "files")
        seen.append(f"{files} of {source.folder}")
    if result.contracts:
        seen.append(f"contracts: {', '.join(result.contracts)}")
    if not seen:
        return "No client was looked at, so that no field is called unused."
    return f"Clients: {'; '.join(seen)}."


def _nothing(result: PayloadAuditResult) -> Note:
    if result.journey is None and not result.sources and not result.contracts:
        return Note("What fields are used for only their clients can tell: see the last line.")
    return Note("Nothing to drop: every field is used, or nothing shows that it is not.")


def _endpoints(result: PayloadAuditResult) -> Table:
    columns = [
        Column("endpoint"),
        Column("share", "right", help="of the bytes of all endpoints, weighted, not compressed"),
        Column("raw", "right", help="mean bytes of a response before compression"),
        Column("gzip", "right", 1, help=CODECS["gzip"]),
        Column("brotli", "right", 4, help=CODECS["brotli"]),
        Column("zstd", "right", 5, help=CODECS["zstd"]),
        Column("unused", "right", help="part of the raw bytes that the proposed fields are"),
        Column("gzip saved", "right", 2, help="recompressed without all of them together"),
        Column("fields", "right", 3),
        Column("n", "right", 6, help="responses"),
    ]
    return Table(
        columns,
        [_endpoint(each) for each in result.endpoints],
        caption="Means over the responses, with 95 % intervals where there were several.",
    )


def _endpoint(endpoint: EndpointResult) -> list[Cell]:
    proposed = endpoint.proposed
    sizes = endpoint.sizes
    return [
        Cell(request_of(endpoint), note=endpoint.where, link=anchor(endpoint)),
        Cell(fmt.share(endpoint.share)),
        *(_size(sizes, codec) for codec in ("raw", "gzip", "brotli", "zstd")),
        _unused(endpoint),
        _size(proposed.saving, "gzip") if proposed else Cell(),
        Cell(f"{len(endpoint.fields):,}"),
        Cell(f"{endpoint.n:,}"),
    ]


def _unused(endpoint: EndpointResult) -> Cell:
    """The proposed fields' part, and how many fields nothing is known of."""
    unknown = sum(each.verdict == "unknown" for each in endpoint.fields)
    note = f"{unknown:,} unknown" if unknown else ""
    if endpoint.proposed is None:
        return Cell("none", note=note, tone="muted")
    return Cell(fmt.share(endpoint.proposed.share), note=note, tone="warn")


def _size(sizes: Sizes, codec: str) -> Cell:
    metric = getattr(sizes, codec)
    if metric is None:
        return Cell(fmt.na())
    return Cell(fmt.size(metric.value), note=fmt.interval(metric.low, metric.high, fmt.size))


def _journey(journey: Journey) -> list[Block]:
    said = f"{journey.script}: {', '.join(journey.steps)}; {journey.responses:,} JSON responses."
    if journey.confirmed is not None:
        times = fmt.plural(journey.page_loads, "more time", "more times")
        same = "looked the same" if journey.confirmed else "differed"
        said += f" Made {times}, without the proposed fields: the pages {same}."
    blocks: list[Block] = [Heading("The journey", anchor="journey"), Note(said, tone="plain")]
    if journey.unwatched:
        blocks.append(
            Note(f"Not recorded, as no page read it: {', '.join(journey.unwatched)}.", tone="warn")
        )
    if journey.blocked:
        blocks.append(Note(f"Requests to other hosts were refused: {', '.join(journey.blocked)}."))
    return blocks


def _passed_by(result: PayloadAuditResult) -> list[Block]:
    """The largest fields that the journey did not read, and that code which it did not run may."""
    found = [
        (field.bytes, f"{field.path} of {request_of(endpoint)} ({fmt.size(round(field.bytes))})")
        for endpoint in result.endpoints
        for field in endpoint.fields
        if field.verdict == "unknown"
        and any(each.source == "browser" and each.stance == "unused" for each in field.evidence)
    ]
    if not found:
        return []
    largest = [told for _, told in sorted(found, reverse=True)[:SHOWN_PASSED]]
    more = f" and {len(found) - len(largest)} more" if len(found) > len(largest) else ""
    return [
        Note(
            f"Not read in the journey, but named by code that it did not run: "
            f"{', '.join(largest)}{more}. A journey that runs it would tell.",
            tone="plain",
        )
    ]


def _others(result: PayloadAuditResult) -> list[Block]:
    shown = result.others[:SHOWN_OTHERS]
    more = len(result.others) - len(shown)
    return [
        Heading("Responses that are not JSON", level=2, anchor="others"),
        Table(
            [
                Column("route"),
                Column("type"),
                Column("mean size", "right"),
                Column("why"),
                Column("n", "right", 2),
            ],
            [
                [
                    Cell(f"{each.method} {path_of(each.route)}"),
                    Cell(each.kind),
                    Cell(fmt.size(float(f"{each.size:.0f}"))),
                    Cell(each.why),
                    Cell(f"{each.n:,}"),
                ]
                for each in shown
            ],
            caption=f"and {more} more (--format json lists all)" if more else "",
        ),
    ]


def _method(result: PayloadAuditResult) -> list[Block]:
    blocks: list[Block] = [Heading("How it was measured", anchor="method")]
    if result.noise is not None:
        blocks.append(machine_note(result.machine, result.noise))
    blocks.append(
        Note(
            "Bytes are those of compact JSON, exact. A field's own saving under a codec is an "
            "estimate from sampled rows; the proposed set was compressed again as a whole. No "
            "value was kept: paths, sizes, types and counts alone."
        )
    )
    return blocks
