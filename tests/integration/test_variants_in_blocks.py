"""Blocks of real workers: asked for the same, in random order, and left by those that die."""

import os
import sys
import threading
from pathlib import Path

import msgspec
import psutil
import pytest
from mortal import Mortal
from profile_helpers import seeded_shop

from djtune.errors import DjtuneError
from djtune.experiments.allocation import RouteCost
from djtune.experiments.blocks import (
    BlockPlan,
    Blocks,
    Failure,
    differently_asked,
    matched,
    run_blocks,
)
from djtune.model.app import App
from djtune.model.policy import GcPolicy
from djtune.model.variant import Variant
from djtune.model.workload import Journey, Step, Workload
from djtune.servers.worker import Worker

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


def ran(plan: BlockPlan, into: Blocks | None = None) -> Blocks:
    found = into or Blocks()
    run_blocks(plan, COSTS[: len(plan.workload.journeys)], found, lambda seconds: None)
    return found


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


@pytest.fixture
def mortal(tmp_path: Path) -> Mortal:
    return Mortal(tmp_path / "starts")


def test_a_variant_that_is_killed_is_left_out_and_the_experiment_goes_on(mortal: Mortal) -> None:
    killed = mortal.variant("killed", FATE="SIGKILL", SPARED=1)
    larger = mortal.variant("larger", **{"FEATURES.page.size": 10_000})
    found = ran(mortal.plan(killed, larger))
    assert found.failures == [
        Failure("killed", 1, "the app's process ended by signal SIGKILL during run_trial")
    ]
    assert (found.failure, found.stopped, len(found.complete)) == ("", "blocks", 2)
    first, second = ({*block.trials} for block in found.complete)
    assert first == {"as it is", "as it is again", "killed", "larger"}
    assert second == {"as it is", "as it is again", "larger"}
    for block in found.complete:
        assert all(trial.complete and trial.samples for trial in block.trials.values())
        answers = matched(block.trials)
        assert answers["larger"][0].raw_bytes > answers["as it is"][0].raw_bytes


def test_a_trial_that_passes_its_time_is_ended_from_outside(mortal: Mortal) -> None:
    stopped = mortal.variant("stopped", FATE="SIGSTOP")
    found = ran(mortal.plan(stopped, mortal.variant("other"), blocks=1, grace=0.2))
    (failure,) = found.failures
    assert failure.variant == "stopped"
    assert "did not answer within" in failure.why
    (block,) = found.complete
    assert {*block.trials} == {"as it is", "as it is again", "other"}
    assert not any("bootstrap" in " ".join(p.cmdline()) for p in psutil.Process().children())


def test_the_experiment_ends_with_its_last_variant(mortal: Mortal) -> None:
    found = ran(mortal.plan(mortal.variant("killed", FATE="SIGKILL", SPARED=1)))
    assert found.failure.startswith("killed: ")
    assert (len(found.complete), len(found.blocks), found.stopped) == (1, 2, None)


def test_the_experiment_ends_with_its_baseline(mortal: Mortal) -> None:
    mortal.baseline = mortal.variant("as it is", FATE="SIGKILL", SPARED=2)
    found = ran(mortal.plan(mortal.variant("other"), mortal.variant("another")))
    assert found.failure.startswith("as it is")
    assert (len(found.complete), len(found.blocks), found.stopped) == (1, 2, None)


def test_an_override_that_fits_nowhere_ends_the_experiment_at_once(mortal: Mortal) -> None:
    wrong = mortal.variant("wrong", **{"FEATURES.pages.size": 1})
    with pytest.raises(DjtuneError, match=r"FEATURES\.pages\.size fits nowhere"):
        ran(mortal.plan(wrong, mortal.variant("other")))


def test_an_override_cannot_lead_off_this_machine_unasked(mortal: Mortal) -> None:
    cache = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://far"}
    away = mortal.variant("away", CACHES={"default": cache})
    with pytest.raises(DjtuneError, match="is on far, which is not this machine"), Worker(away.app):
        pass


def test_a_policy_reaches_the_trials_of_its_variant_alone(mortal: Mortal) -> None:
    rarely = Variant("rarely", mortal.app, "wsgi", GcPolicy((50_000, 20, 20)))
    (block,) = ran(mortal.plan(rarely, blocks=1)).complete
    ends = {name: trial.collector for name, trial in block.trials.items()}
    assert ends["rarely"].thresholds[:2] == (50_000, 20)
    assert ends["as it is"].thresholds == ends["as it is again"].thresholds != (50_000, 20, 20)


def test_a_wrapper_goes_before_the_interpreter(mortal: Mortal) -> None:
    wrapped = msgspec.structs.replace(mortal.app, wrapper=["nice", "-n", "3"])
    with Worker(wrapped) as worker:
        assert os.getpriority(os.PRIO_PROCESS, worker.pid) == os.getpriority(os.PRIO_PROCESS, 0) + 3
    missing = msgspec.structs.replace(mortal.app, wrapper=["no-such-tool"])
    with pytest.raises(DjtuneError, match="no-such-tool could not be started"), Worker(missing):
        pass
