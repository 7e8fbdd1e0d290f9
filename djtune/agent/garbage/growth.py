"""What stays after a collection, and more of it with every equal request: leaks.

A cache fills with the first of equal requests and stays as it is with the next; a leak goes on.
"""

from __future__ import annotations

import functools
import gc
import sys
import types
import weakref
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from ..classes import definition_of
from ..views import shortened
from .links import members, namespace_of, plain_name

REPEATS = 3
"""Equal requests after the first; what does not grow with each of them is no leak."""
MOST_HOLDERS = 5
MOST_STEPS = 200
"""Referrers that are looked at in search of who holds something."""
ENTRIES = "entries"
CACHE_OF = "cache of"
_LENGTHS: tuple[tuple[type, Callable[[Any], int]], ...] = (
    (dict, dict.__len__),
    (list, list.__len__),
    (set, set.__len__),
    (deque, deque.__len__),
)


def find(serve: Callable[[], Any], settle: Callable[[], None]) -> list[dict[str, Any]]:
    """Make an equal request again and again; return who holds more with each."""
    more = _growing(serve, settle)
    if not more:
        return []
    first, second, third = (_lengths(serve, settle) for _ in range(3))
    longer = [_about(each, entries) for each, entries in _longer(first, second, third)]
    found = [each for each in longer if each is not None]
    if not longer:
        found = _by_type(more, serve, settle)
    return sorted(found, key=lambda each: -each["objects"])[:MOST_HOLDERS]


def _growing(serve: Callable[[], Any], settle: Callable[[], None]) -> dict[Any, int]:
    """Types of which there are more after each request, and how many more at least."""
    grown: dict[Any, int] | None = None
    before: Counter[Any] = Counter()
    for number in range(REPEATS + 2):
        serve()
        settle()
        now = _census()
        if number > 1:  # the counters themselves are there from then on
            more = {key: n - before[key] for key, n in now.items() if n > before[key]}
            more.pop(weakref.ref, None)
            common = more if grown is None else more.keys() & grown.keys()
            grown = {key: min(more[key], (grown or more)[key]) for key in common}
        before = now
    return grown or {}


def _census() -> Counter[Any]:
    objects = gc.get_objects()
    counts: Counter[Any] = Counter(map(type, objects))
    counts[ENTRIES] = sum(length for _, length in _containers(objects))
    return counts


def _containers(objects: Iterable[Any]) -> Iterator[tuple[Any, int]]:
    """Yield lists, dictionaries, sets and deques with their lengths.

    Not those that have an end, nor lists of weak references, which hold nothing: SQLite's driver
    tidies its own up late.
    """
    for each in objects:
        if type(each) is list and each and type(each[0]) is weakref.ref:
            continue
        if type(each) is deque and each.maxlen is not None:
            continue
        for kind, length in _LENGTHS:
            if issubclass(type(each), kind):
                yield each, length(each)


def _lengths(serve: Callable[[], Any], settle: Callable[[], None]) -> dict[int, int]:
    """The lengths of all containers after another request, by id."""
    serve()
    settle()
    return {id(each): length for each, length in _containers(gc.get_objects())}


def _longer(
    first: dict[int, int], second: dict[int, int], third: dict[int, int]
) -> list[tuple[Any, int]]:
    """The containers that have become longer each time, and by how much at last."""
    return [
        (each, third[id(each)] - second[id(each)])
        for each, length in _containers(gc.get_objects())
        if first.get(id(each), length) < second.get(id(each), 0) < third.get(id(each), 0)
    ]


def _about(container: Any, entries: int) -> dict[str, Any] | None:
    """A container that grows; None for what a bounded cache will let go of."""
    is_dict = issubclass(type(container), dict)
    values = dict.values(container) if is_dict else container
    newest = values if issubclass(type(container), set) else reversed(values)
    counts = Counter(plain_name(type(each)) for each in islice(newest, entries))
    holder = holder_of(container)
    if holder is None:
        return None
    name, where = holder
    is_plain = name and not name.startswith(CACHE_OF)
    return {
        "holder": f"{type(container).__name__} {name}" if is_plain else name,
        "where": where,
        "types": [each for each, _ in counts.most_common(3)],
        "objects": entries,
    }


