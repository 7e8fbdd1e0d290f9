"""URLs of Redis servers, in the spellings that Django, Celery and Channels accept."""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from djtune.errors import DjtuneError

SCHEMES = {
    "redis": "redis",
    "rediss": "rediss",
    "unix": "unix",
    "valkey": "redis",
    "valkeys": "rediss",
    "redis+socket": "unix",
}
_OTHERS = "redis://, rediss:// (TLS) or unix://"


def masked(url: str) -> str:
    """``url`` without user, password and options: fit to be shown, however it is misspelled."""
    scheme, mark, rest = url.rpartition("://")
    place = rest.partition("?")[0]
    if "@" not in place and "@" in rest:
        return f"{scheme}{mark}…"  # nobody knows where a password with a bare "?" ends
    return f"{scheme}{mark}{place.rpartition('@')[2].partition('#')[0]}"


def understood(url: str) -> str:
    """``url`` as redis-py reads it; Celery's spellings are translated.

    Raises :class:`DjtuneError` where the scheme is none of Redis's.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise DjtuneError(
            f"the host or the port of {masked(url)} cannot be read",
            hint=f"{_hint()}; a password with / # ? or @ has to be percent-encoded",
        ) from None
    if "sentinel" in parts.scheme:
        raise DjtuneError(
            f"{masked(url)} names a sentinel, which holds no data",
            hint="give the primary's own URL: `SENTINEL GET-MASTER-ADDR-BY-NAME name` tells it",
        )
    if parts.scheme not in SCHEMES or "://" not in url:
        raise DjtuneError(f"{masked(url)} has no scheme that is known here", hint=_hint())
    return f"{SCHEMES[parts.scheme]}://{parts.netloc}{parts.path}?{_options(parts.query)}"


def _hint() -> str:
    return f"give {_OTHERS}, for example redis://localhost:6379/0"


def _options(query: str) -> str:
    """The URL's options by redis-py's names: kombu's ``virtual_host``, ``CERT_REQUIRED`` …"""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(query):
        if name == "virtual_host":
            found["db"] = value.strip("/")
        elif name == "ssl_cert_reqs":
            found[name] = value.lower().removeprefix("cert_").replace("true", "required")
        else:
            found[name] = value
    return urlencode(found)
