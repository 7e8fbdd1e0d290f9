"""Swift: properties, key paths, JSON dictionaries, and types that JSON is decoded into."""

import re
from typing import Any

from .addresses import pieces_of
from .collected import Collected, is_position
from .grammar import Found, Tree
from .members import read_bare

_QUERY = """
(navigation_suffix suffix: (simple_identifier) @read)
(value_arguments "[" . (value_argument value: (line_string_literal text: (line_str_text) @read)))
(value_arguments "[" .
  (value_argument value: [(simple_identifier) (navigation_expression) (call_expression)] @index))

(assignment target: (directly_assignable_expression (navigation_expression
  suffix: (navigation_suffix suffix: (simple_identifier) @written))) operator: "=")
(assignment target: (directly_assignable_expression (call_expression (call_suffix
  (value_arguments "[" .
    (value_argument value: (line_string_literal text: (line_str_text) @written))))))
  operator: "=")

(class_body (property_declaration name: (pattern bound_identifier: (simple_identifier) @declared)))
(enum_class_body (enum_entry name: (simple_identifier) @key))
(enum_class_body (enum_entry raw_value: (line_string_literal text: (line_str_text) @wire)))
(property_declaration
  (modifiers (attribute (line_string_literal text: (line_str_text) @wrapped))))

(pattern bound_identifier: (simple_identifier) @variable)
(if_statement bound_identifier: (simple_identifier) @variable)
(guard_statement bound_identifier: (simple_identifier) @variable)
(parameter name: (simple_identifier) @variable)
(lambda_parameter name: (simple_identifier) @variable)
(simple_identifier) @identifier

(line_string_literal . text: (line_str_text) @string .)
(line_str_text) @piece
"""
_NAME = re.compile(r"[\w.-]+")
_NO_EXPRESSION = {
    "enum_entry", "function_declaration", "identifier", "lambda_parameter", "navigation_suffix",
    "parameter", "pattern", "type_parameter", "user_type", "value_argument_label",
    "precedence_group_declaration", "call_expression", "prefix_expression",
}  # fmt: skip
"""What holds an identifier that is no expression, or the name of what is called."""


def collect(tree: Tree, into: Collected) -> None:
    """Add what a file names."""
    found = tree.find(_QUERY)
    into.add(found)
    declared = {one.start for one in found["declared"]}
    variables = [one for one in found["variable"] if one.start not in declared]
    bound = {one.start for one in found["variable"]}
    bare = (
        one
        for one in found["identifier"]
        if one.start not in bound and one.node.parent.type not in _NO_EXPRESSION
    )
    read_bare(into, bare, found["declared"], variables)
    _coding_keys(tree, found, into)
    _wrapped(tree, found, into)
    for one in found["string"]:
        into.string(one.start, one.text)
    for one in found["piece"]:
        into.strings |= pieces_of(one.text)
    for one in found["index"]:
        if not is_position(one.text):
            into.blind(one.start)


def _coding_keys(tree: Tree, found: dict[str, list[Found]], into: Collected) -> None:
    """``case begins = "starts_at"`` of an ``enum CodingKeys``."""
    for one in found["key"]:
        if _is_coding_key(tree, one.node.parent):
            into.name(one.start, one.text, "declared")
    for one in found["wire"]:
        entry = one.node.parent.parent
        if _is_coding_key(tree, entry):
            into.name(one.start, one.text, "declared")
            into.alias(tree.text(_key_before(entry, one.node)), one.text)


def _key_before(entry: Any, value: Any) -> Any:
    """Of ``case title, begins = "starts_at"`` the key that has this value."""
    keys = [child for child in entry.children if child.type == "simple_identifier"]
    return [key for key in keys if key.start_byte < value.start_byte][-1]


def _wrapped(tree: Tree, found: dict[str, list[Found]], into: Collected) -> None:
    """``@CodedAt("starts_at") var begins: Date``: a macro or property wrapper names it."""
    for one in found["wrapped"]:
        declaration = one.node.parent.parent.parent.parent
        if not _NAME.fullmatch(one.text):
            continue
        into.name(one.start, one.text, "declared")
        into.alias(tree.text(declaration.child_by_field_name("name")), one.text)


def _is_coding_key(tree: Tree, entry: Any) -> bool:
    declaration = entry.parent.parent
    return any(
        "CodingKey" in tree.text(child)
        for child in declaration.children
        if child.type in ("type_identifier", "inheritance_specifier")
    )
