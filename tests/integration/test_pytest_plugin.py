"""Budgets in a project's own tests: what they count, when they fail a test, and what they say."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from helpers import PROJECTS

HEAD = """
import pytest
from django.test import AsyncClient, Client, TestCase

pytestmark = pytest.mark.django_db(databases=["default", "other"])

"""

COUNTED = """
def only(measured):
    (request,) = measured.requests
    return request


def test_queries_by_alias(client, djtune_budget):
    with djtune_budget() as measured:
        client.get("/aliases/")
    assert only(measured).queries == {"default": 1, "other": 2}


def test_queries_without_transaction_control_and_without_the_tests_own(client, djtune_budget):
    from django.contrib.auth.models import User

    with djtune_budget() as measured:
        User.objects.count()
        client.get("/queries/7/")
        User.objects.count()
    assert only(measured).queries == {"default": 7}
    assert only(measured).route == "queries/<int:n>/"


@pytest.mark.parametrize(("method", "size"), [("get", 1234), ("head", 0)])
def test_bytes_as_a_server_sends_them(client, djtune_budget, method, size):
    with djtune_budget() as measured:
        getattr(client, method)("/size/1234/")
    assert only(measured).bytes == size
    assert only(measured).gzip < 100


def test_what_caches_are_asked_for(client, djtune_budget):
    with djtune_budget() as measured:
        client.get("/cached/")
    assert (only(measured).cache_calls, only(measured).cache_misses) == (4, 2)


def test_collections(client, djtune_budget):
    with djtune_budget("collections<6") as measured:
        client.get("/collections/5/")
    assert only(measured).collections == 5


def test_streams_to_their_end(client, djtune_budget):
    with djtune_budget() as measured:
        b"".join(client.get("/stream/3/"))
    assert (only(measured).queries, only(measured).bytes) == ({"default": 3}, 30)


def test_a_view_that_asks_another_one(client, djtune_budget):
    with djtune_budget() as measured:
        client.get("/nested/")
    assert only(measured).route == "nested/"
    assert only(measured).queries == {"default": 3}


def test_requests_that_fail(client, djtune_budget):
    client.raise_request_exception = False
    with djtune_budget() as measured:
        client.get("/broken/")
        client.get("/nowhere/")
    broken, nowhere = measured.requests
    assert (broken.status, broken.queries) == (500, {"default": 1})
    assert (nowhere.status, nowhere.route) == (404, "")


def test_blocks_within_blocks(client, djtune_budget):
    with djtune_budget() as outer:
        client.get("/size/1/")
        with djtune_budget() as inner:
            client.get("/size/2/")
    assert [request.bytes for request in outer.requests] == [1, 2]
    assert only(inner).bytes == 2


def test_nothing_is_left_in_place(client, djtune_budget):
    from django.core.handlers.base import BaseHandler
    from django.db.backends.utils import CursorWrapper

    before = (BaseHandler.get_response, CursorWrapper.execute)
    with djtune_budget():
        assert before != (BaseHandler.get_response, CursorWrapper.execute)
    assert before == (BaseHandler.get_response, CursorWrapper.execute)
    with pytest.raises(ZeroDivisionError), djtune_budget("queries<1"):
        client.get("/queries/1/")
        1 / 0
    assert before == (BaseHandler.get_response, CursorWrapper.execute)


def test_rest_framework(djtune_budget):
    from rest_framework.test import APIClient

    with djtune_budget("queries<2") as measured:
        APIClient().get("/api/")
    assert only(measured).queries == {"default": 1}


class TestOfDjango(TestCase):
    @pytest.fixture(autouse=True)
    def _budget(self, djtune_budget):
        self.budget = djtune_budget

    def test_its_client(self):
        with self.budget() as measured:
            self.client.get("/queries/2/")
        assert only(measured).queries == {"default": 2}

    async def test_the_async_client(self):
        with self.budget() as measured:
            await AsyncClient().get("/gathered/5/")
            await AsyncClient().get("/queries/2/")
            async for _ in await AsyncClient().get("/async-stream/3/"):
                pass
        gathered, sync, streamed = measured.requests
        assert (gathered.queries, gathered.cache_misses) == ({"default": 5}, 5)
        assert sync.queries == {"default": 2}
        assert (streamed.queries, streamed.bytes) == ({"default": 3}, 30)
