"""What is left out of a run, and what is said of it."""

from typing import Any

import pytest
from made_up import workload

from djtune.model.routes import Route
from djtune.workloads.unmeasured import explain, unmeasured_routes, unsafe_steps


class TestUnsafeMethods:
    def test_are_left_out_unless_asked_for(self) -> None:
        asked = workload((1, ["a/", "b/", "c/"]))
        asked.journeys[0].steps[0].method = "POST"
        asked.journeys[0].steps[1].method = "HEAD"
        assert list(unsafe_steps(asked, allowed=False, unproven={})) == [0]
        assert unsafe_steps(asked, allowed=True, unproven={}) == {}

    def test_may_be_allowed_step_by_step(self) -> None:
        asked = workload((1, ["a/"]))
        asked.journeys[0].steps[0].method = "DELETE"
        asked.journeys[0].steps[0].unsafe = True
        assert unsafe_steps(asked, allowed=False, unproven={}) == {}

    def test_are_never_made_where_a_rollback_is_not_proven(self) -> None:
        asked = workload((1, ["a/"]))
        asked.journeys[0].steps[0].method = "POST"
        reasons = unsafe_steps(asked, allowed=True, unproven={"archive": "it is MyISAM"})
        assert reasons == {0: "a rollback on 'archive' could not be proven: it is MyISAM"}


def entry(kind: str, status: int, **given: Any) -> dict[str, Any]:
    return {"step": 0, "class": kind, "status": status, "hosts": [], "failure": ""} | given


@pytest.mark.parametrize(
    ("seen", "signed_in", "said"),
    [
        (entry("login", 302), False, "a signed-in user (302): pass --as USER"),
        (entry("login", 403), True, "another user: this one may not (403)"),
        (entry("throttled", 429), False, "its throttle lifted (429)"),
        (entry("redirect", 301), False, "the route that it redirects to (301)"),
        (
            entry("refused", 500, hosts=["api.example.com"]),
            False,
            "api.example.com: pass --allow-host api.example.com if it may be reached",
        ),
        (
            entry("error", 500, failure="KeyError at a.py:3"),
            False,
            "a repair (500, KeyError at a.py:3)",
        ),
        (entry("error", 500), False, "a repair (500)"),
        (entry("error", 0, failure="no token was captured"), False, "no token was captured"),
    ],
)
def test_what_a_route_needs_is_said(seen: dict[str, Any], signed_in: bool, said: str) -> None:
    assert explain(seen, signed_in) == said


def test_a_route_that_is_left_out_is_named_once_with_its_place() -> None:
    asked = workload((1, ["a/", "a/"]))
    classes = [entry("login", 302), entry("login", 302, step=1)]
    known = {"a/": Route("a/", "", "app.views.a", "app/views.py", 7, ["GET"])}
    (only,) = unmeasured_routes(asked, classes, {}, known, False)
    assert (only.method, only.route, only.why, only.where) == (
        "GET",
        "a/",
        "login",
        "app/views.py:7",
    )


def test_a_request_that_the_app_refuses_needs_other_parameters() -> None:
    (only,) = unmeasured_routes(workload((1, ["a/"])), [entry("error", 400)], {}, {}, False)
    assert only.why == "missing"
