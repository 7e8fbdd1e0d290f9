"""Which parts of a key's name vary, as far as their shape tells, for many names at a time."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from djtune.redis_memory.observed import Ints

Bools = NDArray[np.bool_]
Bytes = NDArray[np.uint8]

LONGEST_WORD = 24
"""Letters; a longer run of them is no word, but a token that happens to be without a digit."""
LONGEST_VERSION = 2
SEPARATOR, LETTER, DIGIT, FOREIGN = range(4)
CLASS = np.full(256, SEPARATOR, np.uint8)
CLASS[ord("a") : ord("z") + 1] = CLASS[ord("A") : ord("Z") + 1] = LETTER
CLASS[ord("0") : ord("9") + 1] = DIGIT
CLASS[128:] = CLASS[ord("*")] = FOREIGN


def masked(names: Sequence[bytes]) -> list[bytes]:
    """Each name with ``*`` for its runs of letters and digits that are no words.

    A word is letters alone, or with one digit behind them (``oauth2``); ``v12`` is one, and so is
    the number between the first two colons, where Django puts a cache's version. All else with a
    digit varies: numbers, hexadecimal digests, tokens; and so do letters beyond ASCII.
    """
    if not names:
        return []
    text = b"\n".join(names)
    if text.count(b"\n") >= len(names):
        text = b"\n".join(name.replace(b"\n", b" ") for name in names)
    characters = np.frombuffer(text, np.uint8)
    starts, ends = _varying(characters)
    step = np.zeros(characters.size + 1, np.int8)
    step[starts + 1] += 1
    step[ends] -= 1
    out = characters.copy()
    out[starts] = ord("*")
    beyond_first = np.cumsum(step[:-1], dtype=np.int8).view(np.bool_)
    return out[~beyond_first].tobytes().split(b"\n")


def _varying(characters: Bytes) -> tuple[Ints, Ints]:
    """Where the runs of letters and digits that vary begin and end."""
    classes = CLASS[characters]
    inside = np.zeros(characters.size + 2, np.int8)
    inside[1:-1] = classes != SEPARATOR
    edges = np.flatnonzero(np.diff(inside))
    starts, ends = edges[::2], edges[1::2]
    length = ends - starts
    digits = _within(classes == DIGIT, starts, ends)
    numbered = (digits == 1) & (classes[ends - 1] == DIGIT) & (length > 1)
    release = (characters[starts] == ord("v")) & (digits == length - 1) & (length <= 3)
    version = (digits == length) & (length <= LONGEST_VERSION)
    version[version] = _between_first_colons(characters, starts[version], ends[version])
    words = ((digits == 0) | numbered | release) & (length <= LONGEST_WORD) | version
    varies = ~words | (_within(classes == FOREIGN, starts, ends) > 0)
    return starts[varies], ends[varies]


def _within(marks: Bools, starts: Ints, ends: Ints) -> Ints:
    """How many marks each run has."""
    so_far = np.zeros(marks.size + 1, np.int32)
    np.cumsum(marks, out=so_far[1:])
    return so_far[ends] - so_far[starts]


def _between_first_colons(characters: Bytes, starts: Ints, ends: Ints) -> Bools:
    """Whether each run stands between the first two colons of its line."""
    lines = np.concatenate(([0], np.flatnonzero(characters == ord("\n")) + 1))
    line = lines[np.searchsorted(lines, starts, side="right") - 1]
    before = _within(characters == ord(":"), line, starts)
    after = characters[np.minimum(ends, characters.size - 1)]
    return np.asarray((before == 1) & (characters[starts - 1] == ord(":")) & (after == ord(":")))
