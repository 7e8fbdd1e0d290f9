"""Files of logs: plain and gzip, several, damaged, empty, none at all."""

import gzip
import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from djtune.agent.recorder import settings as recorder_settings
from djtune.agent.recorder.entry import Entry
from djtune.agent.recorder.recording import Recording
from djtune.errors import DjtuneError
from djtune.workloads.logs import reading
from djtune.workloads.logs.reading import Asked, FileRead, read, total_bytes

LINE = '10.0.0.1 - - [06/Mar/2026:20:30:15 +0000] "GET /{} HTTP/1.1" 200 12 "-" "curl"\n'
HEADER = {"djtune": "recording", "version": 1, "recording": "peak", "pid": 1, "sample": 0.1}


def written(path: Path, text: str | bytes) -> str:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def read_all(*names: str, **asked: str) -> tuple[list[Any], list[FileRead]]:
    """The paths in the order of the files, and what is known of each file."""
    files: list[FileRead] = []
    batches = list(read(names, Asked(**asked), files, lambda _: None))
    return [row[1] for batch in batches for row in batch.rows], files


def refused(*names: str, **asked: str) -> DjtuneError:
    with pytest.raises(DjtuneError) as error:
        read_all(*names, **asked)
    return error.value


def log(*paths: object) -> str:
    return "".join(LINE.format(path) for path in paths)


def test_files_are_read_one_after_another_plain_or_gzip(tmp_path: Path) -> None:
    plain = written(tmp_path / "access.log", log(1, 2))
    old = written(tmp_path / "access.log.1.gz", gzip.compress(log(3).encode()))
    paths, (first, second) = read_all(plain, old)
    assert paths == ["/1", "/2", "/3"]
    assert (first.name, first.requests, first.format) == (plain, 2, "combined")
    assert (second.requests, second.unreadable) == (1, 0)


def test_gzip_is_told_by_its_content_and_may_have_several_members(tmp_path: Path) -> None:
    members = gzip.compress(log(1).encode()) + gzip.compress(log(2).encode())
    assert read_all(written(tmp_path / "misnamed.log", members))[0] == ["/1", "/2"]


@pytest.mark.parametrize("block", [1, 50, 80, 81, 1 << 20])
def test_blocks_end_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(reading, "BLOCK", block)
    name = written(tmp_path / "access.log", log(*range(5)) + "rubbish\n" + log(5).rstrip())
    paths, (file,) = read_all(name)
    assert paths == [f"/{n}" for n in range(6)]
    assert (file.unreadable, file.first_unreadable) == (1, 6)


def test_stdin_is_read_under_its_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(gzip.compress(log("piped").encode())))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert read_all("-")[0] == ["/piped"]
    assert total_bytes(["-"]) is None


def test_lines_may_end_as_on_windows(tmp_path: Path) -> None:
    name = written(tmp_path / "access.log", log(1, 2).replace("\n", "\r\n"))
    assert read_all(name)[1][0].requests == 2


def test_a_last_line_that_is_still_being_written_is_no_fault(tmp_path: Path) -> None:
    name = written(tmp_path / "access.log", log(1) + log(2)[:40])
    _, (file,) = read_all(name)
    assert (file.requests, file.unreadable) == (1, 0)


def test_bytes_that_are_no_text_spoil_no_line(tmp_path: Path) -> None:
    name = written(tmp_path / "access.log", log("a").encode() + b"\xff\xfe\n" + log("b").encode())
    paths, (file,) = read_all(name)
    assert (paths, file.first_unreadable) == (["/a", "/b"], 2)


def test_progress_adds_up_to_the_bytes_on_disk(tmp_path: Path) -> None:
    names = [
        written(tmp_path / "access.log", log(*range(100))),
        written(tmp_path / "access.log.1.gz", gzip.compress(log(*range(100)).encode())),
    ]
    seen: list[float] = []
    list(read(names, Asked(), [], seen.append))
    assert sum(seen) == total_bytes(names)


def test_the_format_that_is_given_is_stronger_than_the_lines(tmp_path: Path) -> None:
    name = written(tmp_path / "app.log", "GET|/a|200|12\nGET|/b|200|13\n")
    paths, (file,) = read_all(name, log_format="%(m)s|%(U)s|%(s)s|%(D)s")
    assert paths == ["/a", "/b"]
    assert file.duration_from == "%(D)s"


