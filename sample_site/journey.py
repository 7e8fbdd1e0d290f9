"""What a viewer does on the guide's page: look around, open programmes, and play.

``djtune payload-audit --browser journey.py`` makes it in Chromium. It reaches each line of
``web/static/web/guide.js`` that reads an answer.
"""

from typing import Any

FROM_A_SERIES = "(season "
TRIES = 40


def journey(page: Any, step: Any) -> None:
    with step("open the guide"):
        page.goto("/")
        page.locator("#picks figure").first.wait_for()
        page.get_by_text("Playing ").wait_for()
    with step("open programmes"):
        open_an_episode(page)
    with step("watch it"):
        page.get_by_role("button", name="Watch").click()
        page.locator("#details h2").wait_for(state="detached")
    with step("switch channel"):
        page.locator("#channels button:enabled").last.click()
        page.get_by_text("Playing ").wait_for()


def open_an_episode(page: Any) -> None:
    """Open one programme after the other until one is an episode of a season."""
    details = page.locator("#details")
    programmes = page.locator("section.channel:not(.locked) .listing button")
    for number in range(min(TRIES, programmes.count())):
        with page.expect_response("**/api/shows/*/"):
            programmes.nth(number).click()
        page.get_by_role("button", name="Watch").wait_for()
        if FROM_A_SERIES in details.inner_text():
            return
    raise AssertionError("no programme on the guide belongs to a season")
