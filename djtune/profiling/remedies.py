"""What cures a query that is made too often: the words, and the call to add."""

from collections.abc import Iterable

from djtune.profiling.query_group import MANY, ONE, QueryGroup

FETCH_PEERS_SINCE = (6, 1)
PEERS_COVER = ONE
"""What ``FETCH_PEERS`` fetches for all rows at once; managers of many rows it does not
(docs.djangoproject.com, topics/db/fetch-modes)."""


def call_for(group: QueryGroup) -> str:
    """The call to add to the queryset, or an empty string where no one call is enough."""
    relation = group.relation
    if relation.root is None or not relation.path or relation.narrowed:
        return ""
    if relation.prefetched or relation.single:
        return ""
    if relation.kind in ("forward", "reverse_one"):
        name = "prefetch_related" if relation.many else "select_related"
        return f'{name}("{relation.path}")'
    if relation.kind in ("generic_foreign_key", "prefetch"):
        return f'prefetch_related("{relation.path}")'
    # Who only counts is not helped by loading all the rows.
    if relation.kind in MANY and relation.method in ("", "iterator"):
        return f'prefetch_related("{relation.path}")'
    return ""


def joined(calls: Iterable[str]) -> str:
    """Calls as a chain, ``select_related("a", "b").prefetch_related("c")``; empty where one is."""
    arguments: dict[str, list[str]] = {"select_related": [], "prefetch_related": []}
    for call in calls:
        name, _, argument = call.removesuffix(")").partition("(")
        if not name:
            return ""
        arguments[name].append(argument)
    return ".".join(
        f"{name}({', '.join(_longest(given))})" for name, given in arguments.items() if given
    )


def _longest(paths: list[str]) -> list[str]:
    """Without those that lie on the way to another one."""
    kept = dict.fromkeys(paths)
    return [path for path in kept if not any(o.startswith(path[:-1] + "__") for o in kept)]


def remedy_for(group: QueryGroup, django: tuple[int, int]) -> str:
    """How to ask once instead of once for each row."""
    relation = group.relation
    kind = relation.kind
    if kind == "deferred":
        return _with_peers(
            f"Load the column {relation.path!r} with the rows: add it to .only(), or take it out "
            f"of .defer(), on the queryset{_at(group)}.",
            group,
            django,
        )
    if kind in MANY:
        return _for_many(group)
    if call := call_for(group):
        return _with_peers(f"Add .{call} to the queryset{_at(group)}.", group, django)
    if relation.path:
        name = (
            "prefetch_related"
            if relation.many or kind == "generic_foreign_key"
            else "select_related"
        )
        return _with_peers(
            f'Add .{name}("{relation.path}") to the queryset that loads these rows.', group, django
        )
    return _without_relation(group)


def _for_many(group: QueryGroup) -> str:
    relation = group.relation
    path, model = relation.path, relation.model.rpartition(".")[2]
    name = path.rpartition("__")[2]
    if relation.prefetched:
        return (
            f'These rows are prefetched already, but what is called on ".{name}" asks for them '
            f"anew: loop over .{name}.all() and choose in Python, or put the call into "
            f'Prefetch("{path}", queryset={model}.objects…) where they are prefetched{_at(group)}.'
        )
    if relation.single:
        return (
            f'All of these ask ".{name}" of one object. Ask it once, before the loop: '
            f'set(….{name}.values_list("pk", flat=True)), or .filter(pk__in=ids), and look each up '
            "in that."
        )
    if relation.method in ("count", "exists") and not relation.narrowed:
        # Queries know a relation without a name of its own as the model, managers as model_set.
        query = "__".join(part.removesuffix("_set") for part in path.split("__"))
        asked = query.rpartition("__")[2]
        return (
            f'Count in the same query: .annotate({asked}_count=Count("{query}", distinct=True)) on '
            f"the queryset{_at(group)}, with the order in .order_by(…), as Meta.ordering does not "
            f'hold where rows are grouped; or .prefetch_related("{path}") if the rows are used too.'
        )
    if relation.narrowed or relation.method not in ("", "count", "exists", "iterator"):
        return (
            f'A plain prefetch does not serve a filtered, ordered or sliced ".{name}": add '
            f'.prefetch_related(Prefetch("{path}", queryset={model}.objects.filter(…), '
            f'to_attr="…")) to the queryset{_at(group)}, and read that attribute.'
        )
    return f'Add .prefetch_related("{path}") to the queryset{_at(group)}.'


def _without_relation(group: QueryGroup) -> str:
    if not group.reads:
        return "Write all rows in one statement: bulk_create(), bulk_update() or update()."
    if group.relation.kind == "statement":
        return "Ask once before the loop, with all values in one IN (…), and look the rows up."
    model = group.relation.model.rpartition(".")[2] or "Model"
    if group.relation.method == "exists":
        return (
            "Ask once before the loop for which there is one, as a set of keys: "
            f'set({model}.objects.filter(pk__in=ids).values_list("pk", flat=True)).'
        )
    if group.relation.method in ("count", "aggregate"):
        return (
            "Ask for all of them at once, before the loop: "
            f'{model}.objects.filter(…).values("…").annotate(Count("pk")), and look each up.'
        )
    return (
        f"Ask once before the loop: {model}.objects.in_bulk(ids), or .filter(pk__in=ids), and look "
        "the rows up in a dictionary."
    )


def _with_peers(text: str, group: QueryGroup, django: tuple[int, int]) -> str:
    if django < FETCH_PEERS_SINCE or group.relation.kind not in PEERS_COVER:
        return text
    return (
        f"{text} Or .fetch_mode(models.FETCH_PEERS) on the same queryset: one more query then "
        "brings what all rows lack, whatever they turn out to lack."
    )


def _at(group: QueryGroup) -> str:
    place = group.relation.root_place
    if place is None or not place.where:
        return " that loads these rows"
    what = f" ({place.what})" if place.kind == "view" else ""
    return f" at {place.where}{what}"
