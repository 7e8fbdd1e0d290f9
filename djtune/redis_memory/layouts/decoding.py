"""What a stored string is, by its first bytes; nothing in it is run."""

import json
import lzma
import zlib
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from djtune.redis_memory.layouts.entries import as_text

MOST = 16 * 2**20
"""Bytes of one value once unpacked: a few bytes can claim to be gigabytes."""
ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
GZIP, ZSTD, XZ = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\x00"
PICKLES = tuple(bytes((0x80, protocol)) for protocol in range(2, 6))


class Decoded(Struct):
    """One stored string."""

    how: str
    """``JSON``, ``msgpack``, ``pickle``, ``text``, ``number`` or ``bytes``; with `` + zlib`` and
    its like where it is compressed."""
    value: Any
    """The object; what was pickled still is."""


def decoded(raw: bytes) -> Decoded:
    """Find out what ``raw`` is. What cannot be told is bytes."""
    packed, plain = _unpacked(raw)
    found = _looked(plain)
    if packed:
        found.how += f" + {packed}"
    return found


def _looked(plain: bytes) -> Decoded:
    if plain.startswith(PICKLES) and plain.endswith(b"."):
        return Decoded("pickle", plain)
    text = as_text(plain)
    if isinstance(text, str):
        return _of_text(text)
    try:
        value = msgspec.msgpack.decode(plain)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        return Decoded("bytes", plain)
    # Any bytes may happen to be a small number in msgpack.
    return Decoded("msgpack", value) if isinstance(value, dict | list) else Decoded("bytes", plain)


def _of_text(text: str) -> Decoded:
    if text[:1] in ("{", "["):
        try:
            return Decoded("JSON", json.loads(text))
        except (ValueError, RecursionError):
            return Decoded("text", text)
    digits = text.removeprefix("-")
    return Decoded("number" if digits.isascii() and digits.isdigit() else "text", text)


def _unpacked(raw: bytes) -> tuple[str, bytes]:
    """The compression's name and what is inside; an empty name where there is none."""
    for name, unpack in _unpackers(raw):
        try:
            return name, unpack(raw)
        except (zlib.error, lzma.LZMAError, EOFError, ValueError, MemoryError):
            continue
    return "", raw


def _unpackers(raw: bytes) -> list[tuple[str, Callable[[bytes], bytes]]]:
    if raw.startswith(ZLIB):
        return [("zlib", lambda raw: _whole(zlib.decompressobj(), raw))]
    if raw.startswith(GZIP):
        return [("gzip", lambda raw: _whole(zlib.decompressobj(31), raw))]
    if raw.startswith(XZ):
        return [("lzma", lambda raw: _whole(lzma.LZMADecompressor(), raw))]
    if raw.startswith(ZSTD):
        return [("zstd", _zstd)]
    return []


def _whole(unpacker: Any, raw: bytes) -> bytes:
    plain: bytes = unpacker.decompress(raw, MOST)
    if not unpacker.eof:
        raise ValueError("cut off, or too large")
    return plain


def _zstd(raw: bytes) -> bytes:
    try:
        import zstandard
    except ImportError as error:
        raise ValueError("zstandard is not installed") from error
    try:
        return zstandard.ZstdDecompressor().decompress(raw, max_output_size=MOST)
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from error