"""

BREACHED = """
def test_block(client, djtune_budget):
    with djtune_budget("queries<3", "GET /size/*: bytes<1kB", "bytes<1MB"):
        client.get("/queries/2/")
        client.get("/queries/9/")
        client.get("/size/2500/")


def test_aliases(client, djtune_budget):
    with djtune_budget("queries<3"):
        client.get("/aliases/")


@pytest.mark.djtune_budget("GET /queries/*: queries<3")
def test_mark(client):
    client.get("/queries/4/")
    client.get("/aliases/")


@pytest.mark.djtune_budget("queries<3")
class TestMarked(TestCase):
    def test_mark(self):
        self.client.get("/queries/5/")

    def test_kept(self):
        self.client.get("/queries/2/")

    def test_own_failure(self):
        self.client.get("/queries/5/")
        assert "the test's own" == "failure"
"""

DOUBTFUL = """
def test_one_request_has_no_percentile(client, djtune_budget):
    with djtune_budget("p95<1us"):
        client.get("/size/1/")


@pytest.mark.djtune_budget("GET /sizes/*: bytes<1kB")
def test_no_request_is_covered(client):
    client.get("/size/1/")


def test_a_stream_is_not_read(client, djtune_budget):
    with djtune_budget("bytes<1kB"):
        client.get("/stream/3/")
"""

TIMED = """
@pytest.mark.parametrize("budget", ["p50<0.001us", "p95<0.001us"])
def test_too_slow(client, djtune_budget, budget):
    with djtune_budget(budget):
        for _ in range(100):
            client.get("/size/1/")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("budget", ["mean<60s", "p50<60s", "p95<60s"])
def test_fast_enough(client, djtune_budget, budget):
    with djtune_budget(budget):
        for _ in range(100):
            client.get("/size/1/")
"""

MISTAKEN = """
def test_metric(djtune_budget):
    djtune_budget("querys<3")


@pytest.mark.djtune_budget("queries")
def test_grammar():
    pass


@pytest.mark.djtune_budget
def test_nothing():
    pass
"""


@dataclass
class Done:
    """What a run of pytest says."""

    output: str

    @property
    def outcomes(self) -> dict[str, str]:
        """Outcome by test, without the file's name."""
        found = re.findall(r"^(PASSED|FAILED|ERROR) test_project.py::(\S+)", self.output, re.M)
        return {name: outcome for outcome, name in found}

    def says(self, *lines: str) -> None:
        pytest.LineMatcher(self.output.splitlines()).fnmatch_lines(list(lines))

    def says_somewhere(self, *lines: str) -> None:
        pytest.LineMatcher(self.output.splitlines()).fnmatch_lines_random(list(lines))


def run(folder: Path, body: str, *arguments: str) -> Done:
    """Run a test file of the project ``measured`` with no more plugins than it asks for."""
    (folder / "test_project.py").write_text(body)
    (folder / "pytest.ini").write_text("[pytest]\nDJANGO_SETTINGS_MODULE = conf.settings\n")
    env = {
        **os.environ,
        "PYTHONPATH": str(PROJECTS / "measured"),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "COLUMNS": "200",
    }
    command = [sys.executable, "-m", "pytest", "-rA", "--strict-markers", "-p", "djtune"]
    done = subprocess.run(
        [*command, *arguments], cwd=folder, env=env, capture_output=True, text=True
    )
    return Done(done.stdout + done.stderr)


def run_with_django(folder: Path, body: str, *arguments: str) -> Done:
    return run(folder, HEAD + body, "-p", "django", "--no-migrations", *arguments)


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> Done:
    """One run of all the tests above."""
    body = COUNTED + BREACHED + DOUBTFUL + TIMED + MISTAKEN
    return run_with_django(tmp_path_factory.mktemp("project"), body)


def names_in(body: str) -> list[str]:
    """Names of a body's test functions and methods."""
    return re.findall(r"def (test_\w+)", body)


@pytest.mark.parametrize("test", names_in(COUNTED))
def test_what_is_counted(done, test):
    """Exact counters, by every client, of what a request does to its last byte."""
    found = [out for name, out in done.outcomes.items() if re.search(rf"\b{test}\b", name)]
    assert found, done.output
    assert set(found) == {"PASSED"}, done.output


