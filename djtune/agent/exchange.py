"""What was sent and what came back, the same for WSGI and ASGI."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .clock import WAITING, Clock
from .player import Request


@dataclass(slots=True)
class Exchange:
    """One served request."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    parts: int = 0
    """Pieces that the body came in; more than one where it was streamed."""
    wall_ns: int = 0
    cpu_ns: int = 0
    clock: Clock | None = None
    """Its phases and counters; None where it was served bare."""

    def header(self, name: str) -> str:
        """The value of a header, empty where there is none."""
        name = name.lower()
        return next((value for key, value in self.headers if key.lower() == name), "")

    def take_body(self, method: str, parts: Sequence[bytes]) -> None:
        """Keep the body as a server sends it: nothing after HEAD, 204 and 304 (RFC 9110, 6.4.1)."""
        dropped = method == "HEAD" or self.status in (204, 304)
        self.body = b"" if dropped else b"".join(parts)
        self.parts = len(parts)

    def plain_body(self) -> bytes:
        """The body before gzip; as it was sent where it is not what its label says."""
        if self.header("Content-Encoding") == "gzip":
            try:
                return zlib.decompress(self.body, wbits=zlib.MAX_WBITS | 16)
            except zlib.error:
                pass
        return self.body

    def raw_size(self) -> int:
        """Bytes of the body before gzip; those sent where it is not what its label says."""
        return len(self.plain_body())

    @property
    def machine_ns(self) -> int:
        """Time on the machine's run queue."""
        return 0 if self.clock is None else self.clock.machine

    def phases_ns(self) -> list[int]:
        """Nanoseconds per phase; with the machine's they sum to the wall time."""
        assert self.clock is not None
        totals = list(self.clock.totals)
        totals[WAITING] += self.clock.off_cpu - self.clock.machine
        return totals


@dataclass(slots=True)
class Target:
    """Where requests are addressed to, so that the app's host and HTTPS checks let them pass."""

    scheme: str
    host: str
    forwarded: dict[str, str]
    """What a proxy adds to say that it was asked by HTTPS."""

    @classmethod
    def from_settings(cls) -> Target:
        """A host out of ALLOWED_HOSTS, and HTTPS where SECURE_SSL_REDIRECT asks for it."""
        from django.conf import settings

        hosts = [host for host in settings.ALLOWED_HOSTS if host != "*"]
        host = hosts[0].lstrip(".") if hosts else "localhost"
        if not settings.SECURE_SSL_REDIRECT:
            return cls("http", host, {})
        return cls("https", host, _forwarded_as(settings.SECURE_PROXY_SSL_HEADER))

    def headers(self, request: Request, extra: dict[str, str]) -> dict[str, str]:
        """The request's headers: those of any client, the sign-in's, its own."""
        headers = {
            "Host": self.host,
            "Accept": "*/*",
            "Accept-Encoding": "gzip",
            "User-Agent": "djtune",
        }
        return headers | self.forwarded | extra | request.headers


def _forwarded_as(trusted: tuple[str, str] | None) -> dict[str, str]:
    """The header that the app trusts, which stands in the settings as in ``request.META``."""
    key, value = trusted or ("HTTP_X_FORWARDED_PROTO", "https")
    if not key.startswith("HTTP_"):
        return {}  # not a header: the server itself would set it
    return {key.removeprefix("HTTP_").replace("_", "-").title(): value}


def set_off_checks(django_request: Any, user: Any) -> None:
    """Let a replayed request pass the CSRF check, and carry ``user`` where there is one."""
    django_request._dont_enforce_csrf_checks = True
    if user is not None:
        django_request._force_auth_user = user
        django_request._cached_user = django_request._acached_user = user
        django_request.user = user
