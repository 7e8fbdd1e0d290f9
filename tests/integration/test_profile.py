"""``djtune profile`` from end to end, as it is typed in a project's folder."""

import json
from pathlib import Path

import jsonschema
import msgspec
import pytest
from helpers import Outcome, djtune
from profile_helpers import seeded_shop

from djtune.errors import ExitCode
from djtune.profiling.result import ProfileResult

SHORT = ("--duration", "5", "--trials", "2")
ONE = ("--duration", "5", "--trials", "1")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seeded_shop(tmp_path_factory.mktemp("profile"))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("page") / "report.html"


@pytest.fixture(scope="module")
def bare(shop: Path, page: Path) -> Outcome:
    """``djtune profile`` with nothing said about what to ask for."""
    budgets = ("--budget", "queries<100", "--budget", "GET /nowhere/: queries<1")
    return djtune("profile", "--format", "json", "--html", page, *budgets, *SHORT, cwd=shop)


@pytest.fixture(scope="module")
def result(bare: Outcome) -> ProfileResult:
    assert bare.exit_code == ExitCode.DONE, bare.stderr
    return msgspec.json.decode(bare.stdout, type=ProfileResult)


class TestABareRun:
    def test_measures_every_route_that_can_be_asked_for(self, result: ProfileResult) -> None:
        measured = {f"{route.method} {route.route}" for route in result.routes}
        assert {
            "GET shop/",
            "GET shop/products/<slug:slug>/",
            "GET shop/orders/<uuid:order_id>/",
            "GET api/products/$",
            "GET people/<str:username>/",
        } <= measured

    def test_says_what_each_other_route_needs(self, result: ProfileResult) -> None:
        needs = {entry.route: entry.why for entry in result.unmeasured}
        assert needs == {
            "shop/categories/<slug:category_slug>/products/<int:pk>/": "login",
            "shop/old/": "redirect",
            "api/reviews/$": "error",
            "api/reviews/(?P<pk>[^/.]+)/$": "error",
            "guarded/<int:pk>/": "recipe",
            "groups/<int:pk>/": "recipe",
            r"^archive/(?P<year>[0-9]{4})/(?:page-(?P<page>\d+)/)?$": "recipe",
            r"^legacy/(\d+)/$": "recipe",
            "en/help/<slug:topic>/": "recipe",
        }

    def test_follows_its_own_schema(self, bare: Outcome) -> None:
        schema = json.loads(djtune("schema", "profile").stdout)
        jsonschema.Draft202012Validator(schema).validate(bare.json)
        assert bare.json.keys() == schema["$defs"]["ProfileResult"]["properties"].keys()

    def test_weighs_every_route_alike_and_says_so(self, result: ProfileResult) -> None:
        assert result.weights_from == "uniform"
        assert {round(route.weight, 6) for route in result.routes} == {
            round(1000 / len(result.routes), 6)
        }
        assert result.requests_per_hour is None

    def test_shares_are_a_whole(self, result: ProfileResult) -> None:
        assert sum(route.share.value or 0 for route in result.routes) == pytest.approx(1)
        shares = [route.share.value for route in result.routes]
        assert shares == sorted(shares, key=lambda share: -(share or 0))

    def test_phases_are_the_mean(self, result: ProfileResult) -> None:
        for route in result.routes:
            total = sum(msgspec.structs.astuple(route.phases))
            assert total == pytest.approx(route.mean.value, rel=0.03), route.route

    def test_a_percentile_from_too_few_requests_is_left_out_with_the_reason(
        self, result: ProfileResult
    ) -> None:
        for route in result.routes:
            for metric, fewest in ((route.p95, 72), (route.p99, 368)):
                if route.n < fewest:
                    assert metric.value is None
                    assert str(fewest) in metric.reason
                else:
                    assert metric.value is not None
        assert any(route.p99.value is None for route in result.routes)

    def test_counts_queries_exactly(self, result: ProfileResult) -> None:
        queries = {route.route: route.queries for route in result.routes}
        assert queries["shop/"].value == 0
        product = queries["shop/products/<slug:slug>/"]
        assert (product.value, product.low, product.high) == (1, 1, 1)

    def test_prices_its_own_probes(self, result: ProfileResult) -> None:
        assert result.overhead is not None
        assert result.overhead.pairs >= 3

    def test_reports_routes_that_fail_alike_as_one_finding(self, result: ProfileResult) -> None:
        (broken,) = [finding for finding in result.findings if finding.kind == "broken"]
        assert broken.title == "2 routes fail alike"
        assert broken.evidence[-1].count("reviews") == 2

    def test_judges_budgets_and_doubts_one_that_covers_nothing(
        self, bare: Outcome, result: ProfileResult
    ) -> None:
        outcomes = {verdict.budget: verdict.outcome for verdict in result.budgets}
        assert outcomes == {"queries<100": "ok", "GET /nowhere/: queries<1": "can't tell"}
        assert "can't tell: GET /nowhere/: queries<1" in bare.stderr

    def test_writes_a_page_that_works_offline(self, page: Path, result: ProfileResult) -> None:
        html = page.read_text(encoding="utf-8")
        assert "shop/products/&lt;slug:slug&gt;/" in html
        assert 'src="http' not in html

    def test_says_its_plan_beside_the_result(self, bare: Outcome) -> None:
        assert bare.stderr.startswith("Plan: ")
        assert "2 fresh processes" in bare.stderr


