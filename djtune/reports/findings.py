"""Findings as blocks, the same for every command."""

from djtune.model.findings import FindingData
from djtune.reports import format as fmt
from djtune.reports.blocks import Finding


def finding_block(finding: FindingData, *, brief: bool = False) -> Finding:
    """A finding as a block."""
    saving = ""
    if finding.saving is not None:
        saved = finding.saving
        kind, _, per = saved.unit.partition(" ")
        formatted = fmt.size if kind == "B" else fmt.duration
        bounds = fmt.interval(saved.low, saved.high, formatted, saved.value)
        saving = f"about {formatted(saved.value)} {per}"
        saving += f" {bounds}" if bounds else ""
        saving += " (estimate)" if saved.estimate else ""
    return Finding(
        title=finding.title,
        where=finding.where,
        evidence=finding.evidence,
        saving=saving,
        remedy=finding.remedy,
        patch=finding.patch,
        confidence=finding.confidence,
        severity=finding.severity,
        brief=brief,
    )
