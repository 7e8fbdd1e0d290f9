"""The thread that looks where a request waits disturbs nothing and is not disturbed."""

import threading
import time
import weakref
from types import SimpleNamespace
from typing import Any

import pytest

from djtune.agent.clock import WAITING
from djtune.agent.waits import Waits, watched


def watchers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "djtune-waits"]


def watching(clock: Any) -> Waits:
    waits = Waits()
    waits.clock = clock
    return waits


@pytest.mark.parametrize("stack", [[], [WAITING]], ids=["between phases", "in a phase"])
def test_it_lasts_as_long_as_the_block(stack: list[int]) -> None:
    with watched(watching(SimpleNamespace(stack=stack, thread=threading.get_ident()))):
        time.sleep(0.02)
        assert len(watchers()) == 1
    assert watchers() == []


def test_it_leaves_threads_that_have_ended_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(time, "pthread_getcpuclockid", asked.append)
    waits = Waits()
    with watched(waits):
        ended = threading.Thread(target=int)
        ended.start()
        ended.join()
        waits.clock = SimpleNamespace(stack=[WAITING], thread=ended.ident)  # type: ignore[assignment]
        time.sleep(0.02)
    assert asked == []


def test_it_keeps_nothing_of_the_app_alive() -> None:
    class Thing:
        pass

    def serve() -> "weakref.ref[Thing]":
        thing = Thing()
        time.sleep(0.02)
        return weakref.ref(thing)

    clock = SimpleNamespace(stack=[WAITING], thread=threading.get_ident())
    waits = watching(clock)
    with watched(waits):
        left = serve()
        waits.clock = None
        time.sleep(0.02)
        assert left() is None


def test_where_no_thread_can_be_watched_none_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(time, "pthread_getcpuclockid")
    with watched(Waits()):
        assert watchers() == []
