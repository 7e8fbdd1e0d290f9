"""Strings of a workload that refer to something: ``${ENV}``, ``{capture}``, ``{user.attribute}``.

Standard library only: the CLI checks workload files with it, the worker fills the strings in.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from .errors import AgentError


class WorkloadError(AgentError):
    """Something in the workload cannot be done; ``hint`` says the way out."""


@dataclass(frozen=True)
class Env:
    """``${NAME}``: an environment variable."""

    name: str

    def read(self) -> str:
        """Return the variable's value; raises :class:`WorkloadError` where it is not set."""
        try:
            return os.environ[self.name]
        except KeyError:
            raise WorkloadError(
                f"the workload needs the environment variable {self.name}, which is not set",
                hint=f"run it as {self.name}=… djtune …",
            ) from None


@dataclass(frozen=True)
class Captured:
    """``{name}``: a value kept from an earlier step's response."""

    name: str

    def fill(self, captured: Mapping[str, str]) -> str:
        """Return the captured value; raises :class:`WorkloadError` where there is none."""
        try:
            return captured[self.name]
        except KeyError:
            raise WorkloadError(
                f"no earlier step of the journey captured {self.name!r}",
                hint="check the `capture:` of the step before, and what it answered",
            ) from None


@dataclass(frozen=True)
class UserAttribute:
    """``{user.path}``: a dotted attribute of the user that the journey is made by."""

    path: str


Part = str | Env | Captured | UserAttribute

_REFERENCE = re.compile(
    r"\{\{|\}\}"
    r"|\$\{(?P<env>[A-Za-z_]\w*)\}"
    r"|\{user\.(?P<user>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\}"
    r"|\{(?P<captured>[A-Za-z_]\w*)\}",
    re.ASCII,
)


def parse(text: str) -> list[Part]:
    """Split a string into literal text and references; ``{{`` and ``}}`` stand for braces.

    A brace that starts no reference is literal text, so that every string can be parsed.
    """
    parts: list[Part] = []
    literal = ""
    end = 0
    for match in _REFERENCE.finditer(text):
        literal += text[end : match.start()]
        end = match.end()
        if match.lastgroup is None:
            literal += match[0][0]
            continue
        if literal:
            parts.append(literal)
            literal = ""
        parts.append(_reference(match.lastgroup, match[match.lastgroup]))
    literal += text[end:]
    if literal or not parts:
        parts.append(literal)
    return parts


def _reference(kind: str, name: str) -> Part:
    if kind == "env":
        return Env(name)
    if kind == "user":
        return UserAttribute(name)
    return Captured(name)


def has_reference(text: str) -> bool:
    """Tell whether any part of the string comes from elsewhere."""
    return any(not isinstance(part, str) for part in parse(text))
