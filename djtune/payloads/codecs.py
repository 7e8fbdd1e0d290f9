"""What a body weighs once it is compressed, by the codecs that servers use.

gzip is the deflate stream of ``GZipMiddleware`` at its level, without the random file name that
the middleware puts into the header, so that equal bodies weigh the same.
"""

import zlib
from collections.abc import Callable

GZIP_LEVEL, BROTLI_LEVEL, ZSTD_LEVEL = 6, 5, 3
CODECS = {
    "gzip": f"gzip {GZIP_LEVEL}",
    "brotli": f"brotli {BROTLI_LEVEL}",
    "zstd": f"zstd {ZSTD_LEVEL}",
}
"""Name → name with its level, as reports print it."""


def installed() -> dict[str, Callable[[bytes], bytes]]:
    """The codecs that can be measured here; gzip always can."""
    found: dict[str, Callable[[bytes], bytes]] = {"gzip": _gzip}
    try:
        import brotli  # type: ignore[import-untyped]

        found["brotli"] = lambda body: brotli.compress(body, quality=BROTLI_LEVEL)
    except ImportError:
        pass
    try:
        import zstandard

        found["zstd"] = zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress
    except ImportError:
        pass
    return found


def compressed(body: bytes) -> dict[str, int]:
    """The bytes of ``body`` by each codec that is installed."""
    return {codec: len(compress(body)) for codec, compress in installed().items()}


def _gzip(body: bytes) -> bytes:
    stream = zlib.compressobj(GZIP_LEVEL, wbits=zlib.MAX_WBITS | 16)
    return stream.compress(body) + stream.flush()
