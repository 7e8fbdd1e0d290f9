"""The result of a visit as report blocks: what to set first, then what it rests on."""

from collections.abc import Iterator

from djtune.redis_memory.advice import Advice, Size, Term
from djtune.redis_memory.advising.margins import ROUND
from djtune.redis_memory.estimated import Amount
from djtune.redis_memory.layouts.present import layout_blocks
from djtune.redis_memory.present_balance import balance_blocks
from djtune.redis_memory.present_curves import curve_blocks
from djtune.redis_memory.present_patterns import pattern_blocks
from djtune.redis_memory.present_plan import plan_blocks
from djtune.redis_memory.result import Checked, RedisSizeResult, ServerResult, Verification
from djtune.reports import format as fmt
from djtune.reports.blocks import (
    Block,
    Cell,
    Column,
    Command,
    Finding,
    Heading,
    Note,
    Report,
    Table,
)
from djtune.reports.findings import finding_block


def present(result: RedisSizeResult, next_command: str = "", why: str = "") -> Report:
    """The report: for each server what to set, its findings, and the figures behind them."""
    blocks: list[Block] = [Note(f"Beware: {text}", tone="warn") for text in result.warnings]
    several = len(result.servers) > 1
    for number, server in enumerate(result.servers):
        if several:
            blocks.append(Heading(server.address, anchor=f"server-{number}"))
        blocks += _server(server, level=2 if several else 1)
    for verification in result.verified:
        blocks += _verification(verification)
    cliffs = [cliff for server in result.servers for cliff in server.cliffs]
    for trial in result.layouts:
        mine = [cliff for cliff in cliffs if cliff.pattern == trial.source]
        blocks += layout_blocks(trial, mine)
    blocks.append(_method())
    if next_command:
        blocks.append(Command(next_command, why))
    return Report(
        title="How much memory Redis needs",
        subtitle=", ".join(server.address for server in result.servers),
        blocks=blocks,
    )


def _server(server: ServerResult, level: int) -> Iterator[Block]:
    yield Note(_coverage(server), tone="plain")
    yield Note(_visit(server))
    for note in server.notes:
        yield Note(note)
    if server.cut:
        yield Note(f"Cut short: {server.cut}", tone="warn")
    estimates = server.estimates
    if estimates is None:
        return
    if not estimates.patterns:
        yield Note("The server is empty: there is nothing to size yet.", tone="plain")
        return
    if server.advice is not None:
        yield Heading("What to set", level)
        yield _advice(server, server.advice)
        yield from _sizes(server.advice.size)
    if server.findings:
        yield Heading("What to mend", level)
        yield from map(finding_block, server.findings)
    yield from pattern_blocks(estimates, level)
    yield from balance_blocks(estimates, level)
    yield from curve_blocks(server, level)
    if server.plan is not None:
        yield from plan_blocks(server.plan)


def _coverage(server: ServerResult) -> str:
    nodes = server.nodes
    kinds = sorted({f"{node.product} {node.version}" for node in nodes})
    what = (
        f"a cluster of {fmt.plural(len(nodes), 'primary', 'primaries')}, " if server.cluster else ""
    )
    used = fmt.size(sum(node.used_memory for node in nodes))
    keys = fmt.plural(sum(node.keys for node in nodes), "key", "keys")
    limit = "no maxmemory" if server.maxmemory == 0 else ""
    if server.maxmemory:
        limit = f"maxmemory {fmt.size(server.maxmemory)}"
    settings = ", ".join(filter(None, [limit, server.policy]))
    named = ", ".join(use.where for use in server.uses if use.role != "given")
    by = f" It is {named}." if named else ""
    return f"{what}{', '.join(kinds)}: {keys} in {used} of used_memory; {settings}.{by}"


def _visit(server: ServerResult) -> str:
    load = server.load
    share = load.server_seconds / load.wall_seconds if load.wall_seconds else 0.0
    return (
        f"The visit read the names of {fmt.plural(server.names, 'key', 'keys')} and the sizes of "
        f"{server.sampled:,}. It cost the server {fmt.duration(load.server_seconds)} "
        f"({load.source}) in {fmt.duration(load.wall_seconds)}, {1000 * share:.0f} ms each second, "
        f"by {load.commands:,} commands."
    )


