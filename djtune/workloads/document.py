"""Reads YAML or JSON into plain data, remembering the line of every value."""

import contextlib
import json
import math
import re
from typing import Any

import yaml

MAX_VALUES = 100_000
"""Values in one file, aliases expanded."""

Path = tuple[str | int, ...]
"""Keys and indexes that lead to a value."""


class BadDocument(Exception):
    """A text that is no YAML or JSON; ``line`` counts from 1, 0 where it is not known."""

    def __init__(self, line: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.line = line
        self.message = message
        self.hint = hint


class Document:
    """Plain data with the line of every value."""

    def __init__(self, data: Any, lines: dict[Path, int]) -> None:
        self.data = data
        self._lines = lines

    def line(self, path: Path) -> int:
        """Return the line of a value, or of the nearest value around it; 0 where unknown."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 0)


class _Loader(yaml.SafeLoader):
    """YAML with the scalars of JSON: no dates, no ``yes``/``no``, no base-60 numbers.

    What it takes for other than text is a subset of YAML 1.1, so that any dumper's output
    reads back the same.
    """

    yaml_implicit_resolvers: dict[str, Any] = {}


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:[0-9]+\.[0-9]*(?:[eE][-+][0-9]+)?|\.[0-9]+|\.inf|\.nan)$"),
    list("-+0123456789."),
)
_Loader.add_implicit_resolver(MERGE := "tag:yaml.org,2002:merge", re.compile(r"^<<$"), ["<"])


def read_yaml(text: str) -> Document:
    """Parse YAML; raises :class:`BadDocument`."""
    loader = _start(text)
    try:
        node = loader.get_single_node()
        reader = _Reader(loader)
        data = None if node is None else reader.value(node, ())
    except yaml.MarkedYAMLError as error:
        raise _from_yaml(error) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise BadDocument(0, _unreadable(error)) from error
    return Document(data, reader.lines)


def read_json(text: str) -> Document:
    """Parse JSON; raises :class:`BadDocument`."""
    try:
        data = json.loads(text, object_pairs_hook=_pairs)
        _check_json(data)
    except json.JSONDecodeError as error:
        raise BadDocument(error.lineno, f"is not JSON: {error.msg}") from error
    except (RecursionError, ValueError) as error:
        raise BadDocument(0, _unreadable(error)) from error
    lines: dict[Path, int] = {}
    with contextlib.suppress(BadDocument):
        # JSON is YAML but for tabs between values, and for rare characters in text.
        lines = read_yaml(text.replace("\t", " "))._lines
    return Document(data, lines)


def _check_json(data: Any) -> None:
    if isinstance(data, dict):
        for key, value in data.items():
            _check_json(key)
            _check_json(value)
    elif isinstance(data, list):
        for value in data:
            _check_json(value)
    elif reason := _refused(data):
        raise ValueError(reason)


def _refused(value: Any) -> str:
    """Return why a value cannot travel as JSON, if it cannot."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value} is not a finite number"
    if isinstance(value, int) and abs(value) >= 2**63:
        return "a whole number must fit in 64 bits"
    if isinstance(value, str) and not _is_unicode(value):
        return "half of a surrogate pair is not a character"
    return ""


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _start(text: str) -> _Loader:
    try:
        return _Loader(text)
    except yaml.YAMLError as error:  # a character that YAML does not allow
        raise BadDocument(0, _unreadable(error)) from error


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"key {key!r} stands twice")
        found[key] = value
    return found


def _unreadable(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    return f"cannot be read: {str(error).splitlines()[0] if str(error) else error}"


def _from_yaml(error: yaml.MarkedYAMLError) -> BadDocument:
    mark = error.problem_mark or error.context_mark
    said = " ".join(filter(None, [error.problem, error.context]))
    return BadDocument(mark.line + 1 if mark else 0, f"is not YAML: {said}")


class _Reader:
    """Turns YAML nodes into plain data."""

    def __init__(self, loader: _Loader) -> None:
        self.lines: dict[Path, int] = {}
        self._loader = loader
        self._open: set[int] = set()
        self._count = 0

    def value(self, node: yaml.Node, path: Path) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        self._count += 1
        if self._count > MAX_VALUES:
            raise BadDocument(line, f"has more than {MAX_VALUES} values")
        if id(node) in self._open:
            raise BadDocument(line, "an alias stands inside what it stands for")
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            if isinstance(node, yaml.SequenceNode):
                return [self.value(item, (*path, n)) for n, item in enumerate(node.value)]
            return self._scalar(node, line)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise BadDocument(line, "a key must be text")
            key = key_node.value
            if reason := _refused(key):
                raise BadDocument(line, reason)
            if key_node.tag == MERGE:
                merged = {**self._merged(value_node, path, line), **merged}
                continue
            if key in own:
                raise BadDocument(line, f"key {key!r} stands twice")
            self.lines[(*path, key)] = line
            own[key] = self.value(value_node, (*path, key))
        return {**merged, **own}

    def _merged(self, node: yaml.Node, path: Path, line: int) -> dict[str, Any]:
        """Return what ``<<: *alias`` or ``<<: [*one, *other]`` adds, the first given winning."""
        value = self.value(node, path)
        mappings = value if isinstance(value, list) else [value]
        if not all(isinstance(mapping, dict) for mapping in mappings):
            raise BadDocument(line, "`<<:` takes a mapping, or a list of them")
        return {key: item for mapping in reversed(mappings) for key, item in mapping.items()}

    def _scalar(self, node: yaml.Node, line: int) -> Any:
        try:
            value = self._loader.construct_object(node)
        except yaml.MarkedYAMLError:
            raise BadDocument(line, f"tag {node.tag!r} is not allowed") from None
        except (ValueError, OverflowError):
            raise BadDocument(line, f"{node.value[:40]!r} is not a value of its tag") from None
        if reason := _refused(value):
            raise BadDocument(line, reason)
        if not isinstance(value, str | int | float | None):
            raise BadDocument(line, f"tag {node.tag!r} is not allowed")
        return value
