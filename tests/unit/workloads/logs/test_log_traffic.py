"""From lines to counts by route, and from counts to a workload."""

import io
import itertools
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.model.routes import Param, Route
from djtune.reports.terminal import console_for, render_terminal
from djtune.workloads.file import dump, loads
from djtune.workloads.logs.build import Made, build
from djtune.workloads.logs.findings import findings
from djtune.workloads.logs.masks import masked, words_of
from djtune.workloads.logs.present import present
from djtune.workloads.logs.reading import Asked, FileRead, read
from djtune.workloads.logs.result import FromLogResult, RouteInLog
from djtune.workloads.logs.traffic import Traffic

START = datetime(2026, 3, 6, 20, 0, tzinfo=UTC)
PK = Param("pk", "int", recipe={"model": "epg.Show", "field": "pk"})
TOPIC = Param("topic", "slug", reason="the view's model could not be told")
ROUTES = [
    Route("", "home", "web.views.home", "web/views.py", 1, ["GET"]),
    Route("api/epg/", "epg", "epg.views.epg", "epg/views.py", 5, ["GET"]),
    Route("api/shows/<int:pk>/", "show", "epg.views.show", "epg/views.py", 9, ["GET"], [PK]),
    Route("help/<slug:topic>/", "help", "web.views.help", "web/views.py", 9, ["GET"], [TOPIC]),
    Route("api/auth/", "auth", "accounts.views.auth", "accounts/views.py", 5, ["POST"]),
    Route("old/", "old", "web.views.old", "web/views.py", 20, ["GET"]),
    Route("admin/", "admin", "admin.index", "admin.py", 1, ["GET"], left_out="admin"),
]
BY_PATH = {
    "/": "",
    "/api/epg/": "api/epg/",
    "/api/auth/": "api/auth/",
    "/old/": "old/",
    "/admin/": "admin/",
}


def resolve(paths: list[str]) -> Iterable[Sequence[str]]:
    """As the app's URLconf would."""
    for path in paths:
        if path.startswith("/static/"):
            yield "static", ""
        elif path in BY_PATH:
            yield "route", BY_PATH[path]
        elif path.startswith("/api/shows/"):
            yield "route", "api/shows/<int:pk>/"
        elif path.startswith("/help/"):
            yield "route", "help/<slug:topic>/"
        elif path == "/api/epg":
            yield "slash", "api/epg/"
        else:
            yield "unknown", ""


def line(
    path: str = "/api/epg/",
    *,
    method: str = "GET",
    status: int = 200,
    size: int = 100,
    seconds: float = 0.01,
    at: datetime = START,
) -> str:
    stamp = at.strftime("%d/%b/%Y:%H:%M:%S +0000")
    request = f"{method} {path} HTTP/1.1"
    return f'10.0.0.1 - - [{stamp}] "{request}" {status} {size} "-" "curl" {seconds:.6f}'


def made(tmp_path: Path, *lines: str, max_paths: int = 1000, name: str = "access.log") -> Made:
    file = tmp_path / name
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    files: list[FileRead] = []
    traffic = Traffic(resolve, max_paths)
    for batch in read([str(file)], Asked(), files, lambda _: None):
        traffic.add(batch)
    return build(traffic, files, ROUTES, "workload.yaml")


def route_of(result: FromLogResult, name: str) -> RouteInLog:
    (found,) = (one for one in result.routes if f"{one.method} {one.route}" == name)
    return found


def weights(made: Made) -> dict[str, float]:
    return {journey.name: journey.weight for journey in made.workload.journeys}


def test_a_weight_is_the_number_of_requests_that_were_answered(tmp_path: Path) -> None:
    asked = made(
        tmp_path,
        *[line()] * 5,
        *[line(status=304, size=0)] * 2,
        *[line(status=401)] * 3,
        line(status=302),
        line(status=500),
        *[line(f"/api/shows/{n}/?lang=sv") for n in range(4)],
        line("/api/shows/7/", status=404),
    )
    assert weights(asked) == {"GET api/epg/": 7, "GET api/shows/<int:pk>/": 4}
    epg = route_of(asked.result, "GET api/epg/")
    assert epg.observed.statuses == {"200": 5, "302": 1, "304": 2, "401": 3, "500": 1}
    assert (epg.observed.requests, epg.share) == (12, 12 / 17)
    assert route_of(asked.result, "GET api/shows/<int:pk>/").paths == 5


