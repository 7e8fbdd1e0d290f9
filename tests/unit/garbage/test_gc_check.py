"""``--check``: exact counts of this run against those of an earlier one."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_of_garbage import audited, growth, parts, result, route_audit

from djtune.errors import DjtuneError
from djtune.garbage.check import load, regressions, versions
from djtune.garbage.result import SCHEMA_VERSION

counts = st.integers(0, 10**6)
rounds = st.tuples(counts, counts).map(sorted)
holders = st.lists(st.sampled_from(["", "list a.B", "dict c.D"]).map(growth), max_size=2)
routes = st.builds(
    lambda found, bad, grown, name, n: route_audit(
        found[0], most=found[1], uncollectable=bad, growth=grown, route=name, rounds=n
    ),
    rounds,
    counts,
    holders,
    st.sampled_from(["a/", "b/", "c/"]),
    st.integers(0, 3),
)
audits = st.lists(routes, max_size=3, unique_by=lambda route: route.route).map(
    lambda found: audited(*found)
)


@given(audits)
def test_a_run_compared_with_itself_has_no_regression(run):
    assert regressions(run, run) == []


@given(rounds, st.integers(1, 10**6))
def test_more_garbage_in_every_round_is_a_regression(before, more):
    low, high = before
    worse = audited(route_audit(high + more))
    (line,) = regressions(worse, audited(route_audit(low, most=high)))
    assert line.startswith("GET /api/epg/ leaves")
    assert f"{high + more:,}" in line


@given(rounds, rounds)
def test_rounds_that_overlap_are_no_regression_and_less_is_none(now, before):
    found = regressions(
        audited(route_audit(now[0], most=now[1])), audited(route_audit(before[0], most=before[1]))
    )
    assert bool(found) == (now[0] > before[1])


def test_objects_that_even_the_collector_cannot_free_are_a_regression():
    (line,) = regressions(audited(route_audit(uncollectable=1)), audited(route_audit()))
    assert "1 uncollectable" in line


def test_what_grows_and_did_not_is_named():
    (line,) = regressions(audited(route_audit(growth=[growth()])), audited(route_audit()))
    assert "list app.views.SEEN" in line
    assert regressions(audited(route_audit()), audited(route_audit(growth=[growth()]))) == []


@pytest.mark.parametrize("side", ["now", "before"])
def test_what_was_not_audited_then_or_now_cannot_be_worse(side):
    missing, full = audited(route_audit(0, rounds=0)), audited(route_audit(500, uncollectable=3))
    now, before = (missing, full) if side == "now" else (full, missing)
    assert regressions(now, before) == []


def test_a_new_route_has_nothing_to_be_worse_than():
    assert regressions(audited(route_audit(route="new/")), audited(route_audit())) == []


class TestTheFile:
    def test_an_earlier_result_is_read_with_all_its_parts(self, tmp_path: Path):
        file = tmp_path / "gc.json"
        file.write_bytes(msgspec.json.encode(result(**parts())))
        assert load(file) == result(**parts())

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            (b"", "is not a result"),
            (b"no json", "is not a result"),
            (b"[1, 2]", "is not a result"),
            (b'{"schema_version": "\xff"}', "is not a result"),
            (b'{"schema_version": %d, "routes": []}' % SCHEMA_VERSION, "is not a result"),
            (b'{"schema_version": 999}', "another version"),
            (msgspec.json.encode(result()), "has no audit"),
        ],
    )
    def test_what_is_none_is_refused_with_the_way_to_make_one(self, tmp_path, content, why):
        file = tmp_path / "gc.json"
        file.write_bytes(content)
        with pytest.raises(DjtuneError, match=why) as refused:
            load(file)
        assert "djtune gc-sweep --audit --format json" in refused.value.hint

    def test_a_file_that_is_not_there_is_named(self, tmp_path: Path):
        with pytest.raises(DjtuneError, match=r"gc\.json: No such file"):
            load(tmp_path / "gc.json")

    @given(st.binary() | st.recursive(st.none() | st.text(), st.lists).map(msgspec.json.encode))
    def test_no_content_is_a_crash(self, tmp_path_factory, content):
        file = tmp_path_factory.mktemp("check") / "gc.json"
        file.write_bytes(content)
        with pytest.raises(DjtuneError):
            load(file)


def test_counts_of_other_versions_are_said_to_be_no_measure():
    now = before = result()
    assert versions(now, before) == []
    before = msgspec.structs.replace(now, app=msgspec.structs.replace(now.app, python="3.99.1"))
    (warning,) = versions(now, before)
    assert f"Python 3.99.1 and Django {before.app.django}, this run is on Python" in warning
