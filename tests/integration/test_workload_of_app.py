"""A workload for an app that djtune has never seen, from its URLconf, in a real worker."""

import sys
from pathlib import Path

import pytest

from djtune.model.app import App
from djtune.workloads.discover import routes_of
from djtune.workloads.file import dump, loads
from djtune.workloads.urlconf import from_routes

SHOP = Path(__file__).parents[1] / "projects" / "shop"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> App:
    database = tmp_path_factory.mktemp("shop") / "shop.sqlite3"
    return App(
        directory=str(SHOP),
        settings="conf.settings",
        python=sys.executable,
        env={"SHOP_DATABASE": str(database)},
    )


def test_a_project_gets_a_workload_and_the_routes_that_need_a_recipe(shop: App) -> None:
    workload, skipped = from_routes(routes_of(shop))
    asked = {journey.steps[0].route for journey in workload.journeys}
    wanting = {one.route for one in skipped if one.params}
    assert {"shop/", "api/products/$", "shop/products/<slug:slug>/"} <= asked
    assert wanting == {
        "^archive/(?P<year>[0-9]{4})/(?:page-(?P<page>\\d+)/)?$",
        "^legacy/(\\d+)/$",
        "en/help/<slug:topic>/",
        "guarded/<int:pk>/",
    }
    assert loads(dump(workload, skipped)) == workload
