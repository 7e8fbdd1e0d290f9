"""What production's log says, beside what was measured."""

from fabricated import MACHINE, gathered, sample, trial
from made_up import workload

from djtune.model.workload import Observed
from djtune.profiling.assemble import assemble
from djtune.profiling.present import present
from djtune.profiling.result import ProfileResult
from djtune.reports.blocks import Report, Table

SEEN = Observed(
    requests=1000,
    statuses={"200": 900, "304": 60, "404": 30, "502": 10},
    bytes=2048.0,
    timed=900,
    mean=0.040,
    p50=0.030,
    p95=0.090,
)


def profile(observed: dict[str, Observed]) -> ProfileResult:
    """Two routes, each of 10 ms."""
    asked = workload((3, ["api/epg/"]), (1, ["web/"]), observed=observed)
    trials = [trial(*[sample(step) for step in (0, 1) for _ in range(80)]) for _ in range(3)]
    return assemble(gathered(asked, *trials), MACHINE, bandwidth=1e7)


def in_production(report: Report) -> dict[str, dict[str, str]]:
    """Route → column → text of the table under that heading."""
    tables = [block for block in report.blocks if isinstance(block, Table)]
    found = [t for t in tables if any(column.title == "ratio" for column in t.columns)]
    return {
        row[0].text: {column.title: cell.text for column, cell in zip(t.columns, row, strict=True)}
        for t in found
        for row in t.rows
    }


def test_what_the_log_says_of_a_route_is_beside_what_was_measured() -> None:
    result = profile({"GET api/epg/": SEEN})
    assert {route.route: route.observed for route in result.routes} == {
        "api/epg/": SEEN,
        "web/": None,
    }
    rows = in_production(present(result))
    assert list(rows) == ["GET /api/epg/"]
    row = rows["GET /api/epg/"]
    assert (row["mean seen"], row["mean measured"], row["ratio"]) == ("40.0 ms", "10.0 ms", "4.00×")
    assert (row["4xx"], row["5xx"], row["other answers"]) == ("3.0 %", "1.0 %", "60 × 304")
    assert (row["requests"], row["share"], row["n seen"]) == ("1,000", "100 %", "900")


def test_a_log_without_durations_gives_no_ratio() -> None:
    result = profile({"GET api/epg/": Observed(requests=10), "GET web/": SEEN})
    rows = in_production(present(result))
    assert (rows["GET /api/epg/"]["mean seen"], rows["GET /api/epg/"]["ratio"]) == ("n/a", "n/a")
    assert rows["GET /web/"]["share"] == "99.0 %"


def test_without_a_log_there_is_no_such_table() -> None:
    assert in_production(present(profile({}))) == {}


def test_routes_are_ranked_by_how_often_production_asks_for_them() -> None:
    result = profile({"GET api/epg/": SEEN})
    assert [route.route for route in result.routes] == ["api/epg/", "web/"]
    shares = [route.share.value for route in result.routes]
    assert [round(share or 0, 2) for share in shares] == [0.75, 0.25]