def _by_type(
    more: dict[Any, int], serve: Callable[[], Any], settle: Callable[[], None]
) -> list[dict[str, Any]]:
    """Growth that is in no container: a chain of objects, each holding the one before."""
    kinds = [kind for kind in more if kind != ENTRIES]
    known = {id(each) for each in gc.get_objects() if type(each) in kinds}
    serve()
    settle()
    # An app's own type says more than the dictionaries that come with it.
    kinds.sort(key=lambda kind: (kind.__module__ == "builtins", -more[kind]))
    for kind in kinds:
        for each in gc.get_objects():
            if type(each) is kind and id(each) not in known:
                holder = holder_of(each)
                if holder is None:
                    break
                entry = {"holder": holder[0], "where": holder[1], "types": [plain_name(kind)]}
                return [{**entry, "objects": more[kind]}]
    return []


def holder_of(each: Any) -> tuple[str, str] | None:
    """What holds an object, by name, and where that is: the nearest module, class or object.

    None for a cache that has an end, such as that of SQLite's driver for its statements.
    """
    modules = {
        id(vars(module)): module
        for module in list(sys.modules.values())
        if issubclass(type(module), types.ModuleType)
    }
    seen = {id(modules)}
    queue: deque[Any] = deque([each])
    seen.add(id(queue))
    best = ("", "")
    for _ in range(MOST_STEPS):
        if not queue:
            break
        value = queue.popleft()
        for holder in gc.get_referrers(value):
            if id(holder) in seen or type(holder) is types.FrameType:
                continue
            seen.add(id(holder))
            if id(holder) in modules:
                module = modules[id(holder)]
                root = f"{module.__name__}.{_key(holder, value)}"
                return (f"{best[0]} of {root}", best[1]) if best[0] else (root, _file(module))
            if type(holder) is functools._lru_cache_wrapper:
                return _cache(holder)
            best = best if best[0] else _named(holder, value)
            if not _is_of_class(holder):
                queue.append(holder)
    return best


def _named(holder: Any, value: Any) -> tuple[str, str]:
    """The name of an attribute by which something other than a module holds a value."""
    owner = holder
    if type(holder) is dict:
        owner = next((each for each in gc.get_referrers(holder) if _is_of(each, holder)), None)
    is_class = issubclass(type(owner), type)
    cls = owner if is_class else type(owner)
    attributes = vars(cls).items() if is_class else members(owner)
    for name, each in attributes:
        if each is value:
            definition = definition_of(cls)
            where = f"{shortened(definition.file)}:{definition.line}" if definition else ""
            return f"{plain_name(cls)}.{name}", where
    return "", ""


def _cache(cache: Any) -> tuple[str, str] | None:
    """An ``lru_cache`` by its function; None for one that has an end."""
    if cache.cache_info().maxsize is not None:
        return None
    function = cache.__wrapped__
    name = getattr(function, "__qualname__", type(function).__qualname__)
    code = getattr(function, "__code__", None)
    where = f"{shortened(code.co_filename)}:{code.co_firstlineno}" if code else ""
    return f"{CACHE_OF} {function.__module__}.{name}", where


def _is_of(each: Any, namespace: dict[str, Any]) -> bool:
    return issubclass(type(each), type) or namespace_of(each) is namespace


def _is_of_class(namespace: Any) -> bool:
    """Whether it is what a class has as its attributes: a name that suffices."""
    return type(namespace) is dict and any(
        issubclass(type(each), type) for each in gc.get_referrers(namespace)
    )


def _key(namespace: dict[str, Any], value: Any) -> str:
    return next((name for name, each in namespace.items() if each is value), "…")


def _file(module: Any) -> str:
    file = getattr(module, "__file__", None)
    return shortened(file) if file else ""
