"""An object as one string, and back: how a blob layout stores it."""

import json
import pickle
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from djtune.redis_memory.layouts.entries import Entry, as_json


class Codec(Struct, frozen=True):
    """How an object becomes bytes, and an object again."""

    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Any]


JSON = Codec(as_json, json.loads)
MSGPACK = Codec(msgspec.msgpack.encode, msgspec.msgpack.decode)
PICKLE = Codec(lambda value: pickle.dumps(value, pickle.HIGHEST_PROTOCOL), pickle.loads)
"""As Django's own cache stores it. What is loaded was dumped here."""
TEXT = Codec(lambda value: value if isinstance(value, bytes) else value.encode(), bytes)


def msgpack_array(schema: Sequence[str]) -> Codec:
    """The values alone, in the order of ``schema``, which the app's code knows."""
    names = list(schema)

    def decode(raw: bytes) -> dict[str, Any]:
        return dict(zip(names, msgspec.msgpack.decode(raw), strict=True))

    return Codec(lambda value: MSGPACK.encode([value.get(name) for name in names]), decode)


def schema(entries: Sequence[Entry]) -> list[str]:
    """All field names, in the order in which they first come."""
    return list(dict.fromkeys(name for entry in entries for name in entry.fields))


def compressed(
    codec: Codec, compress: Callable[[bytes], bytes], decompress: Callable[[bytes], bytes]
) -> Codec:
    """The same, compressed."""
    return Codec(
        lambda value: compress(codec.encode(value)), lambda raw: codec.decode(decompress(raw))
    )


def with_zlib(codec: Codec) -> Codec:
    """The same through zlib at its default level, as django-redis does."""
    return compressed(codec, zlib.compress, zlib.decompress)


def with_zstd(codec: Codec) -> Codec | None:
    """The same through Zstandard at its default level; ``None`` where Python has none."""
    try:
        import zstandard
    except ImportError:
        return None
    pack, unpack = zstandard.ZstdCompressor(), zstandard.ZstdDecompressor()
    return compressed(codec, pack.compress, unpack.decompress)
