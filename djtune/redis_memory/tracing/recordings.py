"""Recordings of ``djtune.cache``: the files of all processes, made one trace."""

from collections.abc import Iterator, Sequence
from operator import attrgetter
from pathlib import Path

import msgspec
from msgspec import Struct, field

from djtune.errors import DjtuneError
from djtune.redis_memory.trace import Trace
from djtune.redis_memory.tracing.accesses import UNKNOWN, Access, build
from djtune.redis_memory.tracing.entries import EntryBytes, modelled_entry_bytes

VERSION = 1
KIND = "cache recording"
ENDING = ".cache.jsonl"


class RecordedServer(Struct):
    """One server of a recording, and what all processes together asked it for."""

    address: str
    reads: int = 0
    """Reads of all keys, recorded or not."""
    hits: int = 0
    peeks: int = 0
    """Looks that refresh no key (``EXISTS``, ``TTL``); the server counts them as hits and misses
    too."""
    found: int = 0


class _Total(RecordedServer):
    s: int = 0


class _Line(Struct):
    """A line of any kind."""

    djtune: str = ""
    version: int = 0
    recording: str = ""
    sample: float = 1.0
    servers: list[_Total] | None = None
    errors: int | None = None
    dropped: int = 0
    t: float = 0.0
    o: str = ""
    s: int = 0
    k: str = ""
    n: int = 0
    p: str = ""
    h: int | None = None
    b: int = UNKNOWN
    e: int = 0
    x: float | None = None
    c: float | None = None


class CacheFile(Struct):
    """One process's file."""

    recording: str
    sample: float
    totals: dict[int, _Total] = field(default_factory=dict)
    accesses: dict[int, list[Access]] = field(default_factory=dict)
    """Server → what was recorded of it."""
    dropped: int = 0
    ended: bool = False
    """Whether the process ended in order."""
    unreadable: int = 0


def read_cache_recording(
    sources: Path | Sequence[Path],
    *,
    server: str = "",
    entry_bytes: EntryBytes = modelled_entry_bytes,
) -> Trace:
    """The trace of one server out of a recording's folder, or its files.

    ``server`` is an address as :func:`servers_in` gives it; needed where there are several. All
    databases of a server are in it: they share its memory.

    Raises:
        DjtuneError: there is no recording, or more than one; the server is not in it.

    """
    files = _read_all(sources)
    totals = _totals(files)
    address = _chosen(server, [each.address for each in totals])
    total = next(each for each in totals if each.address == address)
    accesses = sorted(_of_server(files, address), key=attrgetter("time"))
    builder = build(accesses, entry_bytes)
    name = files[0].recording
    source = f"recording {name}, {_count(len(files), 'process', 'processes')}"
    notes = _notes(files)
    counted = {"reads": total.reads, "hits": total.hits}
    return builder.trace(rate=files[0].sample, **counted, source=source, notes=notes)


def servers_in(sources: Path | Sequence[Path]) -> list[RecordedServer]:
    """The servers of a recording, the busiest first.

    Raises:
        DjtuneError: there is no recording, or more than one.

    """
    return _totals(_read_all(sources))


def _read_all(sources: Path | Sequence[Path]) -> list[CacheFile]:
    given = [sources] if isinstance(sources, Path) else list(sources)
    paths = [path for source in given for path in _files(source)]
    if not paths:
        raise DjtuneError(
            f"no cache recording in {', '.join(map(str, given))}: no file ends in {ENDING}",
            hint="DJTUNE['CACHE']['DIRECTORY'] names the folder (docs/cache-recorder.md)",
        )
    files = [read_file(path) for path in paths]
    names = sorted({file.recording for file in files})
    if len(names) > 1:
        raise DjtuneError(
            f"{len(names)} recordings lie together: {', '.join(names)}",
            hint=f"give the files of one: {names[0]}-*{ENDING}",
        )
    if len({file.sample for file in files}) > 1:
        raise DjtuneError(
            f"recording {names[0]} was made with more than one SAMPLE",
            hint="give the files of one; a change of SAMPLE wants a new RECORDING",
        )
    return files


