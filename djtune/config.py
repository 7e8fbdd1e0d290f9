"""Defaults for options under ``[tool.djtune]`` of the project's ``pyproject.toml``."""

import difflib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
import tomllib

from djtune.errors import DjtuneError
from djtune.options import COMMON_OPTIONS, CommonOption

Table = dict[str, Any]


def defaults(start: Path, name: str, command: click.Command, commands: set[str]) -> Table:
    """Read the defaults of one command, in the form of click's ``default_map``.

    ``[tool.djtune]`` holds the common options, ``[tool.djtune.COMMAND]`` those of one command,
    and ``[tool.djtune.COMMAND.SUBCOMMAND]`` those of its subcommand. A relative path is relative
    to the file that it stands in.

    Raises:
        DjtuneError: the file is not TOML, or has an unknown key.

    """
    file = _find(start)
    if file is None:
        return {}
    section = _Section(file, _read(file), ("tool", "djtune"))
    common = section.values(_common_options(), allowed=commands)
    return _command(section.sub(name), command, common)


def _command(section: "_Section", command: click.Command, common: Table) -> Table:
    """Lay a command's own values over the common ones; a group hands them to its commands."""
    if not isinstance(command, click.Group):
        return common | section.values(command.params)
    context = click.Context(command)
    values = section.values(command.params, allowed=command.list_commands(context))
    for name in command.list_commands(context):
        child = command.get_command(context, name)
        if child is not None:
            values[name] = _command(section.sub(name), child, common)
    return values


class _Section:
    """One table of the file, and where to find its keys for a message."""

    def __init__(self, file: Path, table: Any, path: tuple[str, ...]) -> None:
        self.file, self.path = file, path
        if not isinstance(table, dict):
            raise DjtuneError(f"{file}: [{'.'.join(path)}] must be a table")
        self.table: Table = table

    def sub(self, name: str) -> "_Section":
        return _Section(self.file, self.table.get(name, {}), (*self.path, name))

    def values(self, params: Iterable[click.Parameter], allowed: Iterable[str] = ()) -> Table:
        """Take the values of ``params``, and refuse keys that are none of theirs."""
        options = {key: param for param in params for key in _keys(param)}
        tables = set(allowed)
        for key in self.table:
            if key.replace("_", "-") not in options and key not in tables:
                self._refuse(key, sorted(options) + sorted(tables))
        return {
            str(param.name): self._value(param, self.table[key])
            for key in self.table
            if (param := options.get(key.replace("_", "-"))) is not None
        }

    def _value(self, param: click.Parameter, value: Any) -> Any:
        """Make one value a list where the option is repeatable, and a path absolute."""
        many = value if isinstance(value, list) else [value]
        if isinstance(param.type, click.Path) or (param.name == "python" and os.sep in str(value)):
            many = [str(self.file.parent / str(one)) for one in many]
        return many if getattr(param, "multiple", False) or isinstance(value, list) else many[0]

    def _refuse(self, key: str, allowed: list[str]) -> None:
        near = difflib.get_close_matches(key, allowed, n=1)
        raise DjtuneError(
            f"{self.file}:{self._line(key)}: [{'.'.join(self.path)}] has no key {key!r}"
            + (f", did you mean {near[0]!r}?" if near else ""),
            hint="allowed: " + ", ".join(allowed),
        )

    def _line(self, key: str) -> int:
        """The line of a key; TOML's parser keeps none, so look for it below the table's header."""
        header = re.compile(r"\s*\[\s*" + r"\s*\.\s*".join(map(re.escape, self.path)) + r"\s*\]")
        entry = re.compile(rf"\s*(\[.*\.)?[\"']?{re.escape(key)}[\"']?\s*[\].=]")
        lines = self.file.read_text(encoding="utf-8").splitlines()
        first = next((n for n, text in enumerate(lines) if header.match(text)), 0)
        return next((n + 1 for n in range(first, len(lines)) if entry.match(lines[n])), first + 1)


def _keys(param: click.Parameter) -> Iterator[str]:
    """The keys that an option has in the file: its long names, without the dashes."""
    if isinstance(param, click.Option):
        for name in param.opts:
            if name.startswith("--") and name != "--help":
                yield name.removeprefix("--")


def _common_options() -> list[CommonOption]:
    """The common options as click sees them."""

    def carrier() -> None: ...

    decorated: Any = carrier
    for option in COMMON_OPTIONS:
        decorated = option(decorated)
    return list(decorated.__click_params__)


def _find(start: Path) -> Path | None:
    """Find the nearest ``pyproject.toml``, upward from a folder, that has our table."""
    for folder in (start, *start.absolute().parents):
        file = folder / "pyproject.toml"
        if file.is_file() and "djtune" in _tool(file):
            return file
    return None


def _tool(file: Path) -> Table:
    """The ``tool`` table of a file; a file that never mentions us need not be valid TOML."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    if "djtune" not in text:
        return {}
    try:
        tool = tomllib.loads(text).get("tool", {})
    except tomllib.TOMLDecodeError as error:
        raise DjtuneError(f"{file}: not valid TOML: {error}") from None
    return tool if isinstance(tool, dict) else {}


def _read(file: Path) -> Any:
    return _tool(file)["djtune"]
