"""Which columns a request loads and never reads, and which response field reads the others."""

from typing import Any

import msgspec
import pytest
from helpers import PROJECTS
from worker_helpers import manage, project, step, workload

from djtune.payloads.paths import text_of
from djtune.payloads.reads import ColumnUse, Fetch, ReadsSeen, SerializerField
from djtune.servers.worker import Worker

VIEWS = PROJECTS / "columns" / "books" / "views"
ROUTES = [
    *("titles/", "joined/", "every-join/", "join-unread/", "prefetched/", "prefetched-aside/"),
    *("in-template/", "in-chunks/", "deferred/", "annotated/", "inherited/", "as-values/"),
    *("as-tuples/", "dumped/", "as-dictionary/", "cached/", "copied/", "taken-apart/"),
    *("in-a-thread/", "saved/", "flat/", "nested/", "paged/", "single/", "wrapped/"),
    *("renamed/", "summarised/", "rearranged/"),
    *("awaited/", "awaited-chunks/", "awaited-fields/"),
]


class Seen:
    """What was seen of each route."""

    def __init__(self, reads: ReadsSeen, failures: dict[str, int]) -> None:
        self.reads = reads
        self.failures = failures

    def fetches(self, route: str) -> list[Fetch]:
        number = ROUTES.index(route)
        return [fetch for fetch in self.reads.fetches if fetch.step == number]

    def fetch(self, route: str, model: str = "books.Book") -> Fetch:
        (found,) = [each for each in self.fetches(route) if each.model == model]
        return found

    def unread(self, route: str, model: str = "books.Book") -> set[str]:
        """Columns that nothing reads, and nothing needs."""
        columns = self.fetch(route, model).columns
        return {name_of(each) for each in columns if each.unread and not each.needed}

    def fields(self, route: str) -> dict[str, SerializerField]:
        number = ROUTES.index(route)
        return {text_of(each.path): each for each in self.reads.fields if each.step == number}

    def sources(self, route: str) -> dict[str, set[str]]:
        """Response field → the columns that it reads."""
        found: dict[str, set[str]] = {}
        for fetch in self.fetches(route):
            for column in fetch.columns:
                for reader in column.readers:
                    if reader.kind == "field":
                        found.setdefault(text_of(reader.path), set()).add(name_of(column))
        return found


def name_of(column: ColumnUse) -> str:
    return "__".join(filter(None, [column.relation, column.name]))


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    env = {"COLUMNS_DATABASE": str(tmp_path_factory.mktemp("columns") / "books.sqlite3")}
    manage("columns", "fill", env=env)
    return env


def watch(env: dict[str, str], interface: str, **options: Any) -> Seen:
    with Worker(project("columns", env=env, **options)) as worker:
        steps = workload(step(route) for route in ROUTES)
        worker.call("open_session", workload=steps, seed=1, interface=interface)
        classes = worker.call("class_steps", skip=[])
        assert {ROUTES[each["step"]] for each in classes if each["class"] != "ok"} == set()
        found = worker.call("watch_reads", skip=[], rounds=2, seconds=60)
    return Seen(msgspec.convert(found, ReadsSeen), found["failures"])


@pytest.fixture(scope="module", params=["wsgi", "asgi"])
def seen(request: pytest.FixtureRequest, database: dict[str, str]) -> Seen:
    return watch(database, request.param)


def test_the_instrument_itself_never_fails(seen: Seen) -> None:
    assert seen.failures == {}


def test_columns_that_a_plain_view_does_not_read(seen: Seen) -> None:
    assert seen.unread("titles/") == {
        *("blurb", "manuscript", "begins", "ends", "author_id", "sequel_of_id")
    }


def test_columns_that_a_serializer_does_not_read(seen: Seen) -> None:
    unread = {"blurb", "manuscript", "sequel_of_id", "author__biography", "author__publisher_id"}
    for route in ("flat/", "paged/", "single/"):
        assert seen.unread(route) == unread


def test_each_response_field_is_tied_to_the_columns_that_it_reads(seen: Seen) -> None:
    fields = {
        "pages": {"pages"},
        "label": {"title"},
        "writer": {"author__name"},
        "length": {"begins", "ends"},
    }
    assert seen.sources("single/") == fields
    assert seen.sources("flat/") == {f"[].{name}": read for name, read in fields.items()}
    assert seen.sources("paged/") == {f"results[].{name}": read for name, read in fields.items()}
