"""Tells which field of which model a URL parameter is looked up by, without calling the view.

What is trusted, in this order: the class attributes that Django's and DRF's generic views read
(``queryset``, ``model``, ``lookup_field``, ``slug_field`` …); the view's source, where a
parameter is passed to a lookup (``get_object_or_404(Show, slug=slug)``); the parameter's name
(``channel_id``), where just one model of the project goes by it.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db import models
from django.views.generic.dates import DateMixin
from django.views.generic.detail import SingleObjectMixin

from .sources import SourceLookup, is_model, models_in, read_lookups
from .views import View

Model = type[models.Model]

_KEYS = ("pk", "id", "slug", "uuid")


@dataclass(frozen=True)
class Lookup:
    """A field of a model, and the rows that the view would find."""

    model: Model
    field: str
    filter: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def recipe(self) -> dict[str, Any]:
        """Return the recipe that draws such values."""
        recipe: dict[str, Any] = {"model": self.model._meta.label, "field": self.field}
        if self.filter:
            recipe["filter"] = dict(self.filter)
        return recipe


def find_lookups(view: View, converters: Mapping[str, str], route: str) -> dict[str, Lookup | str]:
    """Return for each parameter what it looks up, or the reason why that cannot be told.

    ``converters`` holds the converter of each parameter of the route, by name.
    """
    read = read_lookups(view, set(converters))
    model, filters = _model_of(view, read)
    found: dict[str, Lookup | str] = {}
    for name, converter in converters.items():
        found[name] = (
            _by_attributes(view, name, model, filters)
            or _by_source(read, name, model, filters)
            or _by_name(name, converter, model, filters, route)
            or _reason(name, converter, model)
        )
    return _one_row(found, model)


def _model_of(view: View, read: list[SourceLookup]) -> tuple[Model | None, dict[str, Any]]:
    """Return the model that a view is about, and the constant filters on it."""
    queryset = view.attribute("queryset")
    if isinstance(queryset, models.QuerySet | models.Manager):
        constant = _constant_filters(queryset) if isinstance(queryset, models.QuerySet) else {}
        return queryset.model, constant
    model = view.attribute("model")
    if is_model(model):
        return model, {}
    if view.cls is None:
        used = {lookup.model for lookup in read if lookup.model} or set(models_in(view))
        return (used.pop(), {}) if len(used) == 1 else (None, {})
    for function in view.functions():
        if function.__name__ == "get_queryset" and (named := models_in(view, only=function)):
            return named[0], {}
    for holder, meta in (("serializer_class", "Meta"), ("form_class", "_meta")):
        model = getattr(getattr(view.attribute(holder), meta, None), "model", None)
        if is_model(model):
            return model, {}
    used = set(models_in(view))
    return (used.pop(), {}) if len(used) == 1 else (None, {})


def _constant_filters(queryset: models.QuerySet[Any]) -> dict[str, Any]:
    """Return the plain ``field=constant`` conditions of a queryset."""
    where = queryset.query.where
    if where.connector != "AND" or where.negated:
        return {}
    found = {}
    for condition in where.children:
        target = getattr(getattr(condition, "lhs", None), "target", None)
        value = getattr(condition, "rhs", None)
        exact = getattr(condition, "lookup_name", "") == "exact"
        if not isinstance(target, models.Field) or target.model is not queryset.model:
            continue
        if exact and isinstance(value, bool | int | str):
            found[target.name] = value
    return found


def _by_attributes(
    view: View, name: str, model: Model | None, filters: dict[str, Any]
) -> Lookup | None:
    """Read what the generic views of Django and DRF are told by class attributes."""
    if view.cls is None or model is None:
        return None
    field = _attribute_field(view, name)
    return Lookup(model, field, filters) if field and has_field(model, field) else None


def _attribute_field(view: View, name: str) -> str:
    assert view.cls is not None
    if issubclass(view.cls, SingleObjectMixin):
        if name == view.attribute("pk_url_kwarg"):
            return "pk"
        if name == view.attribute("slug_url_kwarg"):
            return str(view.attribute("slug_field"))
    if issubclass(view.cls, DateMixin) and name in ("year", "month", "day"):
        numeric = name != "month" or view.attribute("month_format") == "%m"
        date_field = view.attribute("date_field")
        return f"{date_field}__{name}" if numeric and date_field else ""
    if "rest_framework" in sys.modules:
        lookup_field = view.attribute("lookup_field")
        lookup_kwarg = view.attribute("lookup_url_kwarg") or lookup_field
        if isinstance(lookup_field, str) and name == lookup_kwarg:
            return lookup_field
    return ""


def _by_source(
    read: list[SourceLookup], name: str, model: Model | None, filters: dict[str, Any]
) -> Lookup | None:
    for lookup in read:
        on = lookup.model or model
        if lookup.param == name and on is not None and has_field(on, lookup.field):
            constant = {key: value for key, value in lookup.filter.items() if has_field(on, key)}
            return Lookup(on, lookup.field, {**(filters if on is model else {}), **constant})
    return None


def _by_name(
    name: str, converter: str, model: Model | None, filters: dict[str, Any], route: str
) -> Lookup | None:
    if name in _KEYS:
        about = model or _named_in(route, name)
        on, field = about, {"id": "pk"}.get(name, name)
    else:
        on, field = _named(name, converter, model)
    if on is None or not has_field(on, field) or not _fits(converter, on, field):
        return None
    return Lookup(on, field, filters if on is model else {})


def _named(name: str, converter: str, own: Model | None) -> tuple[Model | None, str]:
    """Split ``channel_slug`` or ``channel`` into a model of the project and its field.

    Without such a model, it may be a field of the view's own model: ``orders/<number>/``.
    """
    app = own._meta.app_label if own else ""
    stem, _, last = name.rpartition("_")
    if stem and last in _KEYS and (model := _only_model(stem, app)):
        return model, {"id": "pk"}.get(last, last)
    model = _only_model(name, app)
    if model is None:
        return (own if own and _field(own, name) else _user_named(name)), name
    return model, "slug" if converter != "int" and has_field(model, "slug") else "pk"


def _user_named(name: str) -> Model | None:
    """Return the user model where the parameter is its ``USERNAME_FIELD``."""
    try:
        model: Any = get_user_model()
    except ImproperlyConfigured:  # a project without django.contrib.auth
        return None
    return model if name == model.USERNAME_FIELD else None


def _only_model(name: str, app: str = "") -> Model | None:
    """Return the model of that name where the project, or else the app, has just one."""
    wanted = name.replace("_", "").lower()
    found = [model for model in apps.get_models() if model._meta.model_name == wanted]
    near = [model for model in found if model._meta.app_label == app]
    return next((some[0] for some in (found, near) if len(some) == 1), None)


def _named_in(route: str, param: str) -> Model | None:
    """Return the model that the part of the route before the parameter names in the plural."""
    before = route.partition(f":{param}>")[0] if f":{param}>" in route else route.partition("<")[0]
    words = [word for word in before.replace("<", "/").split("/") if word.isidentifier()]
    for word in reversed(words):
        for singular in (word, word.removesuffix("s"), word.removesuffix("es")):
            if model := _only_model(singular):
                return model
    return None


def has_field(model: Model, path: str) -> bool:
    """Tell whether ``QuerySet.values_list`` could read the path, ``channel__slug`` for example."""
    current: Model | None = model
    for name in path.split("__"):
        if current is None:
            return name in ("year", "month", "day", "date")
        if name == "pk":
            current = None
            continue
        found = _field(current, name)
        if found is None:
            return False
        related = getattr(found, "related_model", None)
        current = related if isinstance(related, type) and name != _attname(found) else None
    return True


def _field(model: Model, name: str) -> Any:
    try:
        return model._meta.get_field(name)
    except FieldDoesNotExist:
        return next((f for f in model._meta.concrete_fields if f.attname == name), None)


def _attname(found: Any) -> str:
    return getattr(found, "attname", "") if getattr(found, "is_relation", False) else ""


def _fits(converter: str, model: Model, path: str) -> bool:
    """Tell whether the converter would take the field's values."""
    if "__" in path:
        return True
    of = model._meta.pk if path == "pk" else _field(model, path)
    of = getattr(of, "target_field", of)
    if converter == "int":
        return isinstance(of, models.IntegerField)
    if converter == "uuid":
        return isinstance(of, models.UUIDField)
    return True


def _one_row(found: dict[str, Lookup | str], model: Model | None) -> dict[str, Lookup | str]:
    """Look a parent up through its child, so that both values come from one row.

    ``channels/<channel_pk>/programmes/<pk>/`` finds a programme only on its own channel.
    """
    child = next(
        (item for item in found.values() if isinstance(item, Lookup) and item.model is model), None
    )
    if child is None or model is None:
        return found
    joined = dict(found)
    for name, item in found.items():
        if isinstance(item, Lookup) and item.model is not model:
            relation = _only_relation(model, item.model)
            if relation:
                joined[name] = Lookup(model, f"{relation}__{item.field}", child.filter)
    return joined


def _only_relation(model: Model, parent: Model) -> str:
    keys = [
        key.name
        for key in model._meta.concrete_fields
        if isinstance(key, models.ForeignKey) and key.related_model is parent
    ]
    return keys[0] if len(keys) == 1 else ""


def _reason(name: str, converter: str, model: Model | None) -> str:
    if model is None:
        return "the view's model could not be told"
    kind = "" if converter in ("regex", "str") else f" that <{converter}:{name}> takes"
    return f"no field of {model._meta.label}{kind} goes by this name"
