"""Rows that querysets bring are known for as long as their request lasts."""

import weakref
from types import SimpleNamespace
from typing import Any

from djtune.agent.origins import Origin
from djtune.agent.study import Group, Recorder


class Row:
    pass


def test_rows_end_with_their_request_though_a_query_was_made_for_them() -> None:
    recorder = Recorder()
    recorder.start_step(0)
    queryset = SimpleNamespace(query=None, _result_cache=None)

    def fetch_all(queryset: Any) -> None:
        queryset._result_cache = [Row()]

    recorder.fetched(fetch_all, queryset)
    row = weakref.ref(queryset._result_cache[0])
    fetch = recorder._last_of((Row,))
    group = Group(0, "default", "SELECT 1", (), Origin("forward"), fetch)
    del queryset
    assert row() is not None
    recorder.start_step(0)
    assert row() is None
    assert group.loaded_by is fetch


def test_what_a_statement_writes_is_not_kept() -> None:
    recorder = Recorder()
    recorder.start_step(0)
    for sql in ("INSERT INTO t VALUES (%s)", "\n  SELECT a FROM t WHERE b = %s"):
        ask(recorder, sql, ["much text"])
    written, read = (group for group, _ in recorder.served.asked)
    assert (written.params, read.params) == (None, ["much text"])


def ask(recorder: Recorder, sql: str, params: list[str]) -> None:
    """As a cursor does, which is some frames further in."""

    def execute() -> None:
        (lambda: recorder.note_query("default", sql, params))()

    execute()
