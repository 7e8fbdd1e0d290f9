"""Python: attributes, items of dictionaries, and models of pydantic, dataclasses and their like."""

from .addresses import pieces_of
from .collected import Collected, is_position
from .grammar import Found, Tree

_QUERY = """
(attribute attribute: (identifier) @read)
(subscript subscript: (string (string_content) @read))
(subscript subscript: [(identifier) (attribute) (call)] @index)
(dict_pattern key: (string (string_content) @read))
(keyword_pattern . (identifier) @read)
(comparison_operator . (string (string_content) @read) ["in" "not in"])
(call function: (attribute attribute: (identifier) @method)
  arguments: (argument_list . (string (string_content) @item)))
(call function: (identifier) @function
  arguments: (argument_list (string (string_content) @attribute)))

(assignment left: (attribute attribute: (identifier) @written))
(assignment left: (subscript subscript: (string (string_content) @written)))
(delete_statement (subscript subscript: (string (string_content) @written)))
(delete_statement (attribute attribute: (identifier) @written))

(class_definition body: (block (expression_statement (assignment left: (identifier) @declared))))
(pair key: (string (string_content) @declared))

(class_definition body: (block (expression_statement (assignment left: (identifier)
  right: (call arguments: (argument_list (keyword_argument
    name: (identifier) @option value: (string (string_content) @wire))))))))

(string . (string_start) . (string_content) @string . (string_end) .)
(string (string_content) @piece)
"""
_ITEM_METHODS = {"get", "pop", "setdefault"}
_ATTRIBUTE_FUNCTIONS = {"attrgetter", "getattr", "hasattr", "itemgetter"}
_ALIASES = {"alias", "data_key", "name", "validation_alias"}


def collect(tree: Tree, into: Collected) -> None:
    """Add what a module names."""
    found = tree.find(_QUERY)
    into.add(found)
    _asked_by_call(found, into)
    for one in found["string"]:
        into.string(one.start, one.text)
    for one in found["piece"]:
        into.strings |= pieces_of(one.text)
    for one in found["index"]:
        if not is_position(one.text):
            into.blind(one.start)
    options = {one.node.parent.id for one in found["option"] if one.text in _ALIASES}
    for one in found["wire"]:
        keyword = one.node.parent.parent
        if keyword.id in options:
            assignment = keyword.parent.parent.parent
            into.name(one.start, one.text, "declared")
            into.alias(tree.text(assignment.child_by_field_name("left")), one.text)


def _asked_by_call(found: dict[str, list[Found]], into: Collected) -> None:
    """``show.get("title")``, ``itemgetter("title")``."""
    gets = {one.node.parent.parent.id for one in found["method"] if one.text in _ITEM_METHODS}
    functions = {
        one.node.parent.id for one in found["function"] if one.text in _ATTRIBUTE_FUNCTIONS
    }
    for one in [*found["item"], *found["attribute"]]:
        if one.node.parent.parent.parent.id in gets | functions:
            into.name(one.start, one.text, "read")
