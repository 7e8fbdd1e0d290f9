"""Which columns a request loads and never reads, and which response field reads the others."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from helpers import PROJECTS
from worker_helpers import manage, project, step, workload

from djtune.payloads.paths import text_of
from djtune.payloads.reads import ColumnUse, Fetch, ReadsSeen, SerializerField
from djtune.servers.worker import Worker

ROUNDS = 2
PROBE = Path(__file__).with_name("watched_probe.py")
VIEWS = PROJECTS / "columns" / "books" / "views"
ROUTES = [
    *("titles/", "joined/", "every-join/", "join-unread/", "prefetched/", "prefetched-aside/"),
    *("in-template/", "in-chunks/", "deferred/", "annotated/", "inherited/", "as-values/"),
    *("as-tuples/", "dumped/", "as-dictionary/", "cached/", "copied/", "taken-apart/"),
    *("in-a-thread/", "saved/", "flat/", "nested/", "paged/", "single/", "wrapped/"),
    "prefetched-many/",
    *("renamed/", "summarised/", "rearranged/", "camel/", "enveloped/", "enveloped-page/"),
    *("awaited/", "awaited-chunks/", "awaited-fields/"),
]


class Seen:
    """What was seen of each route."""

    def __init__(self, reads: ReadsSeen) -> None:
        self.reads = reads

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
        found = worker.call("watch_reads", skip=[], rounds=ROUNDS, seconds=60)
    return Seen(msgspec.convert(found, ReadsSeen))


@pytest.fixture(scope="module", params=["wsgi", "asgi"])
def seen(request: pytest.FixtureRequest, database: dict[str, str]) -> Seen:
    return watch(database, request.param)


def test_the_instrument_itself_never_fails(seen: Seen) -> None:
    assert seen.reads.failures == {}
    assert seen.reads.disturbed == []


BOOK = {"blurb", "manuscript", "begins", "ends", "pages", "author_id", "sequel_of_id"}
"""What nothing needs of a book, but its title."""


@pytest.mark.parametrize(
    ("route", "model", "unread"),
    [
        pytest.param("titles/", "Book", BOOK - {"pages"}, id="a plain view"),
        pytest.param("in-template/", "Book", BOOK - {"author_id"}, id="a template"),
        pytest.param("in-template/", "Author", {"biography", "publisher_id"}, id="lazily loaded"),
        pytest.param("in-chunks/", "Book", BOOK, id="an iterator, streamed"),
        pytest.param("in-a-thread/", "Book", (BOOK | {"title"}) - {"blurb"}, id="a thread"),
        pytest.param("awaited/", "Book", BOOK, id="an asynchronous view"),
        pytest.param("awaited-chunks/", "Book", BOOK, id="an asynchronous iterator"),
        pytest.param("inherited/", "Comic", BOOK | {"inker"}, id="multi-table inheritance"),
        pytest.param("prefetched/", "Author", {"biography"}, id="for whom was prefetched"),
        pytest.param("prefetched/", "Book", BOOK - {"author_id"}, id="prefetched"),
        pytest.param("prefetched-many/", "Tag", {"name"}, id="prefetched many to many"),
        pytest.param("prefetched-aside/", "Book", BOOK, id="for whom was prefetched aside"),
        pytest.param("prefetched-aside/", "Review", {"stars"}, id="prefetched aside"),
        pytest.param("dumped/", "Author", set(), id="Django's own serializers"),
        pytest.param("as-dictionary/", "Review", set(), id="model_to_dict"),
        pytest.param("annotated/", "Author", {"biography", "publisher_id"}, id="with annotations"),
    ],
)
def test_columns_that_nothing_reads(seen: Seen, route: str, model: str, unread: set[str]) -> None:
    assert seen.unread(route, f"books.{model}") == unread


@pytest.mark.parametrize("route", ["flat/", "paged/", "single/"])
def test_columns_that_no_field_of_a_serializer_reads(seen: Seen, route: str) -> None:
    unread = {"blurb", "manuscript", "sequel_of_id", "author__biography", "author__publisher_id"}
    assert seen.unread(route) == unread


def test_deferred_columns_are_not_loaded_and_their_loading_is_a_fetch_of_its_own(
    seen: Seen,
) -> None:
    first, later = seen.fetches("deferred/")
    assert {name_of(column) for column in first.columns} == {"id", "title", "blurb"}
    assert [name_of(column) for column in first.columns if column.unread] == ["blurb"]
    assert {name_of(column) for column in later.columns} == {"id", "pages"}
    assert (later.rows, [column for column in later.columns if column.unread]) == (3, [])


def test_an_annotation_that_nothing_reads_is_told_as_one(seen: Seen) -> None:
    columns = {each.name: each for each in seen.fetch("annotated/", "books.Author").columns}
    assert columns["twice"].unread
    assert not columns["count"].unread
    assert columns["twice"].needed == columns["count"].needed == "annotation"


def test_what_django_adds_to_a_query_is_no_column(seen: Seen) -> None:
    columns = {name_of(column) for column in seen.fetch("prefetched-many/", "books.Tag").columns}
    assert columns == {"id", "name"}


def needed(fetch: Fetch) -> dict[str, str]:
    return {name_of(each): each.needed for each in fetch.columns if each.unread and each.needed}


def test_keys_that_nothing_reads_but_django_needs(seen: Seen) -> None:
    assert needed(seen.fetch("joined/")) == {
        "id": "primary key",
        "author_id": "select_related",
        "author__id": "primary key",
        "author__publisher_id": "select_related",
        "author__publisher__id": "primary key",
    }
    assert needed(seen.fetch("every-join/", "books.Author"))["publisher_id"] == "select_related"
    assert needed(seen.fetch("prefetched/", "books.Author")) == {"publisher_id": "prefetch"}
    assert needed(seen.fetch("prefetched/", "books.Review"))["book_id"] == "prefetch"
    parent_keys = needed(seen.fetch("inherited/", "books.Comic"))
    assert parent_keys == {"id": "primary key", "book_ptr_id": "primary key"}


@pytest.mark.parametrize(
    ("route", "model", "relations"),
    [
        ("joined/", "Book", {"author": True, "author__publisher": False}),
        ("every-join/", "Author", {"publisher": True}),
        ("join-unread/", "Book", {"author": False}),
        ("prefetched/", "Author", {"books": True, "books__reviews": False, "publisher": False}),
        ("prefetched-aside/", "Book", {"good": True}),
        ("nested/", "Book", {"author": True, "reviews": True}),
    ],
)
def test_relations_that_are_loaded_ahead_and_whether_they_are_read(
    seen: Seen, route: str, model: str, relations: dict[str, bool]
) -> None:
    found = seen.fetch(route, f"books.{model}").relations
    assert {each.name: bool(each.readers) for each in found} == relations
    assert all(each.queries == (each.kind == "prefetch") for each in found)


@pytest.mark.parametrize(
    ("route", "why"),
    [
        ("cached/", "copied or pickled"),
        ("copied/", "copied or pickled"),
        ("taken-apart/", "read through __dict__"),
    ],
)
def test_what_cannot_be_seen_is_said_to_be_blind(seen: Seen, route: str, why: str) -> None:
    assert seen.fetch(route, "books.Author").blind == why


def test_rows_that_are_no_instances(seen: Seen) -> None:
    assert seen.fetch("as-tuples/").blind
    assert [each.name for each in seen.fetch("as-tuples/").columns] == ["title", "blurb"]
    assert seen.sources("as-tuples/") == {"titles[]": {"title"}}
    sent = seen.fetch("as-values/")
    assert (sent.kind, sent.blind) == ("values", "")
    assert seen.sources("as-values/") == {
        "books[].title": {"title"},
        "books[].author__name": {"author__name"},
        "books[].author": {"author_id"},
    }


FIELDS = {
    "pages": {"pages"},
    "label": {"title"},
    "writer": {"author__name"},
    "length": {"begins", "ends"},
}


@pytest.mark.parametrize(
    ("route", "places"),
    [
        pytest.param("single/", [""], id="one object"),
        pytest.param("flat/", ["[]."], id="a list"),
        pytest.param("paged/", ["results[]."], id="in a page"),
        pytest.param("rearranged/", ["first[].", "others[]."], id="copied and at two places"),
        pytest.param("enveloped/", ["book."], id="one object in a renderer's envelope"),
        pytest.param("enveloped-page/", ["books[]."], id="a page in a renderer's envelope"),
    ],
)
def test_each_response_field_is_tied_to_the_columns_that_it_reads(
    seen: Seen, route: str, places: list[str]
) -> None:
    assert seen.sources(route) == {
        place + name: columns for place in places for name, columns in FIELDS.items()
    }


def test_fields_of_nested_serializers_are_tied_to_columns(seen: Seen) -> None:
    assert seen.sources("nested/") == {
        "shelf.books[].title": {"title"},
        "shelf.books[].author.name": {"author__name"},
        "shelf.books[].author.publisher": {"author__publisher_id"},
        "shelf.books[].reviews": {"id"},
        "shelf.books[].reviews[].stars": {"stars"},
        "shelf.books[].reviews[].text": {"text"},
    }


def test_asynchronous_fields_are_tied_to_columns(seen: Seen) -> None:
    assert seen.sources("awaited-fields/") == {
        "[].title": {"title"},
        "[].length": {"begins", "ends"},
    }


def test_fields_of_a_serializer_that_has_a_way_of_its_own(seen: Seen) -> None:
    assert seen.sources("wrapped/") == {"[].inside.title": {"title"}, "[].inside.blurb": {"blurb"}}
    assert seen.sources("renamed/") == {"[].TITLE": {"title"}, "[].BLURB": {"blurb"}}


def test_a_field_whose_serializer_is_not_in_the_response_passes_its_reads_on(seen: Seen) -> None:
    sources = seen.sources("summarised/")
    assert sources["[].author_name"] == {"author__name", "author__publisher_id"}
    assert sources["[].summary.title"] == {"title"}


def test_paths_are_those_of_the_body_however_its_renderer_spells_them(seen: Seen) -> None:
    assert seen.sources("camel/") == {
        "[].longTitle": {"title"},
        "[].writtenBy.name": {"author__name"},
        "[].writtenBy.publisher": {"author__publisher_id"},
    }


def test_values_that_a_plain_view_sends_on_are_tied_to_columns(seen: Seen) -> None:
    assert seen.sources("titles/") == {"books[].title": {"title"}}
    assert seen.sources("joined/") == {"authors[]": {"author__name"}}


def test_who_reads_is_told_with_the_place(seen: Seen) -> None:
    def readers(route: str, column: str) -> set[tuple[str, str]]:
        columns = {name_of(each): each for each in seen.fetch(route).columns}
        return {(each.kind, each.place) for each in columns[column].readers}

    assert readers("titles/", "pages") == {("app", line_of("plain.py", "book.pages} for"))}
    assert readers("single/", "begins") == {("field", line_of("api.py", "book.ends - book.beg"))}
    assert readers("single/", "title") == {("field", line_of("api.py", "label = "))}
    template = "books/templates/books/list.html:2"
    assert readers("in-template/", "title") == {("template", template)}


def line_of(file: str, text: str) -> str:
    """``books/views/plain.py:27``, where the text stands."""
    (number,) = [
        number
        for number, line in enumerate((VIEWS / file).read_text().splitlines(), start=1)
        if text in line
    ]
    return f"books/views/{file}:{number}"


def test_a_fetch_is_told_by_where_it_is_begun_and_where_its_rows_are_fetched(seen: Seen) -> None:
    review = seen.fetch("prefetched-aside/", "books.Review")
    assert review.begun == line_of("plain.py", "Review.objects.filter(stars__gt=0)")
    assert review.place == line_of("plain.py", "for each in book.good")
    assert review.code.startswith("kept = Prefetch(")
    assert (review.responses, review.rows) == (ROUNDS, 80)


def test_fields_are_described_by_their_serializers(seen: Seen) -> None:
    fields = seen.fields("nested/")
    assert fields["shelf.books[].reviews[].stars"].serializer == "books.views.api.ReviewSerializer"
    declared = {name: field.declared for name, field in seen.fields("single/").items()}
    assert declared == {
        "pages": "meta",
        "label": "attribute",
        "writer": "attribute",
        "length": "method",
    }
    writable = {name for name, field in seen.fields("single/").items() if field.writable}
    assert writable == declared.keys() - {"length"}
    field = seen.fields("single/")["length"]
    place = line_of("api.py", "class BookSerializer")
    assert (f"{field.file}:{field.line}", field.name) == (place, "length")
    assert "books.views.api.RenamedSerializer" in seen.reads.unanchored


def test_sizes_are_those_of_the_values(seen: Seen) -> None:
    columns = {each.name: each.bytes for each in seen.fetch("titles/").columns}
    assert columns["manuscript"] > 200
    assert columns["sequel_of_id"] == 0


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
@pytest.mark.parametrize("broken", [False, True], ids=["in order", "broken"])
def test_responses_are_the_same_byte_for_byte_while_rows_are_watched(
    interface: str, broken: bool, database: dict[str, str]
) -> None:
    compared = probe("columns", interface, ROUTES, database, broken=broken)
    assert {each["status"] for each in compared["routes"].values()} == {200}
    assert [route for route, each in compared["routes"].items() if not each["equal"]] == []
    assert all(each["fetches"] for each in compared["routes"].values())
    assert bool(compared["failures"]) == broken


def test_a_view_that_cannot_be_watched_is_named(database: dict[str, str]) -> None:
    with Worker(project("columns", env=database)) as worker:
        steps = workload([step("titles/"), step("by-type/")])
        worker.call("open_session", workload=steps, seed=1, interface="wsgi")
        classes = worker.call("class_steps", skip=[])
        found = worker.call("watch_reads", skip=[], rounds=1, seconds=60)
    assert {entry["class"] for entry in classes} == {"ok"}
    assert found["disturbed"] == [1]
    assert {fetch["step"] for fetch in found["fetches"]} == {0}


def probe(
    name: str, interface: str, routes: list[str], env: dict[str, str], *, broken: bool = False
) -> Any:
    """What :mod:`watched_probe` finds in a project."""
    flags = ["--broken"] if broken else []
    done = subprocess.run(
        [sys.executable, str(PROBE), interface, *flags, *routes],
        cwd=PROJECTS / name,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "conf.settings", **env},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_fields_are_priced_with_all_that_is_below_them(database: dict[str, str]) -> None:
    with Worker(project("columns", env=database)) as worker:
        steps = workload([step("nested/"), step("titles/")])
        worker.call("open_session", workload=steps, seed=1, interface="wsgi")
        worker.call("class_steps", skip=[])
        found = worker.call("price_fields", skip=[], rounds=4, seconds=60)
    prices = {text_of(tuple(each["path"])): each["cpu_ns"] for each in found}
    assert {each["step"] for each in found} == {0}
    assert {len(each) for each in prices.values()} == {4}
    rows = min(prices["shelf.books[].reviews"])
    below = ("shelf.books[].reviews[].stars", "shelf.books[].reviews[].text")
    assert rows > sum(min(prices[path]) for path in below) > 0
