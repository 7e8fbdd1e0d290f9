"""From the stacks of a running server to its result and report."""

import io
from functools import partial

import msgspec
import pytest
from live_stacks import ENTRIES, HANDLER, IDLE, IN_LOOP, IN_VIEW, PACKAGES, STDLIB, own, recorded

from djtune.errors import DjtuneError, ExitCode
from djtune.profiling.live.assemble import assemble, require_requests, shortened
from djtune.profiling.live.flames import draw
from djtune.profiling.live.present import present
from djtune.reports.github import render_summary
from djtune.reports.html import render_html
from djtune.reports.json import render_json
from djtune.reports.terminal import console_for, render_terminal


@pytest.fixture(params=[80, 140])
def shown(request, monkeypatch):
    """A report as terminals of two widths show it, none of whose lines is too long."""

    def show(report):
        monkeypatch.setenv("COLUMNS", str(request.param))
        stream = io.StringIO()
        render_terminal(report, console_for(stream))
        assert max(map(len, stream.getvalue().splitlines())) <= request.param
        return " ".join(stream.getvalue().split())

    return show


LISTING = (*IN_VIEW, own("listing", line=7))
QUERY = (*LISTING, f"QuerySet.__iter__ ({PACKAGES}/django/db/models/query.py:384)")
PAGE = (*IN_VIEW, own("Page.get"), own("Page.work", line=20))


@pytest.fixture
def result():
    return assemble(recorded({LISTING: 10, QUERY: 30, IDLE: 50}, {PAGE: 40, HANDLER: 20}))


def test_every_sample_is_counted_once(result):
    assert result.samples == sum(view.samples for view in result.views) == 100
    assert result.outside == 50
    assert sum(process.samples for process in result.processes) == 150


def test_shares_are_of_the_samples_inside_requests(result):
    shares = {view.view: view.share.value for view in result.views}
    assert shares == {
        "listing": 0.4,
        "Page.get": 0.4,
        "middleware and Django's own handling": 0.2,
    }


def test_self_time_is_the_function_that_ran_and_lines_are_the_applications(result):
    listing = next(view for view in result.views if view.view == "listing")
    assert [(hot.name, hot.where, hot.samples) for hot in listing.functions] == [
        ("QuerySet.__iter__", "django/db/models/query.py", 30),
        ("listing", "goods/views.py", 10),
    ]
    assert [(hot.where, hot.share) for hot in listing.lines] == [("goods/views.py:7", 1.0)]


def test_a_view_is_shown_at_its_definition(result):
    assert result.views[0].where == "goods/views.py:3"


def test_requests_in_progress_and_cpu_are_by_the_time_recorded(result):
    (process,) = result.processes
    assert process.requests == pytest.approx(100 / (2 * 50))
    assert process.cpu == pytest.approx(0.5)


def test_what_threads_without_a_request_did_is_named(result):
    (idle,) = result.outside_functions
    assert (idle.name, idle.where) == ("EpollSelector.select", "selectors.py")


def test_a_recording_without_a_request_is_an_error():
    with pytest.raises(DjtuneError, match=r"no request was seen.*EpollSelector.select") as raised:
        require_requests(assemble(recorded({IDLE: 50})))
    assert raised.value.exit_code == ExitCode.INCOMPLETE


def test_a_recording_with_requests_is_none(result):
    require_requests(result)


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (f"Hub.run ({PACKAGES}/gevent/hub.py:647)", "greenlets"),
        (IN_LOOP[2], "event loop"),
    ],
)
def test_what_is_on_no_stack_is_said(frame, said):
    result = assemble(recorded({(frame, *LISTING): 10}))
    assert any(said in warning for warning in result.warnings)


def test_a_sampler_that_failed_or_was_late_is_said():
    late = recorded({LISTING: 10})
    late.windows[0].recording.errors = 5
    late.windows[0].recording.behind = 1.5
    assert [warning[:2] for warning in assemble(late).warnings] == ["5 ", "th"]


def test_a_steady_recording_warns_of_nothing(result):
    assert result.warnings == []


def test_the_result_survives_json(result):
    assert msgspec.json.decode(render_json(result), type=type(result)) == result


def test_the_report_names_routes_functions_and_lines(result, shown):
    text = shown(present(result, "djtune profile /goods/", "because"))
    for part in ("/goods/", "listing", "QuerySet.__iter__", "goods/views.py:7", "40.0 %"):
        assert part in text
    assert "djtune profile /goods/" in text


def test_the_report_says_where_it_does_not_know_the_routes(shown):
    unknown = recorded({LISTING: 10})
    unknown.entries, unknown.routes_known = [], False
    assert "not loaded" in shown(present(assemble(unknown)))


@pytest.mark.parametrize("render", [render_summary, partial(render_html, version="1")])
def test_every_renderer_shows_it(result, render):
    text = render(present(result))
    assert "goods/views.py:7" in text
    assert "QuerySet" in text


def test_graphs_hold_every_sample_of_a_request():
    flames = draw(recorded({LISTING: 10, QUERY: 30, IDLE: 50}, {PAGE: 40}))
    merged, *single = flames.inline
    assert merged.frames[0].value == sum(graph.frames[0].value for graph in single) == 80
    assert set(flames.pages) == {"all.html", *(graph.file for graph in single)}


def test_lines_of_one_function_are_one_box():
    twice = {(*IN_VIEW, own("listing", line=line)): 10 for line in (7, 8)}
    _, graph = draw(recorded(twice)).inline
    assert [frame.value for frame in graph.frames] == [20, 20]


@pytest.mark.parametrize(
    ("file", "shown"),
    [
        (f"{PACKAGES}/django/http/request.py", "django/http/request.py"),
        (f"{STDLIB}/json/decoder.py", "json/decoder.py"),
        ("/srv/shop/goods/views.py", "goods/views.py"),
        ("/opt/elsewhere.py", "/opt/elsewhere.py"),
        ("<frozen runpy>", "<frozen runpy>"),
        ("", ""),
    ],
)
def test_paths_are_shown_from_where_they_are_known(file, shown):
    assert shortened(file, ["/srv/shop"]) == shown


def test_routes_have_different_views():
    assert len({(entry.route, entry.view) for entry in ENTRIES}) == len(ENTRIES)
