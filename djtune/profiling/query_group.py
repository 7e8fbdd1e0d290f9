"""One statement from one place of a route, and what is made of it."""

from msgspec import Struct

from djtune.profiling.plans import PlanReading

ONE = ("forward", "reverse_one", "generic_foreign_key", "deferred")
MANY = ("reverse_many", "many_to_many", "generic_relation")
RELATIONS = (*ONE, *MANY)
"""Kinds of relations: to one row (a column that was left out is its own row's), and to many."""


class Place(Struct):
    """Where in the app something happens."""

    kind: str
    """``python``, ``template``, ``serializer``, ``view`` (a generic view that evaluates its own
    queryset), ``package`` (an installed package's code) or ``unknown``."""
    where: str
    """file:line, from the project's root."""
    what: str
    """The function, the path of the serializer field, the view."""


class Wait(Struct):
    """A place where requests wait for something other than SQL and cache."""

    places: list[Place]
    """Innermost first."""
    seconds: float
    """Estimated time a request: its part of the watched requests' waiting, of the timing pass's
    mean."""


class Relation(Struct):
    """What a query was made for."""

    kind: str
    """``forward``, ``reverse_one``, ``reverse_many``, ``many_to_many``, ``generic_foreign_key``,
    ``generic_relation`` or ``deferred``: an object's relation or column; ``prefetch``;
    ``queryset``: any other queryset; ``statement``: SQL that the app wrote itself."""
    path: str
    """From the rows of the queryset that could have brought it, as ``select_related`` has it."""
    many: bool
    """A relation to many is on the path, so that ``select_related`` cannot follow it."""
    method: str
    """The queryset's method that asked: ``get``, ``count`` …; empty for iteration."""
    narrowed: bool
    """A related manager was filtered, ordered or sliced."""
    model: str
    """Label of the model that is asked for."""
    root: int | None
    """Index of the group whose queryset could have brought it along."""
    root_place: Place | None
    prefetched: bool = False
    """The rows had been prefetched, but the manager was asked in a way that passes them over."""
    single: bool = False
    """It is one object's relation: what varies is what is asked of it."""


class QueryGroup(Struct):
    """One statement from one place of a route, as the detail pass saw it."""

    alias: str
    pattern: str
    """The statement with values, lists and names that vary folded."""
    verdict: str
    """``n+1``: asked again for each row; ``duplicate``: asked again with equal parameters;
    ``lazy``: follows one row's relation, which could have come with it; ``never-changing``: the
    same parameters in every request; ``plain``."""
    site: Place
    via: list[Place]
    """What called it, outwards."""
    count: float
    """Queries a request, on average over ``requests``."""
    most: int
    distinct: float
    """Distinct parameters a request."""
    repeated: float
    """Times a request that it was asked, here or elsewhere, before with equal parameters."""
    requests: int
    with_all_rows: float | None
    with_half_rows: float | None
    """Queries a request when every queryset brings half of its rows; None where it was not tried
    or the request then failed."""
    seconds: float
    """Estimated time in SQL and ORM a request: its part of the priced requests' time, of the
    timing pass's mean."""
    rows: int
    """The most rows that it brought, where a queryset asked."""
    relation: Relation
    begun: Place | None
    """Where the app began the queryset."""
    reads: bool
    plan: PlanReading | None = None
    """What the database's plan for it says, where ``--explain`` asked."""
