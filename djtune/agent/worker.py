"""The worker's loop: one call in, any number of parts and one result or error out."""

import os
import traceback
from collections.abc import Callable
from typing import Any

from .errors import AgentError
from .protocol import Channel

Emit = Callable[[Any], None]


def _load(directory: str, **options: Any) -> Any:
    from . import startup

    return startup.load(directory, **options)


def _describe_redis(directory: str, **options: Any) -> Any:
    from . import redis_uses

    return redis_uses.describe_redis(directory, **options)


def _describe_routes() -> Any:
    from . import urlconf

    return urlconf.describe_routes()


def _describe_entries() -> Any:
    from . import entries

    return entries.describe_entries()


def _check_workload(workload: dict[str, Any]) -> Any:
    from . import player

    return player.check_workload(workload)


def _resolve_paths(paths: list[str], prefix: str) -> Any:
    from . import resolving

    return resolving.resolve_paths(paths, prefix)


def _marked(name: str) -> Callable[..., Any]:
    def call(*args: Any, **options: Any) -> Any:
        from . import marked

        return getattr(marked, name)(*args, **options)

    return call


def _traced(*args: Any, **options: Any) -> Any:
    from . import traced

    return traced.trace_requests(*args, **options)


def _timed(*args: Any, **options: Any) -> Any:
    from . import timing

    return timing.run_trial(*args, **options)


def _about_policy(name: str) -> Callable[..., Any]:
    def call(**options: Any) -> Any:
        from .garbage import policy

        return getattr(policy, name)(**options)

    return call


def _replay_forked(*args: Any, **options: Any) -> Any:
    from .garbage import forked

    return forked.replay_forked(*args, **options)


def _serve_preforked(*args: Any, **options: Any) -> Any:
    from .garbage import prefork

    return prefork.serve_preforked(*args, **options)


def _trace_allocations(*args: Any, **options: Any) -> Any:
    from .garbage import allocations

    return allocations.trace_allocations(*args, **options)


def _about_workload(name: str) -> Callable[..., Any]:
    def call(*args: Any, **options: Any) -> Any:
        from . import calls

        return getattr(calls, name)(*args, **options)

    return call


def _about_payloads(module: str, name: str) -> Callable[..., Any]:
    def call(*args: Any, **options: Any) -> Any:
        from importlib import import_module

        found = import_module(f".payloads.{module}", __package__)
        return getattr(found, name)(*args, **options)

    return call


def _about_loopback(name: str) -> Callable[..., Any]:
    def call(**options: Any) -> Any:
        from . import loopback

        return getattr(loopback, name)(**options)

    return call


def _unpickle_values(values: list[str]) -> Any:
    from . import unpickling

    return unpickling.unpickle_values(values)


def _audit_garbage(*args: Any, **options: Any) -> Any:
    from .garbage import audit

    return audit.audit_garbage(*args, **options)


CALLS: dict[str, Callable[..., Any]] = {
    "load": _load,
    "describe_redis": _describe_redis,
    "describe_routes": _describe_routes,
    "describe_entries": _describe_entries,
    "check_workload": _check_workload,
    "resolve_paths": _resolve_paths,
    "open_session": _about_workload("open_session"),
    "set_policy": _about_policy("set_policy"),
    "policy_kept": _about_policy("policy_kept"),
    "serve_on_loopback": _about_loopback("serve_on_loopback"),
    "restore_copies": _about_loopback("restore_copies"),
    "stop_serving": _about_loopback("stop_serving"),
    "unpickle_values": _unpickle_values,
}
STREAMING_CALLS: dict[str, Callable[..., Any]] = {
    name: _about_workload(name)
    for name in ("class_steps", "measure_overhead", "find_repeats", "study_queries")
} | {name: _marked(name) for name in ("prepare_marked", "replay_marked")}
STREAMING_CALLS["trace_requests"] = _traced
STREAMING_CALLS["audit_garbage"] = _audit_garbage
STREAMING_CALLS["replay_forked"] = _replay_forked
STREAMING_CALLS["serve_preforked"] = _serve_preforked
STREAMING_CALLS["trace_allocations"] = _trace_allocations
STREAMING_CALLS["run_trial"] = _timed
STREAMING_CALLS["sample_payloads"] = _about_payloads("samples", "sample_payloads")
STREAMING_CALLS["watch_reads"] = _about_payloads("reads", "watch_reads")
STREAMING_CALLS["price_fields"] = _about_payloads("pricing", "price_fields")
STREAMING_CALLS["price_lighter"] = _about_payloads("lighter", "price_lighter")


def _message(call: str, error: Exception) -> str:
    """What to say of the app's exception.

    The text of most may hold personal data and is shown by --debug only.
    """
    from django.core.exceptions import ImproperlyConfigured

    name = type(error).__name__
    if isinstance(error, (ImportError, SyntaxError, ImproperlyConfigured)):
        return f"the app could not be loaded: {name}: {error}"
    return f"{call} failed in the app's process: {name}"


def _answer(channel: Channel, call: str, args: dict[str, Any]) -> None:
    def emit(part: Any) -> None:
        channel.send({"part": part})

    try:
        if call in STREAMING_CALLS:
            result = STREAMING_CALLS[call](emit, **args)
        else:
            result = CALLS[call](**args)
    except AgentError as error:
        frame = {"message": error.message, "hint": error.hint, "detail": traceback.format_exc()}
        channel.send({"error": frame})
    except Exception as error:
        frame = {
            "message": _message(call, error),
            "hint": "--debug shows where",
            "detail": traceback.format_exc(),
        }
        channel.send({"error": frame})
    else:
        channel.send({"result": result})


def serve(read_fd: int, write_fd: int) -> None:
    """Answer calls until the CLI closes its end, then end without waiting for threads."""
    channel = Channel(read_fd, write_fd)
    while (frame := channel.receive()) is not None:
        _answer(channel, frame["call"], frame["args"])
    os._exit(0)
