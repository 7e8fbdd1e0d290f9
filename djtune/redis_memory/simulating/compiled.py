"""The kernel's source, compiled by Numba."""

import os
import sys
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import FunctionType
from typing import Any

from djtune.redis_memory.simulating import kernel

Replay = Callable[..., float]


def available() -> bool:
    """Whether the extra ``simulate`` is installed."""
    return find_spec("numba") is not None


@cache
def replay() -> Replay:
    """``kernel.replay`` on arrays; it gives the interpreter's lock free while it runs."""
    import numba

    config: Any = numba.config
    config.CACHE_DIR = os.environ.get("NUMBA_CACHE_DIR") or str(folder() / "numba")
    # The functions find one another in a namespace where all of them are compiled. They allocate
    # nothing: counting references to the arrays would take most of the time.
    options: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": False}
    namespace: dict[str, Any] = dict(vars(kernel))
    for name, function in vars(kernel).items():
        if isinstance(function, FunctionType) and function.__module__ == kernel.__name__:
            again = FunctionType(function.__code__, namespace, name)
            again.__module__ = kernel.__name__
            namespace[name] = numba.njit(**options)(again)
    compiled: Replay = namespace["replay"]
    return compiled


def folder() -> Path:
    """Where the user's caches are."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "djtune"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "djtune"
