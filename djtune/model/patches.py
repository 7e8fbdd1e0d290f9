"""Changes of the app's source, as patches that apply."""

import ast
import difflib
import re

_QUERYSET_CALL = re.compile(
    r"\.(?:all|filter|exclude|order_by|annotate|only|defer|distinct|using|values|values_list|"
    r"a?get|a?first|a?last|a?iterator|reverse|select_related|prefetch_related|select_for_update|"
    r"a?in_bulk|a?earliest|a?latest|none)\("
)
_MANAGER = re.compile(r"\.objects\b(?!\s*\()")

_NO_LINE_END = "\\ No newline at end of file\n"

WIDTH = 100
"""Of a line; a longer one is broken up."""


def lines_of(source: str) -> list[str]:
    """The lines as Python counts them, with their ends: a form feed does not end one."""
    return [line.decode() for line in source.encode().splitlines(keepends=True)]


def unified(before: str, after: str, file: str) -> str:
    """A unified diff for ``patch -p1``; empty where nothing differs."""
    diff = difflib.unified_diff(lines_of(before), lines_of(after), f"a/{file}", f"b/{file}")
    return "".join(part if part.endswith("\n") else f"{part}\n{_NO_LINE_END}" for part in diff)


def with_call(source: str, line: int, call: str, file: str) -> str:
    """A unified diff that adds ``.call`` to the queryset that begins at ``line`` (from 1).

    Empty where the line does not show plainly which queryset that is, or the result would be no
    Python.
    """
    lines = lines_of(source)
    if not 0 < line <= len(lines):
        return ""
    changed = _changed(lines[line - 1], call)
    if not changed:
        return ""
    after = "".join([*lines[: line - 1], changed, *lines[line:]])
    try:
        ast.parse(after)
    except SyntaxError:
        return ""
    return unified(source, after, file)


def _changed(text: str, call: str) -> str:
    managers = list(_MANAGER.finditer(text))
    if len(managers) > 1:
        return ""
    calls = list(_QUERYSET_CALL.finditer(text))
    if not managers and not calls:
        return ""
    at = managers[0].end() if managers else calls[0].start()
    changed = f"{text[:at]}.{call}{text[at:]}"
    if len(changed.rstrip()) <= WIDTH or ", " not in call:
        return changed
    indent = text[: len(text) - len(text.lstrip())]
    return f"{text[:at]}.{_one_a_line(call, indent)}{text[at:]}"


def _one_a_line(call: str, indent: str) -> str:
    """The arguments of a call, or of a chain of calls, below each other."""
    opened = call.replace("(", f"(\n{indent}    ").replace(", ", f",\n{indent}    ")
    return opened.replace(")", f",\n{indent})")
