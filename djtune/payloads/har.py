"""Reads the responses of a HAR file, and nothing of it that tells who asked.

The format is the HTTP Archive 1.2, as browsers' developer tools save it.
"""

import base64
import binascii
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct, field

from djtune.errors import DjtuneError

_HINT = 'save it again: "Save all as HAR with content" in the browser\'s network panel'
_BOM = 3
"""Bytes that a browser takes from the beginning of a body without telling its size anew."""


class HarEntry(Struct):
    """One request's response. Headers and cookies are not read at all."""

    method: str
    host: str
    """With its port, without user and password."""
    path: str
    query: str
    status: int
    mime: str
    """Without parameters, in lower case."""
    body: bytes
    """As the browser decoded it; empty where the file does not hold it."""
    wire: int | None
    """Bytes of the body on the wire; ``None`` where the file does not tell."""
    started: float
    """Seconds since 1970; 0 where the file does not tell."""
    fault: str = ""
    """Why the body is not what was sent: ``no content``, ``cut off``; empty where it is."""


class _Content(Struct, rename={"file": "_file"}):
    size: float = 0
    mimeType: str = ""
    text: str | None = None
    encoding: str | None = None
    file: str | None = None
    """Beside the HAR, as Playwright writes it by ``content: "attach"``."""


class _Request(Struct):
    url: str
    method: str = "GET"


class _Response(Struct):
    status: int = 0
    content: _Content = field(default_factory=_Content)
    bodySize: float | None = None


class _Entry(Struct):
    request: _Request
    response: _Response
    startedDateTime: str = ""


class _Log(Struct):
    entries: list[_Entry]


class _Har(Struct):
    log: _Log


def read_har(file: Path) -> list[HarEntry]:
    """Return the responses of a HAR file, in its order.

    Raises:
        DjtuneError: the file cannot be read, was cut off, or is no HAR.

    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise DjtuneError(f"{file} cannot be read: {error.strerror}") from error
    try:
        har = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"), type=_Har)
    except msgspec.ValidationError as error:
        raise DjtuneError(f"{file} is no HAR file: {error}", hint=_HINT) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DjtuneError(f"{file} is cut off or damaged: {error}", hint=_HINT) from None
    return [_entry(entry, file.parent) for entry in har.log.entries]


def _entry(entry: _Entry, folder: Path) -> HarEntry:
    url = urlsplit(entry.request.url)
    content = entry.response.content
    body, fault = _attached(content, folder) if content.file else _body(content)
    wire = entry.response.bodySize
    return HarEntry(
        method=entry.request.method.upper(),
        host=url.netloc.rpartition("@")[2],
        path=url.path,
        query=url.query,
        status=entry.response.status,
        mime=content.mimeType.partition(";")[0].strip().lower(),
        body=body,
        wire=int(wire) if wire is not None and wire >= 0 else None,
        started=_seconds(entry.startedDateTime),
        fault=fault,
    )


def _attached(content: _Content, folder: Path) -> tuple[bytes, str]:
    try:
        return (folder / Path(content.file or "").name).read_bytes(), ""
    except OSError:
        return b"", "no content"


def _body(content: _Content) -> tuple[bytes, str]:
    if content.text is None:
        return b"", "no content" if content.size > 0 else ""
    body = content.text.encode("utf-8", "surrogatepass")
    if content.encoding == "base64":
        try:
            body = base64.b64decode(body, validate=True)
        except binascii.Error:
            return b"", "cut off"
    return body, "cut off" if len(body) + _BOM < content.size else ""


def _seconds(moment: str) -> float:
    try:
        return datetime.fromisoformat(moment).timestamp()
    except ValueError:
        return 0.0
