"""Kotlin: properties, JSON objects asked by name, and classes that JSON is decoded into."""

import re
from typing import Any

from .addresses import pieces_of
from .collected import Collected, is_position
from .grammar import Found, Tree
from .members import read_bare

_QUERY = """
(navigation_expression (identifier) @read .)
(index_expression (_) . (string_literal (string_content) @read))
(index_expression (_) . [(identifier) (navigation_expression) (call_expression)] @index)
(call_expression (navigation_expression (identifier) @method .)
  (value_arguments . (value_argument (string_literal (string_content) @item))))

(assignment left: (navigation_expression (identifier) @written .) "=")
(assignment left: (index_expression (_) . (string_literal (string_content) @written)) "=")

(class_parameter . (identifier) @declared)
(class_parameter (modifiers) . (identifier) @declared)
(class_body (property_declaration (variable_declaration . (identifier) @declared)))
(annotation (constructor_invocation (user_type (identifier) @annotation)
  (value_arguments (value_argument (string_literal (string_content) @wire)))))

(variable_declaration . (identifier) @variable)
(parameter . (identifier) @variable)
(identifier) @identifier

(string_literal . (string_content) @string .)
(string_literal) @literal
"""
_GETS = re.compile(r"(?:get|opt|has|isNull)\w*")
_SERIAL_NAMES = {"Json", "JsonNames", "JsonProperty", "SerialName", "SerializedName"}
_NO_EXPRESSION = {
    "class_declaration", "class_parameter", "enum_entry", "function_declaration", "import",
    "object_declaration", "package_header", "parameter", "qualified_identifier", "type_alias",
    "type_parameter", "user_type", "variable_declaration",
}  # fmt: skip
"""What holds an identifier that is no expression."""


def collect(tree: Tree, into: Collected) -> None:
    """Add what a file names."""
    found = tree.find(_QUERY)
    into.add(found)
    gets = {one.node.parent.parent.id for one in found["method"] if _GETS.fullmatch(one.text)}
    for one in found["item"]:
        if one.node.parent.parent.parent.parent.id in gets:
            into.name(one.start, one.text, "read")
    bare = (one for one in found["identifier"] if _is_expression(one.node))
    declared = {one.start for one in found["declared"]}
    variables = [one for one in found["variable"] if one.start not in declared]
    read_bare(into, bare, found["declared"], variables)
    _serial_names(tree, found, into)
    for one in found["string"]:
        into.string(one.start, one.text)
    for one in found["literal"]:
        into.strings |= pieces_of(one.text.strip('"'))
    for one in found["index"]:
        if not is_position(one.text):
            into.blind(one.start)


def _is_expression(identifier: Any) -> bool:
    parent = identifier.parent
    first = parent.children[0].id == identifier.id
    if parent.type in ("navigation_expression", "value_argument"):
        return first if parent.type == "navigation_expression" else not _labels(parent, first)
    return parent.type not in _NO_EXPRESSION and not (parent.type == "call_expression" and first)


def _labels(argument: Any, first: bool) -> bool:
    """``title`` in ``Show(title = label)``."""
    return first and len(argument.children) > 1 and argument.children[1].type == "="


def _serial_names(tree: Tree, found: dict[str, list[Found]], into: Collected) -> None:
    """``@SerialName("starts_at") val begins: String``."""
    known = {
        one.node.parent.parent.parent.id for one in found["annotation"] if one.text in _SERIAL_NAMES
    }
    for one in found["wire"]:
        annotation = one.node.parent.parent.parent.parent.parent
        if annotation.id in known:
            into.name(one.start, one.text, "declared")
            local = _declared_by(annotation.parent.parent)
            if local is not None:
                into.alias(tree.text(local), one.text)


def _declared_by(declaration: Any) -> Any:
    """The name that a parameter or property declares; ``None`` for any other declaration."""
    if declaration.type == "property_declaration":
        declaration = next(
            (child for child in declaration.children if child.type == "variable_declaration"),
            declaration,
        )
    return next((child for child in declaration.children if child.type == "identifier"), None)
