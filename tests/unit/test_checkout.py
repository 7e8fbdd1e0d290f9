"""Finding the same project in another checkout of its repository."""

from pathlib import Path

import pytest
from test_project import MANAGE, NOTHING, interpreter, put

from djtune.errors import DjtuneError
from djtune.model.app import App
from djtune.project import find_app, find_checkout


@pytest.fixture
def here(tmp_path: Path) -> Path:
    return checkout(tmp_path / "here")


@pytest.fixture
def there(tmp_path: Path) -> Path:
    return checkout(tmp_path / "there")


def checkout(root: Path) -> Path:
    """A repository with two projects in it, of which neither can be told without its folder."""
    (root / ".git").mkdir(parents=True)
    for project in ("web", "admin"):
        put(root / "services" / project / "manage.py", MANAGE)
    return root


def app_in(root: Path, **options: str) -> App:
    return find_app(root / "services" / "web", environ=NOTHING, **options)


def test_the_project_is_at_the_same_place(here, there):
    found = find_checkout(there, app_in(here), environ=NOTHING)
    assert found.directory == str(there / "services" / "web")
    assert found.settings == "shop.settings"


def test_it_may_be_named_from_here(here, there, monkeypatch):
    monkeypatch.chdir(here / "services")
    found = find_checkout(Path("../../there"), app_in(here), environ=NOTHING)
    assert found.directory == str(there / "services" / "web")


def test_a_folder_of_the_checkout_may_be_named_too(here, there):
    found = find_checkout(there / "services" / "admin", app_in(here), environ=NOTHING)
    assert found.directory == str(there / "services" / "admin")


def test_it_runs_under_its_own_virtualenv_else_under_the_one_here(here, there):
    mine = interpreter(here / ".venv" / "bin" / "python")
    app = app_in(here)
    assert app.python == str(mine)
    assert find_checkout(there, app, environ=NOTHING).python == str(mine)
    own = interpreter(there / "services" / ".venv" / "bin" / "python")
    assert find_checkout(there, app, environ=NOTHING).python == str(own)
    named = interpreter(here / "named" / "bin" / "python")
    assert find_checkout(there, app, python=str(named), environ=NOTHING).python == str(named)


def test_folders_of_the_python_path_are_those_of_the_checkout(here, there, tmp_path):
    shared = tmp_path / "shared"
    for folder in (here / "lib", there / "lib", shared):
        folder.mkdir()
    found = find_checkout(
        there, app_in(here), pythonpath=[str(here / "lib"), str(shared)], environ=NOTHING
    )
    assert found.pythonpath == [str(there / "lib"), str(shared)]


def test_a_checkout_inside_of_this_one_is_another(here):
    inside = checkout(here / "worktrees" / "before")
    found = find_checkout(inside, app_in(here), environ=NOTHING)
    assert found.directory == str(inside / "services" / "web")


def test_what_may_be_reached_is_the_same(here, there):
    app = find_app(
        here / "services" / "web", allowed_hosts=["db.internal"], live_effects=True, environ=NOTHING
    )
    found = find_checkout(there, app, environ=NOTHING)
    assert (found.allowed_hosts, found.live_effects) == (["db.internal"], True)


def test_this_checkout_is_refused(here):
    for folder in (here, here / "services" / "web"):
        with pytest.raises(DjtuneError, match="is not another checkout of the project"):
            find_checkout(folder, app_in(here), environ=NOTHING)


def test_a_folder_without_the_project_is_refused(here, tmp_path):
    (tmp_path / "empty" / ".git").mkdir(parents=True)
    with pytest.raises(DjtuneError, match=r"no manage\.py in"):
        find_checkout(tmp_path / "empty", app_in(here), environ=NOTHING)
