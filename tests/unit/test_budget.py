"""Budgets: how they are written, and when they are breached."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from djtune.errors import DjtuneError
from djtune.model.budget import UNITS, Budget, judge, parse
from djtune.model.metrics import Metric

KNOWN = {"p95": "time", "queries": "count", "wire_bytes": "bytes", "share": "share"}
ROUTE = "GET api/epg/<int:day>/"

finite = st.floats(min_value=0, max_value=1e12, allow_nan=False)


@st.composite
def written(draw) -> Budget:
    """Any budget that can be written."""
    metric = draw(st.sampled_from(sorted(KNOWN)))
    kind = KNOWN[metric]
    scoped = draw(st.booleans())
    path = st.text("abz019/*?[]<>:-_.()^$\\ ", min_size=1).map(str.strip).filter(bool)
    return Budget(
        metric=metric,
        value=draw(finite),
        unit=draw(st.sampled_from(sorted(UNITS[kind]))),
        kind=kind,
        method=draw(st.sampled_from(["GET", "POST", "*"])) if scoped else "*",
        route=draw(path) if scoped else "*",
    )


class TestGrammar:
    @given(written())
    def test_what_is_printed_is_read_back_the_same(self, budget):
        # A colon after blanks at a route's end would be taken for the one that ends the scope.
        assume(not budget.route.endswith((":", " ")))
        assert parse(str(budget), KNOWN) == budget

    @given(st.text())
    def test_any_text_is_read_or_refused_in_one_line(self, text):
        try:
            message = str(parse(text, KNOWN))
        except DjtuneError as error:
            message = error.message
        assert "\n" not in message

    @pytest.mark.parametrize(
        ("text", "limit"),
        [
            ("p95<200ms", 0.2),
            ("p95 < 1.5 s", 1.5),
            ("p95<80us", 80e-6),
            ("p95<80µs", 80e-6),
            ("queries<20", 20),
            ("wire_bytes<12kB", 12_000),
            ("wire_bytes<2MB", 2_000_000),
            ("share<25%", 0.25),
        ],
    )
    def test_units_turn_into_the_base_unit(self, text, limit):
        assert parse(text, KNOWN).limit == pytest.approx(limit)

    def test_a_route_may_hold_what_the_grammar_uses(self):
        budget = parse("GET /api/shows/<int:pk>/: p95<200ms", KNOWN)
        assert (budget.method, budget.route) == ("GET", "/api/shows/<int:pk>/")

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("p59<200ms", "did you mean 'p95'?"),
            ("latency<200ms", "metrics: p95, queries, wire_bytes, share"),
            ("p95<200", "needs one of the units us, µs, ms, s"),
            ("p95<200MS", "did you mean 'ms'?"),
            ("wire_bytes<2GB", "needs one of the units B, kB, MB"),
            ("queries<20ms", "plain number"),
            ("p95<=200ms", "cannot be read"),
            ("p95>200ms", "cannot be read"),
            ("p95<-1ms", "cannot be read"),
            ("GET p95<200ms", "cannot be read"),
            ("queries<1e999", "too large"),
            ("", "cannot be read"),
        ],
    )
    def test_a_mistake_is_named_with_what_is_allowed(self, text, said):
        with pytest.raises(DjtuneError) as caught:
            parse(text, KNOWN)
        assert said in f"{caught.value.message} {caught.value.hint}"


class TestScope:
    @pytest.mark.parametrize(
        ("scope", "covered"),
        [
            ("", True),
            ("GET /api/epg*:", True),
            ("GET api/epg*:", True),
            ("get /api/epg*:", True),
            ("* /api/*:", True),
            ("GET /api/epg/<int:day>/:", True),
            ("POST /api/epg*:", False),
            ("GET /api/shows*:", False),
            ("GET /api/epg:", False),
        ],
    )
    def test_method_and_glob(self, scope, covered):
        assert parse(f"{scope} p95<1s", KNOWN).covers("GET", "api/epg/<int:day>/") is covered

    def test_a_regular_expression_route_covers_itself(self):
        route = r"^articles/(?P<year>[0-9]{4})/$"
        assert parse(f"GET {route}: p95<1s", KNOWN).covers("GET", route)

    def test_a_budget_without_a_scope_is_judged_for_every_route(self):
        metrics = {"GET a/": {"queries": Metric(3)}, "GET b/": {"queries": Metric(30)}}
        verdicts = judge(parse("queries<20", KNOWN), metrics)
        assert [(v.route, v.outcome) for v in verdicts] == [
            ("GET a/", "ok"),
            ("GET b/", "breached"),
        ]

    def test_a_budget_that_covers_nothing_does_not_pass(self):
        (verdict,) = judge(parse("GET /nothing: p95<1s", KNOWN), {ROUTE: {"p95": Metric(0.1)}})
        assert (verdict.route, verdict.outcome) == ("", "can't tell")


def outcome(text: str, metric: Metric) -> str:
    (verdict,) = judge(parse(text, KNOWN), {ROUTE: {parse(text, KNOWN).metric: metric}})
    return verdict.outcome


class TestVerdict:
    @given(st.tuples(finite, finite, finite).map(sorted), finite)
    def test_a_time_is_breached_only_when_its_whole_interval_is_above(self, figures, limit):
        low, value, high = figures
        limit = parse(f"p95<{limit!r}s", KNOWN).limit
        got = outcome(f"p95<{limit!r}s", Metric(value, low, high, n=100))
        expected = "breached" if low > limit else "ok" if high < limit else "can't tell"
        assert got == expected

    @given(st.integers(0, 1000), st.integers(0, 1000))
    def test_a_counter_is_exact(self, count, limit):
        assert outcome(f"queries<{limit}", Metric(count)) == ("ok" if count < limit else "breached")

    def test_too_few_requests_cannot_tell(self):
        metrics = {ROUTE: {"p95": Metric(None, n=10, reason="p95 needs 72 requests")}}
        (verdict,) = judge(parse("p95<1s", KNOWN), metrics)
        assert (verdict.outcome, verdict.reason) == ("can't tell", "p95 needs 72 requests")

    def test_a_time_without_an_interval_cannot_tell(self):
        assert outcome("p95<1s", Metric(0.1)) == "can't tell"

    def test_a_figure_that_the_route_has_not_cannot_tell(self):
        (verdict,) = judge(parse("p95<1s", KNOWN), {ROUTE: {}})
        assert verdict.outcome == "can't tell"