@pytest.mark.parametrize(
    ("content", "said", "hint"),
    [
        ("", "nothing in it", ""),
        (gzip.compress(b"", mtime=0), "nothing in it", ""),
        (b"\x7fELF\0\0\0", "is a binary file", ""),
        ("connect() failed\n" * 3, "no line could be read as a request", "leave it out"),
        (b"\x1f\x8brubbish", "damaged or cut off", "gzip -dc"),
        (
            gzip.compress(log(*range(1000)).encode(), mtime=0)[:-20],
            "damaged or cut off",
            "gzip -dc",
        ),
        (b"BZh91AY&SY", "compressed in a way", "bzcat"),
        ('{"a": 1}\n', "do not tell method, path and status: a", "--log-format"),
        (json.dumps(HEADER | {"version": 2}) + "\n", "version 2 of the recording", ""),
        (json.dumps(HEADER | {"sample": 0}) + "\n", "no part of all requests", ""),
    ],
)
def test_a_file_that_is_no_log_is_one_clear_line(
    tmp_path: Path, content: str | bytes, said: str, hint: str
) -> None:
    name = written(tmp_path / "access.log", content)
    error = refused(name)
    assert name in error.message
    assert said in error.message
    assert hint in error.hint
    assert "\n" not in error.message


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "No such file" in refused(str(tmp_path / "absent.log")).message
    assert f"{tmp_path}/*" in refused(str(tmp_path)).hint


def test_a_format_that_fits_no_line_is_told(tmp_path: Path) -> None:
    name = written(tmp_path / "access.log", log(1))
    assert "no line" in refused(name, log_format="%(m)s|%(U)s|%(s)s|%(D)s").message


def test_an_empty_file_among_others_is_no_fault(tmp_path: Path) -> None:
    empty, full = written(tmp_path / "a.log", ""), written(tmp_path / "b.log", log(1))
    assert [file.requests for file in read_all(empty, full)[1]] == [0, 1]
    assert "empty" in refused(empty, empty).message


def recorded(*lines: dict[str, Any], end: str = "\n") -> str:
    return "\n".join(map(json.dumps, [HEADER, *lines])) + end


def request(route: str | None, **more: Any) -> dict[str, Any]:
    line = {"t": 1772829015.5, "m": "GET", "r": route, "s": 200, "b": 12, "d": 0.0123}
    return line | {"p": "0f", "u": ""} | more


def test_a_recording_names_routes_and_counts_each_request_for_many(tmp_path: Path) -> None:
    name = written(
        tmp_path / "peak.jsonl",
        recorded(request("api/epg/"), request(""), {"errors": 1, "dropped": 3}),
    )
    files: list[FileRead] = []
    (batch,) = read([name], Asked(), files, lambda _: None)
    assert [row[:5] for row in batch.rows] == [
        ("GET", "api/epg/", 200, 12, 0.0123),
        ("GET", "", 200, 12, 0.0123),
    ]
    assert (batch.by_route, batch.each) == (True, 10)
    assert (files[0].recording, files[0].sample, files[0].dropped) == ("peak", 0.1, 3)


def test_a_recorded_request_without_a_route_is_told_from_the_root(tmp_path: Path) -> None:
    name = written(tmp_path / "peak.jsonl", recorded(request(None, s=404), request("")))
    assert read_all(name)[0] == [None, ""]


def test_a_recording_may_be_torn(tmp_path: Path) -> None:
    torn = recorded(request("a/")) + '{"t":177\n' + json.dumps(request("b/")) + '\n{"t":1'
    paths, (file,) = read_all(written(tmp_path / "peak.jsonl", torn))
    assert (paths, file.unreadable, file.first_unreadable) == (["a/", "b/"], 1, 3)


def test_what_the_recorder_writes_is_what_is_read(tmp_path: Path) -> None:
    wanted = recorder_settings.read({"RECORD": {"DIRECTORY": tmp_path, "SAMPLE": 0.5}})
    assert wanted is not None
    recording = Recording(wanted, b"secret")
    for route in ("api/epg/", "", None):
        match = SimpleNamespace(route=route) if route is not None else None
        asked = SimpleNamespace(method="GET", path="/a/", META={}, resolver_match=match)
        Entry(recording, asked).finish()
    recording.count_error()
    recording.finish()
    (file,) = tmp_path.iterdir()
    paths, (found,) = read_all(str(file))
    assert paths == ["api/epg/", "", None]
    assert (found.sample, found.dropped, found.unreadable) == (0.5, 1, 0)
