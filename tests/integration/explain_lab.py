"""Run inside the sample site with its database still empty: fills it, asks for the plan of each
case's statements and prints them as JSON, with what was found of the connection afterwards."""
# ruff: noqa: E402 - nothing of the site can be imported before django.setup()

import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path.cwd()))
os.environ["DJANGO_SETTINGS_MODULE"] = "streaming.settings"

import django

django.setup()

from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction
from django.db.models import Exists, OuterRef, Q

from accounts.models import Package
from djtune.agent import explain as agent
from epg.models import Channel, Genre, Programme, Show

SENTINEL = "Mona'%O''Hara"
HOUR = datetime(2026, 3, 6, 17, 43, 21, tzinfo=UTC)
SECRETS = ["Mona", "Hara", "43:21"]
"""Parts of the parameters below, however a database writes them."""
POSTGRESQL = connection.vendor == "postgresql"


def fill() -> None:
    call_command("migrate", verbosity=0)
    package = Package.objects.create(code="p", name="p")
    genre = Genre.objects.create(slug="g", name="g")
    day = HOUR.date()
    channels = Channel.objects.bulk_create(
        Channel(number=n, slug=f"c{n}", name="", package=package, launched_on=day)
        for n in range(10)
    )
    shows = Show.objects.bulk_create(
        Show(title=f"{n}", genre=genre, year=n, age_rating=0) for n in range(500)
    )
    rows = (
        Programme(
            channel=channels[n % 10],
            show=shows[n % 500],
            starts_at=HOUR + timedelta(minutes=n),
            ends_at=HOUR + timedelta(minutes=n + 30),
            age_rating=0,
            updated_at=HOUR,
            title=f"title {n}",
            crid=f"crid {n}",
        )
        for n in range(5_000)
    )
    Programme.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


programmes = Programme.objects.all()
CASES: dict[str, Callable[[], Any]] = {
    "composite": lambda: list(programmes.filter(title=SENTINEL, crid=SENTINEL)),
    "foreign key alone": lambda: list(
        programmes.filter(channel_id=3, starts_at__lt=HOUR).order_by("starts_at")
    ),
    "few rows by the foreign key": lambda: list(
        programmes.filter(show_id=3, starts_at__lt=HOUR, title=SENTINEL)
    ),
    "primary key": lambda: list(programmes.filter(pk=3, title=SENTINEL)),
    "order": lambda: list(programmes.exclude(title=SENTINEL).order_by("-starts_at", "pk")[:5]),
    "small table": lambda: list(Genre.objects.filter(name=SENTINEL)),
    "open pattern": lambda: list(programmes.filter(title__contains=SENTINEL)),
    "json": lambda: list(programmes.filter(credits__director=SENTINEL)),
    "sub-select": lambda: list(
        Channel.objects.filter(pk__in=programmes.filter(crid=SENTINEL).values("channel"))
    ),
    "exists": lambda: list(
        Channel.objects.filter(
            Exists(programmes.filter(channel=OuterRef("pk"), starts_at__lt=HOUR))
        )
    ),
    "or": lambda: list(programmes.filter(Q(title=SENTINEL) | Q(crid=SENTINEL))),
    "union": lambda: list(
        programmes.filter(title=SENTINEL).union(programmes.filter(crid=SENTINEL))
    ),
    "table expression": lambda: list(
        Show.objects.raw(
            "WITH found AS (SELECT show_id FROM epg_programme WHERE crid = %s)"
            " SELECT * FROM epg_show WHERE id IN (SELECT show_id FROM found)",
            [SENTINEL],
        )
    ),
    "server-side cursor": lambda: list(programmes.filter(crid=SENTINEL).iterator()),
    "join": lambda: list(
        programmes.select_related("channel").filter(crid=SENTINEL, channel__number=3)
    ),
}


def plans(ask: Callable[[], Any]) -> list[Any]:
    """The plans of what a case asks, all in one transaction as after a replayed request."""
    asked: list[tuple[str, Any]] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, *rest: Any) -> Any:
        asked.append((sql, params))
        return execute(sql, params, *rest)

    with transaction.atomic():
        with connection.execute_wrapper(note):
            ask()
        return [agent.explain("default", sql, params) for sql, params in asked]


def settles(code: str, ask: Callable[[], Any]) -> list[Any]:
    """The plans once the proposed index is there."""
    index = eval(code, {"models": models})
    index.set_name_with_model(Programme)
    with connection.schema_editor() as editor:
        editor.add_index(Programme, index)
    agent.forget()
    return plans(ask)


def setting(name: str) -> str:
    if not POSTGRESQL:
        return ""
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {name}")
        return str(cursor.fetchone()[0])


def awkward() -> dict[str, Any]:
    """What is no plain SELECT, and what goes wrong: the transaction goes on each time."""
    found: dict[str, Any] = {}
    seen: list[str] = []

    def note(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        seen.append(sql)
        return execute(sql, *rest)

    statements = {
        "insert": ("INSERT INTO epg_genre (slug, name) VALUES (%s, %s)", [SENTINEL, ""]),
        "two": ("SELECT 1 FROM epg_genre; DELETE FROM epg_genre", None),
        "unknown": ("SELECT x FROM nowhere WHERE x = %s", [SENTINEL]),
        "percent": ("SELECT 1 FROM epg_genre WHERE name LIKE 'a%'", None),
    }
    if POSTGRESQL:
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE FUNCTION slow() RETURNS text IMMUTABLE LANGUAGE sql"
                " AS 'SELECT pg_sleep(20)::text'"
            )
        # Something constant is worked out while the plan is made.
        statements["slow"] = ("SELECT 1 FROM epg_genre WHERE name = slow()", None)
        agent.SECONDS = 0.2
    with transaction.atomic(), connection.execute_wrapper(note):
        Genre.objects.create(slug="written", name="")
        for name, (sql, params) in statements.items():
            before = len(seen)
            found[name] = agent.explain("default", sql, params)
            # The app's own wrappers are told nothing, and what the request wrote is still there.
            assert len(seen) == before
            assert Genre.objects.filter(slug="written").update(name=name) == 1
        transaction.set_rollback(True)
    found["settings"] = [setting("statement_timeout"), setting("transaction_read_only")]
    try:
        with transaction.atomic():
            try:
                list(Show.objects.raw("SELECT nothing FROM nowhere"))
            except DatabaseError:
                found["after an error"] = agent.explain("default", "SELECT 1 FROM epg_genre", None)
    except DatabaseError:
        pass
    found["genres"] = Genre.objects.count()
    return found


def raw_plan() -> str:
    """What PostgreSQL says itself."""
    return programmes.filter(title=SENTINEL, starts_at__lt=HOUR).explain()


if __name__ == "__main__":
    fill()
    answers: dict[str, Any] = {"plans": {name: plans(ask) for name, ask in CASES.items()}}
    answers |= awkward()
    proposed = 'models.Index(fields=["channel", "starts_at"])'
    answers["settled"] = settles(proposed, CASES["foreign key alone"])
    answers |= {"secrets": SECRETS, "raw": raw_plan()}
    sys.stdout.write(json.dumps(answers))
