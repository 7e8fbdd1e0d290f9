"""What a trial asks of the collector is what the app's process has, and a change of it is told."""

from typing import Any

import pytest
from worker_helpers import project, step, workload

from djtune.model.policy import parse
from djtune.servers.worker import Worker

Answer = dict[str, Any]


def set_policy(text: str, *, then: str = "plain/", **env: str) -> tuple[Answer, Answer]:
    """The state after the policy was set, and the one after a request to the route ``then``."""
    policy = parse(text)
    with Worker(project("tuned", env=env)) as worker:
        worker.call("open_session", workload=workload([step(then)]), seed=1, interface="wsgi")
        answer = worker.call(
            "set_policy",
            thresholds=policy.thresholds,
            freeze=policy.freeze,
            enabled=policy.enabled,
        )
        (entry,) = worker.call("class_steps", skip=[])
        assert entry["class"] == "ok"
        return answer, worker.call("policy_kept")


def test_thresholds_are_set_and_kept() -> None:
    answer, kept = set_policy("5000,20,30")
    assert answer["thresholds"] == kept["thresholds"] == [5000, 20, 30]
    assert answer["enabled"]
    assert kept["changed"] == kept["by"] == []


def test_frozen_objects_are_no_longer_looked_at() -> None:
    default, _ = set_policy("default")
    frozen, kept = set_policy("freeze")
    assert frozen["frozen"] > 0.9 * default["tracked"]
    assert frozen["tracked"] < 0.1 * default["tracked"]
    assert frozen["thresholds"] == default["thresholds"]
    assert kept["changed"] == []


def test_a_collector_that_is_off_stays_off() -> None:
    answer, kept = set_policy("disable")
    assert not answer["enabled"]
    assert not kept["enabled"]
    assert kept["changed"] == []


def test_the_default_is_what_the_app_sets_itself() -> None:
    answer, _ = set_policy("default", TUNED_THRESHOLDS="4000,5,6", TUNED_FREEZE="")
    assert answer["thresholds"] == [4000, 5, 6]
    assert answer["enabled"]
    assert answer["frozen"] > 10_000


def test_an_app_that_switches_the_collector_off_keeps_it_off_by_default_alone() -> None:
    assert not set_policy("default", TUNED_DISABLE="")[0]["enabled"]
    assert set_policy("10000,10,10", TUNED_DISABLE="")[0]["enabled"]


@pytest.mark.parametrize(
    ("policy", "view", "changed"),
    [
        ("disable", "enabled", ["gc.enable() was called"]),
        ("9000,9,9", "reset", ["gc.set_threshold(700, 10, 10) was called"]),
    ],
)
def test_a_change_by_the_app_is_told_with_who_may_have_made_it(
    policy: str, view: str, changed: list[str]
) -> None:
    _, kept = set_policy(policy, then=f"{view}/")
    assert kept["changed"] == changed
    assert f"tuned.views.{view}" in kept["by"]
    assert "tuned.apps.TunedConfig.ready" in kept["by"]