def test_what_was_expected_is_what_was_answered(tmp_path: Path) -> None:
    asked = made(
        tmp_path,
        line(),
        line(status=206),
        line("/old/", status=301),
        line("/", status=302),
        line("/api/shows/1/", status=304),
    )
    expect = {j.steps[0].route: j.steps[0].expect for j in asked.workload.journeys}
    assert expect == {"api/epg/": [200, 206], "old/": [301], "api/shows/<int:pk>/": [200]}
    assert route_of(asked.result, "GET ").why == "was answered with 302 alone"


def test_sizes_and_durations_are_those_of_expected_answers(tmp_path: Path) -> None:
    asked = made(
        tmp_path,
        line(size=100, seconds=0.010),
        line(size=300, seconds=0.030),
        line(size=9999, seconds=9, status=500),
        line(size=0, seconds=9, status=304),
    )
    seen = asked.workload.observed["GET api/epg/"]
    assert (seen.bytes, seen.mean, seen.timed) == (200, 0.02, 2)
    assert seen.p50 == pytest.approx(0.010, rel=0.01)
    assert (seen.p95, seen.p99) == (None, None)


@pytest.mark.parametrize(
    ("n", "told"), [(71, (False, False)), (72, (True, False)), (368, (True, True))]
)
def test_far_quantiles_need_enough_durations(
    tmp_path: Path, n: int, told: tuple[bool, bool]
) -> None:
    seen = made(tmp_path, *[line()] * n).workload.observed["GET api/epg/"]
    assert (seen.p95 is not None, seen.p99 is not None) == told


def test_methods_are_told_apart_and_those_that_write_are_left_to_the_user(tmp_path: Path) -> None:
    asked = made(tmp_path, line(), line(method="HEAD"), *[line("/api/auth/", method="POST")] * 3)
    assert weights(asked) == {"GET api/epg/": 1, "HEAD api/epg/": 1}
    (auth,) = asked.skipped
    assert (auth.method, auth.route, auth.reason) == ("POST", "api/auth/", "may write")
    text = dump(asked.workload, asked.skipped)
    assert "# - name: POST api/auth/\n  #   weight: 3\n" in text
    assert "#       unsafe: false" in text
    assert "#       body: ?" in text
    assert loads(text) == asked.workload


def test_a_form_that_redirects_after_it_was_sent_is_answered(tmp_path: Path) -> None:
    asked = made(
        tmp_path,
        *[line("/api/auth/", method="POST", status=302)] * 2,
        line("/api/auth/", method="POST"),
    )
    (auth,) = asked.skipped
    assert auth.journey is not None
    assert (auth.journey.weight, auth.journey.steps[0].expect) == (3, [200, 302])


def test_a_route_without_a_recipe_is_a_comment_with_its_weight(tmp_path: Path) -> None:
    asked = made(tmp_path, line(), *[line("/help/tv/")] * 2)
    text = dump(asked.workload, asked.skipped)
    assert "# - name: GET help/<slug:topic>/\n  #   weight: 2\n" in text
    assert "#         topic: ?  # the view's model could not be told" in text
    assert route_of(asked.result, "GET help/<slug:topic>/").in_workload == "comment"
    assert "GET help/<slug:topic>/" in loads(text).observed


def test_what_no_journey_is_made_of_is_told_why(tmp_path: Path) -> None:
    result = made(tmp_path, line(), line("/admin/"), line(method="BREW")).result
    assert route_of(result, "GET admin/").why == "left out: admin"
    assert route_of(result, "BREW api/epg/").why == "BREW is a method that is not asked for"


def test_what_is_no_routes_own_is_counted_apart(tmp_path: Path) -> None:
    result = made(
        tmp_path,
        line(),
        *[line("/static/app.js")] * 3,
        *[line("/api/epg", status=301)] * 2,
        line("/wp-login.php", status=404),
        line("/users/1234/alice", status=404),
        line("/users/5678/bob", status=403),
        line().replace("GET /api/epg/ HTTP/1.1", r"\x16\x03\x01"),
    ).result
    others = result.others
    assert (others.static, others.slash, others.unknown, others.malformed) == (3, 2, 3, 1)
    assert [(one.pattern, one.statuses) for one in result.unresolved] == [
        ("/users/0/…", {"403": 1, "404": 1}),
        ("/wp-login.php", {"404": 1}),
    ]
    assert result.requests == 10


def test_paths_beyond_the_bound_are_counted_apart(tmp_path: Path) -> None:
    shows = [line(f"/api/shows/{n}/") for n in range(20)]
    result = made(tmp_path, *shows, *shows, max_paths=10).result
    counted = route_of(result, "GET api/shows/<int:pk>/").observed.requests
    assert (counted + result.others.not_looked_up, counted > 0) == (40, True)


