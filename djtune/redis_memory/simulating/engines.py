"""What the kernel runs on: lists in plain Python, or arrays compiled."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from djtune.errors import DjtuneError
from djtune.redis_memory.simulating import compiled, kernel

Engine = Literal["auto", "python", "compiled"]
"""``auto``: compiled where Numba is installed and there is enough to do."""
ENOUGH = 2_000_000
"""Requests that take plain Python longer than the compiled kernel takes to load."""


class Machine(Struct, frozen=True):
    """The kernel, and the kind of column that it runs on."""

    column: Callable[[NDArray[Any]], Any]
    replay: Callable[..., float]


def machine(engine: Engine, requests: int) -> Machine:
    """Make an engine ready for so many requests.

    Compiling takes some seconds, once for each version of djtune. Raises
    :class:`~djtune.errors.DjtuneError` where Numba is asked for and not installed.
    """
    if chosen(engine, requests) == "python":
        return Machine(lambda array: array.tolist(), kernel.replay)
    if not compiled.available():
        raise DjtuneError("Numba is not installed", hint="pip install 'djtune[simulate]'")
    return Machine(np.ascontiguousarray, compiled.replay())


def chosen(engine: Engine, requests: int) -> Engine:
    """What ``auto`` comes to."""
    if engine != "auto":
        return engine
    return "compiled" if compiled.available() and requests >= ENOUGH else "python"