def test_a_breached_budget_fails_the_test_and_says_by_what(done):
    names = ("test_block", "test_aliases", "test_mark", "TestMarked::test_mark")
    assert [done.outcomes[name] for name in names] == ["FAILED"] * 4
    done.says(
        '>       with djtune_budget("queries<3", "GET /size/[*]: bytes<1kB", "bytes<1MB"):',
        "E       Failed: GET /queries/<int:n>/: queries<3 is breached: 9",
        'E *9 × SELECT … FROM "auth_user" WHERE "auth_user"."username" = ? *',
        "E       GET /size/<int:n>/: bytes<1kB is breached: 2.50 kB",
        "",
        "*GET /aliases/: queries<3 is breached: 3 (default 1, other 2)",
        "GET /queries/<int:n>/: queries<3 is breached: 4",
        "GET /queries/<int:n>/: queries<3 is breached: 5",
    )


def test_a_kept_budget_says_nothing(done):
    assert done.outcomes["TestMarked::test_kept"] == "PASSED"
    assert "bytes<1MB is breached" not in done.output


def test_a_failure_of_the_tests_own_comes_first(done):
    done.says("FAILED test_project.py::TestMarked::test_own_failure - *the test's own*")


def test_what_cannot_be_told_warns(done):
    assert {done.outcomes[test] for test in names_in(DOUBTFUL)} == {"PASSED"}
    done.says_somewhere(
        "*GET /size/<int:n>/: cannot tell p95<1us: n=0 < 72",
        "*GET /sizes/[*]: bytes<1kB: the test made no request that it covers",
        "*GET /stream/<int:n>/: cannot tell bytes<1kB: the test did not read the streamed body",
    )


def test_what_cannot_be_told_fails_where_warnings_are_errors(tmp_path):
    strict = "error::djtune.pytest_plugin.BudgetWarning"
    done = run_with_django(tmp_path, DOUBTFUL, "-W", strict)
    assert [done.outcomes[test] for test in names_in(DOUBTFUL)] == ["FAILED"] * 3


def test_times_are_judged_where_the_requests_are_enough(done):
    for budget in ("p50<0.001us", "p95<0.001us"):
        assert done.outcomes[f"test_too_slow[{budget}]"] == "FAILED"
        done.says(f"*GET /size/<int:n>/: {budget} is breached: *[[]*[]]")
    for budget in ("mean<60s", "p50<60s", "p95<60s"):
        assert done.outcomes[f"test_fast_enough[{budget}]"] == "PASSED"


def test_what_cannot_be_read_is_said(done):
    assert {done.outcomes[test] for test in names_in(MISTAKEN)} == {"FAILED"}
    done.says_somewhere(
        "*there is no metric 'querys', did you mean 'queries'?*metrics: queries, bytes*",
        "*budget 'queries' cannot be read*",
        "*@pytest.mark.djtune_budget names no budget*",
    )
    assert "DjtuneError" not in done.output
    assert "tuple_iterator" not in done.output


def test_workers_of_xdist_judge_alike(tmp_path):
    pytest.importorskip("xdist")
    body = """
@pytest.mark.parametrize("n", range(8))
def test_queries(client, djtune_budget, n):
    with djtune_budget("queries<4"):
        client.get(f"/queries/{n}/")
"""
    outcomes = run_with_django(tmp_path, body, "-p", "xdist", "-n", "2").outcomes
    assert {name for name, outcome in outcomes.items() if outcome == "PASSED"} == {
        f"test_queries[{n}]" for n in range(4)
    }
    assert len(outcomes) == 8


def test_a_project_without_django_pays_nothing(tmp_path):
    body = """
import sys

def test_light():
    assert "djtune.pytest_plugin" in sys.modules
    assert {"django", "msgspec", "djtune.agent", "djtune.model"} & set(sys.modules) == set()


def test_asked_all_the_same(djtune_budget):
    with djtune_budget("queries<3"):
        pass
"""
    done = run(tmp_path, body)
    assert done.outcomes == {"test_light": "PASSED", "test_asked_all_the_same": "FAILED"}
    done.says("*djtune_budget needs Django: *")


def test_pytest_finds_the_plugin_and_explains_its_mark():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--markers"], capture_output=True, text=True
    )
    assert "@pytest.mark.djtune_budget(*budgets): limits" in done.stdout
