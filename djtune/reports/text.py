"""Text from apps, logs and databases, made harmless before any renderer sees it."""

import re
from typing import Any

import msgspec

from djtune.reports.blocks import Report

# Control characters, bidirectional overrides and lone surrogates: an escape sequence in a route
# must not drive the reader's terminal, and an override must not reverse what is read.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_MULTILINE = {"patch"}


def clean(text: str, *, multiline: bool = False) -> str:
    """``text`` without what a terminal or browser would act on; on one line, but for patches."""
    text = text.replace("\r\n", "\n")
    if not multiline:
        text = re.sub(r"[\n\t]+", " ", text)
    return _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", text)


def cleaned(report: Report) -> Report:
    """A copy of the report in which every text is clean."""
    return msgspec.convert(_cleaned(msgspec.to_builtins(report)), Report)


def _cleaned(value: Any, field: str = "") -> Any:
    match value:
        case str():
            return clean(value, multiline=field in _MULTILINE)
        case dict():
            return {key: _cleaned(item, key) for key, item in value.items()}
        case list() | tuple():
            return [_cleaned(item, field) for item in value]
        case _:
            return value
