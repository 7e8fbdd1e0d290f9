"""Turns a workload into requests: which, by whom and with what values, the same for a seed.

The player never sends anything, and asks the database in :meth:`Player.prepare` alone.
"""

from __future__ import annotations

import datetime
import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from .paths import PathTemplate, path_template
from .recipes import (
    Draw,
    Model,
    Recipe,
    Source,
    Text,
    captures,
    compile_recipe,
    settle,
    user_paths,
    walk,
)
from .rows import Rows, sample_rows, sample_users, user_attributes
from .templates import Env, WorkloadError

LOGINS = ("session", "token", "force", "none")


@dataclass(slots=True)
class Request:
    """One request, ready to be sent."""

    step: int
    """Index among all steps of all journeys, in order."""
    route: str
    method: str
    path: str
    """Quoted, without the script prefix."""
    query: str
    """Encoded, without the question mark."""
    headers: dict[str, str]
    body: bytes
    content_type: str
    """Empty where there is no body."""
    user_pk: Any
    """``None`` for an anonymous visitor."""
    login: str
    """How the user is signed in: ``none``, ``session``, ``token`` or ``force``."""
    expect: list[int]
    capture: dict[str, str]
    """Name → dotted path in the JSON response."""


@dataclass(slots=True)
class User:
    """A user of a pool, with the attributes that the workload refers to."""

    pk: Any
    attributes: dict[str, Any]


@dataclass
class Pool:
    """The users that journeys are made by."""

    name: str
    filter: dict[str, Any]
    sample: int
    login: str
    paths: set[str] = field(default_factory=set)
    """Dotted attributes of the user that the journeys refer to."""
    users: list[User] = field(default_factory=list)

    def prepare(self, seed: int) -> None:
        """Sample the users and read their attributes."""
        self.users = [
            User(user.pk, user_attributes(user, sorted(self.paths), self.name))
            for user in sample_users(self.filter, self.sample, seed, self.name)
        ]

    def draw(self, rng: random.Random) -> User:
        """Return a user, each as likely as any other."""
        return self.users[int(rng.random() * len(self.users))]


@dataclass
class Plan:
    """A step with its route and recipes compiled."""

    index: int
    template: PathTemplate
    method: str
    params: dict[str, Recipe]
    query: dict[str, Recipe]
    headers: dict[str, Recipe]
    body: dict[str, Recipe] | None
    form: bool
    expect: list[int]
    capture: dict[str, str]
    tables: dict[Source, Rows] = field(default_factory=dict)

    def recipes(self) -> Iterable[Recipe]:
        """Yield every recipe of the step, those inside others too."""
        for group in (self.params, self.query, self.headers, self.body or {}):
            for recipe in group.values():
                yield from walk(recipe)

    def sources(self) -> dict[Source, set[str]]:
        """Return the fields that the step needs of each source."""
        fields: dict[Source, set[str]] = {}
        for recipe in self.recipes():
            if isinstance(recipe, Model):
                fields.setdefault(recipe.source, set()).add(recipe.field)
        return fields


@dataclass
class Itinerary:
    """A journey with its steps compiled, and the random numbers that it draws from."""

    name: str
    pool: Pool | None
    plans: list[Plan]
    rng: random.Random


@dataclass(slots=True)
class StepDraw:
    """A step with its values drawn; only captures are still missing."""

    plan: Plan
    user: User | None
    login: str
    params: dict[str, Any]
    query: dict[str, Any]
    headers: dict[str, Any]
    body: dict[str, Any] | None

    def request(self, captured: Mapping[str, str]) -> Request:
        """Return the request, with the values captured so far on this journey filled in.

        Raises :class:`WorkloadError` where a capture is missing or a value does not fit the route.
        """
        plan = self.plan
        body, content_type = _encode(settle(self.body, captured), plan.form)
        return Request(
            step=plan.index,
            route=plan.template.route,
            method=plan.method,
            path=plan.template.fill(settle(self.params, captured)),
            query=_query(settle(self.query, captured)),
            headers={name: str(value) for name, value in settle(self.headers, captured).items()},
            body=body,
            content_type=content_type,
            user_pk=self.user.pk if self.user else None,
            login=self.login,
            expect=plan.expect,
            capture=plan.capture,
        )


