"""The guide's page in a real browser: it shows what the API sends, lean or not."""

import re
import shutil
import subprocess

import pytest
from site_helpers import djtune_site, running

NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, NAMES)), "")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    assert djtune_site("seed", "--data", str(folder)).returncode == 0
    return folder


@pytest.mark.skipif(not BROWSER, reason="no Chromium on PATH")
@pytest.mark.parametrize("preset", ["before", "guide"])
def test_the_page_shows_the_guide_and_plays_the_last_channel(data, tmp_path, preset):
    with running(data, "--preset", preset) as site:
        profile = site.client.signed_in().get("/api/profile/").json()
        page = open_page(f"http://{site.client.host}/", tmp_path)
    assert f"{profile['display_name']}, {profile['region_name']}" in page
    assert len(re.findall('<section class="channel', page)) == 20
    assert len(re.findall('id="programme-', page)) > 400
    assert f"Playing {profile['last_channel']} from https://" in page
    assert len(re.findall('id="show-', page)) == 10
    assert "undefined" not in page


def open_page(url: str, profile_folder) -> str:
    """The page's HTML after its script has run."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=10000"]
    command = [BROWSER, *options, f"--user-data-dir={profile_folder}", "--dump-dom", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    return done.stdout
