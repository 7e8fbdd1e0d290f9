"""What an entry takes in a server's memory, by its contents, where no server was asked."""

from collections.abc import Callable
from typing import NamedTuple


class Stored(NamedTuple):
    """An entry, as whoever stored it knows it."""

    payload: int
    """Bytes of the value's contents; of a hash its fields' names and values."""
    elements: int
    """Fields or members; 0 for a string."""
    key_length: int
    """Bytes."""
    expires: bool


EntryBytes = Callable[[Stored], int]
"""Entry → bytes in the server, its TTL's entry included, its share of the tables not."""

_EMBEDDED = 44
_DICT_ENTRY = 24
_LISTPACK_ELEMENTS = 512


def modelled_entry_bytes(stored: Stored) -> int:
    """Bytes of an entry in Redis 7 with its bundled jemalloc, default settings.

    From ``sds.h``, ``object.c``, ``listpack.c`` of Redis 7.0 and jemalloc's size classes; other
    versions differ by some 30 bytes an entry.
    """
    tables = allocated(_DICT_ENTRY) * (2 if stored.expires else 1)
    return allocated(_string(stored.key_length)) + _value(stored) + tables


def _string(length: int) -> int:
    return length + (2 if length < 32 else 4 if length < 256 else 6 if length < 65536 else 10)


def _value(stored: Stored) -> int:
    length, elements = stored.payload, stored.elements
    if not elements:
        if length <= _EMBEDDED:
            return allocated(16 + 4 + length)
        return 16 + allocated(max(_string(length), length + 4))
    if elements <= _LISTPACK_ELEMENTS and length <= 2 * elements * 64:
        return 16 + allocated(7 + length + 4 * elements)
    each = allocated(_DICT_ENTRY) + 2 * allocated(2 + length // (2 * elements))
    return 16 + allocated(8 * (1 << (elements - 1).bit_length())) + elements * each


def allocated(size: int) -> int:
    """The size class that jemalloc gives: four to each doubling (8, 16, 32, 48, 64, 80 …)."""
    if size <= 16:
        return 8 if size <= 8 else 16
    step = max(16, 1 << ((size - 1).bit_length() - 3))
    return -(-size // step) * step