class Player:
    """Draws the requests of a workload (the JSON form of ``model.workload.Workload``).

    Raises :class:`WorkloadError`, naming the journey and the step, for a route that the URLconf
    does not have and for recipes that cannot be.
    """

    def __init__(self, workload: Mapping[str, Any], seed: int) -> None:
        self._seed = seed
        self._prepared = False
        self._today = timezone.localdate()
        self._pools = {
            name: Pool(
                name,
                pool.get("filter") or {},
                pool.get("sample", 200),
                pool.get("login", "session"),
            )
            for name, pool in (workload.get("users") or {}).items()
        }
        self._itineraries: list[Itinerary] = []
        count = 0
        for journey in workload["journeys"]:
            self._itineraries.append(self._itinerary(journey, count))
            count += len(journey["steps"])
        self._users_drawn: set[Any] = set()
        self._values_drawn: list[set[int]] = [set() for _ in range(count)]

    def prepare(self) -> None:
        """Ask the database for every user and value that may be drawn; once.

        Raises :class:`WorkloadError` for unknown models and fields, for sources without a row
        and for environment variables that are not set.
        """
        if self._prepared:
            return
        self._check_environment()
        for pool in self._pools.values():
            pool.prepare(self._seed)
        sampled: dict[tuple[Source, frozenset[str]], Rows] = {}
        for itinerary in self._itineraries:
            for number, plan in enumerate(itinerary.plans, 1):
                for source, fields in plan.sources().items():
                    key = (source, frozenset(fields))
                    if key not in sampled:
                        with _located(itinerary.name, number):
                            sampled[key] = sample_rows(source, fields, self._seed)
                    plan.tables[source] = sampled[key]
        self._prepared = True

    def draw(self, journey_index: int) -> list[StepDraw]:
        """Draw a journey's user and the values of its steps, asking the database for nothing.

        The n-th draw of a journey is the same for a seed whatever else is drawn in between.
        """
        self.prepare()
        itinerary = self._itineraries[journey_index]
        user = itinerary.pool.draw(itinerary.rng) if itinerary.pool else None
        login = itinerary.pool.login if itinerary.pool else "none"
        if user:
            self._users_drawn.add(user.pk)
        return [self._draw_step(plan, user, login, itinerary.rng) for plan in itinerary.plans]

    def distinct(self) -> dict[str, Any]:
        """Return how many distinct users, and values per step, have been drawn so far."""
        return {
            "users": len(self._users_drawn),
            "params": [len(values) for values in self._values_drawn],
        }

    def _draw_step(self, plan: Plan, user: User | None, login: str, rng: random.Random) -> StepDraw:
        draw = Draw(rng.random, self._today, user.attributes if user else {}, plan.tables)
        step = StepDraw(
            plan,
            user,
            login,
            params=_drawn(plan.params, draw),
            query=_drawn(plan.query, draw),
            headers=_drawn(plan.headers, draw),
            body=None if plan.body is None else _drawn(plan.body, draw),
        )
        self._values_drawn[plan.index].add(hash(repr((step.params, step.query, step.body))))
        return step

    def _itinerary(self, journey: Mapping[str, Any], first: int) -> Itinerary:
        name = journey["name"]
        pool = None
        if wanted := journey.get("user"):
            pool = self._pools.get(wanted)
            if pool is None:
                raise WorkloadError(
                    f"journey {name!r} is made by {wanted!r}, which is no user pool",
                    hint=f"declare it under `users:`, as `{wanted}: {{}}`",
                )
        plans: list[Plan] = []
        captured: set[str] = set()
        for number, step in enumerate(journey["steps"], 1):
            with _located(name, number):
                plan = _plan(step, first + number - 1)
                _check_captures(plan, captured)
                _check_users(plan, pool)
            captured.update(plan.capture)
            plans.append(plan)
        return Itinerary(name, pool, plans, random.Random(f"{self._seed}:{name}"))

    def _check_environment(self) -> None:
        for itinerary in self._itineraries:
            for number, plan in enumerate(itinerary.plans, 1):
                with _located(itinerary.name, number):
                    for recipe in plan.recipes():
                        for part in recipe.parts if isinstance(recipe, Text) else ():
                            if isinstance(part, Env):
                                part.read()


