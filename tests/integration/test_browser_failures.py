"""What goes wrong with a journey is told in a line, and no browser outlives djtune."""

import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import msgspec
import psutil
import pytest
from browser_pages import app_of, write
from worker_helpers import manage

from djtune.errors import DjtuneError
from djtune.payloads.browser.player import (
    SHORT,
    player,
    run_journey,
    setting_for,
    why_no_browser,
)
from djtune.payloads.paths import text_of
from djtune.servers.loopback import serve_on_loopback

pytestmark = pytest.mark.skipif(bool(why_no_browser()), reason=why_no_browser() or "-")

NOWHERE = "http://127.0.0.1:9"
SHOWS = "show((await load()).rows[0].title);"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    manage("pages", "migrate", "--run-syncdb", env={"PAGES": str(folder)})
    write(folder, {"shows": SHOWS})
    return folder


@pytest.fixture(scope="module")
def served(folder):
    with serve_on_loopback(app_of(folder)) as served:
        yield served


@pytest.fixture
def script(folder):
    def make(text: str):
        path = folder / "script.py"
        path.write_text(text)
        return path

    return make


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def other(page): ...", "script.py has no journey"),
        ("def journey(page, live_server): ...", "journey in .*script.py asks for live_server"),
        ("\n\nimport nowhere_to_be_found", r"ModuleNotFoundError at script\.py:3"),
        ("def journey(page:", r"SyntaxError at script\.py:1"),
        ("raise SystemExit", r"SystemExit at script\.py:1"),
    ],
)
def test_a_script_that_cannot_be_played_is_an_error(script, text, message):
    with pytest.raises(DjtuneError, match=message):
        run_journey(script(text), NOWHERE)


def test_a_script_that_is_missing_is_an_error(tmp_path):
    with pytest.raises(DjtuneError, match="there is no journey script"):
        run_journey(tmp_path / "gone.py", NOWHERE)


def test_a_browser_that_does_not_start_is_an_error(script):
    setting = setting_for(script("def journey(page): ..."), NOWHERE)
    with (
        player(msgspec.structs.replace(setting, executable="/bin/false")) as plays,
        pytest.raises(DjtuneError, match="Chromium did not start") as caught,
    ):
        plays.record()
    assert "playwright install" in caught.value.hint


def test_what_was_read_before_the_script_failed_is_kept(script, served):
    text = """
def journey(page, step):
    with step("look"):
        page.goto("/page/shows/")
        page.locator("#done").wait_for()
        print("a line that is no answer")
    with step("fail"):
        raise ValueError("a value of the page's")
"""
    run = run_journey(script(text), served.url)
    assert run.errors == ["step 'fail': ValueError at script.py:8"]
    assert run.steps == ["look", "fail"]
    assert "rows[].title" in {text_of(read.json_path) for read in run.reads if read.picked}


def test_an_action_that_comes_to_nothing_is_named(script, served):
    setting = setting_for(script("def journey(page):\n    page.click('#none')\n"), served.url)
    with player(msgspec.structs.replace(setting, timeout=0.5)) as plays:
        run = plays.record()
    (error,) = run.errors
    assert run.steps == ["journey"]
    assert error.startswith("step 'journey': TimeoutError: Page.click: Timeout 500ms exceeded")
    assert error.endswith("at script.py:2")


@pytest.mark.slow
def test_tests_of_pytest_playwright_s_kind_are_played_in_turn(script, served):
    text = """
from playwright.sync_api import Page, expect

def test_first(page: Page):
    page.goto("/page/shows/")
    expect(page.locator("#done")).to_be_attached()

def test_second(page: Page, base_url: str):
    page.goto(f"{base_url}/page/shows/")
    expect(page.locator("li")).to_have_text("Film 1")

def test_without_a_browser():
    raise LookupError
"""
    run = run_journey(script(text), served.url)
    assert (run.steps, run.errors) == (["test_first", "test_second"], [])
    (title,) = [read for read in run.reads if text_of(read.json_path) == "rows[].title"]
    assert (title.picked, title.steps) == (2, ["test_first", "test_second"])


