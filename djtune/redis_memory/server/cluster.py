"""A cluster's nodes, and which slots are whose."""

from urllib.parse import urlsplit

from msgspec import Struct, field

from djtune.redis_memory.server.wire import Reply

SLOTS = 16384


class Shard(Struct):
    """A primary, its replicas and its slots."""

    identity: str
    primary: tuple[str, int]
    """Host and port; the host is empty where it is the one that was asked."""
    replicas: list[tuple[str, int]]
    slots: list[range] = field(default_factory=list)


def shards(reply: Reply) -> list[Shard]:
    """The shards in a reply to ``CLUSTER SLOTS``, in the order of their first slots."""
    found: dict[str, Shard] = {}
    for first, last, primary, *replicas in sorted(reply, key=lambda row: row[0]):
        identity = primary[2].decode()
        shard = found.setdefault(
            identity, Shard(identity, _place(primary), [_place(node) for node in replicas])
        )
        shard.slots.append(range(first, last + 1))
    return list(found.values())


def _place(node: Reply) -> tuple[str, int]:
    host = (node[0] or b"").decode()
    return ("" if host == "?" else host), node[1]


def url_of(url: str, host: str, port: int) -> str:
    """The URL of another node: the same scheme, user, password and options; database 0."""
    parts = urlsplit(url)
    user, at, _ = parts.netloc.rpartition("@")
    host = host or parts.hostname or "localhost"
    shown = f"[{host}]" if ":" in host else host
    scheme = "rediss" if parts.scheme in {"rediss", "valkeys"} else "redis"
    return f"{scheme}://{user}{at}{shown}:{port}?{parts.query}"
