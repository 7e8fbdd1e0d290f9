"""HTML: the expressions of Angular's, Vue's and Alpine's templates, and scripts within."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from . import expressions, javascript
from .addresses import pieces_of
from .collected import Collected, dotted
from .expressions import Fragment
from .grammar import Tree

_ATTRIBUTES = """
(quoted_attribute_value (attribute_value) @value)
(attribute (attribute_value) @value)
"""
_SCRIPTS = "(script_element (raw_text) @code)"
_HIDDEN = re.compile(
    r"<!--.*?-->|<script\b.*?</script\s*>|<style\b.*?</style\s*>", re.DOTALL | re.IGNORECASE
)
_BRACES = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_BLOCK = re.compile(r"@(?:if|else\s+if|for|switch|case|defer)\s*\(")
_LET = re.compile(r"@let\s+\w+\s*=([^;]*);")
_BRACKET = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[()]")
_DJANGO = re.compile(r"\{%")
_SERVER_SIDE = re.compile(
    r"\{%-?\s*(?:verbatim|raw)\b[^%]*%\}(?P<client>.*?)\{%-?\s*end(?:verbatim|raw)\b[^%]*%\}"
    r"|\{%.*?%\}|\{#.*?#\}|(?P<value>\{\{.*?\}\})",
    re.DOTALL,
)
_LANGUAGE = re.compile(r"\blang\s*=\s*[\"']?(tsx?)\b")
_TYPE = re.compile(r"\btype\s*=\s*[\"']?([\w./+-]+)")
_SCRIPT_TYPES = {"", "module", "text/javascript", "application/javascript", "text/babel"}
_STANDARD = re.compile(
    r"(?:class|id|style|type|name|for|href|src|rel|role|target|method|action|value|lang|dir|alt"
    r"|title|placeholder|autocomplete|data-.*|aria-.*|i18n.*)",
    re.IGNORECASE,
)
"""What is HTML's own; the value of any other attribute may name a field: ``prop="title"``."""


def collect(units: str, into: Collected, base: int = 0) -> None:
    """Add what a template names; ``base`` is where it begins in its file."""
    text = _client_side(units)
    visible = _HIDDEN.sub(_blank, text)
    found = [*_interpolations(visible), *_blocks(visible)]
    tree = Tree("html", _without(text, found))
    for fragment in [*found, *_attributes(tree, into, base)]:
        script = Tree("typescript", f"{fragment.before}{fragment.text}{fragment.after}")
        begin = base + fragment.start - len(fragment.before)
        javascript.collect(script, into, begin)
        into.unparsed(script.errors(), begin)
    _scripts(tree, into, base)


def _client_side(units: str) -> str:
    """Blank out what Django or Jinja fills in before the page leaves the server.

    Without a ``{%`` the template is taken for a client's own.
    """

    def blanked(match: re.Match[str]) -> str:
        if match["client"] is not None:
            begin, end = (place - match.start() for place in match.span("client"))
            return " " * begin + match["client"] + " " * (len(match[0]) - end)
        return "0".ljust(len(match[0])) if match["value"] else _blank(match)

    return _SERVER_SIDE.sub(blanked, units) if _DJANGO.search(units) else units


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _without(text: str, fragments: Iterable[Fragment]) -> str:
    """Blank out the fragments: their ``<`` and ``"`` are no HTML."""
    kept = list(text)
    for fragment in fragments:
        end = fragment.start + len(fragment.text)
        kept[fragment.start : end] = " " * len(fragment.text)
    return "".join(kept)


def _interpolations(text: str) -> Iterator[Fragment]:
    for braces in _BRACES.finditer(text):
        yield expressions.plain(braces.start(1), braces[1])


def _blocks(text: str) -> Iterator[Fragment]:
    """``@if (…)``, ``@for (…)`` and ``@let`` of Angular."""
    for block in _BLOCK.finditer(text):
        end = _closing(text, block.end())
        yield expressions.microsyntax(block.end(), text[block.end() : end])
    for let in _LET.finditer(text):
        yield expressions.plain(let.start(1), let[1])


def _closing(text: str, start: int) -> int:
    """Where the parenthesis closes that was opened before ``start``."""
    depth = 1
    for sign in _BRACKET.finditer(text, start):
        depth += {"(": 1, ")": -1}.get(sign[0], 0)
        if not depth:
            return sign.start()
    return start


def _attributes(tree: Tree, into: Collected, base: int) -> Iterator[Fragment]:
    for value in tree.find(_ATTRIBUTES)["value"]:
        name = _attribute_name(tree, value.node)
        if name == "v-bind":
            into.blind(base + value.start)  # all fields of an object at once
        fragments = _fragments(name, value.start, value.text)
        yield from fragments
        if not fragments and "/" in value.text:
            into.strings |= pieces_of(value.text)
        elif not fragments and not _STANDARD.fullmatch(name):
            for offset, part in dotted(value.text):
                into.name(base + value.start + offset, part, "quoted")


def _attribute_name(tree: Tree, value: Any) -> str:
    attribute = value.parent
    if attribute.type == "quoted_attribute_value":
        attribute = attribute.parent
    return tree.text(attribute.children[0])


def _fragments(name: str, start: int, text: str) -> list[Fragment]:
    """The expressions in an attribute's value; none where it is plain text."""
    if name.startswith("*"):
        return [expressions.microsyntax(start, text)]
    if name in ("v-for", "x-for"):
        return expressions.loop(start, text)
    if name.startswith(("#", "v-slot", "slot-scope")):
        return [expressions.parameters(start, text)]
    if name.startswith(("(", "@", "v-on:", "on", "x-on:")):
        return [expressions.statements(start, text)]
    if name.startswith(("[", ":", "v-", "bind-", "x-")):
        return [expressions.plain(start, text)]
    return []


def _scripts(tree: Tree, into: Collected, base: int) -> None:
    for code in tree.find(_SCRIPTS)["code"]:
        tag = tree.text(code.node.parent.children[0])
        kind = _TYPE.search(tag)
        if kind and kind[1] == "text/x-template":
            collect(code.text, into, base + code.start)
        elif not kind or kind[1].lower() in _SCRIPT_TYPES:
            language = _LANGUAGE.search(tag)
            grammar = {"ts": "typescript", "tsx": "tsx"}.get(language[1] if language else "")
            script = Tree(grammar or "javascript", code.text)
            for start, template in javascript.collect(script, into, base + code.start):
                collect(template, into, start)
