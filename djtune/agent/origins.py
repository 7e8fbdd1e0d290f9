"""Why Django makes a query: which relation of which object it follows, read off the stack.

Looked at once per distinct place and statement, so it may take its time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

NESTING = 3
"""How deep rows are searched for an object that came along by ``select_related``."""


@dataclass(slots=True)
class Origin:
    """What a query was made for."""

    kind: str
    """``forward``, ``reverse_one``, ``reverse_many``, ``many_to_many``, ``generic_foreign_key``,
    ``generic_relation``, ``deferred``: an object's relation or column; ``prefetch``; ``queryset``:
    any other queryset; ``statement``: SQL that the app wrote itself."""
    relation: str = ""
    """The field's or accessor's name; of a prefetch its path."""
    instance: Any = None
    """The object whose relation it is."""
    method: str = ""
    """The queryset's method that asked: ``get``, ``count`` …; empty for iteration."""
    narrowed: bool = False
    """A related manager was filtered, ordered or sliced, so that a plain prefetch is no help."""
    prefetched: bool = False
    """The object has these rows already, but was asked in a way that passes them over."""
    model: Any = None
    """The model that is queried."""
    owners: tuple[type, ...] = ()
    """The models whose objects may have the relation, where no one object is known."""


_METHODS = frozenset(
    (
        *("get", "first", "last", "count", "exists", "contains", "aggregate", "earliest"),
        *("latest", "in_bulk", "iterator", "create", "update", "delete", "get_or_create"),
        *("update_or_create", "bulk_create", "bulk_update"),
    )
)


def origin_of(frame: FrameType | None) -> Origin:
    """What the query that is made under ``frame`` is for."""
    queryset: Any = None
    method = ""
    for name, file, names in _framework_frames(frame):
        if file.endswith("db/models/fields/related_descriptors.py"):
            if found := _followed_one(name, names) or _counted(name, names):
                return found
        elif file.endswith("db/models/query_utils.py") and name == "__get__":
            if names.get("instance") is not None and hasattr(names.get("self"), "field"):
                field = names["self"].field
                return Origin("deferred", field.attname, names["instance"], model=field.model)
        elif file.endswith("contenttypes/fields.py") and name in ("__get__", "fetch_one"):
            owner = names.get("self")
            relation = getattr(owner, "name", None) or owner.field.name  # type: ignore[union-attr]
            if names.get("instance") is not None:
                return Origin("generic_foreign_key", relation, names["instance"])
        elif file.endswith("db/models/query.py"):
            if name == "prefetch_one_level":
                path = names["lookup"].get_current_prefetch_to(names["level"])
                instances = names["instances"]
                return Origin("prefetch", path, instances[0], model=_model_of(queryset))
            if queryset is None and hasattr(names.get("self"), "_hints"):
                queryset = names["self"]
            if name in _METHODS:
                method = name
    if queryset is None:
        return Origin("statement")
    return _of_queryset(queryset, method)


