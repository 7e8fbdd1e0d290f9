"""The code to paste, as text; ``test_snippet_pasted.py`` runs it."""

import ast
from typing import Any

import pytest

from djtune.garbage.snippet import GUNICORN, READY, _guard, snippets
from djtune.model.policy import parse


def test_a_policy_that_changes_nothing_needs_no_code() -> None:
    assert snippets(parse("default"), "3.13.0") == {}


def test_one_line_says_what_was_measured() -> None:
    for code in snippets(parse("10000,10,10"), "3.13.0", "GC 23 %\n  to 12 % of CPU").values():
        said = [line.strip() for line in code.splitlines() if "djtune" in line]
        assert said == ["# djtune on CPython 3.13.0: GC 23 % to 12 % of CPU"]


@pytest.mark.parametrize("policy", ["10000,100,100", "freeze", "freeze+5000,5,2", "disable"])
@pytest.mark.parametrize("in_parent", [False, True])
def test_it_fits_on_a_page_and_imports_what_it_uses_alone(policy: str, in_parent: bool) -> None:
    for code in snippets(parse(policy), "3.14.10", freeze_in_parent=in_parent).values():
        assert max(map(len, code.splitlines())) <= 100
        tree = ast.parse(code)
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        imported = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        assert imported == names & {*imported, "gc", "sys", "sysconfig", "settings"}


def test_freezing_in_the_parent_takes_preloading() -> None:
    code = snippets(parse("default"), "3.13.0", freeze_in_parent=True)
    assert "preload_app = True" in code[GUNICORN]
    assert "def when_ready(server):" in code[GUNICORN]
    code = snippets(parse("freeze"), "3.13.0")
    assert "preload_app" not in code[GUNICORN]
    assert "def post_worker_init(worker):" in code[GUNICORN]


def test_the_app_is_named() -> None:
    code = snippets(parse("disable"), "3.12.1", app="shop.stock_room")[READY]
    assert code.startswith("# shop/stock_room/apps.py\n")
    assert 'class StockRoomConfig(AppConfig):\n    name = "shop.stock_room"' in code


@pytest.mark.parametrize(
    ("python", "holds", "fails"),
    [
        ("3.11.7", [(3, 11, 0), (3, 11, 20)], [(3, 10, 13), (3, 12, 0)]),
        ("3.13.0", [(3, 13, 0), (3, 13, 18)], [(3, 12, 9), (3, 14, 0)]),
        ("3.14.2", [(3, 14, 0), (3, 14, 4)], [(3, 13, 9), (3, 14, 5), (3, 15, 0)]),
        ("3.14.10", [(3, 14, 5), (3, 14, 11)], [(3, 14, 4), (3, 15, 0)]),
        ("3.15.0b2", [(3, 15, 0)], [(3, 14, 9), (3, 16, 0)]),
    ],
)
def test_thresholds_are_set_where_the_collector_is_the_one_measured(
    python: str, holds: list[tuple[int, ...]], fails: list[tuple[int, ...]]
) -> None:
    class Sys:
        version_info: tuple[int, ...] = ()

    class Config:
        free_threaded = 0

        def get_config_var(self, _: str) -> int:
            return self.free_threaded

    def is_set(free_threaded: bool) -> bool:
        """Run the guard in a made-up Python."""
        lines = [*_guard(python, free_threaded), "    done = True"]
        names: dict[str, Any] = {"sys": Sys, "sysconfig": Config()}
        exec("\n".join(lines), names)
        return "done" in names

    for version in [*holds, *fails]:
        Sys.version_info = version
        assert is_set(free_threaded=False) == (version in holds)
    Sys.version_info = holds[0]
    Config.free_threaded = 1
    assert is_set(free_threaded=True)
    assert is_set(free_threaded=False) == (holds[0] < (3, 13))