def test_reads_of_a_page_that_is_left_at_once_are_kept(script, served, folder):
    write(folder, {"leaves": f"{SHOWS} location.href = '/page/shows/';"})
    text = """
def journey(page):
    page.goto("/page/leaves/")
    page.wait_for_url("**/shows/")
    page.locator("#done").wait_for()
"""
    run = run_journey(script(text), served.url)
    titles = [read for read in run.reads if text_of(read.json_path) == "rows[].title"]
    assert {read.path for read in titles if read.picked} == {
        "/api/rows/leaves/",
        "/api/rows/shows/",
    }


@pytest.fixture
def neighbour():
    """Another server on this machine, and the methods that it has been asked with."""
    methods: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            methods.append(self.command)
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_POST = do_OPTIONS = do_GET

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", methods
    server.shutdown()
    server.server_close()


def test_neighbours_are_only_read_and_other_hosts_not_asked_at_all(
    script, served, folder, neighbour
):
    url, methods = neighbour
    page = f"""
        const tried = [
          fetch("https://tracker.example/"),
          fetch("http://192.0.2.1/"),
          fetch("{url}", {{ method: "POST" }}),
          fetch("{url}"),
        ];
        show(...(await Promise.allSettled(tried)).map((each) => each.status));"""
    text = """
def journey(page):
    page.goto("/page/asks-around/")
    page.locator("#done").wait_for()
    texts = page.locator("li").all_inner_texts()
    assert texts == ["rejected", "rejected", "rejected", "fulfilled"], texts
"""
    write(folder, {"asks-around": page})
    run = run_journey(script(text), served.url)
    assert run.errors == []
    assert run.blocked == ["127.0.0.1", "192.0.2.1", "tracker.example"]
    assert methods == ["GET"]


def test_a_server_that_is_not_djtune_s_is_only_read(script, served, folder):
    page = 'await fetch("/api/notes/", { method: "POST" }).catch(() => show("refused"));'
    text = """
def journey(page):
    page.goto("/page/posts/")
    page.get_by_text("refused").wait_for()
"""
    write(folder, {"posts": page})
    assert run_journey(script(text), served.url, reading_only=True).errors == []


def test_nothing_is_sent_past_the_routes_of_a_page_that_only_reads(script, neighbour):
    url, methods = neighbour
    text = """
SENDS = '''() => {
  addEventListener("pagehide", () => {
    navigator.sendBeacon("/beacon", "x");
    fetch("/", { method: "POST", body: "x" });
    fetch("/", { method: "POST", body: "x", keepalive: true });
  });
  return new Promise((done) => {
    const socket = new WebSocket(location.href.replace("http", "ws"));
    socket.onclose = socket.onopen = (event) => done(event.type);
  });
}'''

def journey(page):
    page.goto("/")
    assert page.evaluate(SENDS) == "close"
    page.goto("/")
"""
    assert run_journey(script(text), url, reading_only=True).errors == []
    assert set(methods) == {"GET"}


WAITING = """
import sys
from pathlib import Path
from djtune.payloads.browser.player import run_journey
run_journey(Path(sys.argv[1]), "http://127.0.0.1:9")
"""


@pytest.mark.parametrize(
    "number",
    [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow), signal.SIGKILL],
)
def test_no_browser_outlives_djtune(tmp_path, number):
    script = tmp_path / "waits.py"
    begun = tmp_path / "begun"
    script.write_text(
        "from pathlib import Path\n\ndef journey(page):\n"
        f"    Path({str(begun)!r}).touch()\n    page.wait_for_timeout(100_000)\n"
    )
    before = folders()
    with subprocess.Popen(
        [sys.executable, "-c", WAITING, str(script)],
        stderr=subprocess.DEVNULL,
    ) as process:
        assert until(begun.exists)
        started = psutil.Process(process.pid).children(recursive=True)
        assert any("chrom" in child.name() for child in started)
        process.send_signal(number)
        process.wait()
    assert until(lambda: not [child for child in started if is_alive(child)])
    assert until(lambda: folders() <= before)


def folders() -> set[Path]:
    return set(Path(SHORT).glob("djtune-browser-*"))


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until(found) -> bool:
    """Whether it comes true within some seconds."""
    end = time.monotonic() + 30
    while not found() and time.monotonic() < end:
        time.sleep(0.05)
    return found()
