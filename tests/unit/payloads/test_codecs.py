"""Sizes by codec are those of what a server sends."""

from django.utils.text import compress_string

from djtune.payloads.codecs import CODECS, compressed

BODY = b'{"title": "News at ten", "channel": 7}' * 200


def test_gzip_is_what_the_middleware_sends_without_its_random_file_name():
    sizes = {len(compress_string(BODY, max_random_bytes=100)) for _ in range(50)}
    assert len(sizes) > 1
    assert compressed(BODY)["gzip"] == len(compress_string(BODY)) < min(sizes)


def test_every_codec_that_is_measured_has_a_name():
    assert set(compressed(BODY)) <= set(CODECS)
