"""Findings as plain data: what is worth doing, on what evidence, and what it saves."""

from typing import Literal

from msgspec import Struct, field


class Saving(Struct):
    """What a remedy saves; an interval where it was measured, ``estimate`` where it was not."""

    value: float
    unit: str
    low: float | None = None
    high: float | None = None
    estimate: bool = True


class FindingData(Struct):
    """A finding as the JSON output has it."""

    kind: str
    title: str
    where: str = ""
    evidence: list[str] = field(default_factory=list)
    saving: Saving | None = None
    remedy: str = ""
    patch: str = ""
    confidence: str = ""
    severity: Literal["high", "medium", "low"] = "medium"
    """How much of its whole the saving is: high from 10 %, medium from 3 %; broken is high."""
    routes: list[str] = field(default_factory=list)
    """The routes that pay for it, as ``METHOD /path``."""
    part: float = 0.0
    """Part of the whole workload's time that it saves; 0 where that is not known."""
