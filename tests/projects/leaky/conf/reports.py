"""Objects that hold one another."""

from __future__ import annotations


class Report:
    def __init__(self, sections: int) -> None:
        self.sections = [Section(self) for _ in range(sections)]


class Section:
    def __init__(self, report: Report) -> None:
        self.report = report
        self.lines = ["a line", "and another"]


class Visit:
    """What is kept of each request for ever."""


class Entry:
    """A link of a chain that only grows."""

    def __init__(self, before: Entry | None) -> None:
        self.before = before


class Phoenix:
    """Comes back when it is collected."""

    ashes: list[Phoenix] = []

    def __init__(self) -> None:
        self.myself = self

    def __del__(self) -> None:
        self.ashes.append(self)
