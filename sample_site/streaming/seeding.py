"""Deterministic data: the same size and day always give the same rows."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Model

from accounts.models import Device, Isp, Package, Profile, Region, Subscription
from epg.models import Channel, Genre, Programme, Show
from playback.models import Licence, StreamOrigin
from streaming import words

VERSION = 1
"""Raised when the same size and day would give other rows."""

BATCH = 1000
CDN = "https://images.example.net"


@dataclass(frozen=True)
class Size:
    channels: int
    days: int
    users: int
    shows: int
    slots: tuple[int, ...]
    """Lengths of programmes in minutes, drawn alike."""


SIZES = {
    "small": Size(channels=20, days=2, users=200, shows=120, slots=(45, 60, 75)),
    "medium": Size(channels=100, days=4, users=5_000, shows=600, slots=(20, 30, 40)),
    "large": Size(channels=300, days=7, users=50_000, shows=2_000, slots=(20, 30, 40)),
}


def rows_to_come(size: Size) -> int:
    """About how many rows :func:`seed` will report, for a progress bar."""
    minutes = sum(size.slots) / len(size.slots)
    programmes = size.channels * size.days * 24 * 60 / minutes
    return round(programmes + size.users * 5.5 + size.shows)


def seed(size: Size, day: date, advance: Callable[[int], None]) -> None:
    """Fill an empty, migrated database; ``advance`` is told how many rows were written."""
    dice = random.Random(f"lumen {VERSION}")

    def save(model: type[Model], rows: Iterator[Any]) -> list[Any]:
        saved: list[Any] = []
        while batch := [row for row, _ in zip(rows, range(BATCH), strict=False)]:
            saved += model._default_manager.bulk_create(batch)
            advance(len(batch))
        return saved

    regions = save(Region, (Region(code=code, name=name) for code, name in words.REGIONS))
    isps = save(Isp, make_isps(regions))
    packages = save(Package, (Package(code=code, name=name) for code, name in words.PACKAGES))
    genres = save(Genre, (Genre(slug=name.lower(), name=name) for name in words.GENRES))
    shows = save(Show, make_shows(dice, size, genres))
    channels = save(Channel, make_channels(dice, size, packages))
    save(Licence, make_licences(dice, channels, regions, isps, day))
    save(StreamOrigin, make_origins(regions))
    save(Programme, make_programmes(dice, size, day, channels, shows))
    users = save(User, make_users(dice, size, day))
    save(Profile, make_profiles(dice, users, isps, channels))
    save(Subscription, make_subscriptions(dice, users, packages, day))
    save(Device, make_devices(dice, users, day))


def make_isps(regions: list[Region]) -> Iterator[Isp]:
    for region in regions:
        for name in words.ISPS:
            yield Isp(code=f"{region.code}-{name.lower()}", name=name, region=region)


def make_shows(dice: random.Random, size: Size, genres: list[Genre]) -> Iterator[Show]:
    for number in range(1, size.shows + 1):
        yield Show(
            title=words.title(dice),
            tagline=words.sentence(dice),
            description=words.text(dice, 3),
            genre=dice.choice(genres),
            year=dice.randint(1985, 2026),
            country=dice.choice(words.REGIONS)[0],
            age_rating=dice.choice((0, 6, 12, 16, 18)),
            poster=f"{CDN}/posters/{number}.jpg",
            cast=[words.person(dice) for _ in range(8)],
        )


def make_channels(dice: random.Random, size: Size, packages: list[Package]) -> Iterator[Channel]:
    for number in range(1, size.channels + 1):
        name = words.channel(number)
        yield Channel(
            number=number,
            slug=name.lower().replace(" ", "-"),
            name=name,
            logo=f"{CDN}/logos/{number}.svg",
            # Every second channel is free; the others are sold, package by package.
            package=packages[0 if number % 2 else number // 2 % len(packages)],
            description=words.text(dice, 2),
            languages=dice.sample(["de", "en", "fr", "it", "pl"], 2),
            resolution=dice.choice(("HD", "HD", "UHD")),
            feed_id=f"feed.example.org/{dice.getrandbits(64):016x}",
            launched_on=date(dice.randint(1990, 2020), dice.randint(1, 12), 1),
        )


def make_licences(
    dice: random.Random,
    channels: list[Channel],
    regions: list[Region],
    isps: list[Isp],
    day: date,
) -> Iterator[Licence]:
    """Free channels everywhere; the others not in all regions, some on one network only."""
    for channel in channels:
        free = channel.package.code == "free"
        for region in regions:
            if not free and dice.random() < 0.2:
                continue
            here = [isp for isp in isps if isp.region == region]
            one_network = not free and dice.random() < 0.2
            yield Licence(
                channel=channel,
                region=region,
                isp=dice.choice(here) if one_network else None,
                starts_on=day - timedelta(days=dice.randint(30, 900)),
                ends_on=day + timedelta(days=dice.randint(30, 900)),
                live_allowed=free or dice.random() < 0.8,
            )


def make_origins(regions: list[Region]) -> Iterator[StreamOrigin]:
    for region in regions:
        for number in range(1, 5):
            yield StreamOrigin(
                host=f"edge{number}.{region.code}.example.net", region=region, is_up=number != 4
            )


def make_programmes(
    dice: random.Random, size: Size, day: date, channels: list[Channel], shows: list[Show]
) -> Iterator[Programme]:
    """Every channel without a gap, from the start of ``day`` to the end of the last day."""
    begin = datetime.combine(day, time.min, tzinfo=UTC)
    end = begin + timedelta(days=size.days)
    number = 0
    for channel in channels:
        starts_at = begin
        while starts_at < end:
            number += 1
            ends_at = starts_at + timedelta(minutes=dice.choice(size.slots))
            yield make_programme(dice, number, channel, dice.choice(shows), starts_at, ends_at)
            starts_at = ends_at


def make_programme(
    dice: random.Random,
    number: int,
    channel: Channel,
    show: Show,
    starts_at: datetime,
    ends_at: datetime,
) -> Programme:
    series = dice.random() < 0.7
    return Programme(
        channel=channel,
        show=show,
        starts_at=starts_at,
        ends_at=ends_at,
        title=show.title,
        subtitle=words.title(dice),
        description=words.text(dice, 2),
        genres=[show.genre.slug, *dice.sample(words.MOODS, 2)],
        season=dice.randint(1, 9) if series else None,
        episode=dice.randint(1, 22) if series else None,
        age_rating=show.age_rating,
        is_live=dice.random() < 0.1,
        is_new=dice.random() < 0.2,
        image=f"{CDN}/stills/{show.pk}/{number}.jpg",
        catchup_until=ends_at + timedelta(days=7) if dice.random() < 0.8 else None,
        crid=f"crid://feed.example.org/{number:08d}",
        country=show.country,
        updated_at=starts_at - timedelta(minutes=dice.randint(60, 6000)),
        long_synopsis=words.text(dice, 6),
        credits={"director": words.person(dice), "cast": show.cast[:5]},
    )


def make_users(dice: random.Random, size: Size, day: date) -> Iterator[User]:
    now = datetime.combine(day, time(12), tzinfo=UTC)
    for number in range(1, size.users + 1):
        yield User(
            username=f"viewer{number:05d}",
            email=f"viewer{number:05d}@example.com",
            password="!",  # Devices sign in; nobody has a password.
            date_joined=now - timedelta(days=dice.randint(1, 2000)),
        )


def make_profiles(
    dice: random.Random, users: list[User], isps: list[Isp], channels: list[Channel]
) -> Iterator[Profile]:
    free = [channel for channel in channels if channel.package.code == "free"]
    popularity = [1 / rank for rank in range(1, len(free) + 1)]
    for user in users:
        isp = dice.choice(isps)
        yield Profile(
            user=user,
            display_name=words.person(dice),
            region=isp.region,
            isp=isp,
            last_channel=dice.choices(free, popularity)[0],
            preferences={
                "genres": [name.lower() for name in dice.sample(words.GENRES, 3)],
                "subtitles": dice.random() < 0.2,
                "audio": dice.choice(("de", "en", "fr")),
                "parental_limit": dice.choice((12, 16, 18)),
                "autoplay": dice.random() < 0.6,
            },
        )


def make_subscriptions(
    dice: random.Random, users: list[User], packages: list[Package], day: date
) -> Iterator[Subscription]:
    """The free package never runs out; of the sold ones one in ten has lapsed."""
    free, *sold = packages
    for user in users:
        yield Subscription(user=user, package=free, expires_on=date(2099, 12, 31))
        for package in dice.sample(sold, dice.choice((0, 1, 1, 2))):
            yield Subscription(
                user=user,
                package=package,
                expires_on=day + timedelta(days=dice.randint(-40, 360)),
            )


def make_devices(dice: random.Random, users: list[User], day: date) -> Iterator[Device]:
    for user in users:
        for number in range(1, dice.choice((1, 1, 2, 3)) + 1):
            kind, model = dice.choice(words.DEVICES)
            yield Device(
                user=user,
                code=f"{user.username}-{number}",
                kind=kind,
                model=model,
                paired_on=day - timedelta(days=dice.randint(0, 1500)),
            )
