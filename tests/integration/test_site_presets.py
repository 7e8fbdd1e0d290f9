"""Whatever is switched on, clients get the same, but for the fields that lean payloads drop."""

import json

import pytest
from site_helpers import Client, djtune_site, running

from djtune.servers.redis import find_redis

PATHS = {
    "profile": "/api/profile/",
    "channels": "/api/channels/",
    "epg": "/api/epg/?day=today&from=1&to=40",
    "epg tomorrow": "/api/epg/?day=2026-03-07&from=5&to=12",
    "epg bad day": "/api/epg/?day=yesterday",
    "show": "/api/shows/1/",
    "no such show": "/api/shows/99999/",
    "stream": "/api/stream/eins-1/",
    "stream not subscribed": "/api/stream/alp-2/",
    "no such stream": "/api/stream/nothing/",
    "recommendations": "/api/recommendations/",
    "export": "/api/account/export/",
    "playlist": "/hls/eins-1/playlist.m3u8",
    "segment": "/hls/eins-1/443200000.ts",
    "guide page": "/",
    "shows page": "/web/shows/?page=2",
    "script": "/static/web/guide.js",
    "redirect": "/old/guide/",
    "broken": "/api/broken/",
    "health": "/api/health/",
}
STATUSES = {
    "epg bad day": 400,
    "no such show": 404,
    "stream not subscribed": 403,
    "no such stream": 404,
    "redirect": 301,
    "broken": 500,
}
DROPPED = {
    "profile": {
        *("id", "username", "email", "joined_on", "region", "isp", "preferences"),
        *("devices.code", "devices.paired_on"),
    },
    "channels": {"description", "languages", "feed_id", "launched_on"},
    "epg": {
        "channels.logo",
        "channels.programmes.crid",
        "channels.programmes.country",
        "channels.programmes.catchup_until",
        "channels.programmes.updated_at",
    },
    "show": {"id", "tagline", "country", "cast", "airings.id"},
}
DROPPED["epg tomorrow"] = DROPPED["epg"]


def answers(client: Client):
    """Status, kind and body of every answer, signed in; and what a stranger gets."""
    viewer = client.signed_in()
    found = {name: viewer.get(path) for name, path in PATHS.items()}
    found["stranger"] = client.get("/api/profile/")
    found["forged token"] = Client(client.host, viewer.token + "x").get("/api/profile/")
    found["wrong secret"] = client.ask(
        "POST", "/api/auth/", {"device": "viewer00001-1", "secret": "x"}
    )
    return {
        name: (answer.status, answer.headers.get("Content-Type"), answer.body)
        for name, answer in found.items()
    }


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    assert djtune_site("seed", "--data", str(folder)).returncode == 0
    return folder


@pytest.fixture(scope="module")
def before(data):
    with running(data) as site:
        return answers(site.client)


def test_every_route_answers_as_it_should(before):
    strangers = {"stranger": 401, "forged token": 401, "wrong secret": 401}
    assert {name: status for name, (status, _, _) in before.items()} == {
        **dict.fromkeys(PATHS, 200),
        **STATUSES,
        **strangers,
    }


@pytest.mark.parametrize(
    "switch",
    [
        {"SITE_PROFILE_CACHE": "1"},
        {"SITE_ORJSON": "1"},
        {"SITE_ASYNC": "1"},
        {"SITE_GC": "10000,100,100"},
        {"SITE_PRESET": "guide", "SITE_LEAN": "0"},
    ],
    ids=str,
)
def test_a_remedy_changes_no_byte(data, before, switch):
    with running(data, **switch) as site:
        assert answers(site.client) == before
        if "SITE_PROFILE_CACHE" in switch or "SITE_PRESET" in switch:
            # Again, now that the profile is cached.
            assert answers(site.client) == before


@pytest.mark.parametrize(
    "switch", [{"SITE_LEAN": "1"}, {"SITE_PRESET": "guide"}, {"SITE_PRESET": "best"}], ids=str
)
def test_lean_payloads_drop_unread_fields_alone(data, before, switch):
    with running(data, **switch) as site:
        found = answers(site.client)
    for name, (status, kind, body) in found.items():
        assert (status, kind) == before[name][:2]
        if name in DROPPED:
            assert dropped(json.loads(before[name][2]), json.loads(body)) == DROPPED[name]
        else:
            assert body == before[name][2], name


def dropped(full, lean, path=""):
    """Dotted names of the fields that ``lean`` lacks; what it has must be equal."""
    if isinstance(full, list):
        assert len(full) == len(lean)
        pairs = zip(full, lean, strict=True)
        return set().union(*(dropped(one, other, path) for one, other in pairs))
    if isinstance(full, dict):
        assert list(lean) == [name for name in full if name in lean]
        inner = (dropped(full[name], lean[name], f"{path}{name}.") for name in lean)
        return {path + name for name in full if name not in lean}.union(*inner)
    assert full == lean
    return set()


@pytest.mark.skipif(find_redis() is None, reason="no redis-server or valkey-server on PATH")
def test_the_guide_switches_everything_on(data):
    with running(data, "--preset", "guide") as site:
        switches = "profile_cache, orjson, lean, asynchronous, gc=10000,100,100"
        assert f"guide (switches: {switches})" in site.said[-1]
        assert site.client.get("/api/health/").headers["server"] == "uvicorn"
