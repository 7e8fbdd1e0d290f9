"""Places in an app, read off the stack: the innermost first, each once, lines looked up later."""

import contextvars
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from django.utils.functional import LazyObject

from djtune.agent import callsites
from djtune.agent.callsites import OUTER, Trail, nearest, resolved, trail

INSTALLED = {
    *("_pytest", "pluggy", "pytest", "hypothesis", "pytest_timeout.py"),
    *("xdist", "execnet"),
}


def here() -> Trail:
    return trail(sys._getframe(1))


def called() -> Trail:
    return here()


def deep(levels: int) -> Trail:
    return deep(levels - 1) if levels else here()


def named(found: Trail) -> list[str]:
    return [place["what"].rpartition(".")[2] for place in resolved(found)]


def test_the_innermost_place_comes_first() -> None:
    assert named(called())[:2] == ["called", "test_the_innermost_place_comes_first"]


def test_a_place_is_a_file_and_the_line_that_runs() -> None:
    found = called()
    place = resolved(found)[1]
    line = next(
        number
        for number, text in enumerate(Path(__file__).read_text().splitlines(), start=1)
        if "place_is_a_file_and" in text and text.startswith("def")
    )
    assert place["where"].endswith(f"test_callsites.py:{line + 1}")
    assert place["kind"] == "python"


def test_two_calls_of_one_line_are_two_trails_and_one_place() -> None:
    one, other = called(), called()
    assert one != other
    assert resolved(one) == resolved(other)


def test_lines_of_one_function_are_places_of_their_own() -> None:
    one = called()
    other = called()
    assert resolved(one) != resolved(other)


def test_recursion_is_one_place_however_deep() -> None:
    assert resolved(deep(3)) == resolved(deep(30))


def test_the_standard_library_is_no_place() -> None:
    found: list[Trail] = []
    contextvars.copy_context().run(lambda: found.append(called()))
    threads = [threading.Thread(target=lambda: found.append(called())) for _ in range(2)]
    for thread in threads:
        thread.start()
        thread.join()
    files = {place["where"] for each in found for place in resolved(each)}
    assert files
    assert [
        f for f in files if "test_callsites" not in f and f.partition("/")[0] not in INSTALLED
    ] == []


def test_a_thread_goes_on_where_it_was_set_off() -> None:
    found: list[Trail] = []
    outer = called()

    def work() -> None:
        OUTER.set(outer)
        found.append(here())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    names = named(found[0])
    assert names[0] == "work"
    assert names[-len(named(outer)) :] == named(outer)


def test_the_nearest_place_passes_over_methods_of_given_classes() -> None:
    class Manager:
        def get_queryset(self) -> Trail:
            return nearest(sys._getframe(0), but=(Manager,))

    assert named(Manager().get_queryset()) == [
        "test_the_nearest_place_passes_over_methods_of_given_classes"
    ]


def test_a_line_of_a_jinja_template(tmp_path: Path) -> None:
    jinja2 = pytest.importorskip("jinja2")
    source = "one\n{% for x in rows %}\n  {{ look() }}\n{% endfor %}"
    (tmp_path / "front.html").write_text(source)
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(tmp_path))
    found: list[Trail] = []
    template = environment.get_template("front.html")
    template.render(rows=[1], look=lambda: found.append(here()) or "")
    templates = [place for place in resolved(found[0]) if place["kind"] == "template"]
    assert [place["where"] for place in templates] == [f"{tmp_path / 'front.html'}:3"]


class Declared:
    title: str = "plain"
    rows = [
        1,
    ]

    class Meta:
        fields = [
            "one",
            "two",
        ]

    def get_title(self) -> str:
        return self.title


class Inherited(Declared):
    pass


@pytest.mark.parametrize(
    ("cls", "name", "text"),
    [
        (Declared, "title", "    title: str"),
        (Declared, "rows", "    rows = ["),
        (Declared, "get_title", "    def get_title"),
        (Declared, "two", '            "two",'),
        (Inherited, "rows", "    rows = ["),
        (Declared, "unknown", "class Declared"),
    ],
)
def test_where_an_attribute_is_declared(cls: type, name: str, text: str) -> None:
    file, _, line = callsites.declared_at(cls, name).rpartition(":")
    assert file.endswith("test_callsites.py")
    assert Path(__file__).read_text().splitlines()[int(line) - 1].startswith(text)


def test_a_class_without_source_has_its_module() -> None:
    made: Any = type("Made", (), {"__module__": "nowhere"})
    assert callsites.declared_at(made, "x") == "nowhere:0"


class Lazy(LazyObject):
    """Asks for what it stands for in a method of its own, as Django's lazy objects do."""

    def _setup(self) -> None:
        self.__dict__["place"] = nearest(sys._getframe(), but=(dict,))
        self._wrapped = "set up"


def test_a_lazy_object_is_not_set_up_by_being_looked_at() -> None:
    lazy = Lazy()
    assert str(lazy) == "set up"
    (place,) = resolved(lazy.__dict__["place"])
    assert place["what"] == "Lazy._setup"
