"""What one process records: whole lines, in a file of its own, within bounds, whatever happens."""

import contextlib
import json
import logging
import os
import stat
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.agent.recorder.recording import Recording
from djtune.agent.recorder.settings import read

SECRET = b"a secret key"
SOON = 0.01


@pytest.fixture
def begin(tmp_path):
    """Begin recordings in a folder that does not exist yet; all are finished in the end."""
    begun = []

    def make(secret=SECRET, directory=tmp_path / "records", **given):
        given = {"SAMPLE": 1, "BUFFER_SECONDS": 60, **given}
        begun.append(Recording(read({"RECORD": {"DIRECTORY": directory, **given}}), secret))
        return begun[-1]

    yield make
    for recording in begun:
        recording.finish()


def line(n: int, filling: str = "") -> str:
    return json.dumps({"n": n, "filling": filling})


def files(folder: Path) -> list[Path]:
    return sorted((folder / "records").glob("*.jsonl"))


def lines(folder: Path) -> list[dict]:
    """Every line of every file."""
    return [json.loads(text) for file in files(folder) for text in file.read_text().splitlines()]


def requests(folder: Path) -> list[int]:
    return [each["n"] for each in lines(folder) if "n" in each]


def until(condition) -> None:
    """Wait for something that another thread is to do."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(SOON)


def test_a_file_has_a_header_the_requests_and_a_last_line(begin, tmp_path):
    recording = begin(RECORDING="evening", SAMPLE=0.5)
    recording.add(line(1))
    recording.finish()
    (file,) = files(tmp_path)
    header, request, last = lines(tmp_path)
    assert header == {
        "djtune": "recording",
        "version": 1,
        "recording": "evening",
        "pid": os.getpid(),
        "sample": 0.5,
        "started": pytest.approx(time.time(), abs=60),
    }
    assert request["n"] == 1
    assert last == {"errors": 0, "dropped": 0}
    assert file.name == f"evening-{os.getpid()}-{round(header['started'] * 1000)}.jsonl"


def test_only_its_owner_can_read_it(begin, tmp_path):
    recording = begin()
    recording.add(line(1))
    recording.finish()
    (file,) = files(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_nothing_is_made_before_there_is_a_request(begin, tmp_path):
    begin().finish()
    assert not (tmp_path / "records").exists()


def test_lines_are_written_soon_after_the_first(begin, tmp_path):
    recording = begin(BUFFER_SECONDS=SOON)
    for n in range(3):
        recording.add(line(n))
        until(lambda n=n: requests(tmp_path) == list(range(n + 1)))


def test_many_lines_are_written_at_once(begin, tmp_path):
    recording = begin(BUFFER_LINES=4, BUFFER_SECONDS=1e6)
    recording.add(line(0))
    recording.add(line(1))
    until(lambda: requests(tmp_path) == [0, 1])


def test_lines_that_cannot_be_written_in_time_are_dropped_and_counted(begin, tmp_path):
    recording = begin(BUFFER_LINES=2, BUFFER_SECONDS=1e6)
    with recording._file_lock:  # the disk is busy
        for n in range(5):
            recording.add(line(n))
    recording.finish()
    assert requests(tmp_path) == [0, 1]
    assert lines(tmp_path)[-1] == {"errors": 0, "dropped": 3}


def test_threads_leave_each_line_whole(begin, tmp_path):
    recording = begin(BUFFER_LINES=10_000, BUFFER_SECONDS=0.001)
    threads = [
        threading.Thread(target=lambda n=n: [recording.add(line(n)) for _ in range(500)])
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recording.finish()
    assert sorted(requests(tmp_path)) == [n for n in range(4) for _ in range(500)]


def forked(do) -> None:
    """Do something in a forked child, which then ends as workers do: at once."""
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            do()
            os._exit(0)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


def test_a_forked_child_has_a_file_of_its_own_and_no_line_of_its_parents(begin, tmp_path):
    recording = begin()
    recording.add(line(1))

    def work():
        recording.add(line(2))
        recording.finish()

    forked(work)
    recording.add(line(3))
    recording.finish()
    assert sorted(each["pid"] != os.getpid() for each in lines(tmp_path) if "pid" in each) == [0, 1]
    assert sorted(requests(tmp_path)) == [1, 2, 3]


def test_a_fork_while_another_thread_holds_the_locks_does_no_harm(begin, tmp_path):
    recording = begin()

    def work():
        recording.add(line(2))
        recording.finish()

    with recording._lines_lock, recording._file_lock:
        forked(work)
    assert requests(tmp_path) == [2]


def test_the_sample_is_as_large_as_was_asked_for(begin):
    recording = begin(SAMPLE=0.25)
    taken = sum(recording.takes() for _ in range(10_000))
    assert 2300 < taken < 2700  # 5 standard deviations are 217


def test_every_request_is_taken_where_all_are_asked_for(begin):
    recording = begin(SAMPLE=1)
    assert all(recording.takes() for _ in range(10_000))


@given(
    sizes=st.lists(st.integers(0, 300), max_size=40),
    most=st.integers(1000, 4000),
    batch=st.integers(1, 7),
)
def test_a_file_is_never_larger_than_allowed_nor_a_line_cut(tmp_path_factory, sizes, most, batch):
    folder = tmp_path_factory.mktemp("bounded")
    given = {"DIRECTORY": folder / "records", "SAMPLE": 1, "MAX_BYTES": most, "BUFFER_SECONDS": 60}
    recording = Recording(read({"RECORD": given}), SECRET)
    added = 0
    for n, size in enumerate(sizes):
        if not recording.takes():
            break
        added += 1
        recording.add(line(n, "x" * size))
        if n % batch == 0:
            recording.write()
    recording.finish()
    assert sum(file.stat().st_size for file in files(folder)) <= most
    written = requests(folder)
    assert written == list(range(len(written)))
    if sizes:
        assert lines(folder)[-1] == {"errors": 0, "dropped": added - len(written)}


def test_a_full_file_ends_the_recording(begin, tmp_path, caplog):
    recording = begin(MAX_BYTES=1000)
    for n in range(400):
        recording.add(line(n))
    recording.write()
    assert not recording.takes()
    before = lines(tmp_path)
    recording.add(line(99))
    recording.finish()
    assert lines(tmp_path) == before


def test_all_processes_together_keep_within_a_total(begin, tmp_path, caplog):
    for n in range(9):
        recording = begin(MAX_TOTAL_BYTES=1500)
        recording.add(line(n))
        recording.finish()
    assert sum(file.stat().st_size for file in files(tmp_path)) <= 1500
    assert "MAX_TOTAL_BYTES" in caplog.text


def test_a_recording_ends_for_processes_that_start_later_too(begin, tmp_path, caplog):
    long_ago = int((time.time() - 100) * 1000)
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / f"recording-1-{long_ago}.jsonl").touch()
    recording = begin(MAX_SECONDS=50)
    recording.add(line(1))
    recording.write()
    assert not recording.takes()
    assert requests(tmp_path) == []
    assert "MAX_SECONDS" in caplog.text


def test_another_recording_in_the_same_folder_is_none_of_its_bounds(begin, tmp_path):
    (tmp_path / "records").mkdir()
    for name in ("recording-2-1-1000.jsonl", "recording-x.jsonl", "other-1-1000.jsonl"):
        (tmp_path / "records" / name).touch()
    recording = begin(MAX_SECONDS=50)
    recording.add(line(1))
    recording.finish()
    assert requests(tmp_path) == [1]


def test_a_recording_ends_while_it_runs(begin, tmp_path):
    recording = begin(MAX_SECONDS=1e-9)
    recording.add(line(1))
    recording.finish()
    assert not recording.takes()


def test_two_processes_with_the_same_id_begin_in_the_same_moment(begin, tmp_path):
    """In containers that share a folder, say, where every process is number 1."""
    first, second = begin(), begin()
    second._started = first._started
    for n, recording in enumerate((first, second)):
        recording.add(line(n))
        recording.finish()
    assert len(files(tmp_path)) == 2


def test_a_folder_that_cannot_be_written_is_counted_and_said_once(begin, tmp_path, caplog):
    (tmp_path / "file").touch()
    recording = begin(directory=tmp_path / "file" / "records")
    with caplog.at_level(logging.WARNING, "djtune.recorder"):
        for n in range(3):
            recording.add(line(n))
            recording.write()
    assert (recording.errors, recording.dropped) == (3, 3)
    assert len(caplog.records) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_counted_and_recording_goes_on_when_there_is_room(begin, tmp_path, caplog):
    recording = begin()
    recording.add(line(1))
    recording.write()
    file = recording._file
    good, full = file._fd, os.open("/dev/full", os.O_WRONLY)
    file._fd = full
    recording.add(line(2))
    recording.write()
    file._fd = good
    os.close(full)
    recording.add(line(3))
    recording.finish()
    assert requests(tmp_path) == [1, 3]
    assert lines(tmp_path)[-1] == {"errors": 1, "dropped": 1}


def test_what_a_full_disk_tore_off_does_not_spoil_the_next_line(begin, tmp_path):
    recording = begin()
    recording.add(line(1))
    recording.write()
    (file,) = files(tmp_path)
    with file.open("ab") as appended:
        appended.write(b'{"n":2')
    recording._file._torn = True
    recording.add(line(3))
    recording.finish()
    *_, torn, whole, _last = file.read_text().splitlines()
    assert torn == '{"n":2'
    assert json.loads(whole)["n"] == 3


def test_digests_agree_between_processes_of_one_recording(begin):
    assert begin().digest("path /shows/1/") == begin().digest("path /shows/1/")


@pytest.mark.parametrize("other", [{"secret": b"another"}, {"RECORDING": "another"}])
def test_digests_say_nothing_across_recordings_or_without_the_key(begin, other):
    assert begin().digest("path /shows/1/") != begin(**other).digest("path /shows/1/")


@given(value=st.text(st.characters(categories=None)))
def test_a_digest_is_had_of_any_text(value):
    recording = Recording(read({"RECORD": {"DIRECTORY": "unused"}}), SECRET)
    assert len(bytes.fromhex(recording.digest(value))) == 8
