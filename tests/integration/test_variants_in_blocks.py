"""Blocks of real workers: asked for the same, in random order, and ended when one of them dies."""

import sys
import threading

import msgspec
import psutil
import pytest
from profile_helpers import seeded_shop

from djtune.errors import DjtuneError
from djtune.experiments.allocation import RouteCost
from djtune.experiments.blocks import (
    BlockPlan,
    Blocks,
    Variant,
    differently_asked,
    matched,
    run_blocks,
)
from djtune.model.app import App
from djtune.model.workload import Journey, Step, Workload

ROUTE = "shop/products/<slug:slug>/"
DRAWN = {"model": "catalogue.Product", "field": "slug", "filter": {"on_sale": True}}
ASKED = Workload(
    [
        Journey("front", [Step("shop/")]),
        Journey("product", [Step(ROUTE, params={"slug": DRAWN})]),
    ]
)
COSTS = [RouteCost(0.001, 0.0005), RouteCost(0.001, 0.0005)]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    shop = seeded_shop(tmp_path_factory.mktemp("blocks"))
    return App(str(shop), "conf.settings", sys.executable)


def plan(*variants: Variant, blocks: int) -> BlockPlan:
    return BlockPlan(
        list(variants), ASKED, skip=[], blocks=blocks, seconds=2.0, start_seconds=0.3, seed=1
    )


def test_every_variant_of_a_block_makes_the_same_requests(app: App) -> None:
    found = Blocks()
    variants = [Variant(name, app, "wsgi") for name in ("one", "other")]
    run_blocks(plan(*variants, blocks=2), COSTS, found, lambda seconds: None)
    assert len(found.complete) == len(found.noises) == 2
    for block in found.complete:
        assert differently_asked(block.trials) == set()
        assert all(trial.asked.keys() == {0, 1} for trial in block.trials.values())
        pairs = matched(block.trials)
        # The same product has a title of the same length.
        assert [s.wire_bytes for s in pairs["one"]] == [s.wire_bytes for s in pairs["other"]]
        assert len(pairs["one"]) >= 6
    orders = {tuple(block.trials) for block in found.complete}
    assert orders == {("one", "other"), ("other", "one")}
    asked = {block.trials["one"].asked[1] for block in found.complete}
    assert len(asked) == 2, "each block draws other products"


def test_a_variant_that_cannot_be_loaded_is_named(app: App) -> None:
    broken = Variant("other", msgspec.structs.replace(app, settings="conf.nothing"), "wsgi")
    found = Blocks()
    with pytest.raises(DjtuneError, match="nothing"):
        run_blocks(plan(broken, blocks=1), COSTS, found, lambda seconds: None)
    assert found.failure.startswith("other: ")


def test_a_worker_that_dies_ends_the_run_and_keeps_what_was_measured(app: App) -> None:
    found = Blocks()
    killed = threading.Event()

    def kill_in_the_second_block() -> None:
        while not killed.wait(0.005):
            for child in psutil.Process().children() if len(found.blocks) == 2 else ():
                if "bootstrap.py" in " ".join(child.cmdline()):
                    child.kill()
                    killed.set()

    killer = threading.Thread(target=kill_in_the_second_block, daemon=True)
    killer.start()
    variants = [Variant(name, app, "wsgi") for name in ("one", "other")]
    run_blocks(plan(*variants, blocks=2), COSTS, found, lambda seconds: None)
    killed.set()
    killer.join()
    assert len(found.complete) == 1
    assert len(found.blocks) == 2
    name, _, why = found.failure.partition(": ")
    assert name in ("one", "other")
    assert "SIGKILL" in why
