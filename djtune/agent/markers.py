"""Frames that tell a sampler outside of this process which request a stack belongs to.

Code is called through copies of one small function whose code objects bear other names. A request
is marked by such a frame, ``METHOD /route``. Where it goes on in another task or thread, the frames
that led there are called through as copies of themselves, so that a stack reads there as it would
without the hop; and while an event loop has nothing to do but wait for the request, it waits below
copies of the coroutines that await.

Of the threads that a request stands in, one at a time counts: the innermost marker on a stack is
either a route's, or :data:`~.marks.STANDING_STILL`.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import sys
from collections.abc import Callable, Coroutine, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, ContextVar
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

import asgiref.sync
from asgiref.current_thread_executor import CurrentThreadExecutor
from asgiref.sync import AsyncToSync, SyncToAsync

from .marks import MARKER_FILE, STANDING_STILL
from .probes.patches import Patches
from .probes.tasks import begun, turn

LONGEST_CHAIN = 250
"""Frames that are called through at most: a stack that is deeper loses its outer ones."""

Marker = Callable[..., Any]
"""Calls its first argument with the others."""
Chain = tuple[Marker, ...]
"""Functions to call through, the outermost first."""

AGENT = str(Path(__file__).parent)
_LEFT_OUT = (AGENT, str(Path(asyncio.__file__).parent), asgiref.sync.__file__)
"""Frames that are not copied: what makes a hop is not what led to it."""
_CHAIN: ContextVar[Chain] = ContextVar("djtune_chain", default=())
"""What the task or thread that is about to begin is to run below."""
_copies: dict[tuple[str, CodeType], Marker] = {}
"""By file too: code objects are equal whatever their file."""


def _run(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    return function(*args, **kwargs)


def named(name: str, qualname: str, file: str, line: int = 1) -> Marker:
    """A function that calls its first argument with the others, and is called so in stacks.

    Samplers read either of the names, by the interpreter's version.
    """
    names = {"co_name": name}
    if sys.version_info >= (3, 11):
        names["co_qualname"] = qualname
    code = _run.__code__.replace(co_filename=file, co_firstlineno=line, **names)  # type: ignore[arg-type]
    function = FunctionType(code, globals(), name)
    _copies[file, code] = function
    return function


def marker(name: str) -> Marker:
    """The function that everything of one route's requests is to be called through."""
    return named(name, name, MARKER_FILE)


_standing_still = marker(STANDING_STILL)


def _copy(code: CodeType) -> Marker:
    """The function that stands for ``code`` on another stack; for a copy's own code the copy."""
    key = (code.co_filename, code)
    if key not in _copies:
        qualname = getattr(code, "co_qualname", code.co_name)
        _copies[key] = named(code.co_name, qualname, code.co_filename, code.co_firstlineno)
    return _copies[key]