def test_routes_are_named_by_globs_and_quiet_says_nothing_else(shop: Path) -> None:
    routes = ("/shop/orders/*", "people/*")
    outcome = djtune("profile", *routes, "--quiet", "--format", "json", *ONE, cwd=shop)
    assert {route["route"] for route in outcome.json["routes"]} == {
        "shop/orders/<uuid:order_id>/",
        "shop/orders/on/<isodate:day>/",
        "people/<str:username>/",
    }
    assert (outcome.exit_code, outcome.stderr) == (ExitCode.DONE, "")


def test_somebody_signed_in_gets_further(shop: Path) -> None:
    outcome = djtune(
        "profile", "--as", "user-0", "shop/categories/*", "--format", "json", *ONE, cwd=shop
    )
    assert "shop/categories/<slug:category_slug>/products/<int:pk>/" in {
        route["route"] for route in outcome.json["routes"]
    }
    assert outcome.json["unmeasured"] == []


def test_asgi(shop: Path) -> None:
    outcome = djtune(
        "profile", "shop/products/*", "--interface", "asgi", "--format", "json", *ONE, cwd=shop
    )
    assert outcome.exit_code == ExitCode.DONE, outcome.stderr
    assert outcome.json["app"]["interface"] == "asgi"
    (route,) = outcome.json["routes"]
    assert route["queries"]["value"] == 1
    assert route["hops"] >= 1


def test_a_breached_budget_ends_with_1_and_is_an_annotation_on_github(
    shop: Path, tmp_path: Path
) -> None:
    budget = "GET /shop/products/*: queries<1"
    log = tmp_path / "log"
    options = ("--budget", budget, "--strict", "--format", "github", "--output", log)
    outcome = djtune("profile", "shop/products/*", *options, *ONE, cwd=shop)
    assert outcome.exit_code == ExitCode.BREACHED
    assert f"breached: {budget}" in outcome.stderr
    assert outcome.stdout == ""
    assert log.read_text(encoding="utf-8").startswith("::error ")


def test_a_time_without_an_interval_is_not_judged_and_strict_ends_with_3(shop: Path) -> None:
    # One trial shows no spread between trials, so the mean has no interval.
    outcome = djtune("profile", "shop/", "--budget", "mean<1s", "--strict", *ONE, cwd=shop)
    assert outcome.exit_code == ExitCode.INCOMPLETE
    assert "can't tell: mean<1s" in outcome.stderr
    assert "GET /shop/" in outcome.stdout
