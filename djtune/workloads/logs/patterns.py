r"""Regular expressions for what stands in a line of an access log.

Servers write a quote inside quotes as ``\"`` (gunicorn, Apache) or ``\x22`` (nginx). gunicorn
does not escape the backslash itself, so that a column may also end in one: lines that the
*strict* expressions refuse are tried again with *lenient* ones, which let anything stand between
the columns that are read.

Possessive quantifiers (``++``) keep a line that does not fit from being tried in every way.
"""

import re

LOCAL_TIME = r"\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}"
ISO_TIME = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[^\"\]\s,}]*+"
NUMBER = r"\d++(?:\.\d++)?+|-"
SIZE = r"\d++|-|None"
STATUS = r"\d{3}"
METHOD = r"[A-Z]{2,20}"


def text(end: str) -> str:
    """Anything up to the unescaped character ``end``."""
    return rf"(?:[^{re.escape(end)}\\\n]++|\\.)*+"


def path(end: str) -> str:
    """A path, with its query unless the format has that apart; the path is captured."""
    inner = rf"(?:[^ ?#{re.escape(end)}\\\n]++|\\.)*+"
    return rf"({inner})" if end == "?" else rf"({inner})(?:[?#]{text(end)})?+"


def request(end: str) -> str:
    """A request line up to the quote ``end``; method and path are captured, empty if it is none."""
    inner = rf"(?:[^ ?#{re.escape(end)}\\\n]++|\\.)*+"
    whole = rf"({METHOD}) ({inner})(?:[ ?#]{text(end)})?+(?={re.escape(end)})"
    return rf"(?:{whole}|{text(end)})"


def bare_request() -> str:
    """A request line without quotes around it; method and path are captured."""
    return rf"(?:({METHOD}) ([^ ?#\n]*+)(?:[?#][^ \n]*+)?+(?: HTTP/[\d.]++)?+|-)"