def _through(chain: Chain, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return chain[0](*chain[1:], function, *args, **kwargs)


def _chain_to(frame: FrameType | None) -> Chain:
    """The frames from the request's marker down to ``frame``; none where it serves no request."""
    codes: list[CodeType] = []
    while frame is not None:
        code = frame.f_code
        if code.co_filename == MARKER_FILE:
            if code is _standing_still.__code__:
                return ()
            inner = [_copy(each) for each in reversed(codes[:LONGEST_CHAIN])]
            return (_copy(code), *inner)
        if not code.co_filename.startswith(_LEFT_OUT):
            codes.append(code)
        frame = frame.f_back
    return ()


def _awaited(awaitable: Any) -> Iterator[CodeType]:
    """The code of a suspended coroutine and of those that it awaits, the innermost last."""
    while awaitable is not None:
        for kind, awaits in (("cr", "await"), ("gi", "yieldfrom"), ("ag", "await")):
            code = getattr(awaitable, f"{kind}_code", None)
            if code is not None:
                if not code.co_filename.startswith(AGENT):
                    yield code
                awaitable = getattr(awaitable, f"{kind}_{awaits}")
                break
        else:
            return


class _Whereabouts:
    """Where the one request that is served is at work, or waits."""

    def __init__(self) -> None:
        self.hops = 0
        """Threads that go on for it."""
        self.suspended: dict[int, Marked] = {}
        """What waits to be resumed, the last suspended last."""


_request = _Whereabouts()


class Marked:
    """Awaits a coroutine whose every step runs below the frames of a chain.

    An ``error`` is thrown into it to begin with.
    """

    def __init__(
        self, coroutine: Coroutine[Any, Any, Any], chain: Chain, error: BaseException | None = None
    ) -> None:
        self._coroutine = coroutine
        self._chain = chain
        self._error = error

    def __await__(self) -> Generator[Any, Any, Any]:
        value: Any = self._error
        step: Callable[..., Any] = self._coroutine.send if value is None else self._coroutine.throw
        while True:
            try:
                awaited = _through(self._chain, step, value)
            except StopIteration as stop:
                return stop.value
            _request.suspended[id(self)] = self
            try:
                step, value = self._coroutine.send, (yield awaited)
            except BaseException as error:
                step, value = self._coroutine.throw, error
            finally:
                _request.suspended.pop(id(self), None)

    def waiting(self) -> Chain:
        """The frames of what it waits in."""
        return (*self._chain, *map(_copy, _awaited(self._coroutine)))


async def serve(route: Marker, coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Await what serves a request, all of it below the route's marker."""
    _request.__init__()  # type: ignore[misc]
    _CHAIN.set((route,))
    loop = asyncio.get_running_loop()
    mark_waits(loop)
    with _turning_below(route, loop):
        return await Marked(coroutine, (route,))


@contextlib.contextmanager
def _turning_below(route: Marker, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Let the loop's own work, between the steps of tasks, lie below the marker too."""
    turn = getattr(loop, "_run_once", None)
    if turn is None:
        yield
        return
    loop._run_once = functools.partial(route, turn)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        del loop._run_once  # type: ignore[attr-defined]


def task_factory(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:
    """Make a task; one of a request's runs below the frames that it was made by."""
    name = getattr(coroutine, "__name__", "")
    if name not in ("main_wrap", "listen_for_disconnect"):
        chain = _chain_to(sys._getframe(1)) or _CHAIN.get()
        if chain:
            coroutine = begun(_marked_task(coroutine, chain))
    return asyncio.Task(coroutine, loop=loop, **options)


async def _marked_task(coroutine: Coroutine[Any, Any, Any], chain: Chain) -> Any:
    error = await turn()
    return await Marked(coroutine, chain, error)


def mark_waits(loop: asyncio.AbstractEventLoop) -> None:
    """Let a loop wait below what it waits for. Loops that have no selector wait unmarked."""
    selector = getattr(loop, "_selector", None)
    if selector is None or "select" in vars(selector):
        return
    select = selector.select

    def marked(timeout: float | None = None) -> Any:
        if timeout is not None and timeout <= 0:
            return select(timeout)
        if _request.hops:
            return _standing_still(select, timeout)
        if not _request.suspended:
            return select(timeout)
        latest = next(reversed(_request.suspended.values()))
        return _through(latest.waiting(), select, timeout)

    selector.select = marked


def _marked_hop(call: Callable[..., Any]) -> Callable[..., Any]:
    """``await sync_to_async(f)()``, ``await to_thread(f)``: a thread goes on for the task."""

    async def marked(*args: Any, **kwargs: Any) -> Any:
        chain = _chain_to(sys._getframe(1))
        if not chain:
            return await call(*args, **kwargs)
        before = _CHAIN.get()
        _CHAIN.set(chain)
        _request.hops += 1
        try:
            return await call(*args, **kwargs)
        finally:
            _request.hops -= 1
            _CHAIN.set(before)

    return marked


def _in_this_thread(function: Callable[..., Any]) -> Callable[..., Any]:
    def marked(*args: Any, **kwargs: Any) -> Any:
        chain = _CHAIN.get()
        if not chain:
            return function(*args, **kwargs)
        return _through(chain, function, *args, **kwargs)

    return marked


def _marked_submit(submit: Callable[..., Any]) -> Callable[..., Any]:
    """What ``sync_to_async`` hands to a thread runs below the frames that led to it."""

    def marked(self: Any, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        called = function.func if isinstance(function, functools.partial) else function
        if getattr(called, "__name__", "") == "thread_handler" and (chain := _CHAIN.get()):
            function = functools.partial(_through, chain, function)
        return submit(self, function, *args, **kwargs)

    return marked


def _marked_to_thread(to_thread: Callable[..., Any]) -> Callable[..., Any]:
    hop = _marked_hop(to_thread)

    async def marked(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        return await hop(_in_this_thread(function), *args, **kwargs)

    return marked


def _marked_bridge(call: Callable[..., Any]) -> Callable[..., Any]:
    """``async_to_sync(f)()``: this thread stands still while a task goes on for it."""

    def marked(self: Any, *args: Any, **kwargs: Any) -> Any:
        chain = _chain_to(sys._getframe(1))
        if not chain:
            return call(self, *args, **kwargs)
        before = _CHAIN.get()
        _CHAIN.set(chain)
        hops, _request.hops = _request.hops, 0
        try:
            return _standing_still(call, self, *args, **kwargs)
        finally:
            _request.hops = hops
            _CHAIN.set(before)

    return marked


def _marked_main_wrap(main_wrap: Callable[..., Any]) -> Callable[..., Any]:
    async def marked(self: Any, *args: Any, **kwargs: Any) -> Any:
        chain = _chain_among(args)
        coroutine = main_wrap(self, *args, **kwargs)
        if not chain:
            return await coroutine
        # A loop that asgiref has just made for a sync caller, or the one that serves.
        loop = asyncio.get_running_loop()
        if loop.get_task_factory() is None:
            loop.set_task_factory(task_factory)
        mark_waits(loop)
        return await Marked(coroutine, chain)

    return marked


def _chain_among(args: tuple[Any, ...]) -> Chain:
    """The caller's chain, from the context that asgiref hands over in a list."""
    for arg in args:
        if isinstance(arg, list) and arg and isinstance(arg[0], Context):
            return arg[0].get(_CHAIN) or ()
    return ()


@contextlib.contextmanager
def followed() -> Iterator[None]:
    """Follow marked requests through tasks and threads while the block lasts."""
    with Patches() as patches:
        patches.wrap(SyncToAsync, "__call__", _marked_hop)
        patches.wrap(ThreadPoolExecutor, "submit", _marked_submit)
        patches.wrap(CurrentThreadExecutor, "submit", _marked_submit)
        patches.wrap(AsyncToSync, "__call__", _marked_bridge)
        patches.wrap(AsyncToSync, "main_wrap", _marked_main_wrap)
        patches.wrap(asyncio, "to_thread", _marked_to_thread)
        yield
