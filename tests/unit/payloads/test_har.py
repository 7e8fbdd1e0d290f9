"""A HAR file's responses, and nothing that tells who asked."""

import base64
import json
from pathlib import Path

import msgspec
import pytest

from djtune.errors import DjtuneError
from djtune.payloads.har import read_har

BODY = '{"title": "Ærø"}'


def entry(url="https://tv.example/api/epg/?day=today", *, status=200, **content):
    return {
        "startedDateTime": "2026-03-01T10:00:00.500Z",
        "request": {
            "method": "GET",
            "url": url,
            "headers": [{"name": "Authorization", "value": "Bearer planted-secret"}],
            "cookies": [{"name": "sessionid", "value": "planted-secret"}],
            "postData": {"text": "planted-secret"},
        },
        "response": {
            "status": status,
            "headers": [{"name": "Set-Cookie", "value": "planted-secret"}],
            "cookies": [{"name": "sessionid", "value": "planted-secret"}],
            "bodySize": 60,
            "content": {"mimeType": "application/json; charset=utf-8"} | content,
        },
    }


@pytest.fixture
def har(tmp_path: Path):
    def write(*entries):
        file = tmp_path / "session.har"
        file.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}), "utf-8")
        return file

    return write


def test_tells_what_was_asked_and_answered(har):
    (found,) = read_har(har(entry(text=BODY, size=18)))
    assert (found.method, found.host, found.path) == ("GET", "tv.example", "/api/epg/")
    assert (found.query, found.status, found.mime) == ("day=today", 200, "application/json")
    assert (found.body, found.wire, found.fault) == (BODY.encode(), 60, "")
    assert found.started == 1772359200.5


def test_keeps_no_header_no_cookie_and_no_password(har):
    file = har(entry("https://me:planted-secret@tv.example/api/", text=BODY, size=18))
    assert b"planted-secret" not in msgspec.json.encode(read_har(file))


def test_decodes_bodies_in_base64(har):
    encoded = base64.b64encode(BODY.encode()).decode()
    (found,) = read_har(har(entry(text=encoded, encoding="base64", size=18)))
    assert found.body == BODY.encode()


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ({"text": BODY[:9], "size": 18}, "cut off"),
        ({"text": "abc", "encoding": "base64", "size": 2}, "cut off"),
        ({"text": "e3*0=", "encoding": "base64", "size": 2}, "cut off"),
        ({"size": 18}, "no content"),
        ({"size": 0}, ""),
    ],
)
def test_says_which_bodies_are_not_what_was_sent(har, content, fault):
    (found,) = read_har(har(entry(**content)))
    assert found.fault == fault


def test_a_body_may_be_in_a_file_beside(har):
    file = har(entry(_file="6f1c.json"), entry(_file="gone.json"), entry(_file="../6f1c.json"))
    (file.parent / "6f1c.json").write_text(BODY, "utf-8")
    (file.parent.parent / "6f1c.json").write_text("planted-secret", "utf-8")
    found = [(one.body, one.fault) for one in read_har(file)]
    assert found == [(BODY.encode(), ""), (b"", "no content"), (BODY.encode(), "")]


def test_a_size_that_the_browser_does_not_know_is_none(har):
    unknown = entry(text=BODY, size=18)
    unknown["response"]["bodySize"] = -1
    (found,) = read_har(har(unknown))
    assert found.wire is None


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (json.dumps({"log": {"entries": [entry(text=BODY)]}})[:-20], "cut off or damaged"),
        ("", "cut off or damaged"),
        ('{"log": {"pages": []}}', "no HAR file"),
        ('[{"a": 1}]', "no HAR file"),
    ],
)
def test_a_file_that_is_no_whole_har_is_told_in_one_line(tmp_path, content, says):
    file = tmp_path / "session.har"
    file.write_text(content)
    with pytest.raises(DjtuneError, match=says) as caught:
        read_har(file)
    assert "planted-secret" not in caught.value.message
    assert "\n" not in caught.value.message


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(DjtuneError, match=r"none\.har cannot be read: No such file"):
        read_har(tmp_path / "none.har")
