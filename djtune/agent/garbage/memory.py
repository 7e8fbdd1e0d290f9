"""The memory of this process, in bytes, as the kernel accounts for it."""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from pathlib import Path

_PROC = Path("/proc/self")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def rss() -> int:
    """Resident memory now; on systems without /proc its peak, as nothing cheap tells more."""
    try:
        return int((_PROC / "statm").read_bytes().split()[1]) * _PAGE
    except OSError:
        return _peak_since_start()


def reset_peak() -> None:
    """Have :func:`peak` begin anew; without /proc it goes on from the process's start."""
    with contextlib.suppress(OSError):
        (_PROC / "clear_refs").write_bytes(b"5")


def peak() -> int:
    """The highest resident memory since :func:`reset_peak`."""
    try:
        return _field(_PROC / "status", b"VmHWM:")
    except OSError:
        return _peak_since_start()


def shared() -> dict[str, int]:
    """``uss``, what no other process shares, and ``pss``, with its part of what others do.

    Empty where the kernel does not tell.
    """
    try:
        rollup = _PROC / "smaps_rollup"
        private = _field(rollup, b"Private_Clean:") + _field(rollup, b"Private_Dirty:")
        return {"uss": private, "pss": _field(rollup, b"Pss:")}
    except OSError:
        return {}


def _field(file: Path, name: bytes) -> int:
    for line in file.read_bytes().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    raise OSError(f"{file} does not tell {name.decode()}")


def _peak_since_start() -> int:
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024
