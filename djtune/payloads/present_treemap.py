"""An endpoint's bytes by path, as a picture coloured by what is known of each field's use."""

from collections.abc import Iterator, Sequence

from djtune.payloads.result import EndpointResult, FieldResult
from djtune.reports import format as fmt
from djtune.reports.blocks import Area, Block, Group, Treemap

GROUPS = [
    Group("used", "plain"),
    Group("unused", "bad"),
    Group("redundant", "warn"),
    Group("declared only", "warn", hatched=True),
    Group("unknown", "muted"),
    Group("not observable", "muted", hatched=True),
]


def treemap(endpoint: EndpointResult) -> list[Block]:
    """The picture; none of an endpoint without fields."""
    if not endpoint.fields:
        return []
    whole = Area("(root)", sum(each.bytes for each in _inside(endpoint.fields, "")))
    whole.text = fmt.size(float(f"{whole.value:.0f}"))
    groups = {each.verdict for each in endpoint.fields}
    return [
        Treemap(
            [whole, *_areas(endpoint.fields, "", 1)],
            [group for group in GROUPS if group.label in groups],
            caption="Bytes of a mean response in compact JSON, by path.",
        )
    ]


def _areas(fields: Sequence[FieldResult], above: str, depth: int) -> Iterator[Area]:
    for each in _inside(fields, above):
        below = [field for field in fields if _is_below(field.path, each.path)]
        yield Area(
            label=each.path.removeprefix(above).lstrip(".[]"),
            value=each.bytes,
            text=fmt.size(float(f"{each.bytes:.0f}")),
            depth=depth,
            group=each.verdict,
            note=f"{each.path}: {each.verdict}",
        )
        yield from _areas(below, each.path, depth + 1)


def _inside(fields: Sequence[FieldResult], above: str) -> list[FieldResult]:
    """The fields that are below ``above`` and below no other of them, the largest first."""
    found = [
        each
        for each in fields
        if (not above or _is_below(each.path, above))
        and not any(_is_below(each.path, other.path) for other in fields if other.path != above)
    ]
    return sorted(found, key=lambda each: -each.bytes)


def _is_below(path: str, above: str) -> bool:
    return path.startswith(above) and path[len(above) : len(above) + 1] in (".", "[")
