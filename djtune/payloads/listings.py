"""Names taken out of a list of names in the source, however it is laid out."""

import ast
from collections.abc import Collection, Sequence

from djtune.model.patches import WIDTH
from djtune.payloads.cutting import Cutting


def names_in(node: ast.expr) -> list[str] | None:
    """The names that a list or tuple of strings holds; None for anything else."""
    if not isinstance(node, (ast.List, ast.Tuple)):
        return None
    found = [e.value for e in node.elts if isinstance(e, ast.Constant) and isinstance(e.value, str)]
    return found if len(found) == len(node.elts) else None


def take_out(cutting: Cutting, node: ast.expr, names: Collection[str]) -> None:
    """Take names out of the list or tuple ``node``.

    Elements with lines of their own go with these; else the whole is written anew, unless a
    comment inside of it would be lost: then
    :class:`~djtune.payloads.cutting.UnclearError` is raised.
    """
    assert isinstance(node, (ast.List, ast.Tuple))
    held = names_in(node) or []
    kept = [element for element, name in zip(node.elts, held, strict=True) if name not in names]
    gone = [element for element in node.elts if element not in kept]
    if not gone:
        return
    if _have_lines(cutting, node, gone) and _stays_a_list(cutting, node, kept):
        for element in gone:
            cutting.drop_line(element.lineno)
    else:
        write(cutting, node, [cutting.text(element) for element in kept])


def write(cutting: Cutting, node: ast.expr, elements: Sequence[str]) -> None:
    """Write a list of these elements, each as source, in the place of ``node``."""
    opening, closing = ("(", ")") if isinstance(node, ast.Tuple) else ("[", "]")
    lone = "," if isinstance(node, ast.Tuple) and len(elements) == 1 else ""
    text = f"{opening}{', '.join(elements)}{lone}{closing}"
    indent = cutting.indent(node.lineno)
    if node.col_offset + len(text) > WIDTH:
        lines = "".join(f"{indent}    {element},\n" for element in elements)
        text = f"{opening}\n{lines}{indent}{closing}"
    cutting.replace(node, text)


def _have_lines(cutting: Cutting, node: ast.expr, gone: Sequence[ast.expr]) -> bool:
    """Whether each of the elements is all that its line holds, but for a comma and a comment."""
    return all(_has_line(cutting, node, element) for element in gone)


def _has_line(cutting: Cutting, node: ast.expr, element: ast.expr) -> bool:
    if element.lineno != element.end_lineno or element.lineno in (node.lineno, node.end_lineno):
        return False
    line = cutting.lines[element.lineno - 1]
    after = line[element.end_col_offset :].strip().removeprefix(b",").strip()
    return not line[: element.col_offset].strip() and (not after or after.startswith(b"#"))


def _stays_a_list(cutting: Cutting, node: ast.expr, kept: Sequence[ast.expr]) -> bool:
    """Whether what remains needs no comma that is not there: a tuple of one does."""
    if isinstance(node, ast.List) or len(kept) > 1:
        return True
    if not kept:
        return cutting.lines[node.lineno - 1][node.col_offset :].startswith(b"(")
    line = cutting.lines[kept[0].lineno - 1]
    return line[kept[0].end_col_offset :].strip().startswith(b",")
