"""A folder of sources: which files are read, and what is told of the others."""

import hashlib
import re
from pathlib import Path

import pytest

from djtune.errors import DjtuneError
from djtune.payloads.source.scan import LARGEST, scan_folder
from djtune.payloads.source.spelling import named, naming, spellings

SITE = Path(__file__).parents[3] / "sample_site"
GUIDE = SITE / "web/static/web"
QUOTED = re.compile(r'"(\w+)"')
SHARED = {"id", "logo", "description"}
"""Unread in one place, and read of another object."""


def unread_fields():
    faults = (SITE / "FAULTS.md").read_text("utf-8").splitlines()
    return sorted(
        {name for fault in faults if "| unread fields |" in fault for name in QUOTED.findall(fault)}
        - SHARED
    )


@pytest.fixture
def folder(tmp_path):
    def fill(**files):
        for name, text in files.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        return tmp_path

    return lambda files: fill(**files)


@pytest.mark.parametrize("field", unread_fields())
def test_the_guides_page_names_no_field_that_it_does_not_use(field):
    assert named(scan_folder(GUIDE), field) == []


def test_the_guides_page_reads_what_it_shows():
    scan = scan_folder(GUIDE)
    shown = "display_name region_name isp_name age_rating airings starts_at last_channel package"
    assert {naming(scan, field) for field in shown.split()} == {"read"}


def test_a_scan_knows_its_files_again(folder):
    scan = scan_folder(folder({"a.js": "show.title", "b/c.ts": "show.year"}))
    assert scan.files == {"javascript": 1, "typescript": 1}
    assert scan.bytes == len("show.title") + len("show.year")
    assert hashlib.sha256(b"show.title").hexdigest() in scan.digests
    assert {named.place.file for named in scan.names["year"]} == {"b/c.ts"}


def test_progress_is_told_a_file(folder):
    told = []
    scan_folder(folder({"a.js": "1", "b.js": "2"}), lambda done, of: told.append((done, of)))
    assert told == [(1, 2), (2, 2)]


def test_what_cannot_be_read_is_named(folder):
    root = folder({"good.js": "show.title", "huge.js": " " * (LARGEST + 1)})
    (root / "old.js").write_bytes(b"show.titl\xe9")
    assert len(scan_folder(root).unreadable) == 2


def test_an_empty_folder_is_refused(folder):
    root = folder({"style.css": "p {}", "node_modules/react/index.js": "a.b"})
    with pytest.raises(DjtuneError, match="has no source that can be read"):
        scan_folder(root)
    with pytest.raises(DjtuneError, match="is no folder"):
        scan_folder(root / "none")


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("starts_at", "startsAt"),
        ("startsAt", "starts_at"),
        ("poster_url", "posterUrl"),
        ("posterURL", "poster_url"),
        ("_private_note", "_privateNote"),
    ],
)
def test_a_field_is_known_in_the_spelling_of_the_client(field, other):
    assert {field, other} <= spellings(field)


def test_a_camel_case_client_reads_a_snake_case_field(folder):
    scan = scan_folder(folder({"a.ts": "interface A { startsAt: string }; show.startsAt"}))
    assert naming(scan, "starts_at") == "read"
    assert len(named(scan, "starts_at")) == 2
    assert naming(scan, "ends_at") is None


def test_tests_and_foreign_code_are_left_out(folder):
    others = ["a.spec.ts", "__tests__/a.ts", "e2e/a.ts", "node_modules/x/a.js", "test_a.js"]
    scan = scan_folder(folder({"app/a.ts": "show.title"} | dict.fromkeys(others, "show.year")))
    assert "title" in scan.names
    assert sum(scan.files.values()) == 2
    assert {named.place.file for named in scan.names["year"]} == {"test_a.js"}


def test_what_was_built_is_read_where_nothing_else_is(folder):
    root = folder({"dist/main.js": "e.title"})
    assert set(scan_folder(root).names) == {"title"}
    folder({"src/main.ts": "show.year"})
    assert set(scan_folder(root).names) == {"year"}


def test_source_in_other_languages_is_named(folder):
    scan = scan_folder(folder({"a.js": "show.title", "lib/tv.dart": "show.year"}))
    assert scan.unreadable == ["lib/tv.dart"]