def test_methods_beyond_a_bound_are_counted_together(tmp_path: Path) -> None:
    words = ["".join(letters) for letters in itertools.product("ABCDEFGHIJKL", repeat=3)]
    result = made(tmp_path, line(), *[line(method=word) for word in words]).result
    assert len(result.routes) <= 1001
    assert sum(one.observed.requests for one in result.routes) == 1 + len(words)


def test_paths_are_looked_up_as_they_were_asked_for(tmp_path: Path) -> None:
    escaped = line("/api/epg/").replace("/api/epg/", r"/api\x2Fepg/")
    absolute = line("http://tv.example/api/epg/")
    assert weights(made(tmp_path, line(), escaped, absolute)) == {"GET api/epg/": 3}


def test_the_busiest_hour_is_any_60_minutes_in_a_row(tmp_path: Path) -> None:
    at = [START + timedelta(minutes=30), START + timedelta(minutes=80), START + timedelta(hours=5)]
    asked = made(
        tmp_path,
        *[line(at=at[0])] * 10,
        *[line("/help/tv/", at=at[1])] * 30,
        *[line(at=at[2])] * 20,
    )
    peak = asked.result.peak
    assert peak is not None
    assert (peak.begins, peak.minutes, peak.requests) == ("2026-03-06T20:30+00:00", 60, 40)
    # Half of all answers are the journey's, the others need a recipe.
    assert asked.workload.journeys_per_hour == 20


def test_a_log_shorter_than_an_hour_gives_a_rate(tmp_path: Path) -> None:
    asked = made(tmp_path, *[line(at=START + timedelta(minutes=n)) for n in range(20)])
    assert asked.workload.journeys_per_hour == 60
    assert made(tmp_path, line(), line()).workload.journeys_per_hour is None


def test_where_the_weights_come_from_is_said(tmp_path: Path) -> None:
    asked = made(tmp_path, line(), line(at=START + timedelta(days=1, minutes=5)))
    assert asked.workload.weights_from == (
        "access log access.log, 2 requests, 2026-03-06 20:00–2026-03-07 20:05 UTC"
    )


def test_columns_that_are_missing_are_named_with_the_lines_to_paste(tmp_path: Path) -> None:
    bare = line().rpartition(" ")[0]
    result = made(tmp_path, bare).result
    assert [(one.column, one.detail) for one in result.missing] == [("duration", "")]
    (finding,) = findings(result)
    assert "access_log_format = '" in finding.patch
    assert "log_format djtune '" in finding.patch
    assert made(tmp_path, f"{bare} 12345").result.missing[0].detail.startswith("a column of whole")
    assert made(tmp_path, line()).result.missing == []


def test_routes_that_fail_and_requests_that_lead_nowhere_are_findings(tmp_path: Path) -> None:
    result = made(
        tmp_path,
        *[line()] * 80,
        *[line(status=502)] * 20,
        *[line("/gone", status=404)] * 5,
        *[line("/api/epg", status=301)] * 4,
    ).result
    errors, unresolved, slash = findings(result)
    assert (errors.title, errors.where) == (
        "GET /api/epg/ failed in 20 % of its requests",
        "epg/views.py:5",
    )
    assert (errors.severity, unresolved.severity, slash.severity) == ("high", "medium", "medium")
    assert "20 × 502 of 100 requests" in errors.evidence[0]
    assert slash.evidence[1:] == ["/api/epg/: 4"]
    assert unresolved.evidence == ["/gone: 5 (5 × 404)"]
    assert findings(made(tmp_path, *[line()] * 80).result) == []


def test_paths_of_another_prefix_are_told_with_the_way_out(tmp_path: Path) -> None:
    result = made(tmp_path, line(), *[line("/tv/api/epg/")] * 3).result
    assert "--strip-prefix" in findings(result)[0].remedy


