"""A page's own queryset is fetched without some columns, and what that saves is measured."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from helpers import PROJECTS
from worker_helpers import manage, project, step, workload

from djtune.payloads.reads import Lighter
from djtune.servers.worker import Worker

PAGES = ("plain", "joined", "prefetched", "related", "values", "iterated", "small", "broken")
SOURCE = (PROJECTS / "wide" / "novels" / "views.py").read_text().splitlines()


def place(page: str, code: str) -> str:
    """Where a line of a page stands."""
    begin = next(n for n, line in enumerate(SOURCE) if line.startswith(f"def {page}("))
    line = next(n for n, line in enumerate(SOURCE) if n > begin and code in line)
    return f"novels/views.py:{line + 1}"


def fetch(page: str, code: str, *columns: str, model: str = "novels.Novel") -> dict[str, Any]:
    return {
        "step": PAGES.index(page),
        "number": 0,
        "model": model,
        "place": place(page, code),
        "columns": list(columns),
    }


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    env = {"WIDE_DATABASE": str(tmp_path_factory.mktemp("wide") / "wide.sqlite3")}
    manage("wide", "fill", env=env)
    return env


@contextmanager
def serving(database: dict[str, str], interface: str) -> Iterator[Worker]:
    with Worker(project("wide", settings="conf", env=database)) as worker:
        asked = workload(step(f"{page}/") for page in PAGES)
        worker.call("open_session", workload=asked, seed=1, interface=interface)
        yield worker


@pytest.fixture(scope="module")
def worker(database: dict[str, str]) -> Iterator[Worker]:
    with serving(database, "wsgi") as worker:
        yield worker


def priced(worker: Worker, *asked: dict[str, Any], seconds: float = 1) -> list[Lighter]:
    found = worker.call("price_lighter", skip=[], asked=asked, rounds=2, seconds=seconds)
    return msgspec.convert(found, list[Lighter])


def ratio(lighter: Lighter) -> float:
    """CPU time of fetching lighter, by that of fetching all."""
    whole, light = zip(*lighter.pairs, strict=True)
    return sum(light) / sum(whole)


def test_leaving_out_a_long_text_is_much_lighter(worker: Worker) -> None:
    by_way = {each.way: each for each in priced(worker, fetch("plain", "Novel.objects", "text"))}
    assert set(by_way) == {"defer", "values"}
    assert all(each.columns == ["text"] and each.rows == 100 for each in by_way.values())
    assert all(ratio(each) < 0.8 for each in by_way.values())
    assert all(len(each.pairs) == len(each.wall) >= 5 for each in by_way.values())


def test_leaving_out_one_small_column_of_many_is_no_lighter(worker: Worker) -> None:
    asked = fetch("small", "Leaflet.objects", "part_7", model="novels.Leaflet")
    [deferred] = [each for each in priced(worker, asked, seconds=2) if each.way == "defer"]
    assert ratio(deferred) > 1


def test_of_a_joined_row_the_foreign_key_and_the_primary_keys_stay(worker: Worker) -> None:
    columns = ("id", "text", "author_id", "author__id", "author__letters")
    for each in priced(worker, fetch("joined", "for novel in novels", *columns)):
        assert not each.failure
        assert each.columns == ["text", "author__letters"]
        assert ratio(each) < 0.9


def test_most_columns_are_left_out_by_naming_the_others(worker: Worker) -> None:
    parts = [f"part_{n}" for n in range(1, 22)]
    asked = fetch("small", "Leaflet.objects", *parts, model="novels.Leaflet")
    assert {each.way for each in priced(worker, asked)} == {"only", "values"}


def test_of_a_joined_row_little_may_be_named(worker: Worker) -> None:
    columns = ("title", "text", "author__letters", "author__name")
    by_way = priced(worker, fetch("joined", "for novel in novels", *columns))
    assert [(each.way, each.failure) for each in by_way] == [("only", ""), ("values", "")]


def test_prefetched_rows_keep_the_column_that_links_them(worker: Worker) -> None:
    by_way = priced(worker, fetch("prefetched", "for author", "author_id", "text"))
    assert [each.columns for each in by_way] == [["text"], ["text"]]
    assert all(ratio(each) < 0.8 and each.rows == 100 for each in by_way)


def test_rows_of_one_object_keep_the_column_that_links_them(worker: Worker) -> None:
    by_way = priced(worker, fetch("related", "author.novels", "author_id", "text"))
    assert [each.columns for each in by_way] == [["text"], ["text"]]
    assert all(ratio(each) < 0.9 and each.rows == 20 for each in by_way)


def test_what_prefetches_is_asked_without_its_prefetch(worker: Worker) -> None:
    asked = fetch("prefetched", "for author", "letters", model="novels.Author")
    novels = fetch("prefetched", "for author", "text")
    authors, _, with_text, _ = priced(worker, asked, novels)
    assert (authors.rows, with_text.rows) == (5, 100)
    assert sum(whole for whole, _ in authors.pairs) / len(authors.pairs) < 0.5 * (
        sum(whole for whole, _ in with_text.pairs) / len(with_text.pairs)
    )


def test_values_leave_a_name_out(worker: Worker) -> None:
    [each] = priced(worker, fetch("values", "for novel", "text"))
    assert (each.way, each.columns) == ("values", ["text"])
    assert ratio(each) < 0.8


def test_rows_of_an_iterator_are_asked_for_again_too(worker: Worker) -> None:
    assert all(ratio(each) < 0.8 for each in priced(worker, fetch("iterated", "iterator", "text")))


def test_a_fetch_is_known_by_where_it_was_begun_too(worker: Worker) -> None:
    asked = fetch("values", "for novel", "text") | {"place": "", "kind": "values"}
    begun = {"begun": place("values", "Novel.objects")}
    assert [each.failure for each in priced(worker, asked | begun)] == [""]
    [other] = priced(worker, asked | begun | {"kind": "instances"})
    assert other.failure == "not fetched again"


def test_columns_that_are_not_loaded_or_not_to_be_left_out_have_no_result(worker: Worker) -> None:
    assert priced(worker, fetch("plain", "Novel.objects", "id", "no_such")) == []


def test_a_queryset_that_fails_with_fewer_columns_says_so(worker: Worker) -> None:
    by_way = {e.way: e for e in priced(worker, fetch("broken", "Fussy(Novel)", "text"))}
    assert by_way["defer"].failure == "LookupError"
    assert not by_way["values"].failure


def test_a_fetch_that_does_not_come_again_says_so(worker: Worker) -> None:
    asked = fetch("plain", "Novel.objects", "text") | {"place": "novels/views.py:1"}
    assert [each.failure for each in priced(worker, asked)] == ["not fetched again"]


def test_it_is_the_same_in_an_async_handler(database: dict[str, str]) -> None:
    with serving(database, "asgi") as worker:
        by_way = priced(worker, fetch("prefetched", "for author", "author_id", "text"))
    assert [each.columns for each in by_way] == [["text"], ["text"]]
    assert all(ratio(each) < 0.8 for each in by_way)
