"""Holds a block's requests to budgets, and says which are breached, by how much and by what."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack

import pytest
from msgspec.structs import replace

from djtune.errors import DjtuneError
from djtune.model.budget import Budget, Verdict, judge, parse
from djtune.pytest_plugin import BudgetWarning
from djtune.pytest_plugin.figures import METRICS, by_route, metrics, worst
from djtune.pytest_plugin.requests import Request, watched
from djtune.reports.format import count, duration, interval, size

FORMATTERS = {"time": duration, "bytes": size, "count": count}
MOST_STATEMENTS = 5
WIDTH = 120


class Budgets(AbstractContextManager["Budgets"]):
    """Limits on every request made while the block lasts; ``requests`` has what each one did.

    The block fails the test where a limit is breached, and warns (:class:`BudgetWarning`) where
    the requests do not tell. ``trace`` shows the place in the test.
    """

    def __init__(self, *texts: str, trace: bool = True) -> None:
        __tracebackhide__ = True
        self._budgets = list(map(_read, texts))  # a comprehension would be a frame to be seen
        self._trace = trace
        self._stack = ExitStack()
        self.requests: list[Request] = []

    def __enter__(self) -> Budgets:
        __tracebackhide__ = True
        _require_django()
        fresh_heap = any(budget.metric == "collections" for budget in self._budgets)
        self.requests = self._stack.enter_context(watched(fresh_heap=fresh_heap))
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        __tracebackhide__ = True
        self._stack.close()
        if kind is None:
            self._judge()

    def _judge(self) -> None:
        __tracebackhide__ = True
        figures = metrics(self.requests)
        judged = [(each, verdict) for each in self._budgets for verdict in judge(each, figures)]
        for _, verdict in judged:
            if verdict.outcome == "can't tell":
                warnings.warn(BudgetWarning(_doubt(verdict)), stacklevel=3)
        breached = [(each, verdict) for each, verdict in judged if verdict.outcome == "breached"]
        if breached:
            pytest.fail(describe(breached, self.requests), pytrace=self._trace)


def _read(text: str) -> Budget:
    __tracebackhide__ = True
    try:
        return parse(text, METRICS)
    except DjtuneError as error:
        said = f"{error.message} ({error.hint})" if error.hint else error.message
    pytest.fail(said)  # here, for within the handler pytest would show the cause's traceback too


def _require_django() -> None:
    __tracebackhide__ = True
    from django.apps import apps

    if not apps.ready:
        pytest.fail("djtune_budget needs Django: let pytest-django set it up, or django.setup()")


def describe(breached: Sequence[tuple[Budget, Verdict]], requests: Sequence[Request]) -> str:
    """A line for each breach, and what is behind it."""
    routes = by_route(requests)
    lines = []
    for budget, verdict in breached:
        limit = replace(budget, method="*", route="*")
        lines.append(f"{_name(verdict.route)}: {limit} is breached: {_figure(verdict)}")
        if budget.metric == "queries":
            request = worst(routes[verdict.route], "queries")
            lines[-1] += _where(request.queries)
            lines += [f"    {line}" for line in statements(request)]
    return "\n".join(lines)


def _name(route: str) -> str:
    """``GET /api/epg/``; a request that no route took has none."""
    method, _, path = route.partition(" ")
    return f"{method} /{path.lstrip('^')}" if path else f"{method} (no route)"


def _figure(verdict: Verdict) -> str:
    fmt = FORMATTERS[verdict.kind]
    shown = fmt(verdict.value)
    if verdict.low is None or verdict.high is None:
        return shown
    return f"{shown} {interval(verdict.low, verdict.high, fmt, verdict.value)}"


def _where(queries: dict[str, int]) -> str:
    """``(default 137, replica 2)``, where there is something to tell."""
    if not queries or set(queries) == {"default"}:
        return ""
    return f" ({', '.join(f'{alias} {number}' for alias, number in sorted(queries.items()))})"


def statements(request: Request) -> list[str]:
    """The statements that were made more than once, the most frequent first."""
    from django.db import connections

    from djtune.agent.fingerprints import fingerprint

    made: Counter[tuple[str, str]] = Counter()
    for (alias, sql), times in request.statements.items():
        made[alias, fingerprint(sql, mysql=connections[alias].vendor == "mysql")] += times
    return [
        f"{times} × {_shortened(text)}" + ("" if alias == "default" else f" (on {alias})")
        for (alias, text), times in made.most_common(MOST_STATEMENTS)
        if times > 1
    ]


def _shortened(text: str) -> str:
    """Without the columns, which say less than the tables and the conditions."""
    text = re.sub(r"^SELECT .*? FROM ", "SELECT … FROM ", text)
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"


def _doubt(verdict: Verdict) -> str:
    if not verdict.route:
        return f"{verdict.budget}: the test made no request that it covers"
    figure = f" at {_figure(verdict)}" if verdict.value is not None else ""
    return f"{_name(verdict.route)}: cannot tell {verdict.budget}{figure}: {verdict.reason}"