def _files(source: Path) -> list[Path]:
    return sorted(source.glob(f"*{ENDING}")) if source.is_dir() else [source]


def read_file(path: Path) -> CacheFile:
    """One process's file; a line that was torn is counted.

    Raises:
        DjtuneError: it cannot be read, or is no cache recording of a known version.

    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DjtuneError(f"{path}: {error.strerror}") from None
    lines = _lines(data)
    first = next(lines, None)
    if first is None or first.djtune != KIND:
        raise DjtuneError(f"{path} is no {KIND}", hint=_hint(first))
    if first.version != VERSION:
        raise DjtuneError(
            f"{path}: version {first.version} of the recording is not known",
            hint="read it with the djtune that the app has, or a later one",
        )
    file = CacheFile(first.recording, first.sample)
    for line in lines:
        _take(file, line)
    return file


def _hint(first: _Line | None) -> str:
    if first is not None and first.djtune == "recording":
        return "it holds requests: djtune workload from-log reads it"
    return "djtune.cache writes them (docs/cache-recorder.md)"


def _lines(data: bytes) -> Iterator[_Line | None]:
    decode = msgspec.json.Decoder(_Line).decode
    for text in data.splitlines():
        if text:
            try:
                yield decode(text)
            except (msgspec.DecodeError, UnicodeDecodeError):
                yield None


def _take(file: CacheFile, line: _Line | None) -> None:
    if line is None:
        file.unreadable += 1
    elif line.o:
        found = None if line.h is None else bool(line.h)
        access = Access(
            line.t, line.o, line.k, line.n, line.p, found, line.b, line.e, line.x, line.c
        )
        file.accesses.setdefault(line.s, []).append(access)
    elif line.servers is not None:
        file.totals = {total.s: total for total in line.servers}
    elif line.errors is not None:
        file.dropped, file.ended = line.dropped, True


def _totals(files: Sequence[CacheFile]) -> list[RecordedServer]:
    """Each server's totals over all processes and databases, the busiest first."""
    found: dict[str, RecordedServer] = {}
    for total in (total for file in files for total in file.totals.values()):
        address = without_database(total.address)
        server = found.setdefault(address, RecordedServer(address))
        server.reads += total.reads
        server.hits += total.hits
        server.peeks += total.peeks
        server.found += total.found
    return sorted(found.values(), key=lambda server: -server.reads)


def without_database(address: str) -> str:
    """A server's address, for all of its databases: ``redis://cache:6379``, ``unix:///run/r``."""
    scheme, _, rest = address.partition("://")
    rest = rest.partition("?")[0]
    return f"{scheme}://{rest}" if scheme == "unix" else f"{scheme}://{rest.partition('/')[0]}"


def _chosen(asked: str, known: Sequence[str]) -> str:
    if asked and without_database(asked) in known:
        return without_database(asked)
    if asked or not known:
        told = ", ".join(known) or "none"
        raise DjtuneError(f"the recording has no server {asked}: it has {told}")
    if len(known) > 1:
        raise DjtuneError(f"the recording has several servers: {', '.join(known)}", hint="name one")
    return known[0]


def _of_server(files: Sequence[CacheFile], address: str) -> Iterator[Access]:
    for file in files:
        for number, total in file.totals.items():
            if without_database(total.address) == address:
                # Databases may have keys of the same name.
                for access in file.accesses.get(number, []):
                    yield access._replace(key=f"{total.address} {access.key}")


def _notes(files: Sequence[CacheFile]) -> list[str]:
    dropped = sum(file.dropped for file in files)
    cut = sum(not file.ended for file in files)
    unreadable = sum(file.unreadable for file in files)
    notes = []
    if dropped:
        notes.append(f"{dropped} calls are missing: the recorder had no room for them")
    if cut:
        what = _count(cut, "process", "processes")
        notes.append(f"{what} of {len(files)} did not end in order, or go on")
    if unreadable:
        notes.append(f"{_count(unreadable, 'line', 'lines')} could not be read")
    return notes


def _count(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"
