"""Follows a request through tasks and threads.

A hop (``sync_to_async``, ``async_to_sync``, ``to_thread``) runs in the request's stead, so it goes
on with the request's clock. A task or a thread that runs beside it gets a child's clock.
"""

from __future__ import annotations

import asyncio
import functools
import sys
import types
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, ContextVar
from threading import Thread
from types import FrameType
from typing import Any

from asgiref.sync import AsyncToSync, SyncToAsync

from ..callsites import OUTER, Trail, trail
from ..clock import CURRENT, Clock
from .patches import Patches

SERVES_REQUEST: ContextVar[bool] = ContextVar("djtune_serves_request", default=False)
"""Set by the ASGI driver: the next task goes on with the request itself, not beside it."""


_HOPS = frozenset(("thread_handler", "djtune_hop", "new_loop_wrap"))
"""Names of what asgiref and :func:`_in_this_thread` hand to a pool to go on for the request."""


class Stepped:
    """Awaits a coroutine, telling a clock whenever it stops running and runs again.

    An ``error`` is thrown into it to begin with.
    """

    def __init__(
        self, coroutine: Coroutine[Any, Any, Any], clock: Clock, error: BaseException | None = None
    ) -> None:
        self._coroutine = coroutine
        self._clock = clock
        self._error = error

    def __await__(self) -> Generator[Any, Any, Any]:
        coroutine, clock = self._coroutine, self._clock
        error = self._error
        step = _sender(coroutine, None) if error is None else _thrower(coroutine, error)
        while True:
            try:
                awaited = step()
            except StopIteration as stop:
                return stop.value
            waited = clock.suspend(coroutine)
            try:
                value = yield awaited
            except BaseException as error:
                step = _thrower(coroutine, error)
            else:
                step = _sender(coroutine, value)
            finally:
                clock.resume(waited)


def _sender(coroutine: Coroutine[Any, Any, Any], value: Any) -> Callable[[], Any]:
    return lambda: coroutine.send(value)


def _thrower(coroutine: Coroutine[Any, Any, Any], error: BaseException) -> Callable[[], Any]:
    return lambda: coroutine.throw(error)


def begun(wrapper: Coroutine[Any, Any, Any]) -> Coroutine[Any, Any, Any]:
    """Take a coroutine to its :func:`turn`, so that it hears if its task never has one."""
    wrapper.send(None)
    return wrapper


@types.coroutine
def turn() -> Generator[Any, Any, BaseException | None]:
    """Wait for the task's first step; return what is to be thrown into the coroutine with it.

    That of a task which is cancelled before it has begun: its coroutine must be told, even so.
    """
    try:
        yield
    except BaseException as error:
        return error
    return None


async def _go_on(coroutine: Coroutine[Any, Any, Any], clock: Clock) -> Any:
    """Run the task that serves the request itself."""
    error = await turn()
    SERVES_REQUEST.set(False)
    clock.take_thread()
    return await Stepped(coroutine, clock, error)


async def _run_beside(coroutine: Coroutine[Any, Any, Any], parent: Clock, phase: int) -> Any:
    """Run a child task under a clock of its own, in the phase that made it."""
    error = await turn()
    child = parent.beside(phase)
    CURRENT.set(child)
    try:
        return await Stepped(coroutine, child, error)
    finally:
        child.stop()


