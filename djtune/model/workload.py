"""What to ask an app for: weighted journeys of requests by users drawn from a pool.

Parameters are drawn by seeded recipes inside the app's process; no value of the user's is stored.
"""

from typing import Any

from msgspec import Struct, field

Recipe = Any
"""A literal (str, int, float, bool, None) or a mapping with exactly one of the recipe keys below.

``{model: epg.Channel, field: id, sample: 200, skew: 1.0, filter: {live: true}}``
    up to ``sample`` values of ``field``, drawn by rank with Zipf exponent ``skew``; recipes of
    one step that differ in ``field`` alone are drawn from the same row;
``{choice: [a, b], skew: 1.0}``, ``{range: [1, 20]}`` (inclusive),
``{date: today, days: 7}``
    ISO dates; ``days: -7`` for the days before;
``{user: device.secret}``
    a dotted attribute of the user that the journey is made by;
``{capture: token}``
    a value kept from an earlier step's response;
``{literal: …}``
    any JSON value as it is.

Strings may hold ``${ENV}`` (read from the environment), ``{name}`` (a capture) and
``{user.device.secret}``; ``{{`` and ``}}`` stand for braces. Query values and bodies may also hold
lists of recipes, and bodies objects of recipes.
"""


class UserPool(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Users that journeys are made by, drawn from the app's database."""

    filter: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments of ``QuerySet.filter`` on the user model."""
    sample: int = 200
    login: str = "session"
    """``session``, ``token`` (rest_framework.authtoken), ``force`` or ``none``."""


class Step(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One request of a journey."""

    route: str
    """The full route as the URLconf has it, for example ``api/shows/<int:pk>/``."""
    method: str = "GET"
    params: dict[str, Recipe] = field(default_factory=dict)
    query: dict[str, Recipe] = field(default_factory=dict)
    headers: dict[str, Recipe] = field(default_factory=dict)
    body: dict[str, Recipe] | None = None
    form: bool = False
    """Send the body as a form, not as JSON."""
    expect: list[int] = field(default_factory=lambda: [200])
    capture: dict[str, str] = field(default_factory=dict)
    """Name → dotted path in the JSON response, for later steps of the journey."""
    unsafe: bool = False
    """Allow a method other than GET, HEAD and OPTIONS (it is rolled back)."""


class Journey(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Requests made in order by one user."""

    name: str
    steps: list[Step]
    weight: float = 1.0
    """How often the journey happens, relative to the others."""
    user: str = ""
    """Name of a user pool; empty for an anonymous visitor."""


class Observed(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What production's own log says of one method of one route."""

    requests: float
    """All of them, whatever the answer; estimated where only a sample was recorded."""
    statuses: dict[str, float] = field(default_factory=dict)
    """Status → requests."""
    bytes: float | None = None
    """Mean size of the answers that count for the weight, as the server wrote it."""
    timed: int = 0
    """How many of those answers have a duration: the n of the figures below."""
    mean: float | None = None
    """Seconds as the server saw them, with queueing and, before a proxy, the network."""
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


class Workload(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Weighted journeys, and where their weights come from."""

    journeys: list[Journey]
    version: int = 1
    users: dict[str, UserPool] = field(default_factory=dict)
    weights_from: str = "workload file"
    """Shown beside every weight: ``workload file``, ``uniform``, ``access log`` …"""
    journeys_per_hour: float | None = None
    """Journeys per hour at peak, where known; turns shares into seconds per hour."""
    observed: dict[str, Observed] = field(default_factory=dict)
    """``METHOD route`` → what production's log says of it."""
