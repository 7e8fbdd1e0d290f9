"""Trace files: CSV with a header, and libCacheSim's oracleGeneral."""

import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from djtune.errors import DjtuneError
from djtune.redis_memory.trace import DELETE, EXPIRE, READ, WRITE, Trace

OPS = {
    **dict.fromkeys(("get", "read", ""), READ),
    **dict.fromkeys(("set", "write", "add", "replace"), WRITE),
    **dict.fromkeys(("delete", "del"), DELETE),
    **dict.fromkeys(("touch", "expire"), EXPIRE),
}
NEEDED = ("time", "key", "size")
OPTIONAL = ("ttl", "op", "cost")
ORACLE_GENERAL = np.dtype(
    [("time", "<u4"), ("key", "<u8"), ("size", "<u4"), ("next_access", "<i8")]
)
"""A row of oracleGeneral: seconds, object, bytes, and the row that asks for it next
(libCacheSim, ``traceReader/customizedReader/oracle/oracleGeneralBin.h``)."""
_COMPRESSED = {b"\x28\xb5\x2f\xfd": "zstd -d", b"\x1f\x8b": "gunzip", b"\xfd7zXZ": "xz -d"}


def read_trace_file(path: Path) -> Trace:
    """The trace in a file: CSV, or oracleGeneral where its name says so.

    Columns of the CSV, named by its first line: ``time`` (seconds), ``key``, ``size`` (bytes of the
    entry), and if there are any ``ttl`` (seconds; empty: for ever), ``op`` (``get``, ``set``,
    ``delete``, ``touch``; empty: ``get``) and ``cost`` (seconds). Rows are put in order of time.

    Raises:
        DjtuneError: it cannot be read, or a row is none.

    """
    try:
        with path.open("rb") as file:
            first = file.read(6)
    except OSError as error:
        raise DjtuneError(f"{path}: {error.strerror}") from None
    for magic, command in _COMPRESSED.items():
        if first.startswith(magic):
            raise DjtuneError(f"{path} is compressed", hint=f"{command} {path}")
    if "oraclegeneral" in path.name.lower():
        return _oracle_general(path)
    return _csv(path)


def _oracle_general(path: Path) -> Trace:
    data = path.read_bytes()
    if len(data) % ORACLE_GENERAL.itemsize or not data:
        raise DjtuneError(
            f"{path}: {len(data)} bytes are no whole rows of oracleGeneral "
            f"({ORACLE_GENERAL.itemsize} bytes each)"
        )
    rows = np.frombuffer(data, ORACLE_GENERAL)
    seconds = rows["time"].astype(np.int64)
    if (np.diff(seconds) < 0).any():
        raise DjtuneError(f"{path}: its times run backwards, so that it is no oracleGeneral")
    found, key = np.unique(rows["key"], return_inverse=True)
    return _trace(
        path,
        time=(seconds - seconds[0]) * 1_000_000,
        op=np.zeros(len(rows), np.uint8),
        key=key.astype(np.int64),
        size=rows["size"].astype(np.int64),
        ttl=np.zeros(len(rows), np.int64),
        cost=np.full(len(rows), np.nan),
        keys=len(found),
    )


def _csv(path: Path) -> Trace:
    keys: dict[str, int] = {}
    rows = sorted(_rows(path, keys), key=lambda row: row[0])
    if not rows:
        raise DjtuneError(f"{path} has no row")
    times, ops, numbers, sizes, ttls, costs = zip(*rows, strict=True)
    start = times[0]
    return _trace(
        path,
        time=np.round((np.array(times) - start) * 1e6).astype(np.int64),
        op=np.array(ops, np.uint8),
        key=np.array(numbers, np.int64),
        size=np.array(sizes, np.int64),
        ttl=np.array(ttls, np.int64),
        cost=np.array(costs, np.float64),
        keys=len(keys),
    )


_Row = tuple[float, int, int, int, int, float]


def _rows(path: Path, keys: dict[str, int]) -> Iterator[_Row]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.reader(file)
            names = [name.strip().lower() for name in next(reader, [])]
            _check_header(path, names)
            for row in reader:
                if row:
                    yield _row(path, reader.line_num, dict(zip(names, row, strict=False)), keys)
    except UnicodeDecodeError:
        raise DjtuneError(f"{path} is no text", hint="docs/methods/cache-traces.md") from None
    except csv.Error as error:
        raise DjtuneError(f"{path}: {error}") from None


def _check_header(path: Path, names: list[str]) -> None:
    missing = [name for name in NEEDED if name not in names]
    unknown = [name for name in names if name not in NEEDED + OPTIONAL]
    if missing or unknown:
        wrong = f"no column {missing[0]}" if missing else f"a column {unknown[0]!r}"
        raise DjtuneError(
            f"{path} has {wrong}", hint="its first line must be time,key,size[,ttl][,op][,cost]"
        )


def _row(path: Path, line: int, row: dict[str, str], keys: dict[str, int]) -> _Row:
    try:
        op = OPS[row.get("op", "").strip().lower()]
        ttl = row.get("ttl", "").strip()
        cost = row.get("cost", "").strip()
        read = (
            _number(row["time"]),
            op,
            keys.setdefault(row["key"], len(keys)),
            round(_number(row["size"])),
            round(_number(ttl) * 1e6) if ttl else 0,
            _number(cost) if cost else math.nan,
        )
    except (KeyError, ValueError) as error:
        raise DjtuneError(f"{path}, line {line}: {_reason(error)}") from None
    return read


def _number(text: str) -> float:
    number = float(text)
    if not 0 <= number < math.inf:
        raise ValueError(f"{text} is no number of 0 or more")
    return number


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return (
            f"no operation is called {error.args[0]!r}"
            if error.args[0] not in NEEDED
            else (f"{error.args[0]} is missing")
        )
    return str(error)


def _trace(path: Path, *, keys: int, **columns: Any) -> Trace:
    rows = len(columns["time"])
    return Trace(
        **columns,
        pattern=np.zeros(rows, np.int32),
        patterns=["*"],
        keys=keys,
        reads=int((columns["op"] == READ).sum()),
        source=path.name,
    )
