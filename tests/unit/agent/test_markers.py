"""What a sampler would see on the stacks of a marked request, in whatever thread it runs."""

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async

from djtune.agent import markers
from djtune.agent.marks import MARKER_FILE, STANDING_STILL

ROUTE = markers.marker("GET /shows/")


def stack() -> list[str]:
    """The functions below the innermost marker of this thread's stack, the marker first."""
    names: list[str] = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        names.append(frame.f_code.co_name)
        if frame.f_code.co_filename == MARKER_FILE:
            return names[::-1]
        frame = frame.f_back
    return []


def own(names: list[str]) -> list[str]:
    """Those of this module, and the marker."""
    return [name for name in names if name in globals() or name in ("GET /shows/", STANDING_STILL)]


def serve(view: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run a view as the ASGI driver does."""

    async def request() -> Any:
        return await markers.serve(ROUTE, view())

    loop = asyncio.new_event_loop()
    loop.set_task_factory(markers.task_factory)
    try:
        with markers.followed():
            return loop.run_until_complete(request())
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


def work() -> list[str]:
    return stack()


def test_a_sync_request_runs_below_its_marker():
    assert ROUTE(work) == ["GET /shows/", "work"]


async def working_view() -> list[str]:
    return work()


async def hopping_view() -> list[str]:
    return await sync_to_async(work)()


async def threading_view() -> list[str]:
    return await asyncio.to_thread(work)


async def task_view() -> list[str]:
    return await asyncio.create_task(working_view())


async def gathering_view() -> list[str]:
    first, _ = await asyncio.gather(hopping_view(), working_view())
    return first


def bridge() -> list[str]:
    return async_to_sync(hopping_view)()


async def bridging_view() -> list[str]:
    return await sync_to_async(bridge)()


@pytest.mark.parametrize(
    ("view", "shown"),
    [
        (working_view, ["working_view", "work"]),
        (hopping_view, ["hopping_view", "work"]),
        (threading_view, ["threading_view", "work"]),
        (task_view, ["task_view", "working_view", "work"]),
        (gathering_view, ["gathering_view", "hopping_view", "work"]),
        (bridging_view, ["bridging_view", "bridge", "hopping_view", "work"]),
    ],
)
def test_a_request_has_one_stack_in_whatever_thread_or_task_it_runs(view, shown):
    assert own(serve(view)) == ["GET /shows/", *shown]


def test_a_sync_request_keeps_its_stack_through_async_code():
    with markers.followed():
        assert own(ROUTE(bridge)) == ["GET /shows/", "bridge", "hopping_view", "work"]


def test_a_thread_that_waits_for_its_request_elsewhere_stands_still():
    seen: list[list[str]] = []
    here = threading.get_ident()

    async def elsewhere() -> None:
        frame = sys._current_frames()[here]
        marks = []
        while frame is not None:
            if frame.f_code.co_filename == MARKER_FILE:
                marks.append(frame.f_code.co_name)
            frame = frame.f_back
        seen.append(marks)

    with markers.followed():
        ROUTE(async_to_sync(elsewhere))
    assert seen == [[STANDING_STILL, "GET /shows/"]]


def below_the_marker(thread: int) -> list[str]:
    """What another thread's stack has below its innermost marker."""
    frame: FrameType | None = sys._current_frames()[thread]
    names = []
    while frame is not None and frame.f_code.co_filename != MARKER_FILE:
        names.append(frame.f_code.co_name)
        frame = frame.f_back
    return names[::-1]


def test_waiting_is_below_what_awaits():
    seen: list[str] = []
    here = threading.get_ident()

    def look(loop: asyncio.AbstractEventLoop, enough: asyncio.Event) -> None:
        deadline = time.monotonic() + 20
        while seen[-1:] != ["select"] and time.monotonic() < deadline:
            seen[:] = below_the_marker(here)
        loop.call_soon_threadsafe(enough.set)

    async def waiting_view(enough: asyncio.Event) -> None:
        await enough.wait()

    async def outer_view() -> None:
        enough = asyncio.Event()
        looker = threading.Thread(target=look, args=(asyncio.get_running_loop(), enough))
        looker.start()
        await waiting_view(enough)
        looker.join()

    serve(outer_view)
    assert seen[:3] == ["outer_view", "waiting_view", "wait"]
    assert seen[-1] == "select"


def test_what_is_raised_passes_through():
    async def failing() -> None:
        await sync_to_async(int)("no number")

    with pytest.raises(ValueError, match="no number"):
        serve(failing)


def test_a_cancelled_request_ends_as_one():
    async def cancelled() -> str:
        task = asyncio.create_task(asyncio.sleep(60))
        await asyncio.sleep(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            return "cancelled"
        return "slept"

    assert serve(cancelled) == "cancelled"


def test_frames_of_one_name_and_line_keep_their_files():
    source = "def same(copy):\n    return copy(__import__('sys')._getframe().f_code)\n"
    functions = []
    for file in ("one.py", "two.py"):
        namespace: dict[str, Any] = {}
        exec(compile(source, file, "exec"), namespace)
        functions.append(namespace["same"])
    copies = [function(markers._copy) for function in functions]
    again = [markers._copy(copy.__code__) for copy in copies]
    assert [copy.__code__.co_filename for copy in copies] == ["one.py", "two.py"]
    assert again == copies


def test_nothing_is_followed_any_more_afterwards():
    serve(hopping_view)

    async def request() -> list[str]:
        return await sync_to_async(work)()

    assert asyncio.run(request()) == []
