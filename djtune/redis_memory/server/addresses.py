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
    """``url`` without user, password and options: fit to be shown."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def understood(url: str) -> str:
    """``url`` as redis-py reads it; Celery's spellings are translated.

    Raises :class:`DjtuneError` where the scheme is none of Redis's.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise DjtuneError(f"this is no URL of a Redis server: {error}", hint=_hint()) from None
    if "sentinel" in parts.scheme:
        raise DjtuneError(
            f"{masked(url)} names a sentinel, which holds no data",
            hint="give the primary's own URL: `SENTINEL GET-MASTER-ADDR-BY-NAME name` tells it",
        )
    if parts.scheme not in SCHEMES:
        what = f"{masked(url)} has" if parts.scheme else "the server's address has"
        raise DjtuneError(f"{what} no scheme that is known here", hint=_hint())
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