def check_workload(workload: Mapping[str, Any]) -> dict[str, Any]:
    """Prepare a workload and draw each journey once; return what there is to draw from.

    The numbers of users by pool, and of rows by step for each model. Raises
    :class:`WorkloadError` as :class:`Player` and its methods do.
    """
    player = Player(workload, seed=0)
    player.prepare()
    for index in range(len(player._itineraries)):
        for step in player.draw(index):
            if not captures_of(step.plan):
                step.request({})
    return {
        "users": {pool.name: len(pool.users) for pool in player._pools.values()},
        "rows": [
            {source.model: len(rows.rows) for source, rows in plan.tables.items()}
            for itinerary in player._itineraries
            for plan in itinerary.plans
        ],
    }


def captures_of(plan: Plan) -> set[str]:
    """Return the names of the captures that a step needs."""
    return set().union(*(captures(recipe) for recipe in plan.recipes()))


class _located:
    """Puts the journey and the step in front of an error's message."""

    def __init__(self, journey: str, number: int) -> None:
        self._where = f"journey {journey!r}, step {number}"

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, WorkloadError):
            raise WorkloadError(f"{self._where}: {error.message}", error.hint) from error


def _plan(step: Mapping[str, Any], index: int) -> Plan:
    body = step.get("body")
    plan = Plan(
        index=index,
        template=path_template(step["route"]),
        method=step.get("method", "GET"),
        params={key: compile_recipe(spec) for key, spec in (step.get("params") or {}).items()},
        query=_nested(step.get("query")),
        headers={key: compile_recipe(spec) for key, spec in (step.get("headers") or {}).items()},
        body=None if body is None else _nested(body),
        form=bool(step.get("form")),
        expect=list(step.get("expect") or [200]),
        capture=dict(step.get("capture") or {}),
    )
    plan.template.form(frozenset(plan.params))
    return plan


def _nested(specs: Mapping[str, Any] | None) -> dict[str, Recipe]:
    return {key: compile_recipe(spec, nested=True) for key, spec in (specs or {}).items()}


def _check_captures(plan: Plan, captured: set[str]) -> None:
    for name in sorted(captures_of(plan) - captured):
        raise WorkloadError(
            f"no earlier step captures {name!r}",
            hint=f"add `capture: {{{name}: path.in.response}}` to the step that answers it",
        )


def _check_users(plan: Plan, pool: Pool | None) -> None:
    for recipe in plan.recipes():
        paths = user_paths(recipe)
        if paths and pool is None:
            raise WorkloadError(
                f"the journey has no user to take {min(paths)!r} from",
                hint="name a user pool: `user: …` beside the journey's name",
            )
        if pool is not None:
            pool.paths |= paths


def _drawn(recipes: Mapping[str, Recipe], draw: Draw) -> dict[str, Any]:
    return {name: recipe.draw(draw) for name, recipe in recipes.items()}


def _query(values: Mapping[str, Any]) -> str:
    """Encode a query string: a list repeats its key, ``None`` leaves it out."""
    pairs = {name: _plain(value) for name, value in values.items() if value is not None}
    return urlencode(pairs, doseq=True)


def _plain(value: Any) -> Any:
    """Write a value as it stands in a URL or a form."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    return str(value)


def _encode(body: Mapping[str, Any] | None, form: bool) -> tuple[bytes, str]:
    if body is None:
        return b"", ""
    if form:
        return _query(body).encode(), "application/x-www-form-urlencoded"
    return json.dumps(body, cls=DjangoJSONEncoder).encode(), "application/json"
