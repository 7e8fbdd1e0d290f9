"""What a report says of querysets that load too much."""

import pytest

from djtune.model.metrics import Metric
from djtune.payloads.findings_queries import unread_columns
from djtune.payloads.result import ColumnResult, LighterResult, QuerysetResult


def told(*states, line="", followed_all=True):
    names = [f"c{number}" for number in range(len(states))]
    columns = [
        ColumnResult(name, "", "tv.Show", 10.0, state)
        for name, state in zip(names, states, strict=True)
    ]
    figure = Metric(0.7, 0.6, 0.8, n=9)
    lighter = LighterResult("defer", 'defer("c0")', names, figure, "lighter", figure)
    shows = QuerysetResult(
        ["GET /shows/"],
        "tv.Show",
        place="a.py:1",
        begun="a.py:1",
        rows=50.0,
        columns=columns,
        lighter=[lighter],
        part=0.5,
        followed_all=followed_all,
    )
    (finding,) = unread_columns(shows, {"a.py": line}, (5, 2))
    return finding


def test_columns_that_nobody_reads_can_be_left_out_at_once():
    finding = told("unread", "unread")
    assert finding.title == "tv.Show is loaded with 2 columns that nobody reads"
    assert finding.remedy.startswith("add .defer")


def test_where_rows_were_not_looked_at_it_says_so():
    finding = told("unread", followed_all=False)
    assert finding.title.endswith("that were not read")
    assert any("rare rows" in line for line in finding.evidence)


def test_columns_of_proposed_fields_are_left_out_after_these():
    finding = told("unread", "freed")
    assert finding.title.endswith("that nobody reads, the proposed fields aside")
    assert finding.remedy.startswith("once the proposed fields are gone, add .defer")


@pytest.mark.parametrize("line", ["shows = Show.objects.all()", "self.shows.filter(models.Q())"])
def test_the_line_that_begins_a_queryset_is_changed(line):
    assert "defer(" in told("unread", line=f"{line}\n").patch


@pytest.mark.parametrize("line", ["rows = rows.filter(tenant=1)", "for row in rows.all(): pass"])
def test_a_line_that_may_begin_querysets_of_any_model_is_left_alone(line):
    assert told("unread", line=f"{line}\n").patch == ""