def _framework_frames(frame: FrameType | None) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Function, file and names of the frames from the cursor out to the first that is not
    Django's database layer.
    """
    while frame is not None:
        file = frame.f_code.co_filename
        inside = "/django/db/" in file or "contenttypes/" in file or "/django/utils/" in file
        if not inside and not _passes(file):
            return
        yield frame.f_code.co_name, file, frame.f_locals
        frame = frame.f_back


def _passes(file: str) -> bool:
    """Frames between those of Django: the probes', and the standard library's small helpers."""
    return "/agent/" in file or file.endswith(("contextlib.py", "functools.py"))


def _followed_one(name: str, names: dict[str, Any]) -> Origin | None:
    descriptor, instance = names.get("self"), names.get("instance")
    if instance is None or isinstance(instance, type):
        return None
    if name == "get_object" or (name == "fetch_one" and hasattr(descriptor, "field")):
        field = descriptor.field  # type: ignore[union-attr]
        return Origin("forward", field.name, instance, model=field.related_model)
    if name in ("__get__", "fetch_one") and hasattr(descriptor, "related"):
        related = descriptor.related  # type: ignore[union-attr]
        accessor = related.get_accessor_name()
        return Origin("reverse_one", accessor, instance, model=related.related_model)
    return None


def _counted(name: str, names: dict[str, Any]) -> Origin | None:
    """``.count()`` and ``.exists()`` of many-to-many managers, which ask the table between."""
    manager = names.get("self")
    if name not in ("count", "exists") or not hasattr(manager, "prefetch_cache_name"):
        return None
    relation = str(manager.prefetch_cache_name)  # type: ignore[union-attr]
    instance, through = manager.instance, manager.through  # type: ignore[union-attr]
    if manager.reverse:  # type: ignore[union-attr]
        for related in instance._meta.related_objects:
            if related.many_to_many and related.through is through:
                relation = related.get_accessor_name()
    return Origin("many_to_many", relation, instance, name, model=manager.model)  # type: ignore[union-attr]


def _model_of(queryset: Any) -> Any:
    return getattr(queryset, "model", None)


def _of_queryset(queryset: Any, method: str) -> Origin:
    instance = queryset._hints.get("instance")
    if instance is not None:
        for kind, name in _relations_to(type(instance), queryset):
            narrowed = _narrowed(queryset, kind)
            known = _is_prefetched(instance, name)
            return Origin(kind, name, instance, method, narrowed, known, queryset.model)
    if relations := _generic_relations(queryset):
        owners = tuple(relation.model for relation in relations)
        name, narrowed = relations[0].name, _narrowed(queryset, "")
        return Origin(
            "generic_relation",
            name,
            None,
            method,
            narrowed,
            model=queryset.model,
            owners=owners,
        )
    raw = not hasattr(queryset, "_known_related_objects")
    return Origin("queryset", method="raw" if raw else method, model=queryset.model)


def _is_prefetched(instance: Any, relation: str) -> bool:
    known = getattr(instance, "_prefetched_objects_cache", {})
    # Of a many-to-many relation without a name of its own, Django keeps the query's name.
    return relation in known or relation.removesuffix("_set") in known


def _relations_to(owner: type, queryset: Any) -> Iterator[tuple[str, str]]:
    """The relations of ``owner`` that its manager's queryset may be of, the surest first."""
    for field in getattr(queryset, "_known_related_objects", ()):
        if field.model is queryset.model and field.remote_field is not None:
            yield "reverse_many", field.remote_field.get_accessor_name()
    meta: Any = owner._meta  # type: ignore[attr-defined]
    for field in meta.many_to_many:
        if field.related_model is queryset.model and _joins(queryset, field.remote_field.through):
            yield "many_to_many", field.name
    for relation in meta.related_objects:
        if relation.related_model is not queryset.model:
            continue
        if relation.many_to_many and _joins(queryset, relation.through):
            yield "many_to_many", relation.get_accessor_name()
        elif relation.one_to_many:
            yield "reverse_many", relation.get_accessor_name()


def _joins(queryset: Any, through: Any) -> bool:
    return through._meta.db_table in str(queryset.query.alias_map.keys())


def _narrowed(queryset: Any, kind: str) -> bool:
    """Whether more was asked for than the model's own manager does, which a prefetch asks too."""
    query, usual = queryset.query, queryset.model._default_manager.get_queryset().query
    conditions = len(query.where.children) - len(usual.where.children) - (1 if kind else 2)
    return bool(
        conditions > 0
        or query.is_sliced
        or query.distinct != usual.distinct
        or query.order_by != usual.order_by
        or list(query.annotations) != list(usual.annotations)
    )


def _generic_relations(queryset: Any) -> list[Any]:
    """The GenericRelations that this may be the manager of, if all have one name.

    Their managers leave no other trace.
    """
    from django.apps import apps

    found = [
        field
        for model in apps.get_models()
        for field in model._meta.private_fields
        if getattr(field, "related_model", None) is queryset.model
        and _compares(queryset, getattr(field, "object_id_field_name", ""))
    ]
    return found if len({field.name for field in found}) == 1 else []


def _compares(queryset: Any, field: str) -> bool:
    targets = {
        getattr(getattr(getattr(child, "lhs", None), "target", None), "name", "")
        for child in queryset.query.where.children
    }
    return bool(field) and field in targets


def path_to(instance: Any, rows: Sequence[Any], nested: bool) -> str | None:
    """How ``rows`` hold an object: ``""`` as a row, ``a__b`` by ``select_related``, None not."""
    for row in rows:
        if row is instance:
            return ""
    if nested:
        for row in rows:
            found = _path_inside(instance, row, NESTING)
            if found:
                return found
    return None


def _path_inside(instance: Any, row: Any, depth: int) -> str:
    state = getattr(row, "_state", None)
    for name, value in getattr(state, "fields_cache", {}).items():
        if value is instance:
            return str(name)
        if depth > 1 and value is not None:
            inner = _path_inside(instance, value, depth - 1)
            if inner:
                return f"{name}__{inner}"
    return ""
