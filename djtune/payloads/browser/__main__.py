"""The process that drives the browser: ``python -m djtune.payloads.browser FD``.

It is told a setting and then one play after the other over a socket, one JSON document a line, and
answers each with an :class:`~djtune.payloads.browser.jobs.Outcome`.
"""

import os
import signal
import socket
import sys
import time
from pathlib import Path
from secrets import token_bytes
from types import FrameType
from typing import Any

import msgspec
import psutil

from djtune.errors import DjtuneError
from djtune.payloads.browser import journeys
from djtune.payloads.browser.jobs import Look, Outcome, Play, Setting
from djtune.payloads.browser.looking import Looking
from djtune.payloads.browser.recording import Recording
from djtune.payloads.browser.stage import launch, stage

CLOSING_TIMEOUT = 8.0


def main(fd: int) -> None:
    """Answer plays until djtune hangs up."""
    signal.signal(signal.SIGTERM, _close_browser)
    # What the user's script prints is not for djtune.
    os.dup2(2, 1)
    with socket.socket(fileno=fd) as connection, connection.makefile("rwb") as lines:
        setting = msgspec.json.decode(lines.readline(), type=Setting)
        try:
            loaded = journeys.load(Path(setting.script))
        except DjtuneError as error:
            _answer(lines, Outcome(fatal=error.message, hint=error.hint))
            return
        from playwright.sync_api import Error, sync_playwright

        with sync_playwright() as playwright:
            try:
                browser = launch(playwright, setting)
            except Error as error:
                _answer(lines, _not_launched(error))
                return
            for line in lines:
                job = msgspec.json.decode(line, type=Play | Look)
                _answer(lines, perform(browser, setting, loaded, job))


def _answer(lines: Any, outcome: Outcome) -> None:
    lines.write(msgspec.json.encode(outcome) + b"\n")
    lines.flush()


def _not_launched(error: Exception) -> Outcome:
    reason = str(error).splitlines()[0]
    return Outcome(
        fatal=f"Chromium did not start: {reason}",
        hint="install Chromium, or run `playwright install chromium`",
    )


_key = token_bytes(16)


def perform(
    browser: Any, setting: Setting, loaded: list[journeys.Journey], job: Play | Look
) -> Outcome:
    """Make the journeys of the script once, in a fresh context."""
    with stage(browser, setting) as scene:
        look = job if isinstance(job, Look) else None
        part = Looking(scene, look, _key) if look else Recording(scene, setting.url)
        steps = journeys.Steps(part)
        failure = ""
        for journey in loaded:
            failure = failure or _play(journey, steps, scene.context, setting)
        if failure:
            steps.enter(steps.current)
            part.end(steps.current)
        if isinstance(part, Looking):
            return Outcome(seen=part.seen, failure=failure)
        return Outcome(run=part.run(steps.names, [failure] if failure else []), failure=failure)


def _play(journey: journeys.Journey, steps: journeys.Steps, context: Any, setting: Setting) -> str:
    """Make one journey on a page of its own; return why it broke off."""
    page = context.new_page()
    try:
        journeys.play(journey, steps, page=page, step=steps, base_url=setting.url, context=context)
    except (Exception, SystemExit) as error:
        return f"step {steps.current!r}: {journeys.described(error, Path(setting.script))}"
    page.close()
    return ""


def _close_browser(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001
    """Have Playwright close the browser, and end; whatever is under way here is of no use."""
    process = psutil.Process()
    drivers = process.children()
    browsers = [each for each in process.children(recursive=True) if each not in drivers]
    for driver in drivers:
        driver.terminate()
    deadline = time.monotonic() + CLOSING_TIMEOUT
    while any(map(_is_alive, browsers)) and time.monotonic() < deadline:
        time.sleep(0.02)
    # The driver ends when its pipe does.
    os._exit(128 + signum)


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


if __name__ == "__main__":
    main(int(sys.argv[1]))
