"""Under what conditions something was measured, and what was not: the same in every report."""

from collections.abc import Sequence

from djtune.model.machine import Machine
from djtune.model.noise import Noise
from djtune.model.routes import Unmeasured, path_of
from djtune.reports import format as fmt
from djtune.reports.blocks import Cell, Column, Note, Table

SHOWN_UNMEASURED = 12
NOISY_MS_PER_S = 50.0
_NEEDS = {
    "login": "a user",
    "throttled": "their throttle lifted",
    "redirect": "another route",
    "missing": "parameters that fit",
    "refused": "a host that is not allowed",
    "error": "a repair",
    "unsafe": "--unsafe",
    "recipe": "a recipe",
    "unsteady": "a longer run",
}


def needs_of(reasons: Sequence[str]) -> str:
    """What routes that were left out need, counted: ``a user (3), a recipe (1)``."""
    counts = {reason: reasons.count(reason) for reason in dict.fromkeys(reasons)}
    return ", ".join(f"{_NEEDS[reason]} ({count})" for reason, count in counts.items())


def unmeasured_table(entries: Sequence[Unmeasured]) -> Table:
    """The routes that were left out, and what each needs."""
    caption = ""
    if len(entries) > SHOWN_UNMEASURED:
        caption = f"and {len(entries) - SHOWN_UNMEASURED} more (--format json lists all)"
    return Table(
        [Column("route"), Column("needs"), Column("where", priority=3)],
        [
            [
                Cell(f"{entry.method} {path_of(entry.route)}"),
                Cell(entry.detail or _NEEDS[entry.why]),
                Cell(entry.where, tone="muted"),
            ]
            for entry in entries[:SHOWN_UNMEASURED]
        ],
        caption=caption,
    )


def machine_note(machine: Machine, noise: Noise) -> Note:
    """The machine, and how much of its time was lost to others while it measured."""
    noisy = noise.lost_ms_per_s > NOISY_MS_PER_S
    return Note(
        f"{machine.cpu or 'processor unknown'}, {machine.usable_cpus} of {machine.cpus} CPUs, "
        f"load {machine.load[0]:.1f} at the start. "
        f"Noise: {noise.lost_ms_per_s:.1f} ms lost in each second, worst gap "
        f"{fmt.duration(noise.worst_gap_s)}"
        + ("; a noisy machine widens every interval." if noisy else "."),
        tone="warn" if noisy else "muted",
    )
