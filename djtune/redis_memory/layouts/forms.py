"""The layouts: how an entry is stored, read and changed in each."""

from abc import ABC, abstractmethod
from typing import Any

from djtune.redis_memory.layouts.codecs import MSGPACK, TEXT, Codec
from djtune.redis_memory.layouts.entries import Entry, texts
from djtune.redis_memory.layouts.result import LayoutName, Operation

Command = tuple[Any, ...]
BUCKET = 100
"""Entries of one bucket."""


class Storage(ABC):
    """How an entry is stored. Entries are numbered, and their keys are made from the numbers."""

    def __init__(self, settings: dict[str, str] | None = None) -> None:
        self.settings = settings or {}

    @abstractmethod
    def store(self, number: int, entry: Entry) -> list[Command]:
        """The commands that store the entry, without its TTL."""

    def settle(self, number: int, entry: Entry) -> list[Command]:
        """Look up every element: a table that has grown is moved step by step by lookups.

        Until it has been moved it takes more room, or not, by chance of the server's hash seed.
        """
        del number, entry
        return []

    def keys(self, number: int, entry: Entry) -> list[str]:
        """The entry's keys."""
        return [key(number, entry.key_length)]


class Form(Storage):
    """One layout: how an entry is stored, read and changed."""

    atomic = False
    keys_each: float = 1.0
    """Keys that one entry takes."""
    trips = {"read_all": 1, "read_one": 1, "update_one": 2}

    def __init__(self, name: LayoutName, label: str, effort: int, note: str = "") -> None:
        super().__init__()
        self.name, self.label, self.effort, self.note = name, label, effort, note

    @abstractmethod
    def do(self, operation: Operation, client: Any, number: int, entry: Entry, name: str) -> None:
        """Do it as an app would, with the field ``name``; what is changed keeps its value."""

    @abstractmethod
    def payload(self, entry: Entry) -> int:
        """Bytes of the entry as encoded."""


def key(number: int, length: int) -> str:
    """A key of this length, or of as many characters as the number needs."""
    return f"{number:0{length}d}"


class HashForm(Form):
    """A hash, a field each."""

    atomic = True
    trips = {"read_all": 1, "read_one": 1, "update_one": 1}

    def store(self, number: int, entry: Entry) -> list[Command]:
        """One HSET."""
        pairs = [part for pair in texts(entry).items() for part in pair]
        return [("HSET", key(number, entry.key_length), *pairs)]

    def settle(self, number: int, entry: Entry) -> list[Command]:
        """One HMGET of all fields."""
        return [("HMGET", key(number, entry.key_length), *entry.fields)]

    def do(self, operation: Operation, client: Any, number: int, entry: Entry, name: str) -> None:
        """HGETALL, HGET or HSET."""
        at = key(number, entry.key_length)
        if operation == "read_all":
            client.hgetall(at)
        elif operation == "read_one":
            client.hget(at, name)
        else:
            client.hset(at, name, texts(entry)[name])

    def payload(self, entry: Entry) -> int:
        """Names and values."""
        return sum(len(name.encode()) + len(raw) for name, raw in texts(entry).items())


class BlobForm(Form):
    """One string with the whole object in it."""

    def __init__(
        self, name: LayoutName, label: str, effort: int, codec: Codec, note: str = ""
    ) -> None:
        super().__init__(name, label, effort, note)
        self.codec = codec

    def encoded(self, entry: Entry) -> bytes:
        """The entry's string."""
        return self.codec.encode(entry.value)

    def store(self, number: int, entry: Entry) -> list[Command]:
        """One SET."""
        return [("SET", key(number, entry.key_length), self.encoded(entry))]

    def do(self, operation: Operation, client: Any, number: int, entry: Entry, name: str) -> None:
        """GET, and a SET of the whole for a change."""
        at = key(number, entry.key_length)
        value = self.codec.decode(client.get(at))
        if operation == "update_one":
            value[name] = entry.fields[name]
            client.set(at, self.codec.encode(value), keepttl=True)

    def payload(self, entry: Entry) -> int:
        """The string's length."""
        return len(self.encoded(entry))


class StoredBlobForm(BlobForm):
    """The string as the server holds it now, byte by byte."""

    def encoded(self, entry: Entry) -> bytes:
        """What the server holds."""
        assert isinstance(entry.stored, bytes)
        return entry.stored

    def do(self, operation: Operation, client: Any, number: int, entry: Entry, name: str) -> None:
        """As a string; one that nobody can decode here is only moved."""
        if self.codec is not TEXT:
            return super().do(operation, client, number, entry, name)
        at = key(number, entry.key_length)
        raw = client.get(at)
        if operation == "update_one":
            client.set(at, raw, keepttl=True)
        return None


class BucketForm(Form):
    """Hashes of :data:`BUCKET` entries, each a msgpack map."""

    keys_each = 1 / BUCKET

    def _place(self, number: int, entry: Entry) -> tuple[str, str]:
        return key(number // BUCKET, max(entry.key_length - 2, 1)), str(number % BUCKET)

    def keys(self, number: int, entry: Entry) -> list[str]:
        """The bucket's key."""
        return [self._place(number, entry)[0]]

    def store(self, number: int, entry: Entry) -> list[Command]:
        """One HSET in the bucket."""
        return [("HSET", *self._place(number, entry), MSGPACK.encode(entry.value))]

    def do(self, operation: Operation, client: Any, number: int, entry: Entry, name: str) -> None:
        """HGET, and HSET of the whole entry for a change."""
        value = MSGPACK.decode(client.hget(*self._place(number, entry)))
        if operation == "update_one":
            value[name] = entry.fields[name]
            client.hset(*self._place(number, entry), MSGPACK.encode(value))

    def payload(self, entry: Entry) -> int:
        """The map, and its number."""
        return len(MSGPACK.encode(entry.value)) + 2


class KeysForm(Form):
    """A key for each field."""

    atomic = True
    trips = {"read_all": 1, "read_one": 1, "update_one": 1}

    def _key(self, number: int, entry: Entry, name: str) -> str:
        return f"{key(number, entry.key_length)}:{name}"

    def keys(self, number: int, entry: Entry) -> list[str]:
        """A key for each field."""
        return [self._key(number, entry, name) for name in entry.fields]

    def store(self, number: int, entry: Entry) -> list[Command]:
        """A SET for each field."""
        return [("SET", self._key(number, entry, name), raw) for name, raw in texts(entry).items()]

    def do(self, operation: Operation, client: Any, number: int, entry: Entry, name: str) -> None:
        """MGET of all, GET or SET."""
        if operation == "read_all":
            client.mget(self.keys(number, entry))
        elif operation == "read_one":
            client.get(self._key(number, entry, name))
        else:
            client.set(self._key(number, entry, name), texts(entry)[name], keepttl=True)

    def payload(self, entry: Entry) -> int:
        """Values alone."""
        return sum(len(raw) for raw in texts(entry).values())
