"""The code behind the routes of an app, as it is seen on a stack."""

from msgspec import Struct

Code = tuple[str, str]
"""The qualified name of a function, and its file: from ``site-packages`` where it is
installed, else from the project's root."""


class Entry(Struct, frozen=True):
    """One route of the URLconf and the code that answers it."""

    route: str
    view: str
    """Dotted path of the view."""
    name: str = ""
    """The view class's own name; empty for a function."""
    file: str = ""
    line: int = 0
    functions: tuple[Code, ...] = ()
    """In which the view's part of a request begins: the function, or the class's methods by HTTP
    method or action, wherever they are inherited from."""
    methods: tuple[Code, ...] = ()
    """All functions of the application's own that the view class has; those that it overrides are
    not among them."""
