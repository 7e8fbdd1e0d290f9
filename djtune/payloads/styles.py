"""How an endpoint writes its JSON, so that a document without some fields is written the same way.

Otherwise what white space and escapes cost would pass for a saving of the fields'.
"""

import json
from collections.abc import Callable
from typing import Any

from djtune.payloads.walk import encode

Style = Callable[[Any], bytes]


def style_of(body: bytes, document: Any) -> Style:
    """The way in which ``document`` was written as ``body``: compact UTF-8 where none fits."""
    return next((style for style in _STYLES if len(style(document)) == len(body)), encode)


def _dumped(**options: Any) -> Style:
    def style(document: Any) -> bytes:
        return json.dumps(document, **options).encode("utf-8", "surrogatepass")

    return style


_STYLES: list[Style] = [
    encode,
    _dumped(),  # JsonResponse
    _dumped(separators=(",", ":")),  # DRF's UNICODE_JSON off
    _dumped(ensure_ascii=False),  # DRF's COMPACT_JSON off
    _dumped(ensure_ascii=False, separators=(",", ":")),
    *(_dumped(ensure_ascii=plain, indent=indent) for indent in (2, 4) for plain in (True, False)),
]
