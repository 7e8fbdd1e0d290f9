"""What can be done about a link that closes cycles: what avoids it, and what upstream says."""

from collections.abc import Mapping
from typing import Any

SERIALIZERS = (
    "REST framework's serializers and their fields refer to one another, and so hold the data that "
    "was serialized; upstream knows (encode/django-rest-framework #7250, #8472, closed). Routes "
    "with large answers do without: `.values()` rows into a JsonResponse leave none of it. "
    "Cutting `data.serializer` in a renderer (as Baserow's PR #5733 does) frees the data alone."
)
CONTEXTS = (
    "View, request and response of REST framework hold one another, and with them the answer's "
    "data. Upstream knows (encode/django-rest-framework #5826, #5994, closed). Views that return "
    "Django's own JsonResponse have no renderer context."
)
PREFETCH = (
    "prefetch_related over a reverse relation keeps the children with their parent and the parent "
    "with each child, `to_attr` too; so do both sides of a one-to-one relation. Fetching the "
    "children as `.values()` rows and grouping them by the foreign key leaves nothing; a foreign "
    "key followed forward has no such cycle."
)
_KNOWN: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("rest_framework.response", (), CONTEXTS),
    ("rest_framework.request", (), CONTEXTS),
    ("rest_framework.views", (), CONTEXTS),
    (
        "rest_framework.viewsets",
        (),
        "A viewset keeps its own methods under the names of HTTP methods, and with them what it "
        "refers to. Generic views (`ListAPIView` …) do so with `head` alone.",
    ),
    ("rest_framework", (), SERIALIZERS),
    ("django.views", ("View.request",), CONTEXTS),
    (
        "django.views",
        ("View.head",),
        "Django's class-based views keep their own `get` as `head`; a `head` method of the view's "
        "own, or a function, does not.",
    ),
    ("django.db.models.base", ("ModelState.fields_cache", "Model._state"), PREFETCH),
    (
        "django.db.models.sql.compiler",
        (),
        "Django's compiler leaves a recursive function behind with each `select_related()`: a few "
        "objects whatever the rows, not worth avoiding.",
    ),
    (
        "django.contrib.messages",
        (),
        "MessageMiddleware ties the request to its storages. Routes that show no messages can do "
        "without it.",
    ),
    ("django.core.handlers", ("WSGIRequest._messages", "ASGIRequest._messages"), "messages"),
    (
        "django.contrib.auth",
        (),
        "AuthenticationMiddleware keeps the request in what it puts there (`user`, `auser`). An "
        "API that signs in by tokens alone can do without it.",
    ),
    ("django.core.handlers", ("WSGIRequest.auser", "WSGIRequest.user"), "auth"),
    ("django.core.handlers", ("ASGIRequest.auser", "ASGIRequest.user"), "auth"),
    (
        "django.forms",
        (),
        "A form and its bound fields refer to one another: a few objects for each field.",
    ),
)
_MEANT = {"messages": "django.contrib.messages", "auth": "django.contrib.auth"}


def remedy(link: Mapping[str, Any]) -> str:
    """What to do about a link, as the agent names it; empty where nothing is known."""
    if link["kind"] == "prefetch":
        return PREFETCH
    if link["origin"] == "app":
        return _own(link)
    name = f"{link['owner']}.{link['attribute'].partition('[')[0]}"
    for module, names, text in _KNOWN:
        if link["module"].startswith(module) and (not names or name in names):
            return remedy({**link, "module": _MEANT[text]}) if text in _MEANT else text
    return ""


def _own(link: Mapping[str, Any]) -> str:
    attribute = link["attribute"]
    if attribute.startswith("(local)"):
        return (
            "Do not keep the exception: its traceback holds the frame that holds it. "
            f"`del {attribute.removeprefix('(local) ')}` at the end, in `finally`."
        )
    if attribute.startswith("(closure)"):
        return (
            "The function is among the variables that it uses. Move it out of the function that "
            "defines it, and pass what it needs."
        )
    if attribute.startswith("(class"):
        return "Make the class once, at the module's level or behind `functools.cache`."
    if link["kind"] == "outside":
        return f"Do not store it there, or store `weakref.ref(…)`: see who sets `.{attribute}`."
    return (
        f"Hold it weakly (`self.{attribute} = weakref.ref(…)`, called to read it), or do not "
        "store it: pass it to the methods that need it."
    )