def task_factory(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:
    """Make a task that goes on with the request, runs beside it, or has nothing to do with it."""
    clock = CURRENT.get()
    name = getattr(coroutine, "__name__", "")
    if clock is not None and name not in ("main_wrap", "listen_for_disconnect"):
        if SERVES_REQUEST.get():
            coroutine = begun(_go_on(coroutine, clock))
        else:
            coroutine = begun(_run_beside(coroutine, clock, clock.stack[-1]))
    elif name == "listen_for_disconnect":
        coroutine = begun(_unobserved(coroutine))
    return asyncio.Task(coroutine, loop=loop, **options)


async def _unobserved(coroutine: Coroutine[Any, Any, Any]) -> Any:
    error = await turn()
    CURRENT.set(None)
    return coroutine.throw(error) if error is not None else await coroutine


def _timed_hop(call: Callable[..., Any]) -> Callable[..., Any]:
    """``await sync_to_async(f)()``, ``await to_thread(f)``: a thread goes on for the task."""

    async def timed(*args: Any, **kwargs: Any) -> Any:
        clock = CURRENT.get()
        if clock is None:
            return await call(*args, **kwargs)
        clock.end_slice()
        clock.root.hops += 1
        clock.handed += 1
        token = OUTER.set(_set_off_from(clock, sys._getframe(1)))
        try:
            return await call(*args, **kwargs)
        finally:
            OUTER.reset(token)
            clock.handed -= 1

    return timed


def _in_this_thread(function: Callable[..., Any]) -> Callable[..., Any]:
    """Take the clock over while ``function`` runs in its thread."""

    def timed(*args: Any, **kwargs: Any) -> Any:
        clock = CURRENT.get()
        if clock is None:
            return function(*args, **kwargs)
        clock.take_thread()
        try:
            return function(*args, **kwargs)
        finally:
            clock.end_slice()

    timed.__name__ = "djtune_hop"
    return timed


def _timed_thread_handler(handle: Callable[..., Any]) -> Callable[..., Any]:
    def timed(
        self: Any, loop: Any, exc_info: Any, task: Any, run: Any, child: Any, *rest: Any, **kw: Any
    ) -> Any:
        return handle(self, loop, exc_info, task, run, _in_this_thread(child), *rest, **kw)

    return timed


def _timed_to_thread(to_thread: Callable[..., Any]) -> Callable[..., Any]:
    hop = _timed_hop(to_thread)

    async def timed(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        return await hop(_in_this_thread(function), *args, **kwargs)

    return timed


def _timed_bridge(call: Callable[..., Any]) -> Callable[..., Any]:
    """``async_to_sync(f)()``: this thread stands still while a task goes on for it."""

    def timed(self: Any, *args: Any, **kwargs: Any) -> Any:
        clock = CURRENT.get()
        if clock is None:
            return call(self, *args, **kwargs)
        clock.end_slice()
        handed, clock.handed = clock.handed, 0
        try:
            return call(self, *args, **kwargs)
        finally:
            clock.handed = handed
            clock.take_thread()

    return timed


def _timed_main_wrap(main_wrap: Callable[..., Any]) -> Callable[..., Any]:
    async def timed(self: Any, *args: Any, **kwargs: Any) -> Any:
        clock = _clock_among(args)
        coroutine = main_wrap(self, *args, **kwargs)
        if clock is None:
            return await coroutine
        # A loop that asgiref has just made for a sync caller.
        loop = asyncio.get_running_loop()
        if loop.get_task_factory() is None:
            loop.set_task_factory(task_factory)
        clock.take_thread()
        try:
            return await Stepped(coroutine, clock)
        finally:
            clock.end_slice()

    return timed


def _clock_among(args: tuple[Any, ...]) -> Clock | None:
    """The caller's clock, from the context that asgiref hands over in a list."""
    for arg in args:
        if isinstance(arg, list) and arg and isinstance(arg[0], Context):
            return arg[0].get(CURRENT)
    return None


def _timed_submit(submit: Callable[..., Any]) -> Callable[..., Any]:
    def timed(self: Any, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        clock = CURRENT.get()
        if clock is None or _is_hop(function, args):
            return submit(self, function, *args, **kwargs)
        if isinstance(getattr(function, "__self__", None), Context) and args:
            # What runs in a context of its own finds its clock in there.
            return submit(self, function, _beside(args[0], clock), *args[1:], **kwargs)
        return submit(self, _beside(function, clock), *args, **kwargs)

    return timed


def _is_hop(function: Callable[..., Any], args: tuple[Any, ...]) -> bool:
    """Whether a pool's thread is to go on for the request: asgiref's hops and ``to_thread``."""
    if isinstance(function, functools.partial):
        names = [function.func, *function.args[:1]]
    else:
        names = list(args[:1])
    return any(getattr(each, "__name__", "") in _HOPS for each in names)


def _timed_start(start: Callable[..., Any]) -> Callable[..., Any]:
    def timed(self: Thread) -> None:
        clock = CURRENT.get()
        if clock is not None and _runs_the_app(self):
            self.run = _beside(self.run, clock)  # type: ignore[method-assign]
        start(self)

    return timed


def _runs_the_app(thread: Thread) -> bool:
    """Whether the thread is the app's own: pool threads get a clock with each piece of work."""
    target = getattr(thread, "_target", None)
    return not str(getattr(target, "__module__", "")).startswith("concurrent.futures")


def _beside(function: Callable[..., Any], parent: Clock) -> Callable[..., Any]:
    phase = parent.stack[-1]
    outer = _set_off_from(parent, sys._getframe(2))

    def timed(*args: Any, **kwargs: Any) -> Any:
        child = parent.beside(phase)
        token = CURRENT.set(child)
        outer_token = OUTER.set(outer)
        try:
            return function(*args, **kwargs)
        finally:
            child.stop()
            OUTER.reset(outer_token)
            CURRENT.reset(token)

    return timed


def _set_off_from(clock: Clock, frame: FrameType) -> Trail:
    """The place that starts a thread or hands over to one, where somebody asks for places."""
    return trail(frame) if getattr(clock.detail, "places", False) else OUTER.get()


def install(patches: Patches) -> None:
    """Wrap the bridges between threads and tasks."""
    patches.wrap(SyncToAsync, "__call__", _timed_hop)
    patches.wrap(SyncToAsync, "thread_handler", _timed_thread_handler)
    patches.wrap(AsyncToSync, "__call__", _timed_bridge)
    patches.wrap(AsyncToSync, "main_wrap", _timed_main_wrap)
    patches.wrap(asyncio, "to_thread", _timed_to_thread)
    patches.wrap(ThreadPoolExecutor, "submit", _timed_submit)
    patches.wrap(Thread, "start", _timed_start)
