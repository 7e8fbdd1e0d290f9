"""What the simulator says of every setting, as blocks of the report."""

from djtune.garbage.result import Setting, Simulation, Verification
from djtune.reports import format as fmt
from djtune.reports.blocks import Block, Cell, Chart, Column, Heading, Note, Series, Table

SHOWN = 12
PAGE = 4096
"""Bytes below which resident memory cannot change: what a logarithmic scale shows for none."""
_STOPPED = {
    "memory limit": "gave up on it: no full collection, and too much memory",
    "requests": "no full collection for very long",
}


def simulation_blocks(simulation: Simulation, verification: Verification | None) -> list[Block]:
    """The front of GC time and memory, drawn, and its settings in a table."""
    verified = {tried.name for tried in verification.tried} if verification else set()
    return [
        Heading("Every setting, simulated", anchor="simulation"),
        Note(
            f"{fmt.plural(len(simulation.settings), 'setting', 'settings')} replayed over "
            f"{fmt.plural(simulation.requests, 'recorded request', 'recorded requests')} in "
            f"{fmt.duration(simulation.seconds)}, {_whole(simulation)} past a whole cycle between "
            f"two full collections; an object's price from {simulation.pauses:,} observed "
            "collections. All figures here are estimates.",
            tone="plain",
        ),
        _chart(simulation),
        _table(simulation, verified),
    ]


def _whole(simulation: Simulation) -> str:
    """How many settings were replayed to the end."""
    whole = sum(setting.simulated.reached_full for setting in simulation.settings)
    return "each" if whole == len(simulation.settings) else f"{whole:,} of them"


def _chart(simulation: Simulation) -> Chart:
    return Chart(
        [
            Series(label, sorted(map(_point, settings)))
            for label, settings in (
                ("others", [s for s in simulation.settings if not s.on_front]),
                ("front", [s for s in simulation.settings if s.on_front]),
                ("current", [s for s in simulation.settings if s.name == simulation.current]),
            )
            if settings
        ],
        x_label="memory above the start, at most",
        y_label="GC CPU a request",
        title="GC time against memory: a dot a setting (estimates)",
        log_x=True,
        kind="scatter",
        x_unit="B",
        y_unit="s",
    )


def _point(setting: Setting) -> tuple[float, float]:
    simulated = setting.simulated
    return float(max(PAGE, simulated.peak_bytes)), simulated.gc_ns_per_request / 1e9


def _table(simulation: Simulation, verified: set[str]) -> Table:
    front = [s for s in simulation.settings if s.on_front or s.name in verified]
    front += [s for s in simulation.settings if s.name == simulation.current and s not in front]
    front.sort(key=lambda setting: setting.simulated.peak_bytes)
    shown = front[:SHOWN]
    return Table(
        [
            Column("setting"),
            Column("GC a request", "right", help="CPU time"),
            Column("longest pause", "right"),
            Column("memory above the start", "right", help="at most"),
            Column("gens 0/1/2", "right", 2, help="collections in 1,000 requests"),
            Column("note", priority=1),
        ],
        [_row(setting, simulation.current) for setting in shown],
        caption=f"and {len(front) - len(shown)} more on the front (--format json lists all)"
        if len(front) > len(shown)
        else "",
    )


def _row(setting: Setting, current: str) -> list[Cell]:
    simulated = setting.simulated
    rates = (1000 * n / max(1, simulated.requests) for n in simulated.collections)
    return [
        Cell(setting.name),
        Cell(fmt.duration(simulated.gc_ns_per_request / 1e9)),
        Cell(fmt.duration(simulated.worst_pause_ns / 1e9)),
        Cell(fmt.size(simulated.peak_bytes)),
        Cell(" / ".join(fmt.count(float(f"{rate:.3g}")) for rate in rates)),
        _note(setting, current),
    ]


def _note(setting: Setting, current: str) -> Cell:
    if setting.name == current:
        return Cell("current")
    if setting.over_limit:
        return Cell("over the memory limit", tone="warn")
    if not setting.simulated.reached_full:
        return Cell(_STOPPED[setting.simulated.why_stopped], tone="warn")
    return Cell()
