"""Access logs: which fields the requests name that name any (``?fields=title,year``)."""

import gzip
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path as File
from typing import IO
from urllib.parse import parse_qsl

from djtune.errors import DjtuneError
from djtune.payloads.clients import Contract
from djtune.payloads.paths import Path
from djtune.workloads.logs.layout import Layout
from djtune.workloads.logs.reading import Asked, read
from djtune.workloads.logs.recording import RecordingLayout

LINES = 20_000
"""Lines read at a time."""
_MARK = "\u241f"
"""Stands for the ``?`` of an address, at which layouts end the path."""

Asking = tuple[str, str]
"""Method, and a path in which one number stands for all."""
_NUMBER = re.compile(r"(?<=/)(?:\d+|[0-9a-fA-F-]{16,})(?=/|$)")


def contracts(file: File) -> list[Contract]:
    """Return a contract for each selection of fields that was asked for, with its requests.

    Beside these stand the requests without a selection for paths that look alike: where their
    route is the same, they want all of its fields (``fields`` is empty). Those that include other
    resources (JSON:API's ``include``) count as such too, as nothing tells which field is whose.

    Raises:
        DjtuneError: the file is no access log, or no request in it names fields.

    """
    counts: dict[Asking, Counter[tuple[Path, ...]]] = defaultdict(Counter)
    examples: dict[Asking, str] = {}
    for method, path, query in _requests(file):
        asking = method, _NUMBER.sub("0", path)
        examples.setdefault(asking, path)
        counts[asking][_selected(query)] += 1
    selecting = {_outline(asking) for asking, found in counts.items() if any(found)}
    if not selecting:
        raise DjtuneError(f"{file}: no request in this log asks for ?fields=")
    return [
        Contract("log", file.name, asking[0], examples[asking], list(fields), requests)
        for asking, found in counts.items()
        if _outline(asking) in selecting
        for fields, requests in sorted(found.items())
    ]


def _outline(asking: Asking) -> tuple[str, str, int]:
    """What is alike at all paths of a route, as far as a path tells."""
    method, path = asking
    return method, path.split("/")[1], path.count("/")


def _selected(query: str) -> tuple[Path, ...]:
    """The fields that a query names, in order; empty where it wants all of them."""
    parameters = parse_qsl(query)
    if any(name == "include" for name, _ in parameters):
        return ()
    named = {
        tuple(field.strip().split("."))
        for name, value in parameters
        if name == "fields" or (name.startswith("fields[") and name.endswith("]"))
        for field in value.split(",")
        if field.strip()
    }
    return tuple(sorted(named))


def _requests(file: File) -> Iterator[tuple[str, str, str]]:
    """Method, path and query of the requests that read and were answered."""
    layout = _layout(file)
    with _opened(file) as lines:
        while block := "".join(islice(lines, LINES)):
            rows, _ = layout.rows(block.replace("?", _MARK))
            for method, address, status, *_ in rows:
                path, _, query = address.partition(_MARK)
                if method in ("GET", "HEAD") and str(status)[:1] == "2":
                    yield method, path, query


def _layout(file: File) -> Layout:
    """How the file's lines are written, told from the first of them."""
    batch = next(read([str(file)], Asked(), [], lambda _: None))
    if isinstance(batch.layout, RecordingLayout):
        raise DjtuneError(
            f"{file} is a recording, which keeps no queries", hint="give the server's access log"
        )
    return batch.layout


def _opened(file: File) -> IO[str]:
    with file.open("rb") as raw:
        compressed = raw.read(2) == b"\x1f\x8b"
    opener = gzip.open if compressed else open
    return opener(file, "rt", encoding="utf-8", errors="replace", newline="\n")
