"""The shape of a path without what may be somebody's: for paths that no route is known for."""

import re
from collections.abc import Collection, Iterable
from urllib.parse import unquote

LONGEST_WORD = 20
DEEPEST = 4
MANY = "…"

_DIGITS = re.compile(r"\d+")
_WORD = re.compile(r"[A-Za-z0-9._~-]+")
_SUFFIX = re.compile(
    r"\.(?:php|aspx?|jsp|cgi|env|git|xml|txt|json|yml|m?js|css|map|html?|ico|png|jpe?g|gif|svg"
    r"|webp|woff2?|pdf|zip|sql|bak)$",
    re.IGNORECASE,
)


def words_of(routes: Iterable[str]) -> frozenset[str]:
    """The words that routes spell out: no values of anybody's."""
    return frozenset(
        segment for route in routes for segment in route.split("/") if _WORD.fullmatch(segment)
    )


def masked(path: str, words: Collection[str] = ()) -> str:
    """``/users/1234/alice/photo.png`` becomes ``/users/0/…/….png``.

    Kept are the first segment, the ``words`` of the app's own routes, and the suffixes of files.
    Digits become 0, all else ``…``, as does the first segment where it is long or no word, and
    what is deeper than four segments.
    """
    segments = path.lstrip("/").split("/")
    shown = [_segment(unquote(s), place == 0, words) for place, s in enumerate(segments[:DEEPEST])]
    if len(segments) > DEEPEST:
        shown.append(MANY)
    return "/" + "/".join(shown)


def _segment(segment: str, first: bool, words: Collection[str]) -> str:
    if not segment or segment in words:
        return _DIGITS.sub("0", segment)
    short = len(segment) <= LONGEST_WORD and _WORD.fullmatch(segment)
    if short and (first or segment.isdigit()):
        return _DIGITS.sub("0", segment)
    suffix = _SUFFIX.search(segment)
    return MANY + suffix[0].lower() if suffix else MANY
