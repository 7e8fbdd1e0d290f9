"""Workload files: YAML or JSON in, YAML out."""

import io
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml

from djtune.errors import DjtuneError
from djtune.model.workload import Workload

from .checks import Problem, workload_of
from .document import BadDocument, Document, read_json, read_yaml
from .urlconf import Skipped, single_step

LINE_WIDTH = 100
SAFE = ("GET", "HEAD", "OPTIONS")
WITH_BODY = ("POST", "PUT", "PATCH")


def load(path: Path | str) -> Workload:
    """Read a workload file.

    Raises :class:`DjtuneError` with the file, the line, what is wrong and what is allowed.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DjtuneError(f"{path} is not UTF-8 text") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DjtuneError(
            f"workload file {path} cannot be read: {reason}",
            hint="`djtune workload init` writes one for your project",
        ) from error
    return loads(text, name=str(path), json=path.suffix == ".json")


def loads(text: str, *, name: str = "workload", json: bool = False) -> Workload:
    """Read a workload from text, called ``name`` in errors; see :func:`load`."""
    parse: Callable[[str], Document] = read_json if json else read_yaml
    try:
        document = parse(text)
    except BadDocument as error:
        raise _located(name, error.line, error.message, error.hint) from error
    try:
        return workload_of(document.data)
    except Problem as problem:
        line = document.line(problem.path)
        raise _located(name, line, problem.message, problem.hint) from problem


def dump(workload: Workload, skipped: Sequence[Skipped] = ()) -> str:
    """Write a workload as YAML that :func:`loads` reads back the same.

    Routes that still need a recipe stand at the end as comments, ready to be filled in.
    """
    return _yaml(_ordered(workload)) + "".join(_wanting(skipped))


def _located(name: str, line: int, message: str, hint: str) -> DjtuneError:
    where = f"{name}:{line}" if line else name
    return DjtuneError(f"{where}: {message}", hint=hint)


class _Dumper(yaml.SafeDumper):
    """Indents lists under their key and writes every value out."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    """Write what is not printable in escapes: PyYAML misplaces some line ends otherwise."""
    style = None if value.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def _yaml(data: Any) -> str:
    stream = io.StringIO()
    dumper = _Dumper(
        stream, default_flow_style=False, sort_keys=False, allow_unicode=True, width=LINE_WIDTH
    )
    dumper.open()
    node = dumper.represent_data(data)
    _compact(node)
    dumper.serialize(node)
    dumper.close()
    return stream.getvalue()


_ON_ONE_LINE = {"capture", "expect", "filter", "statuses"}
_GROUPS = {"params", "query", "headers", "body"}


def _compact(node: yaml.Node) -> None:
    """Write recipes, and what is as short, on one line."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _compact(item)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value in _ON_ONE_LINE:
                _flow(value)
            elif key.value in _GROUPS and isinstance(value, yaml.MappingNode):
                for _, recipe in value.value:
                    _flow(recipe)
            else:
                _compact(value)


def _flow(node: yaml.Node) -> None:
    if isinstance(node, yaml.CollectionNode):
        node.flow_style = True


def _ordered(workload: Workload) -> dict[str, Any]:
    """Put what the journeys stand on before them, and leave out what goes without saying."""
    data: dict[str, Any] = {"version": workload.version, **msgspec.to_builtins(workload)}
    data["journeys"] = [_brief(journey) for journey in data.pop("journeys")]
    return data


def _brief(journey: dict[str, Any]) -> dict[str, Any]:
    steps = [
        {key: value for key, value in step.items() if (key, value) != ("expect", [200])}
        for step in journey.pop("steps")
    ]
    return {**journey, "steps": steps}


def _wanting(skipped: Sequence[Skipped]) -> Iterator[str]:
    """Write routes that need a recipe as comments in the form of journeys."""
    wanting = [one for one in skipped if one.params or one.journey]
    if wanting:
        yield "\n  # These routes need a recipe where `?` stands. Fill it in and uncomment them.\n"
    for one in wanting:
        journey = msgspec.to_builtins(one.journey or single_step(one.method, one.route, {}))
        lines = _yaml([_brief(journey)]).rstrip("\n").split("\n")
        if one.params:
            lines.append("      params:")
        for param in one.params:
            value = _inline(param.recipe) if param.recipe else f"?  # {param.reason}"
            lines.append(f"        {_inline(param.name)}: {value}")
        if one.method not in SAFE:
            lines.append("      unsafe: false  # true makes the request; it is rolled back")
        if one.method in WITH_BODY:
            lines.append("      body: ?  # a log does not tell what was sent")
        yield from (f"  # {line}\n" for line in lines)


def _inline(value: Any) -> str:
    return yaml.safe_dump(value, default_flow_style=True, width=math.inf).split("\n")[0]
