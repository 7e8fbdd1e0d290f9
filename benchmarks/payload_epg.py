"""A programme guide as a large service sends it: made up, seeded, 64 fields a programme.

Constants, nulls, copies, values that follow from others, addresses, hashes and prose, in the
proportions that real guides have them.
"""

import hashlib
import random
from datetime import UTC, datetime, timedelta
from typing import Any

FIRST_DAY = datetime(2026, 3, 2, tzinfo=UTC)
GENRES = ["Drama", "News", "Sport", "Kids", "Comedy", "Music", "Factual", "Film"]
CDN = "https://img.example.org/epg"
PROSE = """
the a of and to in on with from for old young lost last first night day city sea river mother father
sister doctor judge painter train island garden winter summer letter secret story returns finds
leaves follows keeps breaks remembers learns discovers meets before after while against under
between without truth money music silence house road border team season
"""
WORDS = PROSE.split()


def guide(channels: int, programmes: int, seed: int = 5) -> dict[str, Any]:
    """A document ``channels[].programmes[]``, of that many channels and programmes in each."""
    chance = random.Random(seed)
    chain = {word: chance.choices(WORDS, k=6) for word in WORDS}
    titles = [_prose(chance, chain, 3).title() for _ in range(300)]
    return {
        "generated": "2026-03-02T05:00:00Z",
        "channels": [
            {
                "id": 100 + number,
                "slug": f"channel-{number}",
                "name": f"Channel {number}",
                "programmes": [
                    _programme(
                        chance, chain, titles, 100 + number, number * programmes + slot, slot
                    )
                    for slot in range(programmes)
                ],
            }
            for number in range(channels)
        ],
    }


def _programme(
    chance: random.Random,
    chain: dict[str, list[str]],
    titles: list[str],
    channel: int,
    number: int,
    slot: int,
) -> dict[str, Any]:
    title = chance.choice(titles)
    description = _prose(chance, chain, chance.randint(40, 140)).capitalize() + "."
    start = FIRST_DAY + timedelta(minutes=30 * slot + chance.randrange(4) * 5)
    minutes = chance.choice([15, 30, 45, 60, 90, 120])
    end = start + timedelta(minutes=minutes)
    code = hashlib.sha1(f"{channel}-{number}".encode()).hexdigest()
    return (
        {"id": f"p{700000 + number * 7}", "channel_id": channel}
        | _texts(title, description)
        | _times(start, end, minutes)
        | _kinds(chance)
        | _pictures(code)
        | _flags(chance)
        | _links(number, channel, end)
        | _people(chance, chain)
        | dict.fromkeys(NEVER_SET)
        | CONSTANTS
    )


NEVER_SET = ("parental_pin", "blackout", "sponsor", "trailer", "ad_break_id", "legacy_code")
CONSTANTS = {
    "version": 3,
    "source": "broadcaster-feed",
    "language": "en",
    "country": "GB",
    "rights": {"catchup": True, "download": False, "regions": ["GB", "IE"]},
    "tags": [],
    "currency": "GBP",
    "provider": "example",
    "schema": "https://schema.example.org/programme/v3",
    "advert": "",
}


def _texts(title: str, description: str) -> dict[str, Any]:
    return {
        "title": title,
        "title_sort": title.lower(),
        "title_short": title[:18],
        "slug": title.lower().replace(" ", "-"),
        "description": description,
        "description_short": description[:80],
        "headline": title.upper(),
    }


def _times(start: datetime, end: datetime, minutes: int) -> dict[str, Any]:
    return {
        "start": start.isoformat().replace("+00:00", "Z"),
        "end": end.isoformat().replace("+00:00", "Z"),
        "start_ts": int(start.timestamp()),
        "end_ts": int(end.timestamp()),
        "start_local": (start + timedelta(hours=1)).isoformat().replace("+00:00", "+01:00"),
        "day": start.date().isoformat(),
        "duration": minutes * 60,
        "duration_min": minutes,
    }


def _kinds(chance: random.Random) -> dict[str, Any]:
    genre = chance.randrange(len(GENRES))
    season, episode = chance.randint(1, 9), chance.randint(1, 24)
    return {
        "genre": GENRES[genre],
        "genre_slug": GENRES[genre].lower(),
        "genre_id": 40 + genre * 3,
        "season": season,
        "episode": episode,
        "episode_label": f"S{season:02}E{episode:02}",
        "rating": chance.choice(["U", "PG", "12", "15", "18"]),
        "score": round(chance.uniform(1, 10), 2),
        "votes": chance.randrange(20000),
    }


def _pictures(code: str) -> dict[str, Any]:
    return {
        "image_hash": code[:16],
        "image_small": f"{CDN}/{code[:16]}/160x90.jpg",
        "image_medium": f"{CDN}/{code[:16]}/640x360.jpg",
        "image_large": f"{CDN}/{code[:16]}/1920x1080.jpg",
        "blurhash": code[16:34],
        "etag": code[8:40],
    }


def _flags(chance: random.Random) -> dict[str, Any]:
    return {
        "is_live": chance.random() < 0.004,
        "is_new": chance.random() < 0.2,
        "is_repeat": chance.random() < 0.5,
        "is_4k": chance.random() < 0.03,
        "is_hd": True,
        "subtitled": chance.random() < 0.9,
        "signed": chance.random() < 0.05,
        "audio_described": chance.random() < 0.2,
    }


def _links(number: int, channel: int, end: datetime) -> dict[str, Any]:
    programme = f"p{700000 + number * 7}"
    return {
        "url": f"https://tv.example.org/programmes/{programme}/",
        "catchup_url": f"https://vod.example.org/{channel}/{programme}/manifest.mpd",
        "catchup_until": (end + timedelta(days=30)).isoformat().replace("+00:00", "Z"),
        "share_url": f"https://tv.example.org/s/{programme}",
    }


def _people(chance: random.Random, chain: dict[str, list[str]]) -> dict[str, Any]:
    names = [_prose(chance, chain, 2).title() for _ in range(chance.randint(2, 4))]
    return {"cast": names, "lead": names[0], "cast_count": len(names), "director": names[-1]}


def _prose(chance: random.Random, chain: dict[str, list[str]], words: int) -> str:
    word = chance.choice(WORDS)
    said = [word]
    while len(said) < words:
        word = chance.choice(chain[word])
        said.append(word)
    return " ".join(said)
