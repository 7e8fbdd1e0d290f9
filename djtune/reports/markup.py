"""HTML and SVG elements, built as a tree so that every text is escaped where it is written."""

from xml.etree.ElementTree import Element, tostring

Child = Element | str | None


def tag(name: str, /, *children: Child, **attributes: str | float | bool | None) -> Element:
    """An element with its children; ``None`` is left out, ``True`` is an attribute without value.

    ``class_`` and ``for_`` lose their underscore, others become dashes: ``aria_label``.
    """
    element = Element(name)
    for key, value in attributes.items():
        if value is None or value is False or value == "":
            continue
        text = key if value is True else f"{value:.4g}" if isinstance(value, float) else str(value)
        element.set(key.rstrip("_").replace("_", "-"), text)
    extend(element, *children)
    return element


def extend(element: Element, *children: Child) -> None:
    """Add children to the end of an element."""
    for child in children:
        if isinstance(child, Element):
            element.append(child)
        elif child and len(element):
            element[-1].tail = (element[-1].tail or "") + child
        elif child:
            element.text = (element.text or "") + child


def html(element: Element) -> str:
    """The element as HTML. ``style`` and ``script`` are written as they are."""
    return tostring(element, encoding="unicode", method="html")
