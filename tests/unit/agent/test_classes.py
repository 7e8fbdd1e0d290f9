"""Where classes stand: the statement that made them, not another one of the same name."""

import sys
import types
from pathlib import Path

import pytest

from djtune.agent import classes, views

SOURCE = """\
def mark(cls):
    return cls


ASYNCHRONOUS = {asynchronous}

if ASYNCHRONOUS:

    class View:
        async def get(self):
            return 1

else:

    class View:
        async_only = False

        def get(self):
            return 2


@mark
class Marked:
    name = "x"

    class Inner:
        size: int = 1

    class Meta:
        fields = ["one", "two"]


def factory():
    class Made:
        colour = 1

    return Made
"""


def module(folder: Path, name: str, **given: object) -> types.ModuleType:
    path = folder / f"{name}.py"
    path.write_text(SOURCE.format(**given))
    made = types.ModuleType(name)
    made.__file__ = str(path)
    sys.modules[name] = made
    exec(compile(path.read_text(), str(path), "exec"), vars(made))
    return made


def text(folder: Path, name: str, line: int) -> str:
    return (folder / f"{name}.py").read_text().splitlines()[line - 1].strip()


@pytest.mark.parametrize("asynchronous", [True, False])
def test_of_two_of_one_name_the_one_that_was_made(tmp_path: Path, asynchronous: bool) -> None:
    name = f"two_views_{asynchronous}".lower()
    view = module(tmp_path, name, asynchronous=asynchronous).View
    found = classes.definition_of(view)
    assert found is not None
    assert text(tmp_path, name, found.names["get"]) == (
        "async def get(self):" if asynchronous else "def get(self):"
    )
    assert ("async_only" in found.names) is not asynchronous
    assert views.location_of(views.View(view, view)) == (found.file, found.line)


def test_what_a_body_declares_and_its_meta_lists(tmp_path: Path) -> None:
    made = module(tmp_path, "declared_things", asynchronous=False)
    found = classes.definition_of(made.Marked)
    assert found is not None
    assert text(tmp_path, "declared_things", found.line) == "@mark"
    assert text(tmp_path, "declared_things", found.names["name"]).startswith("name =")
    assert text(tmp_path, "declared_things", found.listed["two"]).startswith("fields =")
    inner = classes.definition_of(made.Marked.Inner)
    assert inner is not None
    assert text(tmp_path, "declared_things", inner.names["size"]).startswith("size:")


def test_a_class_made_by_a_function(tmp_path: Path) -> None:
    found = classes.definition_of(module(tmp_path, "factories", asynchronous=False).factory())
    assert found is not None
    assert text(tmp_path, "factories", found.line) == "class Made:"


def test_a_class_without_source_has_none() -> None:
    assert classes.definition_of(type("Made", (), {})) is None
    assert classes.definition_of(int) is None


def test_an_app_that_is_installed_as_a_whole_is_the_apps_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "site-packages" / "site"
    root.mkdir(parents=True)
    monkeypatch.chdir(root)
    assert not views.is_installed(str(root / "shop" / "views.py"))
    assert views.shortened(str(root / "shop" / "views.py")) == "shop/views.py"
    other = tmp_path / "site-packages" / "django" / "views.py"
    assert views.is_installed(str(other))
    assert views.shortened(str(other)) == "django/views.py"
    inside = root / ".venv" / "lib" / "site-packages" / "django" / "views.py"
    assert views.is_installed(str(inside))
