"""Budgets in a project's own tests, by a fixture or a mark; docs/pytest.md has examples.

pytest loads this module in every run where djtune is installed, so it imports nothing but pytest:
neither Django nor the rest of djtune, until a test has a budget.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from djtune.pytest_plugin.budgets import Budgets

MARK = "djtune_budget"


class BudgetWarning(UserWarning):
    """A budget that a test's requests say nothing certain about; make it an error to be strict."""


def pytest_configure(config: pytest.Config) -> None:
    """Tell pytest of the mark."""
    config.addinivalue_line(
        "markers",
        f"{MARK}(*budgets): limits on every request that the test makes, for example"
        " 'GET /api/epg*: queries<20'; see also the fixture of that name",
    )


@pytest.fixture
def djtune_budget() -> Callable[..., Budgets]:
    """``with djtune_budget("queries<20") as measured:`` limits the requests of the block."""
    from djtune.pytest_plugin.budgets import Budgets

    return Budgets


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Hold the requests of a marked test to its budgets."""
    marks = list(item.iter_markers(MARK))
    if not marks:
        return (yield)
    texts = [text for mark in marks for text in mark.args]
    if not texts:
        pytest.fail(f"@pytest.mark.{MARK} names no budget", pytrace=False)
    from djtune.pytest_plugin.budgets import Budgets

    with Budgets(*texts, trace=False):
        return (yield)
