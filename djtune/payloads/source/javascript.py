"""JavaScript and TypeScript: what is read of objects, and what is only declared."""

import re
from bisect import bisect
from typing import Any

from .addresses import pieces_of
from .collected import Collected, is_position
from .grammar import Found, Tree

_BOTH = """
(member_expression property: (property_identifier) @read)
(member_expression property: (property_identifier) @member)
(variable_declarator name: (object_pattern) @fallback
  value: (binary_expression operator: ["??" "||"]))
(assignment_pattern left: (object_pattern) @fallback)
(subscript_expression index: (string (string_fragment) @read))
(subscript_expression index: (_) @index)
(object_pattern (shorthand_property_identifier_pattern) @read)
(object_assignment_pattern left: (shorthand_property_identifier_pattern) @read)
(pair_pattern key: (property_identifier) @read)
(pair_pattern key: (string (string_fragment) @read))
(binary_expression left: (string (string_fragment) @read) operator: "in")

(assignment_expression left: (member_expression property: (property_identifier) @written))
(assignment_expression
  left: (subscript_expression index: (string (string_fragment) @written)))
(pair_pattern value: (member_expression property: (property_identifier) @written))
(array_pattern (member_expression property: (property_identifier) @written))
(unary_expression operator: "delete"
  argument: (member_expression property: (property_identifier) @written))
(for_in_statement left: (member_expression property: (property_identifier) @written))

(pair key: (property_identifier) @declared)
(pair key: (string (string_fragment) @declared))
(object (shorthand_property_identifier) @declared)
(jsx_attribute (property_identifier) @declared)

(update_expression argument: (identifier) @counter)
(augmented_assignment_expression left: (identifier) @counter)
(call_expression function: (member_expression
  object: (identifier) @class property: (property_identifier) @enumerates))

(template_string (template_substitution)) @composed
(binary_expression left: (string) operator: "+") @composed
(binary_expression operator: "+" right: (string)) @composed
(string (string_fragment) @string)
(template_string (string_fragment) @piece)
(import_statement source: (string (string_fragment) @imported))
(export_statement source: (string (string_fragment) @imported))
(call_expression function: [(import) (identifier)] @importer
  arguments: (arguments . (string (string_fragment) @argument)))
(pair key: (property_identifier) @key value: [(template_string) (string)] @template)
"""
_NO_JSX = _BOTH.replace("(jsx_attribute (property_identifier) @declared)", "")
_TYPES = """
(property_signature name: (property_identifier) @declared)
(property_signature name: (string (string_fragment) @declared))
(public_field_definition name: (property_identifier) @declared)
(literal_type (string (string_fragment) @declared))
"""
_CLASSES = "(field_definition property: (property_identifier) @declared)"
QUERIES = {
    "javascript": _BOTH + _CLASSES,
    "typescript": _NO_JSX + _TYPES,
    "tsx": _BOTH + _TYPES,
}
_ENUMERATES = {"entries", "values"}
_TEMPLATE = re.compile(r"`(\w*)\$\{.*\}(\w*)`", re.DOTALL)


def collect(tree: Tree, into: Collected, base: int = 0) -> list[tuple[int, str]]:
    """Add what a script names; return the HTML templates within it and their offsets.

    ``base`` is where the script begins in its file.
    """
    found = tree.find(QUERIES[tree.grammar])
    into.add(found, base)
    imported = _imported(found)
    for one in found["string"]:
        if one.start not in imported:
            into.string(base + one.start, one.text)
    for one in found["piece"]:
        into.strings |= pieces_of(one.text)
    for one in found["composed"]:
        into.composed(base + one.start, *_ends(tree, one), key=_is_key(one.node))
    _mark_perhaps(found, into, base)
    _computed(found, into, base)
    return [(base + start, text) for start, text in _templates(found)]


def _imported(found: dict[str, list[Found]]) -> set[int]:
    """Where the names of modules stand: of ``import``, ``require`` and ``import()``."""
    importers = {
        one.node.parent.start_byte for one in found["importer"] if one.text in ("require", "import")
    }
    required = {
        one.start
        for one in found["argument"]
        if one.node.parent.parent.parent.start_byte in importers
    }
    return required | {one.start for one in found["imported"]}


def _computed(found: dict[str, list[Found]], into: Collected, base: int) -> None:
    """Where any field may be meant: computed keys, but for positions in arrays."""
    counters = {one.text for one in found["counter"]}
    for one in found["index"]:
        if one.node.type not in ("string", "number") and not is_position(one.text, counters):
            into.blind(base + one.start)
    objects = {one.node.parent.id for one in found["class"] if one.text == "Object"}
    for one in found["enumerates"]:
        if one.text in _ENUMERATES and one.node.parent.id in objects:
            into.blind(base + one.start)


def _ends(tree: Tree, one: Found) -> tuple[str, str]:
    """What a string that is put together begins and ends with, as far as that is written there."""
    if one.node.type == "template_string":
        ends = _TEMPLATE.fullmatch(one.text)
        return (ends[1], ends[2]) if ends else ("", "")
    left, right = (
        tree.text(node)[1:-1] if node.type == "string" else ""
        for node in (one.node.children[0], one.node.children[-1])
    )
    return left, right


def _is_key(node: Any) -> bool:
    return bool(node.parent.type == "subscript_expression")


def _mark_perhaps(found: dict[str, list[Found]], into: Collected, base: int) -> None:
    """Mark what may read nothing: ``show?.title``, ``const { title } = show ?? {}``."""
    for one in found["member"]:
        if _is_optional(one.node.parent):
            into.perhaps(base + one.start)
    starts = sorted(one.start for one in found["read"])
    for pattern in found["fallback"]:
        end = pattern.start + len(pattern.text)
        for start in starts[bisect(starts, pattern.start) : bisect(starts, end)]:
            into.perhaps(base + start)


def _is_optional(node: Any) -> bool:
    """Whether a chain of members and calls has a ``?.`` in it."""
    while node is not None:
        if node.child_by_field_name("optional_chain") is not None:
            return True
        node = node.child_by_field_name("object") or node.child_by_field_name("function")
    return False


def _templates(found: dict[str, list[Found]]) -> list[tuple[int, str]]:
    """HTML in ``template: `…` `` of a component, as Angular and Vue have it."""
    keys = {one.node.parent.id for one in found["key"] if one.text == "template"}
    return [
        (one.start + 1, one.text[1:-1])
        for one in found["template"]
        if one.node.parent.id in keys and "<" in one.text
    ]
