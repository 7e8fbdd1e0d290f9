"""Layouts of what only the user's project can give: pickled values, and a view's objects."""

import pickle
import sys

import pytest
from redis_helpers import server
from worker_helpers import project

from djtune.errors import DjtuneError
from djtune.redis_memory.layouts.reading import read
from djtune.redis_memory.layouts.unpickling import unpickler
from djtune.redis_memory.layouts.viewing import entries_of_view
from djtune.redis_memory.server.connecting import connected
from djtune.workloads.survey import Question


def question(name, *patterns, **options):
    return Question(
        app=project(name, **options),
        workload=None,
        patterns=list(patterns),
        sign_in=None,
        unsafe=False,
        seed=1,
    )


def test_pickled_values_are_loaded_in_the_project(tmp_path):
    """A class of the project's own, which djtune does not know."""
    module = tmp_path / "books.py"
    module.write_text("class Book(dict):\n    pass\n")
    sys.path.insert(0, str(tmp_path))
    try:
        import books

        raw = [pickle.dumps(books.Book(id=number, title="a title")) for number in range(5)]
    finally:
        sys.path.remove(str(tmp_path))
        del sys.modules["books"]
    app = project("awkward", settings="conf", pythonpath=[str(tmp_path)])
    with server() as (url, client):
        for number, each in enumerate(raw):
            client.set(f"book:{number}", each)
        keys = [(0, 0, f"book:{number}".encode()) for number in range(5)]
        with connected(url, []) as visit:
            entries = read(visit, keys, "book:*", unpickler(app))
    assert [entry.value for entry in entries.entries] == [
        {"id": number, "title": "a title"} for number in range(5)
    ]
    assert "books" not in sys.modules


def test_the_objects_of_a_view_are_entries():
    entries = entries_of_view(question("parcels", "array/", settings="parcels.settings"))
    assert entries.source == "GET array/"
    assert len(entries.entries) == 40
    assert set(entries.entries[0].fields) == {"id", "weight", "note", "stops"}
    assert "distinct objects" in entries.notes[0]


def test_a_view_without_json_is_an_error():
    with pytest.raises(DjtuneError, match="JSON"):
        entries_of_view(question("parcels", "page/", settings="parcels.settings"))
