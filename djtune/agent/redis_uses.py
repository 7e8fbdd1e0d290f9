"""Which Redis servers the project's settings name, and what each is for.

The settings are imported, and nothing else of the project is started.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

SCHEMES = ("redis://", "rediss://", "unix://", "redis+socket://", "valkey://", "valkeys://")
_TLS = ("ssl_cert_reqs", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_check_hostname")
_CERTIFICATES = {None: "none", 0: "none", 1: "optional", 2: "required"}
"""``ssl.CERT_NONE`` and its like → the words of URLs."""
_DEPTH = 5
"""How deep the settings are looked into."""
_BROKERS = ("BROKER", "RQ_", "HUEY", "Q_CLUSTER", "DRAMATIQ", "QUEUE", "TASKS")
_RESULTS = ("RESULT",)
_SESSIONS = ("SESSION",)
_CACHES = ("CACHE", "CACHALOT", "CACHEOPS")


def describe_redis(
    directory: str, settings: str, pythonpath: list[str], overrides: dict[str, Any] | None = None
) -> list[dict[str, str]]:
    """Every place of the settings that names a Redis server: its URL, place and role.

    The URLs have their passwords: they are for connecting, and never for a report.
    Raises :class:`AgentError` when the settings cannot be imported.
    """
    from . import overriding, startup

    startup.import_settings(directory, settings, pythonpath)
    overriding.override(settings, overrides or {})
    from django.conf import settings as configured

    named = {name: getattr(configured, name) for name in dir(configured) if name.isupper()}
    found = [*_caches(named), *_channels(named), *_celery(), *_others(named)]
    return list({(one["url"], one["where"]): one for one in found}.values())


def _caches(named: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for alias, config in (named.get("CACHES") or {}).items():
        backend = str(config.get("BACKEND", ""))
        options = config.get("OPTIONS") or {}
        for url in _locations(config.get("LOCATION")):
            prefix = f"{config.get('KEY_PREFIX', '')}:{config.get('VERSION', 1)}:"
            use = {"url": _with_login(url, options), "backend": backend, "key_prefix": prefix}
            yield {**use, "where": f"CACHES[{alias!r}]", "role": "cache"}
            if _holds_sessions(named, alias):
                yield {**use, "where": "SESSION_ENGINE", "role": "session"}


def _holds_sessions(named: Mapping[str, Any], alias: str) -> bool:
    engine = str(named.get("SESSION_ENGINE", ""))
    cached = engine.rpartition(".")[2] in ("cache", "cached_db")
    return cached and alias == named.get("SESSION_CACHE_ALIAS", "default")


def _locations(location: Any) -> list[str]:
    """Django takes one, several in a list, or several in one string."""
    if isinstance(location, str):
        location = location.replace(",", ";").split(";")
    if not isinstance(location, list | tuple):
        return []
    return [url.strip() for url in location if isinstance(url, str) and _is_redis(url.strip())]


def _channels(named: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for alias, layer in (named.get("CHANNEL_LAYERS") or {}).items():
        hosts = (layer.get("CONFIG") or {}).get("hosts") or []
        for url in filter(None, map(_address, [hosts] if isinstance(hosts, str) else hosts)):
            yield _use(url, f"CHANNEL_LAYERS[{alias!r}]", "channels", str(layer.get("BACKEND")))


def _celery() -> Iterator[dict[str, str]]:
    """What Celery's apps are set up with, where importing the settings has made some."""
    if "celery" not in sys.modules:
        return
    from celery import _state  # type: ignore[import-untyped,unused-ignore]

    for app in _state._get_active_apps():
        for setting, role in (("broker_url", "broker"), ("result_backend", "results")):
            url = _configured(app, setting)
            if isinstance(url, str) and _is_redis(url):
                yield _use(url, f"Celery's {setting}", role)


def _configured(app: Any, setting: str) -> Any:
    try:
        return getattr(app.conf, setting, None)
    except Exception:  # The project's own code may run here.
        return None


def _others(named: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for name, value in named.items():
        if name not in ("CACHES", "CHANNEL_LAYERS"):
            for url in _addresses(value):
                yield _use(url, name, _role(name))


def _role(name: str) -> str:
    roles = (
        ("results", _RESULTS),
        ("broker", _BROKERS),
        ("session", _SESSIONS),
        ("cache", _CACHES),
    )
    return next((role for role, parts in roles if any(part in name for part in parts)), "own")


def _addresses(value: Any, depth: int = 0) -> Iterator[str]:
    """URLs in a setting, and dicts of a host and a port, however deep."""
    if isinstance(value, str):
        if _is_redis(value):
            yield value
    elif depth < _DEPTH and isinstance(value, Mapping):
        if address := _address(value):
            yield address
            return
        for inner in value.values():
            yield from _addresses(inner, depth + 1)
    elif depth < _DEPTH and isinstance(value, list | tuple):
        for inner in value:
            yield from _addresses(inner, depth + 1)


def _address(host: Any) -> str:
    """A host as libraries take it, as a URL: a URL, a pair, or a dict; empty if it is none."""
    if isinstance(host, str):
        return host if _is_redis(host) else ""
    if isinstance(host, list | tuple) and len(host) == 2 and isinstance(host[0], str):
        return f"redis://{host[0]}:{host[1]}"
    if not isinstance(host, Mapping):
        return ""
    given = {str(name).lower(): part for name, part in host.items()}
    for name in ("address", "url"):
        if isinstance(given.get(name), str):
            return _with_login(given[name], given) if _is_redis(given[name]) else ""
    server, port = given.get("host"), given.get("port")
    if not isinstance(server, str) or not (port == 6379 or "db" in given):
        return ""  # Any other service has a host and a port too.
    database = given.get("db") or 0
    return _with_login(f"redis://{server}:{port or 6379}/{database}", given)


def _with_login(url: str, options: Mapping[str, Any]) -> str:
    """The URL with what stands beside it: user, password and database."""
    given = {str(name).lower(): part for name, part in options.items()}
    scheme, _, rest = url.partition("://")
    if (password := given.get("password")) and "@" not in rest:
        user = quote(str(given.get("username") or ""), safe="")
        rest = f"{user}:{quote(str(password), safe='')}@{rest}"
    if (database := given.get("db")) is not None and "/" not in rest and scheme != "unix":
        rest = f"{rest}/{database}"
    if given.get("ssl") is True and scheme == "redis":
        scheme = "rediss"
    return f"{scheme}://{rest}{_tls(given)}" if scheme.endswith("ss") else f"{scheme}://{rest}"


def _tls(given: Mapping[str, Any]) -> str:
    """TLS options of redis-py's, as its URLs have them."""
    pool = given.get("connection_pool_kwargs")
    every = {**(pool if isinstance(pool, Mapping) else {}), **given}
    told = {name: every[name] for name in _TLS if name in every}
    if "ssl_cert_reqs" in told:
        told["ssl_cert_reqs"] = _CERTIFICATES.get(told["ssl_cert_reqs"], told["ssl_cert_reqs"])
    return f"?{urlencode(told)}" if told else ""


def _is_redis(text: str) -> bool:
    return text.startswith(SCHEMES)


def _use(url: str, where: str, role: str, backend: str = "") -> dict[str, str]:
    return {"url": url, "where": where, "role": role, "backend": backend, "key_prefix": ""}
