"""One view a case; each is served at ``/its-name/``."""

from importlib.util import find_spec
from typing import Any

from django.urls import path

from books.views import api, plain


def paths() -> list[Any]:
    modules = [api, plain]
    if find_spec("adrf") is not None:
        from books.views import asynchronous

        modules.append(asynchronous)
    return [
        path(f"{name.replace('_', '-')}/", view)
        for module in modules
        for name, view in module.VIEWS.items()
    ]