def _advice(server: ServerResult, advice: Advice) -> Finding:
    policy, size = advice.policy, advice.size
    title: str = policy.rules.policy
    evidence = [f"policy: {why}" for why in policy.why]
    if size is not None:
        unlimited = not server.maxmemory and policy.rules.policy == "noeviction"
        limit = f"maxmemory {mebibytes(size.maxmemory)} ({fmt.size(size.maxmemory)})"
        title = f"{title}, no limit" if unlimited else f"{limit}, {title}"
        evidence += _promises(size)
    if not advice.commands:
        title = f"Leave it as it is: {title}"
    return Finding(
        title=title,
        evidence=evidence,
        remedy=_where_to(server) if advice.commands else "",
        patch="\n".join(advice.commands),
        confidence=_confidence(advice),
        severity="info",
    )


def _where_to(server: ServerResult) -> str:
    if any(node.replica for node in server.nodes):
        return "the lines below: on the primary, and here for when it takes its place"
    if "CONFIG" in server.refused:
        return "the lines below, where the service has its settings: it refuses CONFIG"
    return "the lines below: in redis.conf, or at once"


def mebibytes(bytes: int) -> str:
    """As ``redis.conf`` writes it."""
    return f"{bytes // ROUND}mb"


def _promises(size: Size) -> Iterator[str]:
    if size.hit_ratio is not None:
        yield f"hit ratio at that size: {amount(size.hit_ratio, 'share')}"
    if size.lost_seconds_per_hour is not None:
        lost = fmt.duration(size.lost_seconds_per_hour)
        yield f"misses then cost {lost} of recomputing each hour"
    yield f"RAM for the process: {fmt.size(size.container_bytes)}"


def _confidence(advice: Advice) -> str:
    if advice.size is not None and advice.size.basis == "everything" and advice.size.choices:
        return "everything is to fit; what less memory would miss stands under the hit ratios"
    basis = advice.size.basis if advice.size else ""
    return {
        "trace": "a recorded trace, replayed under Redis's rules",
        "idle times": "an estimate from idle times: --trace measures it",
        "everything": "everything is to fit; what a smaller size would miss is not known",
        "": "",
    }[basis]


def amount(value: Amount, unit: str = "B") -> str:
    """An amount with its interval."""
    write = {"B": fmt.size, "share": fmt.share, "": fmt.count}[unit]
    return fmt.with_interval(value.value, value.low, value.high, write)


def _sizes(size: Size | None) -> Iterator[Block]:
    if size is None:
        return
    yield _terms("maxmemory is", size.terms)
    yield _terms("RAM is", size.container)


def _terms(title: str, terms: list[Term]) -> Table:
    rows = [
        [Cell(t.label), Cell(fmt.size(t.bytes)), Cell(t.source), Cell(t.note, tone="muted")]
        for t in terms
    ]
    total = sum(term.bytes for term in terms)
    rows.append([Cell("together"), Cell(fmt.size(total)), Cell(), Cell()])
    columns = [Column("part"), Column("bytes", "right"), Column("", priority=1)]
    return Table([*columns, Column("", priority=2)], rows, title=title)


def _verification(verification: Verification) -> Iterator[Block]:
    yield Heading(f"What was promised for {verification.address}")
    yield Note(f"{fmt.duration(verification.seconds)} since that result.", tone="plain")
    if verification.checked:
        yield Table(
            [
                Column("what"),
                Column("promised", "right"),
                Column("seen", "right"),
                Column("n", "right", 2),
                Column("verdict"),
                Column("", priority=3),
            ],
            [_checked(each) for each in verification.checked],
        )
    for note in verification.notes:
        yield Note(note)


def _checked(each: Checked) -> list[Cell]:
    ratio = each.unit == "share"
    at_most = f"at most {fmt.size(each.predicted.value)}"
    return [
        Cell(each.what),
        Cell(amount(each.predicted, "share") if ratio else at_most),
        Cell(fmt.share(each.observed) if ratio else fmt.size(each.observed)),
        Cell(fmt.count(each.n)),
        Cell("kept", tone="good") if each.within else Cell("not kept", tone="warn"),
        Cell(each.note, tone="muted"),
    ]


def _method() -> Note:
    return Note(
        "Intervals are 95 %. Sizes are the server's own (MEMORY USAGE) of sampled keys; how: "
        "docs/methods/redis-sampling.md, docs/methods/redis-balance.md."
    )
