"""Settings that a variant has other than the project."""

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from django.conf import global_settings
from hypothesis import given
from hypothesis import strategies as st

from djtune.agent.errors import AgentError
from djtune.agent.overriding import changed, override

keys = st.text("abc", min_size=1, max_size=2)
nested = st.recursive(
    st.integers(), lambda deeper: st.dictionaries(keys, deeper, max_size=3), max_leaves=8
)


@pytest.fixture
def project() -> Iterator[ModuleType]:
    module = ModuleType("project_of_this_test")
    module.PAGES = {"list": {"size": 10, "order": "name"}, "detail": {}}  # type: ignore[attr-defined]
    sys.modules[module.__name__] = module
    yield module
    del sys.modules[module.__name__]


def overridden(project: ModuleType, **overrides: Any) -> Any:
    override(project.__name__, overrides)
    return project


def test_a_setting_is_replaced_whether_the_project_has_it_or_not(project: ModuleType) -> None:
    settings = overridden(project, PAGES=1, DEBUG=True, ITS_OWN=[2])
    assert (settings.PAGES, settings.DEBUG, settings.ITS_OWN) == (1, True, [2])


def test_a_dotted_name_reaches_into_dicts(project: ModuleType) -> None:
    settings = overridden(project, **{"PAGES.list.size": 20, "PAGES.list.most": 100})
    assert settings.PAGES == {"list": {"size": 20, "order": "name", "most": 100}, "detail": {}}


def test_djangos_own_defaults_are_copied_first(project: ModuleType) -> None:
    before = dict(global_settings.CACHES["default"])
    settings = overridden(project, **{"CACHES.default.TIMEOUT": 5})
    assert {"default": {**before, "TIMEOUT": 5}} == settings.CACHES
    assert {"default": before} == global_settings.CACHES


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("PAGES.lists.size", "have no dict PAGES.lists"),
        ("PAGES.list.size.most", "have no dict PAGES.list.size"),
        ("REST_FRAMEWORK.PAGE_SIZE", "have no dict REST_FRAMEWORK"),
        ("pages.list", "no setting 'pages'"),
        ("", "no setting ''"),
    ],
)
def test_a_name_that_fits_nowhere(project: ModuleType, path: str, says: str) -> None:
    with pytest.raises(AgentError, match=says):
        overridden(project, **{path: 1})


@given(st.dictionaries(keys, nested), st.lists(keys, min_size=1, max_size=3))
def test_only_what_the_name_leads_to_is_changed(before: dict[str, Any], way: list[str]) -> None:
    path, untouched = ".".join(["A", *way]), repr(before)
    try:
        after = changed(before, path, 1, "new")
    except AgentError:
        return
    finally:
        assert repr(before) == untouched
    for key in way:
        assert {k: v for k, v in after.items() if k != key} == {
            k: v for k, v in before.items() if k != key
        }
        before, after = before.get(key), after[key]
    assert after == "new"
