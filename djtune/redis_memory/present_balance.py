"""``used_memory``, line by line."""

from collections.abc import Iterator

from djtune.redis_memory.estimated import Estimates
from djtune.reports import format as fmt
from djtune.reports.blocks import Block, Cell, Column, Heading, Note, Table, Tone


def balance_blocks(estimates: Estimates, level: int) -> Iterator[Block]:
    """What ``used_memory`` consists of, with what nothing explains."""
    balance = estimates.balance
    if balance is None:
        return
    yield Heading("Where used_memory is", level)
    rows = [
        [
            Cell(line.label),
            Cell(fmt.size(line.bytes.value), note=_bounds(line.bytes.low, line.bytes.high)),
            Cell(line.source),
            Cell(line.note, tone="muted"),
        ]
        for line in balance.lines
    ]
    together = sum(line.bytes.value for line in balance.lines)
    share = balance.residual / balance.used_memory if balance.used_memory else 0.0
    tone: Tone = "good" if balance.covered else "warn"
    rows += [
        [Cell("together"), Cell(fmt.size(together)), Cell(), Cell()],
        [Cell("used_memory"), Cell(fmt.size(balance.used_memory)), Cell("counted"), Cell()],
        [
            Cell("residual"),
            Cell(_signed(balance.residual), tone=tone),
            Cell(fmt.share(abs(share))),
            Cell(
                "within the interval of the sum" if balance.covered else "beyond the interval",
                tone="muted",
            ),
        ],
    ]
    columns = [Column("part"), Column("bytes", "right"), Column("how known")]
    yield Table([*columns, Column("", priority=1)], rows)
    if balance.resident_set and balance.fragmentation is not None:
        yield Note(
            f"The process holds {fmt.size(balance.resident_set)}, "
            f"{fmt.ratio(balance.fragmentation)} of used_memory (fragmentation).",
            tone="plain",
        )


def _bounds(low: float, high: float) -> str:
    return "" if low == high else fmt.interval(low, high, fmt.size, (low + high) / 2)


def _signed(bytes: float) -> str:
    return fmt.size(bytes) if bytes >= 0 else f"−{fmt.size(-bytes)}"
