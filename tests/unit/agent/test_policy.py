"""Setting the collector in this very process, and putting it back."""

import gc
from collections.abc import Iterator

import pytest

from djtune.agent.garbage import policy


@pytest.fixture(autouse=True)
def _collector_put_back(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(policy, "_set", None)
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)
    gc.enable()


def test_nothing_asked_for_changes_nothing() -> None:
    before = (gc.get_threshold(), gc.isenabled(), gc.get_freeze_count())
    answer = policy.set_policy(None, freeze=False, enabled=True)
    assert (gc.get_threshold(), gc.isenabled(), gc.get_freeze_count()) == before
    assert (tuple(answer["thresholds"]), answer["enabled"], answer["frozen"]) == before


def test_garbage_is_collected_before_the_rest_is_frozen() -> None:
    class Kept:
        pass

    gone = Kept()
    gone.itself = gone  # type: ignore[attr-defined]
    del gone
    policy.set_policy(None, freeze=True, enabled=True)
    gc.unfreeze()
    assert not any(type(each) is Kept for each in gc.get_objects())


def test_without_a_policy_set_there_is_nothing_to_keep() -> None:
    gc.set_threshold(1234, 5, 6)
    assert policy.policy_kept()["changed"] == []


def test_freezing_more_and_unfreezing_are_changes() -> None:
    policy.set_policy(None, freeze=True, enabled=True)
    kept = [[n] for n in range(100)]
    gc.freeze()
    assert policy.policy_kept()["changed"] == ["gc.freeze() was called"]
    gc.unfreeze()
    assert policy.policy_kept()["changed"] == ["gc.unfreeze() was called"]
    assert len(kept) == 100


def test_a_frozen_object_that_is_freed_is_no_change() -> None:
    freed = [[n] for n in range(100)]
    frozen = policy.set_policy(None, freeze=True, enabled=True)["frozen"]
    del freed
    assert gc.get_freeze_count() < frozen
    assert policy.policy_kept()["changed"] == []
