"""Refuses connections that would leave the machine while requests are replayed.

Python's own sockets are watched by an audit hook. Database drivers in C do not pass through it,
so the hosts in DATABASES and CACHES are checked before the first connection.
"""

import ipaddress
import os
import socket
import sys
import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from . import serving
from .errors import AgentError

RESOLVE_EVERY = 5.0
LOOK_UPS = ("socket.getaddrinfo", "socket.gethostbyname")
WATCHED = (*LOOK_UPS, "socket.connect", "socket.sendto", "socket.sendmsg")
MAIL = "smtplib.connect"
LIBPQ = ("postg", "psql", "cockroach")
"""In the engine's path of PostgreSQL's backends, whose driver reads ``PG…`` variables itself."""


class OutboundRefusedError(ConnectionRefusedError):
    """Raised in the app's code where it tried to leave the machine."""


def refuse_remote_services(allowed: Iterable[str]) -> None:
    """Raise :class:`AgentError` for a database or cache that is not on loopback and not allowed."""
    permitted = set(allowed)
    for name, host in [*_database_hosts(), *_cache_hosts()]:
        if host not in permitted and not is_loopback(host):
            raise AgentError(
                f"{name} is on {host}, which is not this machine",
                f"if it may be asked and written to (every request is rolled back), "
                f"pass --allow-host {host}",
            )
    for alias, place in _untold_databases():
        if place not in permitted:
            raise AgentError(
                f"the host of the database {alias!r} cannot be told: it is left to {place}",
                f"name it as HOST instead; or, if it may be asked and written to "
                f"(every request is rolled back), pass --allow-host {place}",
            )


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine: a loopback address or name, a socket path, or nothing."""
    if host in ("", "localhost", "ip6-localhost") or host.startswith("/"):
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return host.endswith(".localhost")
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified


def _database_hosts() -> Iterable[tuple[str, str]]:
    from django.conf import settings

    for alias, config in settings.DATABASES.items():
        for hosts in _named_hosts(config):
            for host in hosts.split(","):
                yield f"the database {alias!r}", host


def _named_hosts(config: dict[str, Any]) -> list[str]:
    """Whatever says where the database is; libpq's own variables fill in what the settings omit."""
    options = config.get("OPTIONS") or {}
    host = [config.get("HOST"), options.get("host")]
    address = [options.get("hostaddr")]
    if _by_libpq(config):
        host = host if any(host) else [os.environ.get("PGHOST")]
        address = address if any(address) else [os.environ.get("PGHOSTADDR")]
    return [str(each) for each in (*host, *address) if each]


def _by_libpq(config: dict[str, Any]) -> bool:
    return any(name in config.get("ENGINE", "") for name in LIBPQ)


def _untold_databases() -> Iterable[tuple[str, str]]:
    """Aliases whose driver reads the host from a file, and what is named in its place."""
    from django.conf import settings

    for alias, config in settings.DATABASES.items():
        options = config.get("OPTIONS") or {}
        if _by_libpq(config):
            # A service may give an address even to a host that is named.
            service = options.get("service") or os.environ.get("PGSERVICE")
            if service:
                yield alias, f"service={service}"
        elif not _named_hosts(config):
            for option in ("read_default_file", "read_default_group"):
                if options.get(option):
                    yield alias, f"{option}={options[option]}"


def _cache_hosts() -> Iterable[tuple[str, str]]:
    from django.conf import settings

    for alias, config in settings.CACHES.items():
        backend = config.get("BACKEND", "")
        if backend.endswith(("LocMemCache", "FileBasedCache", "DatabaseCache", "DummyCache")):
            continue
        locations = config.get("LOCATION") or []
        if isinstance(locations, str):
            locations = [part for part in locations.replace(";", ",").split(",") if part]
        for location in locations:
            yield f"the cache {alias!r}", _location_host(str(location))


def _location_host(location: str) -> str:
    if location.startswith(("unix:", "/")):
        return ""
    if "://" in location:
        return urlsplit(location).hostname or ""
    return location.rpartition(":")[0] or location


class _Guard:
    """The audit hook's state: what may be reached, and what was tried."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self.allowed = frozenset(allowed)
        self.names = set(allowed)
        self.names.update(host for _, host in [*_database_hosts(), *_cache_hosts()])
        self.addresses: set[str] = set()
        self.resolved_at = 0.0
        self.resolving = False

    def permits(self, host: str) -> bool:
        if self.resolving or is_loopback(host) or host in self.names:
            return True
        self._resolve()
        return host in self.addresses

    def _resolve(self) -> None:
        """Look the permitted names up again, because their addresses may rotate."""
        if time.monotonic() - self.resolved_at < RESOLVE_EVERY:
            return
        self.resolving = True
        try:
            for name in self.names:
                try:
                    found = socket.getaddrinfo(name, None)
                except OSError:
                    continue
                self.addresses.update(str(entry[4][0]) for entry in found)
        finally:
            self.resolving = False
            self.resolved_at = time.monotonic()

    def check(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == MAIL:
            # Mail goes on from a server on this machine too.
            host = str(arguments[1])
            if host in self.allowed:
                return
        elif event in WATCHED:
            found = _host_of(event, arguments)
            if found is None or self.permits(found):
                return
            host = found
        else:
            return
        serving.note_refused(host)
        raise OutboundRefusedError(
            f"djtune refused a connection to {host} while requests are replayed; "
            f"--allow-host {host} lets it through"
        )


def _host_of(event: str, arguments: tuple[Any, ...]) -> str | None:
    """The host of an audited event; None for sockets that never leave the machine."""
    if event in LOOK_UPS:
        host = arguments[0]
    else:
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    return host if isinstance(host, str) else None


def refuse_outbound(allowed: Iterable[str]) -> None:
    """Install the guard for the rest of the process (audit hooks cannot be taken out)."""
    sys.addaudithook(_Guard(allowed).check)
