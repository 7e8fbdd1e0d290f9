"""Recordings of a cache lie beside those of requests, and are no requests."""

import pytest

from djtune.errors import DjtuneError
from djtune.workloads.logs.reading import Asked, FileRead, read

CACHE = '{"djtune":"cache recording","version":1,"recording":"evening","sample":1}\n'
REQUESTS = (
    '{"djtune":"recording","version":1,"recording":"evening","sample":1}\n'
    '{"t":1.0,"m":"GET","r":"shows/","s":200,"b":1,"d":0.1,"p":"a","u":""}\n'
)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "a.cache.jsonl").write_text(CACHE)
    (tmp_path / "a.jsonl").write_text(REQUESTS)
    return [str(path) for path in sorted(tmp_path.iterdir())]


def test_they_are_left_out_and_the_others_read(files):
    found: list[FileRead] = []
    batches = list(read(files, Asked(), found, lambda _: None))
    assert sum(len(batch.rows) for batch in batches) == 1
    assert [file.format for file in found] == ["cache recording, left out", "recording"]


def test_alone_they_are_an_error(files):
    with pytest.raises(DjtuneError, match="tells what a cache was asked for"):
        list(read(files[:1], Asked(), [], lambda _: None))
