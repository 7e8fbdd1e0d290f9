"""The shape of a path without what may be somebody's: for paths that no route is known for."""

import re
from urllib.parse import unquote

LONGEST_WORD = 20
DEEPEST = 4
MANY = "…"

_DIGITS = re.compile(r"\d+")
_WORD = re.compile(r"[A-Za-z0-9._~-]+")


def masked(path: str) -> str:
    """``/users/1234/a.b@c.de`` becomes ``/users/0/…``.

    Digits become 0; what is long, or has other characters than words of a path have, becomes
    ``…``, as does all that is deeper than four segments.
    """
    segments = path.lstrip("/").split("/")
    shown = [_segment(unquote(segment)) for segment in segments[:DEEPEST]]
    if len(segments) > DEEPEST:
        shown.append(MANY)
    return "/" + "/".join(shown)


def _segment(segment: str) -> str:
    if not segment:
        return ""
    if len(segment) > LONGEST_WORD or not _WORD.fullmatch(segment):
        return MANY
    return _DIGITS.sub("0", segment)