def test_no_path_of_the_log_is_in_the_file_or_the_report(tmp_path: Path) -> None:
    secret = ["/api/shows/987654321/", "/help/alice-liddell/", "/gone/987654321/alice@example.org"]
    asked = made(tmp_path, *[line(path, status=200) for path in secret], line())
    shown = f"{dump(asked.workload, asked.skipped)}{asked.result}{present(asked.result)}"
    assert "987654321" not in shown
    assert "alice" not in shown


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/wp-login.php", "/wp-login.php"),
        ("/api/v2/users/1234/", "/api/v0/…/0/…"),
        ("/api/shows/alice/", "/api/shows/…/"),
        ("/photos/alice.png", "/photos/….png"),
        ("/a@b.se/", "/…/"),
        ("/reset/Mg-cafe0123456789abcdef0123/", "/reset/…/"),
        ("/caf%C3%A9", "/…"),
        ("/", "/"),
        ("", "/"),
    ],
)
def test_a_path_is_shown_by_its_shape(path: str, shape: str) -> None:
    words = words_of(["api/v2/", "api/shows/<int:pk>/", r"^legacy/(\d+)/$"])
    assert masked(path, words) == shape


@given(st.text(max_size=60))
def test_a_shape_holds_no_digit_but_0_and_no_long_word(path: str) -> None:
    shape = masked(path)
    assert not any(sign.isdigit() and sign != "0" for sign in shape)
    assert max(map(len, shape.split("/"))) <= 20
    assert masked(path.replace("/", "%2F")).count("/") == 1


@pytest.mark.parametrize("width", [80, 140])
def test_the_report_fits_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    stream = io.StringIO()
    asked = made(tmp_path, line(), line("/help/tv/"), line("/admin/"), line("/x", status=404), "?")
    render_terminal(present(asked.result, "djtune profile", "why"), console_for(stream))
    text = stream.getvalue()
    assert max(map(len, text.splitlines())) <= width
    assert "not read: 1, the first of them line 5" in " ".join(text.split())


def test_a_recording_counts_each_request_for_those_that_were_not_sampled(tmp_path: Path) -> None:
    header = '{"djtune":"recording","version":1,"recording":"peak","pid":1,"sample":0.25}'
    request = '{"t":1772829015,"m":"GET","r":"api/epg/","s":200,"b":12,"d":0.01,"p":"a","u":""}'
    gone = request.replace("api/epg/", "gone/<int:pk>/")
    lost = request.replace('"api/epg/"', "null").replace("200", "404")
    asked = made(tmp_path, header, request, request, gone, lost, name="peak.jsonl")
    assert weights(asked) == {"GET api/epg/": 8}
    assert asked.workload.observed["GET api/epg/"].timed == 2
    assert route_of(asked.result, "GET gone/<int:pk>/").why == "is no longer in the URLconf"
    assert asked.result.others.unknown == 4
    assert asked.workload.weights_from.startswith("recording peak.jsonl, 16 requests")


def test_distinct_paths_and_users_of_a_recording_are_counted_over_its_files(
    tmp_path: Path,
) -> None:
    header = '{"djtune":"recording","version":1,"recording":"peak","pid":1,"sample":1}'
    request = '{"t":1,"m":"GET","r":"api/epg/","s":200,"b":12,"d":0.01,"p":"%s","u":"%s"}'
    lines = [request % pair for pair in [("a", "x"), ("a", ""), ("b", "x"), ("b", "y")]]
    result = made(tmp_path, header, *lines, header, *lines, name="peak.jsonl").result
    assert (route_of(result, "GET api/epg/").paths, result.users) == (2, 2)
    assert made(tmp_path, line()).result.users is None


def many_lines(n: int, seed: int) -> tuple[list[str], Counter[tuple[str, str, int]]]:
    """Lines in no order, and how many of each there are."""
    draw = random.Random(seed)
    routes = {"/api/epg/": "api/epg/", "/": "", "/api/shows/": "api/shows/<int:pk>/"}
    lines, counts = [], Counter[tuple[str, str, int]]()
    for _ in range(n):
        path = draw.choice(list(routes))
        method, status = draw.choice(["GET", "HEAD"]), draw.choice([200, 304, 404, 500])
        counts[method, routes[path], status] += 1
        full = f"{path}{draw.randrange(3000)}/" if path.endswith("shows/") else path
        lines.append(line(full, method=method, status=status, seconds=draw.random()))
    return lines, counts


@pytest.mark.parametrize(
    "n", [5_000, pytest.param(1_000_000, marks=[pytest.mark.slow, pytest.mark.timeout(300)])]
)
def test_every_request_is_counted_exactly_once(tmp_path: Path, n: int) -> None:
    lines, counts = many_lines(n, seed=1)
    result = made(tmp_path, *lines, max_paths=10_000).result
    found = {
        (one.method, one.route, int(status)): requests
        for one in result.routes
        for status, requests in one.observed.statuses.items()
    }
    assert found == counts
    assert result.requests == n
