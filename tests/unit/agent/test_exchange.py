"""What came back, as a server sends it."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.agent.exchange import Exchange, _forwarded_as

GZIP = [("content-encoding", "gzip")]


@pytest.mark.parametrize(
    ("method", "status", "body"),
    [
        ("GET", 200, b"a body"),
        ("POST", 201, b"a body"),
        ("GET", 404, b"a body"),
        ("HEAD", 200, b""),
        ("GET", 204, b""),
        ("GET", 304, b""),
    ],
)
def test_no_body_is_sent_after_head_204_and_304(method: str, status: int, body: bytes) -> None:
    exchange = Exchange(status)
    exchange.take_body(method, [b"a ", b"body"])
    assert exchange.body == body


@given(st.binary())
def test_the_raw_size_is_that_before_gzip(body: bytes) -> None:
    assert Exchange(200, GZIP, gzip.compress(body)).raw_size() == len(body)
    assert Exchange(200, [], body).raw_size() == len(body)


@pytest.mark.parametrize("body", [b"", b"plain text", gzip.compress(b"cut off" * 9, mtime=0)[:-9]])
def test_a_body_that_is_not_what_its_label_says_has_the_size_sent(body: bytes) -> None:
    assert Exchange(200, GZIP, body).raw_size() == len(body)


@pytest.mark.parametrize(
    ("trusted", "sent"),
    [
        (None, {"X-Forwarded-Proto": "https"}),
        (("HTTP_X_FORWARDED_PROTO", "https"), {"X-Forwarded-Proto": "https"}),
        (("HTTP_CLOUDFRONT_PROTO", "tls"), {"Cloudfront-Proto": "tls"}),
        (("SSL_BY_SERVER", "on"), {}),
    ],
)
def test_the_header_that_the_app_trusts_is_sent(
    trusted: tuple[str, str] | None, sent: dict[str, str]
) -> None:
    assert _forwarded_as(trusted) == sent
