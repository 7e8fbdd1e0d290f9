"""Whether a client's source holds the address of a route."""

import re
from collections.abc import Collection

from djtune.payloads.clients import SourceScan

_PARAMETER = re.compile(r"\$?\{[^{}]*\}|\$\w+|(?<=/):\w+|%[sd]")
_SEGMENT = re.compile(r"[A-Za-z0-9][\w.~-]*")
_WORD_ONLY = re.compile(r"[a-z][\w-]{1,60}")
_LONGEST = 2000


def pieces_of(literal: str) -> set[str]:
    """The parts of a string between its parameters that may belong to an address.

    These hold a ``/``; of a string without any, a single word may be a part by itself.
    """
    if len(literal) > _LONGEST or any(space in literal for space in " \t\n<"):
        return set()
    address = literal.partition("?")[0].partition("#")[0]
    if "/" not in address:
        return {address} if _WORD_ONLY.fullmatch(address) else set()
    return {piece for piece in _PARAMETER.split(address) if piece.strip("/")}


def mentions(scan: SourceScan, route: str) -> bool:
    """Whether strings and templates of the source hold the route's literal parts.

    Of ``api/shows/<int:pk>/airings/`` these are ``api/shows`` and ``airings``. Each must end a
    piece of a string between its parameters, whole or from a later segment on (``/shows/``), as
    clients join a base URL with the rest: ``/api/shows/films`` is another address. A single word
    (``"shows"``) counts only where another string ends with what is before it (``/api/``), or where
    three or more are words by themselves (``["api", "v2", path].join("/")``).
    """
    runs = _runs(route)
    return bool(runs) and all(_held(run, scan.strings) for run in runs)


def _held(run: list[str], strings: Collection[str]) -> bool:
    pieces = [_segments(text) for text in strings if run[-1] in text and "/" in text]
    tails = [run[n:] for n in range(1, len(run))]
    if any(_ends(piece, run) or piece in tails for piece in pieces):
        return True
    before = run[:-1]
    if run[-1] not in strings or not before:
        return False
    ends = any(_ends(_segments(text), before) for text in strings if "/" in text)
    return ends or (len(before) > 1 and all(segment in strings for segment in before))


def _ends(piece: list[str], run: list[str]) -> bool:
    return piece[-len(run) :] == run


def _segments(address: str) -> list[str]:
    return [segment for segment in address.split("/") if segment]


def _runs(route: str) -> list[list[str]]:
    """The literal segments of a route, split where a parameter stands between them."""
    runs: list[list[str]] = [[]]
    for segment in _without_parameters(route).split("/"):
        literal = segment.replace("\\", "").strip("^$?")
        if _SEGMENT.fullmatch(literal):
            runs[-1].append(literal)
        elif literal:
            runs.append([])
    return [run for run in runs if run]


def _without_parameters(route: str) -> str:
    """A route with ``*`` for ``<int:pk>`` and for each group of a regular expression."""
    route = re.sub(r"(?<!\(\?P)<\w+(?::\w+)?>", "*", route)
    kept, depth = [], 0
    for character in route:
        depth += character == "("
        if not depth:
            kept.append(character)
        if character == ")":
            depth -= 1
            kept.append("*" if not depth else "")
    return "".join(kept)
